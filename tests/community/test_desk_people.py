"""People at the desk: found, looked at, and acted upon; each act with a reason and on record, by stewards only."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from community.desk import people as finding
from community.desk.actions import note_training
from community.desk.people import State, Wanted, last_here
from community.groups.models import Group, JoinRequest, Membership
from community.live import eviction
from community.members import leaving, naming, suspension
from community.members.models import Departure, Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms import access as rooms
from tests.desk import client_of, steward
from tests.factories import PASSWORD, GroupFactory, MemberFactory, MembershipFactory, RoomFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
WHY = "Two people told me, on Tuesday"


@pytest.fixture
def marigold() -> Member:
    return steward()


@pytest.fixture
def desk(marigold: Member) -> Client:
    return client_of(marigold, confirmed=True)


@pytest.fixture
def wren() -> Member:
    return MemberFactory(handle="Wren", email="wren@porchlight.example", active_week=date(2026, 3, 2))


def url(member: Member, *more: str) -> str:
    return "/".join(["/desk/people", member.public_id, *more, ""])


def on_record(verb: Verb) -> list[tuple[int | None, int]]:
    return list(AuditEntry.objects.filter(verb=verb).values_list("actor", "subject_id"))


def handles(client: Client, query: str = "") -> list[str]:
    page = client.get(f"/desk/people/{query}")
    assert page.status_code == 200
    return [one.handle for one, _, _ in page.context["rows"]]


# --- finding -----------------------------------------------------------------------------------------------------


def test_someone_is_found_by_any_part_of_their_handle_capitals_or_not(desk: Client, wren: Member) -> None:
    MemberFactory(handle="Old Barn")
    assert handles(desk) == ["Marigold", "Old Barn", "Wren"]
    assert handles(desk, "?handle=WRE") == ["Wren"]
    assert handles(desk, "?handle=nobody") == []


def test_each_state_finds_its_own_and_nobody_is_in_two(desk: Client, marigold: Member) -> None:
    here = MemberFactory(handle="Here", active_week=date(2026, 3, 2))
    MemberFactory(handle="Never")
    suspended = MemberFactory(handle="Suspended", active_week=date(2026, 3, 2))
    suspension.suspend(member=suspended, by=marigold, reason=WHY, at=AT)
    paused = MemberFactory(handle="Paused", active_week=date(2026, 3, 2))
    leaving.pause(member=paused, at=AT)
    left = MemberFactory(handle="Leaving")
    leaving.ask_to_leave(member=left, name=Departure.Name.OFF, at=AT)
    died = MemberFactory(handle="Died")
    leaving.mark_as_died(member=died, by=marigold, words="", at=AT)
    found = {state: set(handles(desk, f"?state={state.value}")) - {"Marigold"} for state in State}
    assert found == {
        State.ACTIVE: {"Here"},
        State.NEVER: {"Never"},
        State.SUSPENDED: {"Suspended"},
        State.PAUSED: {"Paused"},
        State.LEFT: {"Leaving"},
        State.DECEASED: {"Died"},
    }
    for state, names in found.items():
        for person in finding.with_state(Member.objects.filter(handle__in=names)):
            assert finding.state_of(person) == state
    assert here.handle in found[State.ACTIVE]


def test_role_and_group_narrow_the_list(desk: Client, wren: Member) -> None:
    group = MembershipFactory(member=wren).group
    MemberFactory(handle="Linden", role="clinician")
    assert handles(desk, "?role=clinician") == ["Linden"]
    assert handles(desk, f"?group={group.slug}") == ["Wren"]
    assert handles(desk, f"?group={group.slug}&role=clinician") == []


def test_the_list_goes_on_from_where_it_ended_without_leaving_anybody_out(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "A_PAGE", 3)
    MemberFactory.create_batch(7)
    seen: list[str] = []
    after = ""
    for _ in range(4):
        page = finding.people(Wanted(after=after))
        seen += [one.handle for one in page.people]
        after = page.after
        if not after:
            break
    assert len(seen) == len(set(seen)) == Member.objects.count()
    assert seen == sorted(seen, key=str.casefold)
    first = desk.get("/desk/people/")
    more = desk.get(f"/desk/people/?{first.context['more']}")
    assert "From the start" in more.text
    assert [one.handle for one, _, _ in more.context["rows"]] == seen[3:6]


def test_the_list_costs_the_same_however_many_people_and_groups(
    desk: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    groups = GroupFactory.create_batch(3)
    for person in MemberFactory.create_batch(12):
        for group in groups:
            MembershipFactory(member=person, group=group)
    desk.get("/desk/people/")
    with django_assert_max_num_queries(8):
        desk.get("/desk/people/")


def test_no_address_stands_on_the_list_nor_may_be_sought_in_its_url(desk: Client, wren: Member) -> None:
    assert "@" not in desk.get("/desk/people/").text
    refused = desk.get("/desk/people/?handle=wren@porchlight.example")
    assert refused.status_code == 422
    assert "By e-mail address" in refused.text


def test_the_whole_address_finds_its_member_and_that_is_on_record(
    desk: Client, wren: Member, marigold: Member
) -> None:
    found = desk.post("/desk/people/by-address/", {"address": " Wren@Porchlight.example "})
    assert found["Location"] == url(wren)
    assert on_record(Verb.ADDRESS_FOUND) == [(marigold.pk, wren.pk)]
    for address in ("wren@porchlight", "ren@porchlight.example", "nobody@porchlight.example"):
        assert desk.post("/desk/people/by-address/", {"address": address})["Location"] == "/desk/people/"
    assert len(on_record(Verb.ADDRESS_FOUND)) == 1


@pytest.mark.parametrize(
    ("week", "words"),
    [
        (date(2026, 3, 2), "was here this week"),
        (date(2026, 2, 23), "was here last week"),
        (date(2026, 2, 2), "was here 4 weeks ago"),
        (date(2025, 11, 3), "was last here in the week of 3 November 2025"),
        (None, "has not been here yet"),
    ],
)
def test_when_someone_was_last_here_is_said_by_the_week(week: date | None, words: str) -> None:
    assert last_here(MemberFactory.build(active_week=week), date(2026, 3, 8)) == words


# --- one person --------------------------------------------------------------------------------------------------


def test_the_page_of_a_person_says_what_stands_and_never_what_they_wrote(
    desk: Client, wren: Member, marigold: Member
) -> None:
    room = RoomFactory()
    MembershipFactory(member=wren, group=room.group, role="moderator")
    suspension.suspend(member=wren, by=marigold, reason=WHY, at=AT)
    page = desk.get(url(wren)).text
    for words in (
        room.group.name,
        "Moderator",
        "Suspended",
        WHY,
        "by Marigold",
        "suspended Wren",
        "None is noted",
    ):
        assert words in page
    assert "@" not in page


def test_a_training_that_ran_out_is_called_expired_on_the_page_of_a_person(
    desk: Client, wren: Member, marigold: Member
) -> None:
    for left in (30, -1):
        day = timezone.localdate() + timedelta(days=left)
        note_training(
            member=wren,
            group=None,
            note="Two evenings",
            trained_on=date(2020, 1, 1),
            expires_on=day,
            by=marigold,
            at=AT,
        )
    assert desk.get(url(wren)).text.count(">Expired<") == 1


def test_the_address_is_shown_when_asked_for_and_that_is_on_record(
    desk: Client, wren: Member, marigold: Member
) -> None:
    assert wren.email not in desk.get(url(wren)).text
    assert wren.email in desk.post(url(wren, "address")).text
    assert on_record(Verb.ADDRESS_SHOWN) == [(marigold.pk, wren.pk)]
    assert wren.email not in desk.get(url(wren)).text


def test_what_is_grave_asks_a_steward_to_show_that_it_is_still_them(wren: Member, marigold: Member) -> None:
    unconfirmed = client_of(marigold)
    assert unconfirmed.get(url(wren)).status_code == 200
    for what in ("address", "role", "death"):
        answer = unconfirmed.post(url(wren, what), {"role": "steward", "reason": WHY})
        assert answer["Location"].startswith("/accounts/reauthenticate/"), what
    wren.refresh_from_db()
    assert (wren.role, wren.is_active) == ("alumnus", True)
    assert not AuditEntry.objects.exists()


def test_what_was_asked_for_is_done_once_they_have_shown_it(wren: Member, marigold: Member) -> None:
    client = client_of(marigold)
    asked = client.post(url(wren, "role"), {"role": "clinician", "reason": WHY})["Location"]
    client.post(asked, {"password": "not the password"})
    wren.refresh_from_db()
    assert wren.role == "alumnus"
    client.post(asked, {"password": PASSWORD})
    wren.refresh_from_db()
    assert wren.role == "clinician"
    assert wren.role_changes.get().reason == WHY
    assert wren.email in client.post(url(wren, "address")).text, "not asked again within minutes"


def test_suspending_signs_them_out_and_says_why_and_ending_it_lets_them_in(
    desk: Client, wren: Member, marigold: Member
) -> None:
    theirs = client_of(wren)
    assert theirs.get("/").status_code == 200
    desk.post(url(wren, "suspensions"), {"days": "3", "reason": WHY})
    assert theirs.get("/").status_code == 302
    stands = Restriction.objects.in_force(timezone.now()).get(member=wren, scope=EVERYWHERE)
    assert stands.reason == WHY
    assert stands.until is not None
    assert timedelta(days=2.9) < stands.until - timezone.now() <= timedelta(days=3)
    desk.post(url(wren, "suspensions", "end"))
    assert client_of(Member.objects.get(pk=wren.pk)).get("/").status_code == 200
    assert on_record(Verb.MEMBER_SUSPENDED) == on_record(Verb.SUSPENSION_LIFTED) == [(marigold.pk, wren.pk)]
    assert verify() == []


def test_without_a_reason_nothing_is_done_and_the_form_comes_back_open(desk: Client, wren: Member) -> None:
    for what, data in (("suspensions", {"days": "3"}), ("role", {"role": "steward"}), ("handle", {})):
        refused = desk.post(url(wren, what), data)
        assert refused.status_code == 422, what
        assert "Say why, in a sentence." in refused.text
        assert '<details class="fold act" open>' in refused.text
    assert not AuditEntry.objects.exists()


def test_stewards_do_not_suspend_demote_or_close_themselves(desk: Client, marigold: Member) -> None:
    steward("Heron")
    desk.post(url(marigold, "suspensions"), {"days": "3", "reason": WHY})
    desk.post(url(marigold, "role"), {"role": "alumnus", "reason": WHY})
    desk.post(url(marigold, "death"), {"words": ""})
    desk.post(url(marigold, "sign-ins", "end"))
    marigold.refresh_from_db()
    assert (marigold.role, marigold.is_active, marigold.gone_at) == ("steward", True, None)
    assert desk.get("/desk/").status_code == 200
    assert not AuditEntry.objects.exists()


def test_a_role_is_given_with_a_reason_and_stands_on_the_page(
    desk: Client, wren: Member, marigold: Member
) -> None:
    desk.post(url(wren, "role"), {"role": "clinician", "reason": WHY})
    wren.refresh_from_db()
    assert wren.role == "clinician"
    assert "Alumnus, then clinician" in desk.get(url(wren)).text
    assert on_record(Verb.MEMBER_ROLE_CHANGED) == [(marigold.pk, wren.pk)]


def test_ending_their_sign_ins_leaves_everybody_elses(desk: Client, wren: Member, marigold: Member) -> None:
    phone, library, other = client_of(wren), client_of(wren), client_of(MemberFactory())
    desk.post(url(wren, "sign-ins", "end"))
    assert [client.get("/").status_code for client in (phone, library, other)] == [302, 302, 200]
    assert on_record(Verb.SIGN_INS_ENDED) == [(marigold.pk, wren.pk)]
    facts = json.loads(AuditEntry.objects.get(verb=Verb.SIGN_INS_ENDED).facts)
    assert facts["sign_ins_ended"] == 2
    desk.post(url(wren, "sign-ins", "end"))
    assert len(on_record(Verb.SIGN_INS_ENDED)) == 1


def test_ending_their_sign_ins_ends_their_open_connections_too(
    desk: Client, wren: Member, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[eviction.Eviction] = []
    eviction.on_eviction(told.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            desk.post(url(wren, "sign-ins", "end"))
    finally:
        eviction._listeners.remove(told.append)
    assert [one.member_id for one in told] == [wren.pk]


def test_the_way_back_for_who_lost_every_way_in_begins_with_their_handle(desk: Client, wren: Member) -> None:
    assert 'href="/desk/recoveries/?handle=Wren"' in desk.get(url(wren)).text
    assert 'value="Wren"' in desk.get("/desk/recoveries/?handle=Wren").text


def test_they_are_asked_for_another_handle(desk: Client, wren: Member) -> None:
    desk.post(url(wren, "handle"), {"reason": WHY})
    assert naming.open_request(wren) is not None
    page = desk.get(url(wren)).text
    assert "Asked for another handle" in page
    assert WHY in page


def test_the_account_of_someone_who_died_is_closed_and_that_can_be_undone(desk: Client, wren: Member) -> None:
    theirs = client_of(wren)
    assert theirs.get("/").status_code == 200
    desk.post(url(wren, "death"), {"words": "She drove the school bus."})
    assert theirs.get("/").status_code == 302
    page = desk.get(url(wren)).text
    assert "Died" in page
    assert "She drove the school bus." in page
    desk.post(url(wren, "death", "undone"))
    assert client_of(Member.objects.get(pk=wren.pk)).get("/").status_code == 200


# --- their groups ------------------------------------------------------------------------------------------------


def test_someone_is_put_in_a_group_with_a_role_and_their_request_is_answered_by_it(
    desk: Client, wren: Member, marigold: Member
) -> None:
    room = RoomFactory(group=GroupFactory(joining="closed"))
    JoinRequest.objects.create(group=room.group, member=wren)
    assert not rooms.enterable_by(wren).exists()
    desk.post(url(wren, "groups"), {"group": room.group.slug, "role": "moderator"})
    assert rooms.enterable_by(wren).get() == room
    assert Membership.objects.get(member=wren).role == "moderator"
    assert not JoinRequest.objects.filter(answered_at__isnull=True).exists()
    assert on_record(Verb.GROUP_MEMBER_ADDED) == [(marigold.pk, wren.pk)]


def test_putting_someone_back_lifts_the_removal_that_stood(desk: Client, wren: Member) -> None:
    room = RoomFactory()
    MembershipFactory(group=room.group, member=wren)
    desk.post(url(wren, "groups", room.group.slug, "removal"), {"reason": WHY})
    assert not rooms.enterable_by(wren).exists()
    desk.post(url(wren, "groups"), {"group": room.group.slug, "role": "member"})
    assert rooms.enterable_by(wren).get() == room
    verbs = list(AuditEntry.objects.order_by("seq").values_list("verb", flat=True))
    assert verbs == [Verb.GROUP_MEMBER_REMOVED, Verb.GROUP_REMOVAL_LIFTED, Verb.GROUP_MEMBER_ADDED]


def test_nobody_is_put_in_a_closed_group_nor_someone_who_cannot_sign_in(
    desk: Client, wren: Member, marigold: Member
) -> None:
    closed = GroupFactory(closed_at=AT)
    assert desk.post(url(wren, "groups"), {"group": closed.slug, "role": "member"}).status_code == 422
    suspension.suspend(member=wren, by=marigold, reason=WHY, at=AT)
    desk.post(url(wren, "groups"), {"group": GroupFactory().slug, "role": "member"})
    assert not Membership.objects.exists()


def test_a_role_in_a_group_is_set_and_its_last_facilitator_stays(desk: Client, wren: Member) -> None:
    membership = MembershipFactory(member=wren)
    other = MembershipFactory(group=membership.group)
    place = url(wren, "groups", membership.group.slug, "role")
    desk.post(place, {"role": "facilitator"})
    membership.refresh_from_db()
    assert membership.role == "facilitator"
    page = desk.post(place, {"role": "member"}, follow=True)
    assert "only facilitator" in page.text
    membership.refresh_from_db()
    assert membership.role == "facilitator"
    desk.post(url(other.member, "groups", membership.group.slug, "role"), {"role": "facilitator"})
    desk.post(place, {"role": "member", "from": "group"})
    membership.refresh_from_db()
    assert membership.role == "member"


def test_what_two_people_share_between_them_is_not_on_the_desk(desk: Client, wren: Member) -> None:
    pair = GroupFactory(kind=Group.Kind.PAIR, listed=False, joining="closed", name="Wren and Fern")
    MembershipFactory(group=pair, member=wren)
    Restriction.objects.create(member=wren, kind="removal", scope=pair.tag, at=AT, reason="between us")
    for path in (url(wren), "/desk/people/", "/desk/groups/"):
        page = desk.get(path).text
        assert "Wren and Fern" not in page
        assert "between us" not in page
    assert desk.get(f"/desk/groups/{pair.slug}/").status_code == 404
    assert desk.post(url(wren, "groups", pair.slug, "removal"), {"reason": WHY}).status_code == 404


# --- for stewards only -------------------------------------------------------------------------------------------

ACTS = [
    ("address",), ("suspensions",), ("suspensions", "end"), ("sign-ins", "end"), ("role",), ("handle",), ("death",),
    ("death", "undone"), ("trainings",), ("groups",), ("groups", "{group}", "role"), ("groups", "{group}", "removal"),
]  # fmt: skip


def test_for_all_others_there_is_no_such_page_and_no_such_act(wren: Member) -> None:
    membership = MembershipFactory(member=wren, group__slug="tuesdays")
    keeper = MembershipFactory(group=membership.group, role="facilitator").member
    data = {"role": "steward", "reason": WHY, "days": "3", "group": "tuesdays", "address": wren.email}
    for member in (keeper, MemberFactory(role="clinician")):
        client = client_of(member, confirmed=True)
        assert client.get("/").status_code == 200
        for path in ("/desk/people/", url(wren)):
            assert client.get(path).status_code == 404
        for act in ACTS:
            path = url(wren, *(part.format(group="tuesdays") for part in act))
            assert client.post(path, data).status_code == 404, path
        assert client.post("/desk/people/by-address/", data).status_code == 404
    assert not AuditEntry.objects.exists()


def test_whoever_comes_to_an_act_by_its_address_finds_the_person(desk: Client, wren: Member) -> None:
    group = MembershipFactory(member=wren, group__slug="tuesdays").group
    for act in ACTS:
        path = url(wren, *(part.format(group=group.slug) for part in act))
        assert desk.get(path)["Location"] == url(wren), path
    assert not AuditEntry.objects.exists()
