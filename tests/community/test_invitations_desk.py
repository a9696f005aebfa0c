"""Invitations on the desk: for stewards alone; made, seen, sent again, taken back; and who asks to be let in."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from community.groups.models import Group
from community.house import access as house_access
from community.house.models import House
from community.invitations import fresh
from community.invitations.access import PAGE
from community.invitations.actions import asking, making
from community.invitations.actions.making import Offer
from community.invitations.models import Invitation, SignUp, Upload
from community.invitations.retention import forget_old
from community.members.models import Member
from tests.desk import client_of
from tests.desk import steward as a_steward
from tests.factories import GroupFactory, MemberFactory, MembershipFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db

LINK = re.compile(r"https?://[^\s<\"]+/join/[a-z0-9-]+/")
DESK = "/desk/invitations/"
COST = 8


@pytest.fixture
def steward() -> Client:
    return client_of(a_steward(), confirmed=True)


@pytest.fixture
def group() -> Group:
    return GroupFactory(name="The porch", slug="porch")


def make(**offer: Any) -> Invitation:
    return making.invite(offer=Offer(**offer), by=None, at=timezone.now()).invitation


def by_mail(client: Client, **fields: Any) -> Any:
    usual = {"address": "new@x.example", "role": "alumnus", "group_role": "member", "days": 14}
    return client.post(f"{DESK}new/", usual | fields)


def by_link(client: Client, **fields: Any) -> Any:
    return client.post(f"{DESK}links/new/", {"uses": 1, "role": "alumnus", "days": 14} | fields, follow=True)


# --- who may


def paths() -> list[str]:
    pk, asked = make(uses=3).pk, ask("x@x.example")
    upload = Upload.objects.create(made_at=timezone.now(), kept="{}")
    ends = [
        "",
        "new/",
        "links/new/",
        "files/new/",
        f"files/{upload.pk}/",
        f"files/{upload.pk}/result.csv",
        "asking/",
    ]
    ends += [f"asking/{asked.pk}/", f"{pk}/", f"{pk}/card/"]
    return [DESK + end for end in ends]


@pytest.mark.parametrize("role", [role for role in Member.Role.values if role != Member.Role.STEWARD])
def test_for_all_but_stewards_there_are_no_such_pages(role: str) -> None:
    keeper = MembershipFactory(role="facilitator", member=MemberFactory(role=role)).member
    client = client_of(keeper)
    pk = make().pk
    found = [client.get(path).status_code for path in paths()]
    posted = [
        client.post(f"{DESK}{end}").status_code for end in ("new/", f"{pk}/renewal/", f"{pk}/revocation/")
    ]
    assert {*found, *posted} == {404}
    assert Invitation.objects.get(pk=pk).revoked_at is None


def test_a_steward_finds_them_all_and_someone_signed_out_is_asked_to_sign_in(steward: Client) -> None:
    assert steward.get(DESK).status_code == 200
    assert Client().get(DESK)["Location"].startswith("/accounts/login/")
    for path in paths():
        if "/files/" not in path or path.endswith("new/"):
            assert steward.get(path).status_code in {200, 302}, path


# --- by mail


def test_an_invitation_by_mail_goes_out_and_shows_no_link_to_anyone(steward: Client, group: Group) -> None:
    answer = by_mail(steward, groups=[group.pk], group_role="facilitator")
    page = steward.get(answer["Location"]).text
    assert "new@x.example" in page
    assert "The porch (facilitator)" in page
    assert "/join/" not in page
    assert LINK.search(str(letters()[0].body))
    made = Invitation.objects.get()
    assert made.mailed
    assert made.made_by is not None


def test_who_gives_a_charge_to_someone_shows_first_that_it_is_still_them(group: Group) -> None:
    client = client_of(a_steward())
    for charge in ({"role": "steward"}, {"groups": [group.pk], "group_role": "moderator"}):
        assert by_mail(client, **charge)["Location"].startswith("/accounts/reauthenticate/")
    assert not Invitation.objects.exists()
    assert by_mail(client, groups=[group.pk])["Location"].startswith(DESK)
    sure = client_of(Member.objects.get(), confirmed=True)
    assert by_mail(sure, address="s@x.example", role="steward").status_code == 302
    assert Invitation.objects.count() == 2


def test_who_signs_in_here_is_not_invited(steward: Client) -> None:
    MemberFactory(email="here@x.example")
    answer = by_mail(steward, address="Here@x.example")
    assert answer.status_code == 422
    assert "signs in with this address already" in answer.text
    assert 'value="Here@x.example"' in answer.text


def test_family_are_not_invited_into_groups_of_alumni(steward: Client, group: Group) -> None:
    answer = by_mail(steward, role="family", groups=[group.pk])
    assert answer.status_code == 422
    assert "The porch is not for family." in answer.text


def test_sending_it_again_makes_a_new_link_and_the_old_one_opens_nothing(steward: Client) -> None:
    by_mail(steward)
    pk = Invitation.objects.get().pk
    steward.post(f"{DESK}{pk}/renewal/")
    first, second = (LINK.search(str(mail.body)) for mail in letters())
    assert first is not None
    assert second is not None
    old, new = ("/join/" + link[0].split("/join/")[1] for link in (first, second))
    assert old != new
    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_one_that_ran_out_stands_again_when_it_is_sent_again(steward: Client) -> None:
    by_mail(steward)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(days=1))
    pk = Invitation.objects.get().pk
    assert "Run out" in steward.get(f"{DESK}{pk}/").text
    steward.post(f"{DESK}{pk}/renewal/")
    assert Invitation.objects.get().stands(timezone.now())


def test_what_was_taken_back_stays_so(steward: Client) -> None:
    pk = make(uses=3).pk
    assert "It is taken back" in steward.post(f"{DESK}{pk}/revocation/", follow=True).text
    assert "did not stand" in steward.post(f"{DESK}{pk}/revocation/", follow=True).text
    assert "can’t be sent again" in steward.post(f"{DESK}{pk}/renewal/", follow=True).text
    assert Invitation.objects.get().state(timezone.now()) == Invitation.State.REVOKED


# --- by a link


def test_a_link_is_shown_to_who_made_it_for_a_short_while_and_kept_nowhere(
    steward: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = by_link(steward, uses=20, note="Spring group")
    found = LINK.search(page.text)
    assert found is not None
    path = "/join/" + found[0].split("/join/")[1]
    assert Client().get(path).status_code == 200
    made = Invitation.objects.get()
    assert found[0] in steward.get(f"{DESK}{made.pk}/").text
    other = client_of(MemberFactory(role="steward"))
    assert "/join/" not in other.get(f"{DESK}{made.pk}/").text
    assert other.get(f"{DESK}{made.pk}/card/").status_code == 302
    monkeypatch.setattr(fresh, "LASTS", timedelta(0))
    assert "/join/" not in steward.get(f"{DESK}{made.pk}/").text
    steward.post(f"{DESK}{made.pk}/renewal/")
    assert Client().get(path).status_code == 404


def test_a_link_makes_neither_staff_nor_keepers(steward: Client, group: Group) -> None:
    assert by_link(steward, role="steward").status_code == 422
    by_link(steward, groups=[group.pk], group_role="facilitator")
    assert Invitation.objects.get().places.get().role == "member"


def test_the_card_holds_the_link_as_a_picture_and_neutral_words(steward: Client, group: Group) -> None:
    by_link(steward, uses=20, note="Spring group", groups=[group.pk])
    page = steward.get(f"{DESK}{Invitation.objects.get().pk}/card/").text
    card = page[page.index('<div class="card">') :].partition("</main>")[0]
    assert LINK.search(card)
    assert "<path" in card
    assert "For 20 people" in card
    for word in ("The porch", "Spring group", "alumn", "recover", "treatment", "group"):
        assert word not in card, word
    assert "style=" not in card


# --- the list


def test_each_is_found_under_its_state_and_counted(steward: Client) -> None:
    now = timezone.now()
    waiting, opened, spent, late, back = (make(note=f"note-{name}") for name in "wosrt")
    Invitation.objects.filter(pk=opened.pk).update(opened_at=now)
    Invitation.objects.filter(pk=spent.pk).update(spent=1)
    Invitation.objects.filter(pk=late.pk).update(expires_at=now - timedelta(days=1))
    Invitation.objects.filter(pk=back.pk).update(revoked_at=now)
    for state, one in zip(Invitation.State, (waiting, opened, spent, late, back), strict=True):
        found = Invitation.objects.get(pk=one.pk)
        assert found.state(timezone.now()) == state
        page = steward.get(f"{DESK}?state={state.value}").text
        assert page.count("note-") == 1
        assert found.note in page
        assert re.search(rf"{state.label}&nbsp;<span class=\"meta num\">1<", page)
    assert steward.get(DESK).text.count("note-") == 5
    assert steward.get(f"{DESK}?state=nonsense&before=-4").status_code == 200


def test_the_list_goes_on_where_it_stopped_also_when_new_ones_come(steward: Client) -> None:
    made = [make(note=f"note-{number:03}") for number in range(PAGE + 7)]
    first = steward.get(DESK).text
    make(note="note-new")
    link = re.search(r'href="(\?before=\d+)"', first)
    assert link is not None
    second = steward.get(DESK + link[1]).text
    seen = re.findall(r"note-\d+", first) + re.findall(r"note-\d+", second)
    assert seen == [one.note for one in reversed(made)]
    assert "?before=" not in second


def test_the_list_costs_as_many_queries_for_fifty_as_for_one(
    steward: Client, group: Group, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    make(places=[(group, "member")])
    steward.get(DESK)
    with django_assert_num_queries(COST):
        steward.get(DESK)
    for number in range(PAGE):
        make(note=f"note {number}", places=[(group, "member")])
    with django_assert_num_queries(COST):
        assert steward.get(DESK).text.count("The porch") == PAGE


# --- who asks


def ask(address: str, words: str = "") -> SignUp:
    asking.ask_to_come_in(address=address, words=words, at=timezone.now())
    return SignUp.objects.latest("pk")


def set_asking(on: bool) -> None:
    sign_up = House.SignUp.APPROVAL if on else House.SignUp.INVITATION
    house_access.remember(House(sign_up=sign_up), seconds=float("inf"))


def test_nobody_can_ask_where_the_house_is_by_invitation_only(client: Client) -> None:
    assert client.get("/join/ask/").status_code == 404
    assert client.post("/join/ask/", {"address": "new@x.example"}).status_code == 404
    assert client.get("/join/asked/").status_code == 404
    assert "/join/ask/" not in client.get("/accounts/signup/").text
    set_asking(True)
    assert client.get("/join/ask/").status_code == 200
    assert "/join/ask/" in client.get("/accounts/signup/").text


def test_asking_tells_nobody_whether_an_address_is_known(client: Client) -> None:
    set_asking(True)
    MemberFactory(email="known@x.example")
    seen = []
    for address in ("known@x.example", "fresh@x.example", "fresh@x.example"):
        answer = client.post("/join/ask/", {"address": address, "words": "hello"})
        seen.append((answer.status_code, answer["Location"], client.get(answer["Location"]).content))
    assert len(set(seen)) == 1
    assert SignUp.objects.count() == 2
    assert letters() == []


def test_a_steward_is_told_and_lets_them_in(steward: Client, group: Group) -> None:
    asked = ask("new@x.example", "Wren told me")
    assert "One person asks to be let in" in steward.get("/desk/").text
    assert "Wren told me" in steward.get(f"{DESK}asking/{asked.pk}/").text
    form = {"answer": "welcome", "role": "alumnus", "days": 14, "groups": [group.pk]}
    steward.post(f"{DESK}asking/{asked.pk}/", form)
    asked.refresh_from_db()
    assert asked.answer == "welcome"
    assert asked.invitation is not None
    assert asked.invitation.mailed
    [mail] = letters()
    assert mail.to == ["new@x.example"]
    assert LINK.search(str(mail.body))
    assert "answered them already" in steward.post(f"{DESK}asking/{asked.pk}/", form, follow=True).text
    assert Invitation.objects.count() == 1


def test_who_is_not_let_in_gets_a_kind_word(steward: Client) -> None:
    asked = ask("new@x.example")
    steward.post(f"{DESK}asking/{asked.pk}/", {"answer": "not_now"})
    [mail] = letters()
    assert "can't be done this time" in str(mail.body)
    assert "/help/" in str(mail.body)
    assert not Invitation.objects.exists()


def test_who_has_an_account_and_is_let_in_is_reminded_of_it(steward: Client) -> None:
    MemberFactory(email="known@x.example")
    asked = ask("known@x.example")
    assert "Someone here signs in with this address" in steward.get(f"{DESK}asking/{asked.pk}/").text
    steward.post(f"{DESK}asking/{asked.pk}/", {"answer": "welcome", "role": "alumnus", "days": 14})
    [mail] = letters()
    assert "there is one already" in str(mail.body)
    assert not Invitation.objects.exists()


# --- what is kept


def test_addresses_stand_sealed_and_are_forgotten_a_month_after_the_end(steward: Client) -> None:
    by_mail(steward)
    ask("asks@x.example")
    with connection.cursor() as cursor:
        for table in ("invitations_invitation", "invitations_signup", "notifications_delivery"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own tables
            assert "x.example" not in str(cursor.fetchall())
    later = timezone.now() + timedelta(days=43)
    forget_old(later)
    assert Invitation.objects.get().address == "new@x.example"
    forget_old(later + timedelta(days=2))
    assert Invitation.objects.get().address is None
    assert Invitation.objects.get().address_digest == ""
    assert SignUp.objects.count() == 1
    SignUp.objects.update(answered_at=timezone.now(), answer="not_now")
    forget_old(later)
    assert not SignUp.objects.exists()
