"""How long a sign-in lasts, who is seen, and what the list of one's own sign-ins shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks

from community.house import access as house_access
from community.house.models import House
from community.live import access as live_access
from community.live import eviction
from community.members.models import Member
from community.members.signin.actions import forget_spent_sign_ins
from community.members.signin.devices import in_words
from community.members.signin.models import SignIn
from tests.factories import MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Android 14; Mobile; rv:131.0) Gecko/131.0 Firefox/131.0"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture(autouse=True)
def travel() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as coordinates:
        yield coordinates


def enter(member: Member, **headers: str) -> Client:
    client = Client(headers=headers)
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    SignIn.objects.filter(session_key=client.session.session_key).update(
        device=in_words(headers.get("user-agent", ""))
    )
    return client


def is_in(client: Client) -> bool:
    return client.get("/groups/").status_code == HTTPStatus.OK


def row_of(client: Client) -> SignIn:
    return SignIn.objects.get(session_key=client.cookies["sessionid"].value)


def sign_of(client: Client, member: Member) -> live_access.Sign:
    return (client.cookies["sessionid"].value, member.pk, member.password)


def keeper(kind: str) -> Member:
    match kind:
        case "steward" | "clinician" | "alumnus":
            return MemberFactory(role=kind)
        case _:
            return MembershipFactory(role=kind).member


# --- limits ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "idle", "absolute"),
    [
        ("alumnus", 30 * DAY, 90 * DAY),
        ("member", 30 * DAY, 90 * DAY),
        ("steward", 12 * HOUR, 168 * HOUR),
        ("clinician", 12 * HOUR, 168 * HOUR),
        ("moderator", 12 * HOUR, 168 * HOUR),
        ("facilitator", 12 * HOUR, 168 * HOUR),
    ],
)
def test_a_sign_in_ends_unused_or_in_the_end_by_what_its_member_does_here(
    travel: time_machine.Traveller, kind: str, idle: timedelta, absolute: timedelta
) -> None:
    left, used = enter(keeper(kind)), enter(keeper(kind))
    travel.shift(idle - timedelta(seconds=1))
    assert is_in(left)
    travel.shift(idle)
    assert not is_in(left)
    travel.move_to(NOW)
    while datetime.now(UTC) < NOW + absolute - idle / 2:
        travel.shift(idle / 2)
        assert is_in(used)
    travel.move_to(NOW + absolute)
    assert not is_in(used)


def test_a_limit_that_is_made_shorter_holds_at_once(travel: time_machine.Traveller) -> None:
    client = enter(MemberFactory())
    travel.shift(3 * DAY)
    house_access.remember(House(idle_days=2), seconds=float("inf"))
    assert not is_in(client)


def test_a_new_duty_brings_its_limits_within_minutes(travel: time_machine.Traveller) -> None:
    member = MemberFactory()
    client = enter(member)
    MembershipFactory(member=member, role="moderator")
    travel.shift(timedelta(minutes=4))
    assert is_in(client)
    assert row_of(client).strict
    travel.shift(13 * HOUR)
    assert not is_in(client)


def test_signing_in_anew_begins_anew(travel: time_machine.Traveller) -> None:
    member = MemberFactory()
    client = enter(member)
    travel.shift(20 * DAY)
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert row_of(client).started_at == NOW + 20 * DAY


def test_a_new_password_does_not_lengthen_this_sign_in(travel: time_machine.Traveller) -> None:
    member = MemberFactory()
    client = enter(member)
    travel.shift(20 * DAY)
    form = {
        "oldpassword": "a lamp by the garden door",
        "password1": "a porch swing in the rain",
        "password2": "a porch swing in the rain",
    }
    assert client.post("/accounts/password/change/", form).status_code == HTTPStatus.FOUND
    assert row_of(client).started_at == NOW


def test_what_has_run_out_is_forgotten_and_nothing_else(travel: time_machine.Traveller) -> None:
    spent, standing = enter(MemberFactory()), enter(MemberFactory())
    travel.shift(29 * DAY)
    assert is_in(standing)
    travel.shift(2 * DAY)
    assert forget_spent_sign_ins(datetime.now(UTC)) == 1
    assert not SignIn.objects.filter(session_key=spent.cookies["sessionid"].value).exists()
    assert is_in(standing)


# --- being seen --------------------------------------------------------------------------------------------------


def test_an_open_connection_counts_as_being_seen(travel: time_machine.Traveller) -> None:
    """A meeting of 90 minutes by hearing alone, with limits of an hour: who listens stays, who is not there goes."""
    house_access.remember(House(staff_idle_hours=1), seconds=float("inf"))
    listening, away = keeper("steward"), keeper("steward")
    here, gone = enter(listening), enter(away)
    for _ in range(18):
        travel.shift(timedelta(minutes=5))
        assert set(live_access.still_welcome({sign_of(here, listening)}).values()) == {None}
    assert is_in(here)
    assert not is_in(gone)


def test_an_open_connection_ends_with_its_sign_in_however_much_is_heard(
    travel: time_machine.Traveller,
) -> None:
    house_access.remember(House(staff_absolute_hours=2), seconds=float("inf"))
    member = keeper("steward")
    sign = sign_of(enter(member), member)
    for _ in range(23):
        travel.shift(timedelta(minutes=5))
        assert live_access.still_welcome({sign}) == {sign: None}
    travel.shift(timedelta(minutes=5))
    assert live_access.still_welcome({sign}) == {sign: "auth"}


def test_asking_costs_two_queries_and_a_few_more_every_few_minutes_however_many(
    travel: time_machine.Traveller,
) -> None:
    def queries(signs: set[live_access.Sign]) -> int:
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert set(live_access.still_welcome(signs).values()) == {None}
        return len([one for one in captured if "SAVEPOINT" not in one["sql"]])

    people = [keeper(kind) for kind in ("alumnus", "moderator") for _ in range(10)]
    signs = [sign_of(enter(member), member) for member in people]
    few, many = {signs[0], signs[-1]}, set(signs)
    assert queries(few) == queries(many) == 2
    travel.shift(timedelta(minutes=4))
    due = queries(few)
    assert due <= 8
    assert queries(few) == 2
    travel.shift(timedelta(minutes=4))
    assert queries(many) == due
    assert queries(many) == 2


def test_a_page_writes_that_it_was_asked_for_at_most_every_few_minutes(
    travel: time_machine.Traveller,
) -> None:
    client = enter(MemberFactory())

    def writes() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert is_in(client)
        return sum("UPDATE" in one["sql"] for one in captured)

    assert writes() == 0
    travel.shift(timedelta(minutes=4))
    assert writes() == 1
    assert writes() == 0
    assert row_of(client).seen_at == NOW + timedelta(minutes=4)


# --- my sign-ins -------------------------------------------------------------------------------------------------


def test_the_list_shows_devices_in_words_and_holds_no_address_and_no_key() -> None:
    member = MemberFactory()
    here, there = enter(member, **{"user-agent": FIREFOX}), enter(member)
    stranger = enter(MemberFactory(), **{"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/131.0"})
    page = here.get("/you/sign-ins/").text
    assert "Firefox on Android" in page
    assert "This one" in page
    assert "Windows" not in page
    for client in (here, there, stranger):
        assert client.cookies["sessionid"].value not in page
    assert "127.0.0.1" not in page


def test_the_list_costs_the_same_however_long() -> None:
    member = MemberFactory()
    here = enter(member)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            here.get("/you/sign-ins/")
        return len(captured)

    alone = cost()
    for _ in range(8):
        enter(member)
    assert cost() == alone


def test_one_sign_in_is_ended_with_what_stands_open_under_it(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    member = MemberFactory()
    here, there, third = enter(member), enter(member), enter(member)
    with django_capture_on_commit_callbacks(execute=True):
        page = here.post(f"/you/sign-ins/{row_of(there).ref}/end/", follow=True)
    assert "That sign-in is ended." in page.text
    assert [one.session_key for one in heard] == [there.cookies["sessionid"].value]
    assert not is_in(there)
    assert is_in(here)
    assert is_in(third)


def test_all_others_are_ended_at_once(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    member = MemberFactory()
    here, others, stranger = enter(member), [enter(member) for _ in range(3)], enter(MemberFactory())
    with django_capture_on_commit_callbacks(execute=True):
        here.post("/you/sign-ins/others/end/")
    assert {one.session_key for one in heard} == {one.cookies["sessionid"].value for one in others}
    assert not any(map(is_in, others))
    assert is_in(here)
    assert is_in(stranger)


def test_nobody_ends_the_sign_in_of_another() -> None:
    mine, yours = enter(MemberFactory()), enter(MemberFactory())
    assert mine.post(f"/you/sign-ins/{row_of(yours).ref}/end/").status_code == HTTPStatus.NOT_FOUND
    assert is_in(yours)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox on Android"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605 Version/17.5 Mobile Safari/604.1",
            "Safari on an iPhone",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537 Chrome/130.0 Safari/537.36 Edg/130.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537 Chrome/130.0 Safari/537.36",
            "Chrome on a Mac",
        ),
        ("curl/8.5", "A browser"),
        ("", "A browser"),
    ],
)
def test_a_browser_is_kept_in_a_few_words(agent: str, words: str) -> None:
    assert in_words(agent) == words
