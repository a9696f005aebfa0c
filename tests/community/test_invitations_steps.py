"""The first steps: each can be skipped but the rules, left and taken up again, and gone back to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from community.groups.models import Group
from community.house.access import agreed_to, current_text
from community.house.actions import publish_text
from community.house.models import Consent, HouseText
from community.house.shipped import ensure_texts, shipped
from community.invitations import access, names
from community.invitations.actions import making
from community.invitations.actions.making import Offer
from community.members.models import HandleChange, HeldHandle, Member
from tests.factories import GroupFactory, MemberFactory, RoomFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db

PASSWORD = "three lamps and a gate"
RULES, PRIVACY = HouseText.Kind.RULES, HouseText.Kind.PRIVACY


@pytest.fixture
def porch() -> Group:
    return RoomFactory(group__slug="porch", group__name="The porch", slug="porch-room", name="Porch").group


@pytest.fixture
def newcomer(client: Client, porch: Group) -> Member:
    """Just in, by a link that was mailed to them and leads to the porch; `client` is their browser."""
    offer = Offer(address="new@x.example", places=[(porch, "member")])
    made = making.invite(offer=offer, by=None, at=timezone.now())
    client.post(f"/join/{made.token}/")
    answer = client.post("/join/account/", {"address": "new@x.example", "password": PASSWORD})
    assert answer["Location"] == "/welcome/"
    member: Member = Member.objects.get(email="new@x.example")
    return member


def handle(**changes: Any) -> dict[str, Any]:
    return {"handle": "Slow Otter", "time_zone": "America/Denver"} | changes


def versions() -> list[str]:
    return [f"{text.kind} {text.version}" for text in access.texts()]


def agree(client: Client) -> Any:
    return client.post("/welcome/rules/", {"version": versions()})


def test_the_way_from_the_handle_to_the_room(client: Client, newcomer: Member) -> None:
    assert client.get("/welcome/")["Location"] == "/welcome/handle/"
    assert newcomer.handle in client.get("/welcome/handle/").text
    assert client.post("/welcome/handle/", handle())["Location"] == "/welcome/rules/"
    assert "What is said here stays here" in client.get("/welcome/rules/").text
    assert agree(client)["Location"] == "/welcome/joining/"
    assert "The porch" in client.get("/welcome/joining/").text
    assert client.post("/welcome/joining/")["Location"] == "/welcome/hello/"
    hello = client.get("/welcome/hello/").text
    assert "I’m Slow Otter, and I’m new here." in hello
    assert 'action="/live/porch-room/events/"' in hello
    assert client.get("/welcome/")["Location"] == "/"
    newcomer.refresh_from_db()
    assert (newcomer.handle, newcomer.time_zone) == ("Slow Otter", "America/Denver")
    assert set(newcomer.first_steps.values_list("skipped", flat=True)) == {False}


def test_everything_but_the_rules_can_be_skipped(client: Client, newcomer: Member) -> None:
    was = newcomer.handle
    assert client.post("/welcome/handle/", {"skip": "1"})["Location"] == "/welcome/rules/"
    answer = client.post("/welcome/rules/", {"skip": "1"})
    assert answer.status_code == 200
    assert not Consent.objects.exists()
    agree(client)
    assert client.post("/welcome/joining/", {"skip": "1"})["Location"] == "/welcome/hello/"
    newcomer.refresh_from_db()
    assert newcomer.handle == was
    skipped = newcomer.first_steps.filter(skipped=True).values_list("name", flat=True)
    assert set(skipped) == {"handle", "groups"}


def test_until_the_rules_are_read_only_help_and_the_ways_out_are_open(
    client: Client, newcomer: Member
) -> None:
    for path in ("/", "/groups/", "/groups/porch/", "/you/", "/sessions/rooms/porch-room/"):
        assert client.get(path)["Location"] == "/welcome/", path
    assert client.post("/live/porch-room/events/", {"t": "send", "text": "x"})["Location"] == "/welcome/"
    for path in ("/help/", "/exit/about/", "/accounts/logout/", "/house/privacy/", "/offline/"):
        assert client.get(path).status_code == 200, path
    agree(client)
    for path in ("/", "/groups/", "/sessions/rooms/porch-room/"):
        assert client.get(path).status_code == 200, path


def test_the_quick_exit_leads_out_also_before_the_rules(client: Client, newcomer: Member) -> None:
    assert client.get("/exit/")["Location"].startswith("https://")


def test_who_left_before_the_rules_is_led_back_to_them_at_the_next_sign_in(newcomer: Member) -> None:
    later = Client()
    later.post("/accounts/login/", {"login": "new@x.example", "password": PASSWORD})
    assert later.get("/")["Location"] == "/welcome/"
    later.post("/welcome/handle/", {"skip": "1"})
    agree(later)
    last = Client()
    last.post("/accounts/login/", {"login": "new@x.example", "password": PASSWORD})
    assert last.get("/").status_code == 200
    assert last.get("/welcome/")["Location"] == "/welcome/joining/"


def test_one_can_go_back_and_forth(client: Client, newcomer: Member) -> None:
    client.post("/welcome/handle/", handle())
    agree(client)
    assert "You are Slow Otter" in client.get("/welcome/handle/").text
    rules = client.get("/welcome/rules/").text
    assert "You agreed to these" in rules
    assert "I agree</button>" not in rules
    assert client.get("/welcome/joining/").status_code == 200
    assert client.get("/welcome/")["Location"] == "/welcome/joining/"


def test_the_agreement_is_kept_with_the_versions_that_were_read(client: Client, newcomer: Member) -> None:
    agree(client)
    assert (agreed_to(newcomer.pk, RULES), agreed_to(newcomer.pk, PRIVACY)) == (1, 1)
    assert Consent.objects.filter(member=newcomer).count() == 2


def test_a_version_published_while_one_was_reading_is_read_first(client: Client, newcomer: Member) -> None:
    read = versions()
    publish_text(kind=RULES, raw="Be kind.", by_id=None, at=timezone.now())
    answer = client.post("/welcome/rules/", {"version": read})
    assert "changed just now" in answer.text
    assert "Be kind." in answer.text
    assert not Consent.objects.exists()
    agree(client)
    assert agreed_to(newcomer.pk, RULES) == 2


def test_a_newer_version_is_shown_at_home_and_closes_nothing(client: Client, newcomer: Member) -> None:
    agree(client)
    assert "/house/rules/" not in client.get("/").text
    publish_text(kind=RULES, raw="Be kind.", by_id=None, at=timezone.now())
    home = client.get("/")
    assert home.status_code == 200
    assert 'href="/house/rules/"' in home.text
    assert client.get("/groups/").status_code == 200
    client.post("/house/rules/agreement/", {"version": 2})
    assert 'href="/house/rules/"' not in client.get("/").text


def test_the_shipped_texts_are_published_once_and_never_over_the_house_s_own() -> None:
    assert current_text(RULES) is None
    publish_text(kind=RULES, raw="Be kind.", by_id=None, at=timezone.now())
    for _ in range(2):
        ensure_texts(at=timezone.now())
    texts = [(text.kind, text.version, text.raw) for text in HouseText.objects.order_by("kind")]
    assert texts == [("privacy", 1, shipped(PRIVACY)), ("rules", 1, "Be kind.")]


# --- the handle


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("wren 1", "already goes by"),
        ("staff", "the house or its staff"),
        ("me@x.example", "e-mail"),
        ("", "Choose"),
    ],
)
def test_a_handle_that_can_t_be_is_said_so_and_what_was_typed_is_kept(
    client: Client, newcomer: Member, typed: str, why: str
) -> None:
    MemberFactory(handle="Wren 1")
    answer = client.post("/welcome/handle/", handle(handle=typed, time_zone="Europe/Dublin"))
    assert answer.status_code == 422
    assert why in answer.text
    assert f'value="{typed}"' in answer.text or not typed
    assert '<option value="Europe/Dublin" selected>' in answer.text
    newcomer.refresh_from_db()
    assert names.is_one(newcomer.handle)


def test_the_first_handle_is_no_change_of_one_and_can_be_chosen_once_here(
    client: Client, newcomer: Member
) -> None:
    client.post("/welcome/handle/", handle())
    assert not HandleChange.objects.exists()
    assert not HeldHandle.objects.exists()
    client.post("/welcome/handle/", handle(handle="Another Name"))
    newcomer.refresh_from_db()
    assert newcomer.handle == "Slow Otter"


def test_names_that_are_suggested_are_free_and_can_be_taken(client: Client, newcomer: Member) -> None:
    page = client.get("/welcome/handle/").text
    suggested = access.free_handles(4)
    assert len(suggested) == 4
    MemberFactory(handle=suggested[0])
    asked = client.get("/welcome/handle/", {"handle": suggested[1]}).text
    assert f'value="{suggested[1]}"' in asked
    assert 'value="Nasty Word"' not in client.get("/welcome/handle/", {"handle": "Nasty Word"}).text
    assert page.count('href="?handle=') == 4


def test_a_name_is_found_also_when_all_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "FIRST", ("Slow", "Quiet"))
    monkeypatch.setattr(names, "SECOND", ("Otter", "Reed"))
    for first in names.FIRST:
        for second in names.SECOND:
            MemberFactory(handle=f"{first} {second}")
    found = access.free_handles(2)
    assert len(found) == 2
    assert all(name.split()[-1].isdigit() for name in found)


# --- groups and the first words


def test_a_newcomer_joins_open_groups_and_no_others(client: Client, newcomer: Member) -> None:
    agree(client)
    rides, hidden = GroupFactory(name="Rides"), GroupFactory(name="Hidden", listed=False)
    asking = GroupFactory(name="Steps", joining=Group.Joining.REQUEST)
    page = client.get("/welcome/joining/").text
    assert "Rides" in page
    assert "Steps" in page
    assert "Hidden" not in page
    client.post("/welcome/joining/", {"groups": [rides.pk, hidden.pk, asking.pk]})
    assert not newcomer.memberships.filter(group__in=[hidden, asking]).exists()
    client.post("/welcome/joining/", {"groups": [rides.pk]})
    assert newcomer.memberships.filter(group=rides).exists()


def test_without_any_room_there_is_still_a_way_on(client: Client) -> None:
    made = making.invite(offer=Offer(address="new@x.example"), by=None, at=timezone.now())
    client.post(f"/join/{made.token}/")
    client.post("/join/account/", {"address": "new@x.example", "password": PASSWORD})
    agree(client)
    assert 'href="/groups/"' in client.get("/welcome/hello/").text


def test_whoever_did_not_come_by_an_invitation_has_no_such_steps() -> None:
    member = MemberFactory()
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 200
    assert client.get("/welcome/")["Location"] == "/"
    for name in ("handle", "rules", "joining", "hello"):
        assert client.get(f"/welcome/{name}/").status_code == 404


def test_no_mail_goes_out_on_the_way(newcomer: Member, client: Client) -> None:
    before = len(letters(timezone.now() + timedelta(minutes=5)))
    agree(client)
    assert len(letters()) == before
