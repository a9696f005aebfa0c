"""Times that someone opens: by the clock on their wall, for whom they are meant, and what takes them away."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from community.calendar.answers import answer
from community.calendar.models import Answer
from community.groups.models import Membership
from community.members.blocks.actions import block
from community.members.models import Member
from community.members.suspension import suspend
from sessions.bookings import access, actions
from sessions.bookings.models import Hours, Slot
from tests.bookings.making import NEW_YORK, NOW, book, counsellor, facilitator, open_times
from tests.calendar.making import make_event, nth
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def hours_in_utc(slots: list[Slot]) -> list[str]:
    return [f"{slot.starts_at:%m-%d %H:%M}" for slot in slots]


def free_for(member: Member, at: datetime = NOW) -> list[str]:
    return hours_in_utc(list(access.slots_for(member, at)))


def test_a_day_is_cut_in_times_with_a_pause_between_them() -> None:
    slots = open_times(counsellor(), minutes=50, pause=10, ends=time(19, 55))
    assert hours_in_utc(slots) == ["11-24 21:00", "11-24 22:00", "11-24 23:00", "11-25 00:00"]
    assert {slot.ends_at - slot.starts_at for slot in slots} == {timedelta(minutes=50)}


def test_every_week_it_is_the_same_hour_on_the_wall_through_a_change_of_the_clock() -> None:
    rule = "FREQ=WEEKLY;UNTIL=20270323"
    slots = open_times(counsellor(), day=date(2027, 3, 2), rule=rule, ends=time(16, 30))
    assert hours_in_utc(slots) == ["03-02 21:00", "03-09 21:00", "03-16 20:00", "03-23 20:00"]


def test_an_hour_that_a_change_of_the_clock_skips_has_no_times_and_one_that_comes_twice_has_them_once() -> (
    None
):
    night: dict[str, Any] = {"starts": time(1), "ends": time(4), "minutes": 30}
    spring = open_times(counsellor(), day=date(2027, 3, 14), **night)
    assert hours_in_utc(spring) == ["03-14 06:00", "03-14 06:30", "03-14 07:00", "03-14 07:30"]
    autumn = open_times(counsellor(), day=date(2027, 11, 7), **night)
    assert hours_in_utc(autumn) == [
        "11-07 05:00", "11-07 05:30", "11-07 07:00", "11-07 07:30", "11-07 08:00", "11-07 08:30",
    ]  # fmt: skip


def test_what_is_over_is_not_opened() -> None:
    now = datetime(2026, 11, 24, 21, 10, tzinfo=UTC)
    assert hours_in_utc(open_times(counsellor(), at=now)) == ["11-24 21:30", "11-24 22:00", "11-24 22:30"]
    with pytest.raises(actions.NoTimes):
        open_times(counsellor(), day=date(2026, 11, 20))


def test_times_that_lie_on_others_of_the_same_person_are_refused_and_nothing_is_kept() -> None:
    keeper = counsellor()
    open_times(keeper)
    on_them: list[dict[str, Any]] = [
        {"starts": time(17, 45)}, {"starts": time(15, 50), "ends": time(16, 20)}, {},
    ]  # fmt: skip
    for fields in on_them:
        with pytest.raises(actions.OpenAlready):
            open_times(keeper, **{"ends": time(19)} | fields)
    assert Hours.objects.count() == 1
    assert len(open_times(keeper, starts=time(18), ends=time(19))) == 2
    assert len(open_times(counsellor())) == 4


def test_more_times_at_once_than_anybody_looks_through_are_refused() -> None:
    with pytest.raises(actions.TooManyTimes):
        open_times(counsellor(), starts=time(8), minutes=10, rule="FREQ=WEEKLY;UNTIL=20270930")
    assert not Slot.objects.exists()


def test_who_may_open_times_and_for_whom() -> None:
    group = GroupFactory()
    led, plain, mentor = (
        facilitator(group),
        MembershipFactory(group=group).member,
        MembershipFactory(group=group).member,
    )
    actions.name_mentor(member=mentor, by=led, at=NOW)
    steward = MemberFactory(role=Member.Role.STEWARD)
    may = [person for person in (counsellor(), steward, led, plain, mentor) if access.may_keep_hours(person)]
    assert plain not in may
    assert len(may) == 4
    assert [access.may_open_to_all(person) for person in (steward, led, mentor)] == [True, True, False]
    assert list(access.groups_to_open_for(mentor)) == [group]


def test_times_are_found_by_those_for_whom_they_are_meant() -> None:
    group = GroupFactory()
    inside, outside = MembershipFactory(group=group).member, MemberFactory()
    family = MemberFactory(role=Member.Role.FAMILY)
    keeper = facilitator(group)
    open_times(keeper, ends=time(16, 30))
    open_times(keeper, starts=time(17), ends=time(17, 30), group=group)
    everyone, of_group = hours_in_utc(list(Slot.objects.order_by("starts_at")))
    assert free_for(inside) == [everyone, of_group]
    assert free_for(outside) == [everyone]
    assert free_for(family) == []
    assert free_for(keeper) == []
    MembershipFactory(group=group, member=family)
    assert free_for(family) == [of_group]


def test_what_a_keeper_holds_or_comes_to_takes_their_times_away_as_long_as_it_stands() -> None:
    keeper, wren = counsellor(), MemberFactory()
    open_times(keeper)
    assert len(free_for(wren)) == 4
    held = make_event(by=keeper, day=date(2026, 11, 24), time=time(16, 15), minutes=15, rule="")
    assert free_for(wren) == ["11-24 21:30", "11-24 22:00", "11-24 22:30"]
    other = make_event(day=date(2026, 11, 24), time=time(17), minutes=60, rule="")
    for says, left in ((Answer.Says.MAYBE, 3), (Answer.Says.YES, 1), (Answer.Says.NO, 3)):
        answer(occurrence=nth(other, 0), member=keeper, says=says, remind_minutes=None, at=NOW)
        assert len(free_for(wren)) == left
    make_event(by=keeper, title="Recovery week", day=date(2026, 11, 23), time=None, minutes=1440 * 5, rule="")
    assert len(free_for(wren)) == 3
    held.cancelled_at = NOW
    held.save()
    assert len(free_for(wren)) == 4


@pytest.mark.parametrize("turned", [False, True])
def test_a_block_hides_times_whoever_of_the_two_set_it(turned: bool) -> None:
    keeper, wren, fern = counsellor(), MemberFactory(), MemberFactory()
    open_times(keeper)
    by, whom = (keeper, wren) if turned else (wren, keeper)
    block(by=by, whom=whom, at=NOW)
    assert free_for(wren) == []
    assert access.people_with_times(wren, NOW) == []
    assert len(free_for(fern)) == 4


def test_who_is_suspended_or_keeps_no_hours_any_more_has_no_times() -> None:
    wren, group = MemberFactory(), GroupFactory()
    suspended, led = counsellor(), facilitator(group, time_zone=NEW_YORK)
    for keeper in (suspended, led):
        open_times(keeper)
    assert len(free_for(wren)) == 8
    suspend(member=suspended, by=None, reason="A pause.", at=NOW)
    assert len(free_for(wren)) == 4
    Membership.objects.filter(member=led).update(role=Membership.Role.MEMBER)
    assert free_for(wren) == []


def test_single_times_and_the_rest_are_closed_and_what_is_booked_stays() -> None:
    keeper, wren = counsellor(), MemberFactory()
    first, second, *_ = open_times(keeper)
    booking = book(second, wren)
    assert actions.close_slot(slot=first, at=NOW) is True
    assert actions.close_slot(slot=first, at=NOW) is False
    assert actions.close_slot(slot=second, at=NOW) is False
    assert len(free_for(MemberFactory())) == 2
    assert actions.close_rest(hours=first.hours, at=NOW) == 2
    assert free_for(MemberFactory()) == []
    booking.refresh_from_db()
    assert booking.stands
    # What was closed can be opened again.
    assert len(open_times(keeper, ends=time(16, 30))) == 1
