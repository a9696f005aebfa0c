"""Saying that one comes: seats, the waiting list in order, and the last seat that twenty ask for at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection

from community.calendar import jobs
from community.calendar.actions import change_all, set_hosts
from community.calendar.answers import answer, place_in_line
from community.calendar.feeds import feed_behind, make_feed
from community.calendar.models import Answer, Feed, Occurrence
from community.members import leaving
from community.members.models import Departure, Member
from community.notifications.models import Delivery
from tests.calendar.making import NOW, facilitator, make_event, member, nth

YES, NO, MAYBE = Answer.Says.YES, Answer.Says.NO, Answer.Says.MAYBE
TAKEN, WAITING = Answer.Seat.TAKEN, Answer.Seat.WAITING


def says(
    occurrence: Occurrence,
    person: Member,
    what: Answer.Says = YES,
    minutes: int = 0,
    remind: int | None = None,
) -> Answer:
    at = NOW + timedelta(minutes=minutes)
    return answer(occurrence=occurrence, member=person, says=what, remind_minutes=remind, at=at)


@pytest.mark.django_db
def test_seats_are_given_in_order_and_the_waiting_list_moves_up_by_itself() -> None:
    event = make_event(capacity=2)
    one = nth(event, 0)
    people = [member() for _ in range(5)]
    given = [says(one, person, minutes=place) for place, person in enumerate(people)]
    assert [each.seat for each in given] == [TAKEN, TAKEN, WAITING, WAITING, WAITING]
    assert [place_in_line(each) for each in given] == [0, 0, 1, 2, 3]
    says(one, people[0], NO, minutes=9)
    seats = dict(Answer.objects.filter(occurrence=one).values_list("member", "seat"))
    assert [seats[person.pk] for person in people] == ["", TAKEN, TAKEN, WAITING, WAITING]
    told = Delivery.objects.filter(kind="calendar.moved_up", channel="inbox")
    assert [row.member for row in told.select_related("member")] == [people[2]]


@pytest.mark.django_db
def test_asking_again_costs_nobody_their_place() -> None:
    event = make_event(capacity=1)
    one = nth(event, 0)
    first, second, third = member(), member(), member()
    for place, person in enumerate((first, second, third)):
        says(one, person, minutes=place)
    assert says(one, first, minutes=9).seat == TAKEN
    assert place_in_line(says(one, second, minutes=10, remind=60)) == 1
    says(one, second, MAYBE, minutes=11)
    assert place_in_line(Answer.objects.get(member=third)) == 1
    assert place_in_line(says(one, second, minutes=12)) == 2


@pytest.mark.django_db
def test_without_a_number_of_seats_there_is_room_for_all() -> None:
    one = nth(make_event(), 0)
    assert {says(one, member()).seat for _ in range(30)} == {TAKEN}


@pytest.mark.django_db(transaction=True)
def test_the_last_seat_asked_for_by_twenty_at_once_goes_to_one_and_the_rest_wait_in_order() -> None:
    event = make_event(capacity=3)
    one = nth(event, 0)
    for _ in range(2):
        says(one, member())
    people = [member() for _ in range(20)]
    start = threading.Barrier(len(people))
    failed: list[Exception] = []

    def ask(person: Member) -> Callable[[], None]:
        def run() -> None:
            try:
                start.wait(30)
                says(one, person, minutes=1)
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
    asked = Answer.objects.filter(occurrence=one, member__in=people)
    assert asked.filter(seat=TAKEN).count() == 1
    waiting = asked.filter(seat=WAITING)
    assert sorted(place_in_line(each) for each in waiting) == list(range(1, 20))
    assert Answer.objects.filter(occurrence=one, seat=TAKEN).count() == 3


@pytest.mark.django_db
def test_a_reminder_is_told_once_however_often_the_clock_ticks_and_again_if_the_date_moves() -> None:
    event = make_event()
    one = nth(event, 0)  # in three days, at midnight UTC between Tuesday and Wednesday
    person, without = member(), member()
    says(one, person, remind=60)
    says(one, without)
    assert jobs.remind(one.starts_at - timedelta(minutes=61)) == 0
    assert jobs.remind(one.starts_at - timedelta(minutes=60)) == 1
    assert jobs.remind(one.starts_at - timedelta(minutes=59)) == 0
    later = one.starts_at + timedelta(days=1)
    Occurrence.objects.filter(pk=one.pk).update(starts_at=later, ends_at=later + timedelta(hours=1))
    assert jobs.remind(later - timedelta(minutes=30)) == 1
    told = Delivery.objects.filter(kind="calendar.reminder", channel="email")
    assert [row.member for row in told.select_related("member")] == [person, person]


@pytest.mark.django_db
def test_a_reminder_whose_moment_passed_while_all_was_down_is_told_while_it_is_of_use() -> None:
    event = make_event()
    late, too_late = nth(event, 0), nth(event, 1)
    for one in (late, too_late):
        says(one, member(), remind=60)
    assert jobs.remind(late.starts_at - timedelta(minutes=5)) == 1
    assert jobs.remind(too_late.starts_at + timedelta(minutes=1)) == 0


@pytest.mark.django_db
def test_who_is_gone_for_good_gives_up_seat_part_and_feed_and_the_next_in_line_moves_up() -> None:
    going, waiting = member(), member()
    event = make_event(capacity=1)
    gone_at = NOW + leaving.COOL_OFF
    one = nth(event, 4)
    assert one.starts_at > gone_at
    says(one, going)
    says(one, waiting, minutes=1)
    set_hosts(event=event, hosts=[going])
    secret = make_feed(member=going, titles=Feed.Titles.PLAIN, only_mine=True, alarm_minutes=None, at=NOW)
    assert feed_behind(secret) is not None
    leaving.ask_to_leave(member=going, name=Departure.Name.STAYS, at=NOW)
    assert Answer.objects.get(member=waiting).seat == WAITING
    leaving.finish_leaving(gone_at)
    assert Answer.objects.get(member=waiting).seat == TAKEN
    assert not Answer.objects.filter(member=going).exists()
    assert feed_behind(secret) is None
    assert not event.hosts.exists()


@pytest.mark.django_db
def test_more_seats_let_those_who_wait_longest_in_at_once() -> None:
    event, by = make_event(capacity=1), facilitator()
    one = nth(event, 0)
    people = [member() for _ in range(4)]
    for place, person in enumerate(people):
        says(one, person, minutes=place)
    change_all(event=event, changes={"capacity": 3}, hosts=[by], by=by, at=NOW)
    seats = dict(Answer.objects.filter(occurrence=one).values_list("member", "seat"))
    assert [seats[person.pk] for person in people] == [TAKEN, TAKEN, TAKEN, WAITING]
    change_all(event=event, changes={"capacity": None}, hosts=[by], by=by, at=NOW)
    assert Answer.objects.get(member=people[3]).seat == TAKEN
