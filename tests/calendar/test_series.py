"""A series and its dates: made, changed as a whole, from one date on, or on one date; what was answered stays."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from itertools import pairwise

import pytest

from community.calendar import actions, jobs
from community.calendar.answers import TooLate, answer
from community.calendar.models import Answer, Event, Occurrence
from community.calendar.recurrence import BadRule
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from tests.calendar.making import NOW, dates, facilitator, make_event, member, nth

pytestmark = pytest.mark.django_db
TUESDAYS = ["11-25 00:00", "12-02 00:00", "12-09 00:00", "12-16 00:00", "12-23 00:00"]


def comes(occurrence: Occurrence, says: Answer.Says = Answer.Says.YES) -> Answer:
    return answer(occurrence=occurrence, member=member(), says=says, remind_minutes=None, at=NOW)


def told(what: str) -> list[str]:
    return sorted(
        {
            row.member.handle
            for row in Delivery.objects.filter(what__contains=what).select_related("member")
            if row.member
        }
    )


def test_a_series_has_its_dates_at_once_and_is_recorded() -> None:
    event = make_event()
    assert dates(event) == TUESDAYS
    assert list(AuditEntry.objects.filter(subject_kind="event").values_list("verb", flat=True)) == [
        "event.scheduled"
    ]


def test_a_series_without_an_end_is_carried_on_as_time_passes_and_no_date_comes_twice() -> None:
    event = make_event(rule="FREQ=WEEKLY")
    before = event.occurrences.count()
    assert before == 57  # four hundred days
    assert jobs.expand_series(NOW + timedelta(days=5)) == 0
    assert jobs.expand_series(NOW + timedelta(days=35)) == 5
    assert jobs.expand_series(NOW + timedelta(days=35)) == 0
    walls = list(event.occurrences.order_by("starts_at").values_list("recurrence_id", flat=True))
    days = [datetime.fromisoformat(wall) for wall in walls]
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=7)] * 61


def test_a_new_time_for_all_moves_each_date_with_its_answers_and_tells_those_who_come() -> None:
    event = make_event()
    coming, perhaps, not_coming = (
        comes(nth(event, 1)), comes(nth(event, 1), Answer.Says.MAYBE), comes(nth(event, 1), Answer.Says.NO)
    )  # fmt: skip
    second = nth(event, 1).pk
    by = facilitator()
    actions.change_all(
        event=event, changes={"time": time(18), "day": date(2026, 11, 25)}, hosts=[by], by=by, at=NOW
    )
    assert dates(event) == ["11-25 23:00", "12-02 23:00", "12-09 23:00", "12-16 23:00", "12-23 23:00"]
    moved = Occurrence.objects.get(pk=second)
    assert moved.starts_at.isoformat() == "2026-12-02T23:00:00+00:00"
    assert moved.answers.count() == 3
    assert told("moved") == sorted([coming.member.handle, perhaps.member.handle])
    assert not_coming.member.handle not in told("moved")


def test_what_is_over_stays_as_it_was() -> None:
    event = make_event()
    by = facilitator()
    later = datetime(2026, 12, 3, tzinfo=NOW.tzinfo)
    actions.change_all(event=event, changes={"time": time(20)}, hosts=[by], by=by, at=later)
    assert dates(event) == [*TUESDAYS[:2], "12-09 01:00", "12-16 01:00", "12-23 01:00"]


def test_fewer_dates_leave_a_cancelled_one_only_where_somebody_had_answered() -> None:
    event = make_event()
    coming = comes(nth(event, 4))
    by = facilitator()
    actions.change_all(event=event, changes={"rule": "FREQ=WEEKLY;COUNT=3"}, hosts=[by], by=by, at=NOW)
    assert dates(event) == [*TUESDAYS[:3], "12-23 00:00 cancelled"]
    assert told("cancelled") == [coming.member.handle]


def test_a_rule_that_cannot_be_followed_changes_nothing() -> None:
    event = make_event()
    by = facilitator()
    with pytest.raises(BadRule):
        actions.change_all(
            event=event, changes={"title": "Other", "rule": "FREQ=NEVER"}, hosts=[by], by=by, at=NOW
        )
    assert Event.objects.get(pk=event.pk).title == "Steps, read slowly"
    assert dates(event) == TUESDAYS


def test_from_one_date_on_the_series_goes_on_as_another_event_and_takes_the_answers_along() -> None:
    event = make_event()
    kept, taken = comes(nth(event, 1)), comes(nth(event, 3))
    by = facilitator()
    new = actions.change_from(
        occurrence=nth(event, 2), changes={"time": time(20), "title": "Later"}, hosts=[by], by=by, at=NOW
    )
    event.refresh_from_db()
    assert dates(event) == TUESDAYS[:2]
    assert dates(new) == ["12-09 01:00", "12-16 01:00", "12-23 01:00"]
    assert (event.rule, new.rule, new.continues) == ("FREQ=WEEKLY;COUNT=2", "FREQ=WEEKLY;COUNT=3", event)
    assert new.uid != event.uid
    assert Answer.objects.get(pk=kept.pk).occurrence.event == event
    assert Answer.objects.get(pk=taken.pk).occurrence.event == new
    assert told("moved") == [taken.member.handle]


def test_from_the_first_date_on_is_all_of_it() -> None:
    event = make_event()
    by = facilitator()
    with pytest.raises(actions.NothingLeft):
        actions.change_from(occurrence=nth(event, 0), changes={"title": "New"}, hosts=[by], by=by, at=NOW)
    assert Event.objects.count() == 1


def test_one_date_is_moved_keeps_its_answers_and_knows_where_it_stood() -> None:
    event = make_event()
    coming = comes(nth(event, 1))
    by = facilitator()
    one = nth(event, 1)
    earlier = {"starts_at": one.starts_at - timedelta(hours=1), "ends_at": one.ends_at - timedelta(hours=1)}
    changed = actions.change_one(occurrence=one, changes=earlier | {"note": "a holiday"}, by=by, at=NOW)
    assert dates(event) == [TUESDAYS[0], "12-01 23:00 moved", *TUESDAYS[2:]]
    assert changed.moved_from == one.starts_at
    assert told("moved") == [coming.member.handle]
    back = {"starts_at": one.starts_at, "ends_at": one.ends_at}
    assert actions.change_one(occurrence=one, changes=back, by=by, at=NOW).moved_from is None


def test_a_moved_date_stays_where_it_was_put_when_the_series_moves() -> None:
    event = make_event()
    by = facilitator()
    one = nth(event, 1)
    apart = {"starts_at": one.starts_at + timedelta(days=1), "ends_at": one.ends_at + timedelta(days=1)}
    actions.change_one(occurrence=one, changes=apart, by=by, at=NOW)
    actions.change_all(event=event, changes={"time": time(18)}, hosts=[by], by=by, at=NOW)
    assert dates(event) == ["11-24 23:00", "12-03 00:00 moved", "12-08 23:00", "12-15 23:00", "12-22 23:00"]


def test_cancelling_one_these_and_all() -> None:
    event = make_event()
    coming = comes(nth(event, 0))
    by = facilitator()
    assert actions.cancel_one(occurrence=nth(event, 0), because="the holiday", by=by, at=NOW)
    assert not actions.cancel_one(occurrence=nth(event, 0), because="again", by=by, at=NOW)
    assert told("cancelled") == [coming.member.handle]
    assert nth(event, 0).note == "the holiday"
    later = comes(nth(event, 3))
    rest = actions.cancel_from(occurrence=nth(event, 2), because="no room", by=by, at=NOW)
    assert rest.pk != event.pk
    assert Event.objects.get(pk=rest.pk).cancelled_at == NOW
    assert Event.objects.get(pk=event.pk).cancelled_at is None
    assert later.member.handle in told("cancelled")
    assert actions.cancel_all(event=event, because="over", by=by, at=NOW)
    assert not actions.cancel_all(event=event, because="over", by=by, at=NOW)


def test_answers_to_what_is_gone_are_refused() -> None:
    event = make_event()
    actions.cancel_one(occurrence=nth(event, 0), because="", by=facilitator(), at=NOW)
    with pytest.raises(TooLate):
        comes(nth(event, 0))
    assert comes(nth(event, 1)).seat == Answer.Seat.TAKEN
