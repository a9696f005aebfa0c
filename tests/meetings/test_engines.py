"""Where a meeting takes place: each engine does what it says it can, and says no to the rest."""

from __future__ import annotations

import pytest
from django.conf import LazySettings

from community.calendar.models import Event
from sessions.meetings import actions, jobs
from sessions.meetings.access import Door, meeting_for
from sessions.meetings.engines import ENGINES, engine_of
from sessions.meetings.engines.protocol import Capabilities, NotCapable, NotJoinable
from sessions.meetings.models import Meeting
from sessions.rooms.models import Room
from tests.live_client import code_of, do, say, types
from tests.meetings.holding import Circle, circle

pytestmark = pytest.mark.django_db
LINK = "https://us02web.zoom.us/j/123?pwd=secret"


def elsewhere() -> Circle:
    return circle(here=False, link=LINK)


def test_the_way_in_to_a_text_meeting_is_its_room_while_it_is_open() -> None:
    tuesday = circle()
    meeting = tuesday.opened()
    engine = engine_of(meeting)
    assert engine.capabilities == Capabilities(words=True, floor=True, mute=True, remove=True, events=True)
    joining = engine.join(meeting, tuesday.alder, tuesday.at)
    assert (joining.url, joining.outside, joining.notice) == (
        f"/sessions/rooms/{meeting.room.slug}/",
        False,
        "",
    )
    actions.close(meeting=meeting, by=None, at=tuesday.at)
    meeting.refresh_from_db()
    with pytest.raises(NotJoinable):
        engine.join(meeting, tuesday.alder, tuesday.at)


def test_a_text_meeting_mutes_and_removes() -> None:
    tuesday = circle()
    meeting, wren = tuesday.opened(), tuesday.person()
    actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
    assert code_of(do(meeting.room, wren, say(meeting.room))) == ""
    engine = engine_of(meeting)
    engine.mute(meeting, wren, by=tuesday.alder, minutes=5, at=tuesday.at)
    assert types(meeting.room)[-1] == "member.muted"
    engine.remove(meeting, wren, by=tuesday.alder, reason="rule 1", at=tuesday.at)
    assert meeting_for(wren, tuesday.one.pk, tuesday.at).state is Door.TURNED_AWAY


def test_a_link_is_shown_with_a_notice_between_opening_and_closing() -> None:
    tuesday = elsewhere()
    meeting = actions.make_meeting(occurrence=tuesday.one, at=tuesday.at)
    engine = engine_of(meeting)
    with pytest.raises(NotJoinable):
        engine.join(meeting, tuesday.alder, tuesday.at)
    meeting = actions.open_doors(meeting=meeting, at=tuesday.at)
    joining = engine.join(meeting, tuesday.alder, tuesday.at)
    assert (joining.url, joining.outside) == (LINK, True)
    for word in ("us02web.zoom.us", "name", "IP address"):
        assert word in joining.notice
    assert "secret" not in joining.notice
    actions.close(meeting=meeting, by=None, at=tuesday.minutes(90))
    meeting.refresh_from_db()
    with pytest.raises(NotJoinable):
        engine.join(meeting, tuesday.alder, tuesday.minutes(90))


def test_a_link_is_asked_again_when_someone_joins_whether_the_house_allows_it(
    settings: LazySettings,
) -> None:
    tuesday = elsewhere()
    meeting = tuesday.opened()
    engine = engine_of(meeting)
    assert engine.join(meeting, tuesday.alder, tuesday.at).url == LINK
    for link in (
        "http://zoom.us/j/1",
        "https://zoom.us.example/j/1",
        "https://zoom.us@evil.example/",
        "https://zoom.us:8443/",
        "https://notzoom.us/",
        "javascript:alert(1)",
        "https://[",
    ):
        Event.objects.filter(pk=tuesday.event.pk).update(link=link)
        changed = Meeting.objects.get(pk=meeting.pk)
        with pytest.raises(NotJoinable):
            engine.join(changed, tuesday.alder, tuesday.at)
    Event.objects.filter(pk=tuesday.event.pk).update(link=LINK)
    settings.PORCHLIGHT_LINK_HOSTS = ["meet.google.com"]
    with pytest.raises(NotJoinable):
        engine.join(Meeting.objects.get(pk=meeting.pk), tuesday.alder, tuesday.at)
    settings.PORCHLIGHT_LINK_HOSTS = []
    assert not engine.health(tuesday.at).ok


def test_a_link_meeting_claims_nothing_that_happens_elsewhere() -> None:
    tuesday = elsewhere()
    meeting = tuesday.opened()
    engine = engine_of(meeting)
    assert engine.capabilities == Capabilities()
    with pytest.raises(NotCapable):
        engine.mute(meeting, tuesday.fern, by=tuesday.alder, minutes=5, at=tuesday.at)
    with pytest.raises(NotCapable):
        engine.remove(meeting, tuesday.fern, by=tuesday.alder, reason="rule 1", at=tuesday.at)
    with pytest.raises(NotCapable):
        engine.tell(meeting, jobs.Watch(), tuesday.at)
    assert Room.objects.get(pk=meeting.room_id).phase == "closed"
    # Nobody is said to be missing where we can't see who is there, and it ends by the clock.
    for minute in (10, 61, 89.9):
        jobs.hold_meetings(tuesday.minutes(minute))
    meeting.refresh_from_db()
    assert (meeting.no_host_at, meeting.closed_at) == (None, None)
    jobs.hold_meetings(tuesday.minutes(90))
    meeting.refresh_from_db()
    assert meeting.closed_at == tuesday.minutes(90)


def test_a_meeting_that_is_taken_elsewhere_before_it_begins_is_not_left_open_here() -> None:
    tuesday = circle()
    meeting = tuesday.opened()
    Event.objects.filter(pk=tuesday.event.pk).update(here=False, link=LINK)
    jobs.hold_meetings(tuesday.at)
    meeting.refresh_from_db()
    assert meeting.engine == Meeting.Engine.LINK
    assert Room.objects.get(pk=meeting.room_id).phase == "closed"
    Event.objects.filter(pk=tuesday.event.pk).update(here=True)
    jobs.hold_meetings(tuesday.at)
    meeting.refresh_from_db()
    assert meeting.engine == Meeting.Engine.TEXT
    assert Room.objects.get(pk=meeting.room_id).phase == "lobby"


def test_each_engine_that_a_meeting_can_have_is_there_and_well() -> None:
    assert set(ENGINES) == set(Meeting.Engine.values)
    assert [engine.name for engine in ENGINES.values()] == list(ENGINES)
    assert all(engine.health(circle().at).ok for engine in ENGINES.values())
