"""The pages of one to one: whose clock they go by, what they say, and in how many queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from community.groups.models import Membership
from community.members.models import Member
from sessions.bookings import actions
from sessions.bookings.models import Booking, Hours, Mentor, Slot
from tests.bookings.making import DENVER, NOW, book, counsellor, facilitator, open_times
from tests.calendar.making import make_event
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db
ALL, HOURS, NEW = reverse("bookings:all"), reverse("bookings:hours"), reverse("bookings:new")
MENTORS = reverse("bookings:mentors")


@pytest.fixture(autouse=True)
def sunday_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def wren(client: Client) -> Member:
    member: Member = MemberFactory(time_zone=DENVER)
    client.force_login(member)
    return member


def text(client: Client, path: str, status: int = 200) -> str:
    answered = client.get(path)
    assert answered.status_code == status
    return readable(answered.content)


def readable(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


def with_(person: Member) -> str:
    return reverse("bookings:person", args=[person.public_id])


def the(slot: Slot) -> str:
    return reverse("bookings:slot", args=[slot.pk])


def asked(**changes: Any) -> dict[str, Any]:
    return {
        "day": "2026-12-01", "starts": "16:00", "ends": "18:00", "minutes": "50", "pause": "10", "until": "",
        "group": "",
    } | changes  # fmt: skip


def test_free_times_stand_in_the_readers_zone_and_the_first_leads(client: Client, wren: Member) -> None:
    soon, late = counsellor(handle="Quiet Sparrow"), counsellor(handle="Linden")
    open_times(late, day=date(2026, 11, 25))
    open_times(soon)
    page = text(client, ALL)
    assert "Times are yours: Denver" in page
    assert "Next: Tuesday 24 November, 2:00 pm. 4 times free" in page
    assert page.index("Quiet Sparrow") < page.index("Linden")
    page = text(client, with_(soon))
    assert re.findall(r"\d:\d\d pm", page) == ["2:00 pm", "2:30 pm", "3:00 pm", "3:30 pm"]
    assert "Tuesday 24 November" in page


def test_a_member_books_a_time_and_both_find_it(client: Client, wren: Member) -> None:
    keeper = counsellor(handle="Linden")
    slot, *_ = open_times(keeper)
    page = text(client, the(slot))
    assert "Tuesday 24 November, 2:00 to 2:30 pm" in page
    answered = client.post(the(slot), {"note": "About my sister.", "remind": "60"}, follow=True)
    page = readable(answered.content)
    assert "It is yours. Linden is told." in page
    assert "About my sister." in page
    booking = Booking.objects.get()
    assert (booking.member, booking.note) == (wren, "About my sister.")
    assert "With Linden" in text(client, ALL)
    assert "2:00 pm" not in text(client, with_(keeper)).replace("2:00 pm .", "", 1)
    client.force_login(keeper)
    page = text(client, ALL)
    assert f"With {wren.handle}" in page
    assert "4:00 to 4:30 pm. They booked it" in page
    assert "They wrote About my sister." in text(client, reverse("bookings:booking", args=[booking.pk]))


def test_what_stands_in_the_way_is_said_before_and_after_pressing(client: Client, wren: Member) -> None:
    keeper = counsellor(handle="Linden")
    first, second, third, _ = open_times(keeper)
    book(second, MemberFactory())
    assert "That time has just gone." in text(client, the(second))
    assert client.post(the(second)).status_code == 409
    book(first, wren)
    page = text(client, the(third))
    assert "You have a time with Linden already. You can move it to this one" in page
    assert client.post(the(third)).status_code == 409
    other = counsellor()
    [clashing, *_] = open_times(other)
    page = text(client, the(clashing))
    assert "You have something else at that time: One to one , Tuesday 24 November, 2:00 pm" in page
    assert client.post(the(clashing)).status_code == 409
    assert Booking.objects.filter(member=wren).count() == 1


def test_moving_shows_the_other_times_asks_and_moves(client: Client, wren: Member) -> None:
    keeper = counsellor(handle="Linden")
    first, second, third, _ = open_times(keeper)
    booking = book(first, wren)
    book(third, MemberFactory())
    move = reverse("bookings:move", args=[booking.pk])
    page = text(client, move)
    assert "It is on Tuesday 24 November, 2:00 pm." in page
    assert "2:30 pm" in page
    assert "3:00 pm" not in page
    assert "To Tuesday 24 November, 2:30 to 3:00 pm ?" in text(client, f"{move}?to={second.pk}")
    assert client.get(f"{move}?to={third.pk}").status_code == 404
    answered = client.post(move, {"to": third.pk})
    assert answered.status_code == 409
    assert "That time has just gone." in readable(answered.content)
    page = readable(client.post(move, {"to": second.pk}, follow=True).content)
    assert "Moved. You and Linden are told." in page
    booking.refresh_from_db()
    assert booking.slot == second
    client.force_login(keeper)
    assert client.get(move).status_code == 403


def test_cancelling_asks_why_and_says_it_to_the_other(client: Client, wren: Member) -> None:
    keeper = counsellor(handle="Linden")
    slot, *_ = open_times(keeper)
    booking = book(slot, wren)
    cancellation = reverse("bookings:cancellation", args=[booking.pk])
    assert "Linden is told at once. The time is free again for others." in text(client, cancellation)
    client.force_login(keeper)
    page = text(client, cancellation)
    assert "Nobody else can book this time" in page
    page = readable(client.post(cancellation, {"because": "I am ill.", "close": "on"}, follow=True).content)
    assert f"Cancelled. You and {wren.handle} are told." in page
    client.force_login(wren)
    page = text(client, reverse("bookings:booking", args=[booking.pk]))
    assert "Cancelled. I am ill." in page
    assert "Move it" not in page
    assert "nothing to cancel any more" in text(client, cancellation)
    assert "has no free time just now" not in text(client, with_(keeper))


def test_once_it_has_begun_nothing_is_moved_or_cancelled(client: Client, wren: Member) -> None:
    slot, second, *_ = open_times(counsellor())
    booking = book(slot, wren)
    with time_machine.travel(slot.starts_at, tick=False):
        for name, form in (("move", {"to": second.pk}), ("cancellation", {})):
            page = client.post(reverse(f"bookings:{name}", args=[booking.pk]), form, follow=True)
            assert "nothing to change any more" in readable(page.content)
    booking.refresh_from_db()
    assert (booking.slot, booking.stands) == (slot, True)


def test_a_facilitator_opens_a_weekly_pattern_for_a_group(client: Client) -> None:
    group = GroupFactory(name="Tuesday circle")
    keeper = facilitator(group, time_zone=DENVER)
    client.force_login(keeper)
    page = text(client, NEW)
    assert "By your clock: Denver" in page
    assert "Tuesday circle" in page
    page = readable(client.post(NEW, asked(until="2026-12-15", group=group.slug), follow=True).content)
    assert "6 times are open." in page
    assert "Every Tuesday until 15 December 4:00 pm to 6:00 pm, 50 min each. For Tuesday circle" in page
    hours = Hours.objects.get()
    assert (hours.zone, hours.group) == (DENVER, group)
    assert [f"{slot.starts_at:%m-%d %H:%M}" for slot in hours.slots.all()[:3]] == [
        "12-01 23:00", "12-02 00:00", "12-08 23:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"ends": "15:00"}, "It ends after it starts, on the same day."),
        ({"ends": "16:30"}, "No time fits in between, or all of it is over."),
        ({"day": "2026-11-21"}, "That day is over."),
        ({"day": "2026-02-30"}, "Enter a valid date."),
        ({"until": "2026-11-30"}, "That is before the first day."),
        ({"until": "2028-01-01"}, "At most a year ahead."),
        ({"day": "2026-11-24"}, "You have opened 4:00 pm on 24 November already."),
        ({"group": "nobodys"}, "Select a valid choice."),
        ({"minutes": "7"}, "Select a valid choice."),
    ],
)
def test_what_can_not_be_opened_is_said_at_its_field(
    client: Client, changes: dict[str, str], said: str
) -> None:
    keeper = counsellor()
    open_times(keeper)
    client.force_login(keeper)
    answered = client.post(NEW, asked(**changes))
    assert answered.status_code == 422
    assert said in readable(answered.content)
    assert Hours.objects.count() == 1


def test_whoever_keeps_hours_sees_what_is_booked_and_closes_what_is_free(client: Client) -> None:
    keeper, wren = counsellor(), MemberFactory(handle="Quiet Sparrow")
    first, second, third, fourth = open_times(keeper)
    book(second, wren)
    make_event(by=keeper, title="Team", day=date(2026, 11, 24), time=time(17), minutes=30, rule="")
    client.force_login(keeper)
    page = text(client, HOURS)
    assert "4:30 pm With Quiet Sparrow 4:30 to 5:00 pm Booked" in page
    assert "Not shown 5:00 to 5:30 pm. You have something else then" in page
    assert "1 of 4 booked" in page
    close = reverse("bookings:slot_closing", args=[first.pk])
    assert "Closed. Nobody can book it." in readable(client.post(close, follow=True).content)
    taken = reverse("bookings:slot_closing", args=[second.pk])
    assert "Somebody has booked it" in readable(client.post(taken, follow=True).content)
    rest = reverse("bookings:closing", args=[first.hours_id])
    assert "What is booked stays booked." in text(client, rest)
    assert "2 times are closed." in readable(client.post(rest, follow=True).content)
    assert list(Slot.objects.filter(closed_at__isnull=True)) == [second]
    client.force_login(counsellor())
    assert {client.post(path).status_code for path in (close, taken, rest)} == {404}
    assert fourth != third


def test_pages_for_those_who_keep_hours_are_not_there_for_others(client: Client, wren: Member) -> None:
    page = text(client, ALL)
    assert "Times that you give" not in page
    for path in (HOURS, NEW, MENTORS):
        assert client.get(path).status_code == 404
    client.force_login(counsellor())
    assert "Your hours" in text(client, ALL)
    assert {client.get(path).status_code for path in (HOURS, NEW)} == {200}
    assert client.get(MENTORS).status_code == 404


def test_facilitators_name_mentors_from_their_groups_and_stewards_from_all(client: Client) -> None:
    group = GroupFactory()
    led = facilitator(group)
    inside: Member = MembershipFactory(group=group, member=MemberFactory(handle="Quiet Sparrow")).member
    outside: Member = MemberFactory(handle="Far Hill")
    client.force_login(led)
    assert "Nobody whom you could name" in readable(client.post(MENTORS, {"handle": "Far Hill"}).content)
    assert not Mentor.objects.exists()
    page = readable(client.post(MENTORS, {"handle": "quiet sparrow"}, follow=True).content)
    assert "Quiet Sparrow can open times for their groups now." in page
    client.force_login(inside)
    page = text(client, NEW)
    assert "Everyone here but family" not in page
    assert "Which of your groups is it for?" in readable(client.post(NEW, asked()).content)
    assert client.post(NEW, asked(group=group.slug)).status_code == 302
    client.force_login(MemberFactory(role=Member.Role.STEWARD))
    client.post(MENTORS, {"handle": outside.handle})
    assert Mentor.objects.count() == 2
    page = readable(client.post(reverse("bookings:end_mentor", args=[inside.public_id]), follow=True).content)
    assert "is no mentor any more" in page
    client.force_login(inside)
    assert client.get(HOURS).status_code == 404
    client.force_login(led)
    assert client.post(reverse("bookings:end_mentor", args=[outside.public_id])).status_code == 404


def test_whom_one_may_not_know_of_has_no_page_and_whom_one_knows_may_have_no_times(
    client: Client, wren: Member
) -> None:
    stranger, group = MemberFactory(), GroupFactory()
    friend = MembershipFactory(group=group).member
    MembershipFactory(group=group, member=wren)
    assert client.get(with_(stranger)).status_code == 404
    assert client.get(with_(wren)).status_code == 404
    assert "has no free time just now" in text(client, with_(friend))
    [slot, *_] = open_times(facilitator(group), group=group)
    assert client.get(the(slot)).status_code == 200
    Membership.objects.filter(member=wren).delete()
    assert client.get(the(slot)).status_code == 404
    assert client.post(the(slot)).status_code == 404


def test_lists_cost_the_same_however_long_they_are(
    client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    member, led = MemberFactory(), facilitator(time_zone=DENVER)
    paths = {ALL: 8, with_(led): 8, HOURS: 8}

    def fill(day: date) -> None:
        for _ in range(3):
            [slot, *_rest] = open_times(counsellor(), day=day)
            book(slot, MemberFactory())
        [slot, *_rest] = open_times(led, day=day, rule=f"FREQ=WEEKLY;UNTIL={day + timedelta(days=15):%Y%m%d}")
        book(slot, MemberFactory())

    counts = []
    for day in (date(2026, 11, 24), date(2026, 11, 25)):
        fill(day)
        for path in paths:
            client.force_login(led if path == HOURS else member)
            client.get(path)
            with django_assert_num_queries(paths[path]):
                page = client.get(path)
            counts.append(len(page.content))
    assert counts[3:] > counts[:3]


def test_many_times_are_turned_page_by_page(client: Client, wren: Member) -> None:
    keeper = counsellor()
    slots = open_times(keeper, rule="FREQ=WEEKLY;UNTIL=20270330")
    assert len(slots) == 76
    assert len(re.findall(r"/times/\d+/", client.get(with_(keeper)).content.decode())) == 60
    assert len(re.findall(r"/times/\d+/", client.get(f"{with_(keeper)}?page=2").content.decode())) == 16
    client.force_login(keeper)
    assert "Later" in text(client, HOURS)


def test_the_list_of_what_one_has_booked_holds_the_next_first(client: Client, wren: Member) -> None:
    for place, handle in ((1, "Linden"), (0, "Alder")):
        keeper = counsellor(handle=handle)
        [slot, *_] = open_times(keeper, day=date(2026, 11, 24 + place))
        booking = book(slot, wren)
    page = text(client, ALL)
    assert page.index("With Alder") < page.index("With Linden")
    actions.cancel(booking=booking, by=wren, at=NOW)
    assert "With Alder" not in text(client, ALL)
