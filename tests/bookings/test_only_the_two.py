"""What two people agreed on is known to them alone: lists, single pages, files, feeds and warnings, for everyone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from community.calendar import feeds
from community.calendar.access import double_booked, keeps, occurrences_for
from community.calendar.models import Event, Feed, Occurrence
from community.groups.models import Membership
from community.members.models import Member
from sessions.bookings import actions
from sessions.bookings.models import Booking
from tests.bookings.making import NOW, book, counsellor, open_times
from tests.calendar.making import make_event
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db
# The event's own title says nothing; here it is one that can be looked for.
WORDS = "Zyzzyva hour"


@pytest.fixture(autouse=True)
def sunday_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@dataclass
class Two:
    keeper: Member
    wren: Member
    booking: Booking
    occurrence: Occurrence
    others: list[Member]


@pytest.fixture
def two() -> Two:
    group = GroupFactory()
    keeper, wren = counsellor(), MembershipFactory(group=group).member
    booking = book(open_times(keeper)[0], wren, note="About my sister.")
    Event.objects.filter(pk=booking.event_id).update(title=WORDS, about=WORDS)
    others = [
        MemberFactory(role=Member.Role.STEWARD), counsellor(), MemberFactory(role=Member.Role.FAMILY),
        MembershipFactory(group=group).member,
        MembershipFactory(group=group, role=Membership.Role.FACILITATOR).member,
    ]  # fmt: skip
    return Two(keeper, wren, booking, booking.event.occurrences.get(), others)


def calendar_pages(occurrence: Occurrence) -> list[str]:
    day = f"{occurrence.starts_at:%Y-%m-%d}"
    looks = [reverse(f"calendar:{view}") for view in ("agenda", "week", "month")]
    mine = f"{looks[0]}?mine=on&day={day}"
    return ["/", mine, *(f"{look}?day={day}" for look in looks)]


def single_pages(occurrence: Occurrence) -> list[str]:
    return [
        reverse(f"calendar:{name}", args=[occurrence.pk])
        for name in ("occurrence", "event_file", "answer", "change", "cancellation")
    ]


def test_the_two_find_it_on_every_page_of_the_calendar_and_nobody_else_does(client: Client, two: Two) -> None:
    for person in (two.keeper, two.wren, *two.others):
        client.force_login(person)
        may = person in (two.keeper, two.wren)
        for page in calendar_pages(two.occurrence):
            assert (WORDS in client.get(page).content.decode()) is may, (page, person.role)
        for page in single_pages(two.occurrence)[:2]:
            assert (client.get(page).status_code == 200) is may, (page, person.role)
        if not may:
            assert {client.get(page).status_code for page in single_pages(two.occurrence)} == {404}
        own = reverse("bookings:booking", args=[two.booking.pk])
        for page in (own, f"{own}move/", f"{own}cancellation/"):
            answered = client.get(page)
            assert ("About my sister" in answered.content.decode()) is (may and page == own)
            assert (answered.status_code == 404) is not may, page


def test_feeds_and_the_public_list_hold_it_for_nobody_else(client: Client, two: Two) -> None:
    for person in (two.keeper, two.wren, *two.others):
        for only_mine in (True, False):
            secret = feeds.make_feed(
                member=person, titles=Feed.Titles.FULL, only_mine=only_mine, alarm_minutes=None, at=NOW
            )
            body = client.get(reverse("calendar:subscription", args=[secret])).content.decode()
            assert (WORDS in body) is (person in (two.keeper, two.wren))
    make_event(audience="public", rule="FREQ=WEEKLY", address="12 Oak St", title="Open to all")
    for page in ("/meetings/feed.json", "/meetings/"):
        body = client.get(page).content.decode()
        assert "Open to all" in body
        assert WORDS not in body


def test_an_event_of_two_can_not_be_let_out_whatever_its_audience_says(two: Two) -> None:
    Event.objects.filter(pk=two.booking.event_id).update(audience=Event.Audience.ALUMNI)
    assert two.occurrence in occurrences_for(two.wren)
    for person in two.others:
        assert two.occurrence not in occurrences_for(person)


def test_it_is_not_changed_cancelled_or_answered_in_the_calendar_not_even_by_its_host(
    client: Client, two: Two
) -> None:
    for person in (two.keeper, two.wren):
        client.force_login(person)
        page = client.get(reverse("calendar:occurrence", args=[two.occurrence.pk])).content.decode()
        assert "Will you come" not in page
        assert reverse("calendar:change", args=[two.occurrence.pk]) not in page
        assert reverse("bookings:booking", args=[two.booking.pk]) in page
        assert not keeps(person, two.occurrence.event)
        statuses = [
            client.post(path, {"says": "no"}).status_code for path in single_pages(two.occurrence)[2:]
        ]
        assert statuses == [404, 403, 403]
    assert two.occurrence.answers.filter(says="yes").count() == 2


def test_they_still_find_it_when_it_is_cancelled_and_the_file_says_so(client: Client, two: Two) -> None:
    actions.cancel(booking=two.booking, by=two.wren, at=NOW)
    for person in (two.keeper, two.wren):
        client.force_login(person)
        body = client.get(reverse("calendar:event_file", args=[two.occurrence.pk])).content.decode()
        assert "STATUS:CANCELLED" in body
        assert "SEQUENCE:1" in body
    for person in two.others:
        assert two.occurrence not in occurrences_for(person)


def test_a_warning_of_two_things_at_once_names_it_only_to_the_two(two: Two) -> None:
    facts: dict[str, Any] = {"day": date(2026, 11, 24), "time": time(16), "rule": ""}
    event = make_event(by=two.keeper, **facts)
    [clash] = double_booked(event, NOW, reader=two.keeper)
    assert (clash.other, clash.shares, clash.known) == (two.occurrence, "a host", True)
    [clash] = double_booked(event, NOW, reader=two.others[0])
    assert clash.known is False


def test_a_steward_who_schedules_for_them_reads_no_title(client: Client, two: Two) -> None:
    steward, group = two.others[0], GroupFactory()
    for person in (steward, two.keeper):
        MembershipFactory(group=group, member=person)
    client.force_login(steward)
    asked = {
        "title": "Team", "kind": make_event().kind.pk, "audience": "alumni", "day": "2026-11-24", "time": "16:00",
        "minutes": "30", "zone": "America/New_York", "repeats": "", "every": "1", "beside": two.keeper.handle,
    }  # fmt: skip
    page = client.post(reverse("calendar:new"), asked, follow=True).content.decode()
    assert "a host is also at something else" in page
    assert WORDS not in page


def test_no_search_and_no_list_of_groups_or_people_leads_to_the_group_of_two(
    client: Client, two: Two
) -> None:
    assert two.booking.event.group is not None
    slug = two.booking.event.group.slug
    steward = two.others[0]
    client.force_login(steward)
    found = [
        "/groups/", "/desk/groups/", f"/desk/people/{two.wren.public_id}/", "/desk/audit/",
        f"/members/{two.wren.public_id}/",
    ]  # fmt: skip
    for page in found:
        body = client.get(page).content.decode()
        assert slug not in body
        assert not re.search(rf"{WORDS}|One to one<", body), page
    for page in (f"/groups/{slug}/", f"/groups/{slug}/people/", f"/desk/groups/{slug}/"):
        assert client.get(page).status_code == 404
