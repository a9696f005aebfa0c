"""The room of a meeting is for those who were let in, by every door; for nobody else, whatever they are here."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client

from community.calendar import doors
from community.calendar.access import occurrence_for
from community.calendar.models import Host
from community.calendar.pages import line
from community.desk.access import groups_for_desk
from community.groups.access import groups_for, standing_in
from community.groups.models import Membership
from community.live.engine import Engine
from community.members.access import profiles_for
from community.members.models import Member
from community.members.signin.access import duties_of
from sessions.meetings import actions, jobs
from sessions.meetings.access import Door, lobby_of, meeting_for
from sessions.meetings.models import Entry, Meeting
from sessions.rooms import meeting_links
from sessions.rooms.access import rooms_for
from tests.doors import IN, NOT_FOUND, SIGN_IN, SUSPENDED, Doors
from tests.factories import MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, aside, do, say, sign_in, state_of
from tests.meetings.holding import Circle, circle

pytestmark = pytest.mark.django_db(transaction=True)

OF_A_MEETING = {
    "let in": IN,
    "host": IN,
    "co-host": IN,
    "facilitator of the group": IN,
    "moderator of the group": IN,
    "greeter": IN,
    "in the group, and did not come": NOT_FOUND,
    "waits in the lobby": NOT_FOUND,
    "turned away": NOT_FOUND,
    "removed from the meeting": NOT_FOUND,
    "let in to the one before": NOT_FOUND,
    "steward": NOT_FOUND,
    "clinician": NOT_FOUND,
    "alumnus": NOT_FOUND,
    "suspended": SUSPENDED,
    "signed out": SIGN_IN,
}
# What is said first in a meeting's room comes after it was opened, into its lobby.
SAID = 3
ON_PAGES = {"page", "history", "people", "message", "form", "json"}


def as_(member: Member) -> Client:
    client = Client()
    client.cookies["sessionid"] = sign_in(member)
    return client


def person(who: str, of: Circle, meeting: Meeting) -> Member | None:
    now = of.at
    match who:
        case "host":
            return of.alder
        case "co-host" | "greeter":
            named = of.person()
            role = Host.Role.COHOST if who == "co-host" else Host.Role.GREETER
            Host.objects.create(event=of.event, member=named, role=role)
            jobs.hold_meetings(now)
            return named
        case "facilitator of the group" | "moderator of the group":
            keeper = of.person(role=who.split(" ")[0])
            jobs.hold_meetings(now)
            return keeper
        case "steward" | "clinician" | "alumnus":
            return MemberFactory(role=who)
        case "signed out":
            return None
    member = of.person()
    match who:
        case "let in" | "removed from the meeting" | "suspended":
            actions.arrive(meeting=meeting, member=member, at=now)
            actions.admit(meeting=meeting, member=member, by=of.alder, at=now)
            if who == "removed from the meeting":
                removed = act(meeting.room, "member.remove", member.public_id, {"reason": "rule 1"})
                do(meeting.room, of.alder, removed)
            elif who == "suspended":
                Member.objects.filter(pk=member.pk).update(is_active=False)
        case "waits in the lobby":
            actions.arrive(meeting=meeting, member=member, at=now)
        case "turned away":
            actions.arrive(meeting=meeting, member=member, at=now)
            actions.turn_away(meeting=meeting, member=member, by=of.alder, at=now)
        case "let in to the one before":
            other = circle(group=of.group)
            before = other.opened()
            actions.arrive(meeting=before, member=member, at=other.at)
    return member


@pytest.mark.parametrize("who", OF_A_MEETING)
async def test_all_doors_of_a_meetings_room_open_for_those_who_were_let_in(live: Engine, who: str) -> None:
    tuesday = await aside(lambda: circle(entry=Entry.ASK))
    meeting = await aside(tuesday.opened)
    await aside(do, meeting.room, tuesday.alder, say(meeting.room, "one"))
    control = await Doors(meeting.room, await aside(sign_in, tuesday.alder), SAID).all()
    assert control == dict.fromkeys(control, IN)

    visitor = await aside(person, who, tuesday, meeting)
    met = await Doors(meeting.room, await aside(sign_in, visitor) if visitor else None, SAID).all()
    word = OF_A_MEETING[who]
    assert met == {door: SIGN_IN if word == SUSPENDED and door in ON_PAGES else word for door in control}


async def test_a_day_after_it_closed_no_door_of_its_room_opens_for_anyone(live: Engine) -> None:
    tuesday = await aside(circle)
    meeting = await aside(tuesday.opened)
    wren = await aside(tuesday.person)
    await aside(lambda: actions.arrive(meeting=meeting, member=wren, at=tuesday.at))
    await aside(do, meeting.room, wren, say(meeting.room, "one"))
    for member in (wren, tuesday.alder):
        assert (await Doors(meeting.room, await aside(sign_in, member), SAID).all())["page"] == IN
    await aside(lambda: actions.close(meeting=meeting, by=None, at=tuesday.minutes(60)))
    await aside(jobs.forget_meetings, tuesday.minutes(60) + timedelta(days=1))
    for member in (wren, tuesday.alder, tuesday.fern):
        met = await Doors(meeting.room, await aside(sign_in, member), SAID).all()
        assert met == dict.fromkeys(met, NOT_FOUND)


def test_who_was_removed_from_a_meeting_is_not_let_in_again() -> None:
    tuesday = circle()
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    do(meeting.room, tuesday.alder, act(meeting.room, "member.remove", wren.public_id, {"reason": "rule 1"}))
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    with pytest.raises(actions.NotInside):
        actions.admit(meeting=meeting, member=wren, by=tuesday.alder, at=tuesday.at)
    assert not Membership.objects.filter(group=meeting.group, member=wren).exists()
    assert meeting_for(wren, tuesday.one.pk, tuesday.at).state is Door.TURNED_AWAY
    # It holds for this meeting alone.
    again = circle(group=tuesday.group)
    actions.arrive(meeting=again.opened(), member=wren, at=again.at)
    assert meeting_for(wren, again.one.pk, again.at).state is Door.IN


def test_a_meeting_is_on_no_list_of_rooms_and_is_no_group_that_people_share() -> None:
    tuesday = circle(audience="alumni")
    meeting = tuesday.opened()
    wren, juniper = MemberFactory(), MemberFactory()
    for member in (wren, juniper):
        actions.arrive(meeting=meeting, member=member, at=tuesday.at)
    assert rooms_for(wren) == []
    assert list(groups_for(wren)) == []
    assert meeting.group not in groups_for_desk()
    assert as_(wren).get(f"/groups/{meeting.group.slug}/").status_code == HTTPStatus.NOT_FOUND
    assert as_(wren).get(f"/direct/with/{juniper.public_id}/").status_code == HTTPStatus.NOT_FOUND
    assert juniper not in profiles_for(wren)
    assert tuesday.alder not in profiles_for(wren)
    MembershipFactory(group=MembershipFactory(member=wren).group, member=juniper)
    assert juniper in profiles_for(wren)
    assert as_(wren).get(f"/direct/with/{juniper.public_id}/").status_code == HTTPStatus.OK


def test_whoever_leads_one_meeting_has_no_duty_for_which_they_would_be_asked_for_a_second_factor() -> None:
    tuesday = circle()
    wren = tuesday.person()
    Host.objects.create(event=tuesday.event, member=wren, role=Host.Role.COHOST)
    meeting = tuesday.opened()
    assert Membership.objects.filter(group=meeting.group, member=wren, role="facilitator").exists()
    duties = duties_of([wren.pk, tuesday.alder.pk])
    assert "facilitator" not in duties[wren.pk]
    assert "facilitator" in duties[tuesday.alder.pk]


def test_who_waits_at_the_door_sees_nobody_inside_and_who_is_inside_is_told_of_nobody_at_the_door() -> None:
    tuesday = circle(entry=Entry.ASK)
    meeting = tuesday.opened()
    wren, juniper = tuesday.person(), tuesday.person()
    for member in (wren, juniper):
        actions.arrive(meeting=meeting, member=member, at=tuesday.at)
    actions.admit(meeting=meeting, member=juniper, by=tuesday.alder, at=tuesday.at)
    visit = meeting_for(wren, tuesday.one.pk, tuesday.at)
    assert (visit.place_in_line, visit.waiting) == (1, 1)
    assert wren.public_id not in str(state_of(meeting.room, juniper))
    assert [one.member for one in lobby_of(meeting)] == [wren]


def test_the_calendar_leads_to_the_door_of_what_is_held_here_or_behind_a_link() -> None:
    here, link, street = circle(), circle(here=False, link="https://zoom.us/j/1"), circle(here=False)
    dates = [one.one for one in (here, link, street)]
    assert dict(doors.doors_of(dates)) == {
        one.one.pk: f"/sessions/meetings/{one.one.pk}/" for one in (here, link)
    }


def test_a_meeting_that_was_closed_early_is_not_on_any_more_and_its_page_stays() -> None:
    tuesday = circle()
    meeting, one, at = tuesday.opened(), tuesday.one, tuesday.one.starts_at
    shown = lambda: line(occurrence_for(tuesday.alder, one.pk), at)  # noqa: E731 - asked before and after
    assert (shown().on_now, shown().door) == (True, f"/sessions/meetings/{one.pk}/")
    actions.close(meeting=meeting, by=tuesday.alder, at=at)
    assert (shown().on_now, shown().door) == (False, "")
    assert dict(doors.doors_of([one])) == {one.pk: f"/sessions/meetings/{one.pk}/"}


def test_from_the_room_everyone_finds_the_door_and_help_and_those_who_hold_it_its_chair() -> None:
    tuesday = circle()
    greeter, wren = tuesday.person(), tuesday.person()
    Host.objects.create(event=tuesday.event, member=greeter, role=Host.Role.GREETER)
    meeting = tuesday.opened()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    door = f"/sessions/meetings/{tuesday.one.pk}/"
    for member, finds in ((tuesday.alder, True), (tuesday.fern, True), (greeter, True), (wren, False)):
        links = meeting_links.links_of(meeting.room, member, standing_in(member, meeting.group))
        assert links == {
            "door": door,
            "help": f"{door}help/",
            "chair": f"{door}chair/" if finds else None,
            "name": tuesday.one.name,
        }
    porch = RoomFactory(group=tuesday.group)
    assert meeting_links.links_of(porch, wren, standing_in(wren, tuesday.group)) is None
