"""Inviting and coming in: what a link opens, to whom, how often, and what nobody can learn from it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from community.groups.models import Group, Membership
from community.house import access as house_access
from community.house.models import House
from community.invitations import access, names
from community.invitations.actions import accepting, making
from community.invitations.actions.making import ChargeForNobodyInParticular, Made, Offer
from community.invitations.models import AddressCheck, FirstStep, Invitation
from community.invitations.tokens import ALPHABET, digest_of_token, make_token
from community.members.models import Member
from moderation.sanctions.models import Restriction
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db

PASSWORD = "three lamps and a gate"
GONE = "This link opens nothing"


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def steward() -> Member:
    return MemberFactory(role="steward", handle="Marigold")


@pytest.fixture
def group() -> Group:
    return RoomFactory(group__slug="porch", group__name="The porch", slug="porch-room").group


def make(steward: Member | None = None, **offer: Any) -> Made:
    return making.invite(offer=Offer(**offer), by=steward, at=timezone.now())


def path(made: Made) -> str:
    return f"/join/{made.token}/"


def knock(client: Client, made: Made, address: str, password: str = PASSWORD) -> Any:
    client.post(path(made))
    return client.post("/join/account/", {"address": address, "password": password})


def code_in(text: str) -> str:
    found = re.search(r"\b(\d{3}) (\d{3})\b", text)
    assert found is not None
    return found[1] + found[2]


def come_in(client: Client, made: Made, address: str) -> Member:
    answer = knock(client, made, address)
    if answer["Location"] == "/join/code/":
        client.post("/join/code/", {"code": code_in(str(letters()[-1].body))})
    return Member.objects.get(email=address)


# --- tokens


def test_a_token_is_140_random_bits_and_only_its_digest_is_kept() -> None:
    made = make()
    assert len(made.token.replace("-", "")) == 28
    assert set(made.token) <= set(ALPHABET) | {"-"}
    assert len({make_token() for _ in range(100)}) == 100
    stored = str(list(Invitation.objects.values_list()))
    assert made.token not in stored
    assert made.token.replace("-", "") not in stored
    assert digest_of_token(made.token) in stored


def test_a_token_may_be_typed_as_people_type() -> None:
    assert digest_of_token("ABCD-olb2") == digest_of_token(" abcd 0l82") == digest_of_token("abcdo1b2")
    assert digest_of_token("abcdolb2") != digest_of_token("abcdolb3")


# --- following a link


def test_following_a_link_changes_nothing_and_pressing_the_button_opens_it(client: Client) -> None:
    made = make()
    before = Invitation.objects.values().get()
    for _ in range(3):
        page = client.get(path(made))
        assert page.status_code == 200
        client.head(path(made))
    assert Invitation.objects.values().get() == before
    assert Member.objects.count() == 0
    assert client.post(path(made))["Location"] == "/join/account/"
    assert Invitation.objects.get().state(timezone.now()) == Invitation.State.OPENED


def test_the_page_at_the_door_says_nothing_but_the_house_s_name(client: Client, group: Group) -> None:
    made = make(places=[(group, "member")], note="Spring group", uses=3)
    page = client.get(path(made)).text
    assert "Porchlight" in page
    for word in ("The porch", "Spring group", "Marigold", "alumn", "treatment", "recover", "@"):
        assert word not in re.sub(r"<head>.*?</head>", "", page, flags=re.S), word


def test_every_link_that_opens_nothing_looks_the_same(client: Client, steward: Member) -> None:
    late, spent, back = make(days=1), make(), make()
    Invitation.objects.filter(pk=late.invitation.pk).update(expires_at=timezone.now())
    Invitation.objects.filter(pk=spent.invitation.pk).update(spent=1)
    making.revoke(invitation=back.invitation, by=steward, at=timezone.now())
    assert client.get(path(make())).status_code == 200
    answers = [client.get(path(made)) for made in (late, spent, back)]
    answers += [client.get(f"/join/{make_token()}/"), client.get("/join/nonsense/")]
    answers += [client.post(path(late))]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert GONE in answers[0].text
    assert "Ask the person who gave it to you" in answers[0].text


def test_the_form_behind_the_door_is_shut_for_who_did_not_open_it(client: Client) -> None:
    assert client.get("/join/account/").status_code == 404
    client.post(path(make()))
    assert client.get("/join/account/").status_code == 200


# --- an invitation by mail


def test_who_comes_by_the_mailed_link_with_that_address_is_in_at_once(
    client: Client, steward: Member, group: Group
) -> None:
    making.invite(
        offer=Offer(address="New@porchlight.example", places=[(group, "moderator")]),
        by=steward,
        at=timezone.now(),
    )
    [mail] = letters()
    assert mail.to == ["new@porchlight.example"]
    found = re.search(r"/join/([a-z0-9-]+)/", str(mail.body))
    assert found is not None
    client.post(found[0])
    answer = client.post("/join/account/", {"address": "new@porchlight.example", "password": PASSWORD})
    assert answer["Location"] == "/welcome/"
    member = Member.objects.get(email="new@porchlight.example")
    assert client.get("/you/", follow=True).wsgi_request.user == member
    assert names.is_one(member.handle)
    assert Membership.objects.get(member=member).role == "moderator"
    assert member.check_password(PASSWORD)
    spent = Invitation.objects.get()
    assert spent.state(timezone.now()) == Invitation.State.ACCEPTED
    assert (spent.address, spent.address_digest) == (None, "")
    assert Client().get(found[0]).status_code == 404


def test_the_mail_says_nothing_of_what_the_place_is_for(steward: Member, group: Group) -> None:
    make(steward, address="new@porchlight.example", places=[(group, "member")])
    [mail] = letters()
    told = f"{mail.subject} {mail.body}".lower()
    for word in ("alumn", "treatment", "recover", "sober", "addict", "group", "the porch", "marigold"):
        assert word not in told, word


def test_a_charge_comes_only_by_mail_and_only_to_that_address(client: Client, group: Group) -> None:
    for offer in (Offer(role="steward"), Offer(places=[(group, "facilitator")], uses=5)):
        with pytest.raises(ChargeForNobodyInParticular):
            making.invite(offer=offer, by=None, at=timezone.now())
    made = make(address="linden@porchlight.example", role="clinician")
    answer = knock(client, made, "else@porchlight.example")
    assert answer.status_code == 422
    assert "sent to another address" in answer.text
    assert not AddressCheck.objects.exists()
    assert come_in(client, made, "linden@porchlight.example").role == "clinician"


def test_what_was_typed_comes_back_with_an_error(client: Client) -> None:
    answer = knock(client, make(), "new@porchlight.example", "too short")
    assert answer.status_code == 422
    assert 'value="new@porchlight.example"' in answer.text
    assert 'value="too short"' in answer.text
    assert "no-store" in answer["Cache-Control"]
    assert not Member.objects.exists()


# --- a link that anyone may hold


def test_an_address_that_the_link_does_not_prove_is_proven_by_a_code(client: Client, group: Group) -> None:
    made = make(uses=2, places=[(group, "member")])
    assert knock(client, made, "new@porchlight.example")["Location"] == "/join/code/"
    assert not Member.objects.exists()
    assert Invitation.objects.get().spent == 0
    [mail] = letters()
    assert mail.to == ["new@porchlight.example"]
    wrong = client.post("/join/code/", {"code": "000000"})
    assert wrong.status_code == 422
    assert client.post("/join/code/", {"code": code_in(str(mail.body))})["Location"] == "/welcome/"
    assert Member.objects.get().email == "new@porchlight.example"
    assert Invitation.objects.get().spent == 1
    assert not AddressCheck.objects.exists()


def test_the_mailed_link_proves_no_other_address(client: Client) -> None:
    made = make(address="new@porchlight.example")
    assert knock(client, made, "other@porchlight.example")["Location"] == "/join/code/"
    assert not Member.objects.exists()


def test_a_code_is_tried_six_times_and_no_more(client: Client) -> None:
    knock(client, make(), "new@porchlight.example")
    right = code_in(str(letters()[-1].body))
    wrong = "111111" if right != "111111" else "222222"
    said = [client.post("/join/code/", {"code": wrong}).text for _ in range(6)]
    assert "isn’t the code" in said[4]
    assert "tried too often" in said[5]
    assert client.post("/join/code/", {"code": right}).status_code == 422
    assert not Member.objects.exists()


def test_a_new_code_takes_the_place_of_the_old_one_and_not_at_once(client: Client) -> None:
    knock(client, make(), "new@porchlight.example")
    first = code_in(str(letters()[-1].body))
    client.post("/join/code/again/")
    assert len(letters()) == 1
    AddressCheck.objects.update(sent_at=timezone.now() - timedelta(minutes=1))
    client.post("/join/code/again/")
    assert len(letters()) == 2
    second = code_in(str(letters()[-1].body))
    if first != second:
        assert client.post("/join/code/", {"code": first}).status_code == 422
    assert client.post("/join/code/", {"code": second}).status_code == 302


def test_an_address_with_an_account_gets_the_same_page_and_another_mail() -> None:
    MemberFactory(email="known@porchlight.example")
    made = make(uses=5)
    seen = []
    for address in ("known@porchlight.example", "fresh@porchlight.example"):
        client = Client()
        answer = knock(client, made, address)
        page = client.get("/join/code/")
        again = client.post("/join/code/", {"code": "000000"})
        same = [re.sub(r'value="[^"]{64}"', "", text.text).replace(address, "…") for text in (page, again)]
        seen.append((answer.status_code, answer["Location"], page.status_code, again.status_code, *same))
    assert seen[0] == seen[1]
    known, fresh = letters()
    assert known.to == ["known@porchlight.example"]
    assert "there is one already" in str(known.body)
    assert not re.search(r"\d{3} \d{3}", str(known.body))
    assert re.search(r"\d{3} \d{3}", str(fresh.body))
    assert Member.objects.count() == 1


def test_the_door_does_as_much_work_for_a_known_address_as_for_a_fresh_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hashed: list[str] = []

    def note(password: str) -> str:
        hashed.append(password)
        return "x"

    monkeypatch.setattr(accepting, "make_password", note)
    MemberFactory(email="known@porchlight.example")
    made, work = make(uses=9), []
    for address in ("known@porchlight.example", "fresh@porchlight.example", "other@porchlight.example"):
        client = Client()
        client.post(path(made))
        with CaptureQueriesContext(connection) as captured:
            client.post("/join/account/", {"address": address, "password": PASSWORD})
        work.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in captured])
    assert work[0] == work[1] == work[2]
    assert len(hashed) == 3


def test_staff_who_owe_a_second_step_read_the_rules_and_then_set_it_up(client: Client) -> None:
    house_access.remember(House(second_factor_for=["steward"]), seconds=float("inf"))
    made = make(address="new@porchlight.example", role="steward")
    answer = knock(client, made, "new@porchlight.example")
    assert answer["Location"] == "/welcome/"
    assert client.get("/desk/", follow=True).redirect_chain[-1][0] == "/welcome/handle/"
    client.post("/welcome/handle/", {"skip": "1"})
    versions = [f"{text.kind} {text.version}" for text in access.texts()]
    assert client.post("/welcome/rules/", {"version": versions})["Location"] == "/welcome/joining/"
    assert client.get("/desk/")["Location"] == "/you/signing-in/second-step/"
    assert client.get("/you/signing-in/second-step/").status_code == 200


def test_a_counted_link_lets_in_as_many_as_it_says(client: Client) -> None:
    made = make(uses=2)
    for name in ("one", "two"):
        come_in(Client(), made, f"{name}@porchlight.example")
    assert client.get(path(made)).status_code == 404
    assert Invitation.objects.get().spent == 2


def test_a_link_taken_back_between_two_pages_lets_nobody_in(client: Client, steward: Member) -> None:
    made = make()
    knock(client, made, "new@porchlight.example")
    code = code_in(str(letters()[-1].body))
    making.revoke(invitation=made.invitation, by=steward, at=timezone.now())
    answer = client.post("/join/code/", {"code": code})
    assert answer.status_code == 404
    assert GONE in answer.text
    assert list(Member.objects.all()) == [steward]


# --- someone who is here already


def test_a_member_is_asked_first_and_then_joins_its_groups(group: Group) -> None:
    member = MembershipFactory().member
    made, client = make(places=[(group, "member")], uses=3), as_(member)
    assert "The porch" in client.get(path(made)).text
    assert Invitation.objects.get().spent == 0
    assert client.post(path(made))["Location"] == "/groups/porch/"
    assert Membership.objects.filter(member=member, group=group).exists()
    client.post(path(made))
    assert Invitation.objects.get().spent == 1
    assert "You are in all the groups" in client.get(path(made)).text


def test_a_member_who_was_removed_from_a_group_does_not_come_back_by_a_link(group: Group) -> None:
    member = MemberFactory()
    made, client = make(places=[(group, "member")], uses=3), as_(member)
    assert "The porch" in client.get(path(made)).text
    Restriction.objects.create(
        member=member, kind=Restriction.Kind.REMOVAL, scope=group.tag, reason="x", at=timezone.now()
    )
    assert "The porch" not in client.get(path(made)).text
    client.post(path(made))
    assert not Membership.objects.filter(member=member, group=group).exists()


def test_family_are_let_into_family_groups_only(client: Client, group: Group) -> None:
    family = GroupFactory(audience="family", name="Family evening")
    made = make(role="family", places=[(group, "member"), (family, "member")])
    member = come_in(client, made, "aunt@porchlight.example")
    assert [one.group for one in member.memberships.all()] == [family]


def test_someone_who_came_in_has_four_first_steps(client: Client) -> None:
    member = come_in(client, make(), "new@porchlight.example")
    assert set(member.first_steps.values_list("name", flat=True)) == set(FirstStep.Name.values)
