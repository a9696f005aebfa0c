"""Booking a time, moving and cancelling it: who gets it, what the calendar then holds, and who is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date, time, timedelta

import pytest
from django.db import connection

from community.calendar import jobs
from community.calendar.answers import answer
from community.calendar.models import Answer, Event, Host
from community.groups.models import Group, Membership
from community.members import leaving
from community.members.blocks.actions import block
from community.members.models import Departure, Member
from community.members.suspension import suspend
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from sessions.bookings import access, actions
from sessions.bookings.access import Way
from sessions.bookings.models import Booking, Slot
from tests.bookings.making import NOW, book, counsellor, facilitator, open_times
from tests.calendar.making import make_event, nth
from tests.factories import MemberFactory


def told(kind: str) -> list[Member]:
    """In the order in which they came to this place: nobody is told first."""
    rows = Delivery.objects.filter(kind=kind, channel="inbox").select_related("member").order_by("member")
    return [row.member for row in rows if row.member is not None]


def way(member: Member, slot: Slot) -> Way:
    return access.way_to(member, slot, NOW)


@pytest.mark.django_db
def test_what_is_booked_stands_in_the_calendar_of_the_two_under_a_name_that_says_nothing() -> None:
    keeper, wren = counsellor(), MemberFactory()
    slot = open_times(keeper)[1]
    booking = book(slot, wren, note="About my sister.", remind=60)
    event = booking.event
    assert (event.title, event.kind.slug, event.audience, event.here) == (
        "One to one",
        "one-to-one",
        "group",
        True,
    )
    occurrence = event.occurrences.get()
    assert (occurrence.starts_at, occurrence.ends_at) == (slot.starts_at, slot.ends_at)
    assert event.group is not None
    assert (event.group.kind, event.group.listed) == (Group.Kind.MEETING, False)
    roles = dict(Membership.objects.filter(group=event.group).values_list("member", "role"))
    assert roles == {keeper.pk: Membership.Role.FACILITATOR, wren.pk: Membership.Role.MEMBER}
    assert list(Host.objects.filter(event=event).values_list("member", "role")) == [(keeper.pk, "host")]
    says = Answer.objects.filter(occurrence=occurrence, says="yes", seat="taken", remind_minutes=60)
    assert set(says.values_list("member", flat=True)) == {keeper.pk, wren.pk}
    assert told("bookings.booked") == [keeper]
    assert jobs.remind(slot.starts_at - timedelta(minutes=30)) == 2


@pytest.mark.django_db
def test_the_note_is_sealed_and_forgotten_some_time_after() -> None:
    slot = open_times(counsellor())[0]
    booking = book(slot, MemberFactory(), note="About my sister.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM bookings_booking")
        assert "sister" not in cursor.fetchone()[0]
    assert actions.forget_notes(slot.ends_at + timedelta(days=29)) == 0
    booking.refresh_from_db()
    assert booking.note == "About my sister."
    assert actions.forget_notes(slot.ends_at + timedelta(days=30)) == 1
    booking.refresh_from_db()
    assert booking.note is None


@pytest.mark.django_db(transaction=True)
def test_the_last_free_time_asked_for_by_twenty_at_once_goes_to_one() -> None:
    keeper = counsellor()
    first, last, *_ = open_times(keeper, ends=time(17))
    book(first, MemberFactory())
    people = [MemberFactory() for _ in range(20)]
    start = threading.Barrier(len(people))
    got: list[Member] = []
    refused: list[Way] = []
    failed: list[Exception] = []

    def ask(person: Member) -> Callable[[], None]:
        def run() -> None:
            try:
                start.wait(30)
                book(last, person)
                got.append(person)
            except actions.NotNow as why:
                refused.append(why.way)
            except Exception as error:  # noqa: BLE001 - shown by the test
                failed.append(error)
            finally:
                connection.close()

        return run

    threads = [threading.Thread(target=ask(person)) for person in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failed == []
    assert len(got) == 1
    assert refused == [Way.TAKEN] * 19
    assert [booking.member for booking in Booking.objects.filter(slot=last)] == got
    assert Event.objects.count() == Booking.objects.count() == 2


@pytest.mark.django_db
def test_one_time_with_the_same_person_and_two_in_all() -> None:
    wren, keepers = MemberFactory(), [counsellor() for _ in range(3)]
    slots = [open_times(keeper, day=date(2026, 11, 24 + place)) for place, keeper in enumerate(keepers)]
    book(slots[0][0], wren)
    assert way(wren, slots[0][1]) is Way.WITH_THEM
    second = book(slots[1][0], wren)
    assert way(wren, slots[2][0]) is Way.ENOUGH
    with pytest.raises(actions.NotNow):
        book(slots[2][0], wren)
    actions.cancel(booking=second, by=wren, at=NOW)
    assert way(wren, slots[2][0]) is Way.OPEN
    over = slots[0][0].ends_at
    assert access.way_to(wren, open_times(keepers[0], day=date(2026, 12, 1))[0], over) is Way.OPEN


@pytest.mark.django_db
def test_nobody_is_booked_for_two_things_at_once() -> None:
    wren, keeper = MemberFactory(), counsellor()
    slot, later, *_ = open_times(keeper)
    other = nth(make_event(day=date(2026, 11, 24), time=time(15, 45), minutes=30, rule=""), 0)
    assert way(wren, slot) is Way.OPEN
    answer(occurrence=other, member=wren, says=Answer.Says.YES, remind_minutes=None, at=NOW)
    assert way(wren, slot) is Way.BUSY
    assert access.in_the_way(wren, slot) == other
    assert way(wren, later) is Way.OPEN
    with pytest.raises(actions.NotNow):
        book(slot, wren)
    make_event(by=keeper, day=date(2026, 11, 24), time=time(16, 30), minutes=30, rule="")
    with pytest.raises(actions.NotNow) as refused:
        book(later, MemberFactory())
    assert refused.value.way is Way.TAKEN
    # A booked time is something else, too: also for whoever keeps hours themself.
    led = facilitator()
    at_the_same_time = open_times(led)[0]
    book(open_times(counsellor())[0], led)
    assert way(MemberFactory(), at_the_same_time) is Way.TAKEN


@pytest.mark.django_db
def test_moving_takes_the_new_time_frees_the_old_one_and_tells_both() -> None:
    keeper, wren, fern = counsellor(), MemberFactory(), MemberFactory()
    first, second, third, _ = open_times(keeper)
    booking = book(first, wren, remind=60)
    book(third, fern)
    event, occurrence = booking.event, booking.event.occurrences.get()
    moved = actions.move(booking=booking, to=second, at=NOW)
    assert moved.slot == second
    event.refresh_from_db()
    same = event.occurrences.get()
    assert (same.pk, same.starts_at, event.sequence) == (occurrence.pk, second.starts_at, 1)
    assert event.cancelled_at is None
    assert told("calendar.changed") == [keeper, wren]
    assert Answer.objects.filter(occurrence=same, says="yes").count() == 2
    free = list(access.slots_for(MemberFactory(), NOW))
    assert first in free
    assert second not in free
    with pytest.raises(actions.NotNow) as refused:
        actions.move(booking=moved, to=third, at=NOW)
    assert refused.value.way is Way.TAKEN
    with pytest.raises(actions.NotNow):
        actions.move(booking=moved, to=open_times(counsellor())[0], at=NOW)
    with pytest.raises(actions.TooLate):
        actions.move(booking=moved, to=first, at=second.starts_at)
    assert Booking.objects.get(pk=booking.pk).slot == second


@pytest.mark.django_db
def test_a_time_that_overlaps_one_that_is_booked_is_free_for_nobody() -> None:
    keeper, wren = counsellor(), MemberFactory()
    slot, *_ = open_times(keeper, ends=time(16, 30))
    booking = book(slot, wren)
    Slot.objects.filter(pk=slot.pk).update(closed_at=NOW)
    overlapping, *_ = open_times(keeper, starts=time(16, 15), ends=time(16, 45))
    assert way(MemberFactory(), overlapping) is Way.TAKEN
    assert access.way_to(wren, overlapping, NOW, moving=booking) is Way.TAKEN
    actions.cancel(booking=booking, by=wren, at=NOW)
    assert way(wren, overlapping) is Way.OPEN


@pytest.mark.django_db
@pytest.mark.parametrize("by_keeper", [True, False])
def test_cancelling_tells_both_frees_the_time_and_ends_the_room_of_the_two(by_keeper: bool) -> None:
    keeper, wren = counsellor(), MemberFactory()
    slot = open_times(keeper)[0]
    booking = book(slot, wren, note="About my sister.")
    by = keeper if by_keeper else wren
    assert actions.cancel(booking=booking, by=by, because="I am ill.", at=NOW) is True
    assert actions.cancel(booking=booking, by=by, at=NOW) is False
    booking.refresh_from_db()
    event = Event.objects.get(pk=booking.event_id)
    assert (booking.stands, booking.ended_by, booking.note) == (False, by, None)
    assert (event.cancelled_at, event.cancelled_because, event.sequence) == (NOW, "I am ill.", 1)
    assert told("calendar.changed") == [keeper, wren]
    assert not Membership.objects.filter(group=event.group).exists()
    assert slot in access.slots_for(MemberFactory(), NOW)
    assert book(slot, MemberFactory()).stands


@pytest.mark.django_db
def test_whoever_gave_the_time_may_close_it_with_the_booking_and_nothing_is_cancelled_once_it_has_begun() -> (
    None
):
    keeper, wren = counsellor(), MemberFactory()
    slot, other, *_ = open_times(keeper)
    booking = book(slot, wren)
    with pytest.raises(actions.TooLate):
        actions.cancel(booking=booking, by=wren, at=slot.starts_at)
    assert Booking.objects.get(pk=booking.pk).stands
    actions.cancel(booking=booking, by=keeper, close=True, at=slot.starts_at - timedelta(seconds=1))
    free = access.slots_for(MemberFactory(), NOW)
    assert slot not in free
    assert other in free


@pytest.mark.django_db
@pytest.mark.parametrize("goes", ["keeper", "member"])
@pytest.mark.parametrize("how", ["suspended", "left", "paused", "blocked", "died"])
def test_when_one_of_the_two_goes_the_other_is_told_and_nothing_stays_booked(goes: str, how: str) -> None:
    keeper, wren = counsellor(), MemberFactory()
    day = date(2026, 12, 15)
    booking = book(open_times(keeper, day=day)[0], wren)
    going, staying = (keeper, wren) if goes == "keeper" else (wren, keeper)
    standing = book(open_times(counsellor(), day=day)[2], MemberFactory())
    match how:
        case "suspended":
            suspend(member=going, by=None, reason="A pause.", at=NOW)
        case "blocked":
            block(by=going, whom=staying, at=NOW)
        case "left":
            leaving.ask_to_leave(member=going, name=Departure.Name.STAYS, at=NOW)
            leaving.finish_leaving(NOW + leaving.COOL_OFF)
        case "paused":
            leaving.pause(member=going, at=NOW)
            assert actions.cancel_left_hanging(NOW) == 1
        case "died":
            leaving.mark_as_died(member=going, by=MemberFactory(role=Member.Role.STEWARD), words="", at=NOW)
            assert actions.cancel_left_hanging(NOW) == 1
    booking.refresh_from_db()
    assert not booking.stands
    assert staying in told("calendar.changed")
    assert actions.cancel_left_hanging(NOW) == 0
    standing.refresh_from_db()
    assert standing.stands


@pytest.mark.django_db
def test_a_block_while_the_two_talk_ends_their_room_and_cancels_nothing_that_has_begun() -> None:
    keeper, wren = counsellor(), MemberFactory()
    slot = open_times(keeper)[0]
    booking = book(slot, wren)
    with_them = Membership.objects.filter(group=booking.event.group)
    assert with_them.count() == 2
    block(by=wren, whom=keeper, at=slot.starts_at)
    assert not with_them.exists()
    booking.refresh_from_db()
    assert booking.stands
    assert told("calendar.changed") == []


@pytest.mark.django_db
def test_what_two_people_agree_on_is_on_record_for_nobody_else() -> None:
    before = AuditEntry.objects.count()
    first, second, *_ = open_times(counsellor())
    booking = book(first, MemberFactory())
    booking = actions.move(booking=booking, to=second, at=NOW)
    actions.cancel(booking=booking, by=booking.member, at=NOW)
    assert AuditEntry.objects.count() == before
    make_event()
    assert AuditEntry.objects.count() == before + 1
