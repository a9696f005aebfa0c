"""The calendar's pages: what stands on them, for whom, in whose time, and in how many queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from community.calendar import actions
from community.calendar.access import double_booked
from community.calendar.actions import set_hosts
from community.calendar.answers import answer
from community.calendar.models import Answer, Event, Feed, Occurrence
from community.members.models import Member
from tests.calendar.making import NOW, a_kind, facilitator, make_event, nth
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db
AGENDA, WEEK, MONTH = reverse("calendar:agenda"), reverse("calendar:week"), reverse("calendar:month")


@pytest.fixture(autouse=True)
def sunday_noon() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def wren(client: Client) -> Member:
    member: Member = MemberFactory(time_zone="America/Denver")
    client.force_login(member)
    return member


def text(client: Client, path: str) -> str:
    answered = client.get(path)
    assert answered.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answered.content.decode()))


def test_a_line_shows_the_readers_own_hour_and_that_of_the_place(client: Client, wren: Member) -> None:
    make_event()
    page = text(client, AGENDA)
    assert "5:00 pm 60 min Steps, read slowly" in page
    assert "7:00 pm in New York" in page
    assert "Tuesday 24" in page
    assert "Times are yours: Denver" in page


def test_the_lines_of_a_day_stand_in_the_order_of_their_hours(client: Client, wren: Member) -> None:
    for hour in (19, 7, 12):
        make_event(title=f"At {hour}", time=time(hour), rule="")
    page = text(client, AGENDA)
    assert re.findall(r"At \d+", page) == ["At 7", "At 12", "At 19"]


def test_the_lamp_lies_on_one_line_first_where_one_can_go_in(client: Client, wren: Member) -> None:
    today = date(2026, 11, 22)
    make_event(title="In the park", day=today, time=time(11), minutes=90, rule="", address="Mill Street 4")
    make_event(title="Doors open", day=today, time=time(12, 14), rule="", here=True)
    make_event(title="On as well", day=today, time=time(11, 30), rule="", here=True)
    make_event(title="Not yet", day=today, time=time(12, 16), rule="", here=True)
    page = client.get(AGENDA).content.decode()
    assert page.count('class="lit"') == page.count('class="btn go"') == 1
    assert page.count(">Go in</a>") == 2
    lit = page.split('class="lit"')[1].split("</li>")[0]
    assert "On as well" in lit
    assert "Go in" in lit


def test_home_opens_with_the_meetings_whose_doors_are_open(client: Client, wren: Member) -> None:
    today = date(2026, 11, 22)
    make_event(title="Doors open", day=today, time=time(12, 14), rule="", here=True)
    make_event(title="Not yet", day=today, time=time(12, 16), rule="", here=True)
    page = text(client, reverse("home"))
    on_now, coming = page.split("Next", 1)
    assert "On now" in on_now
    assert "Doors open" in on_now
    assert "Doors open" not in coming
    assert "Not yet" in coming


def test_every_view_shows_it_and_only_at_its_time(client: Client, wren: Member) -> None:
    make_event()
    for view in (AGENDA, WEEK, MONTH):
        assert "Steps, read slowly" in text(client, view)
        assert "Steps, read slowly" not in text(client, f"{view}?day=2025-01-05")
    assert "Nothing is planned" in text(client, f"{MONTH}?day=2025-01-05")
    assert "Steps, read slowly" in text(client, f"{AGENDA}?day=nonsense&kind=none&group=none")


def test_who_may_know_of_an_event_finds_it_and_for_others_it_is_not_there(client: Client) -> None:
    group = GroupFactory()
    inside = MembershipFactory(group=group).member
    outside, family = MemberFactory(), MemberFactory(role=Member.Role.FAMILY)
    steward = MemberFactory(role=Member.Role.STEWARD)
    kinds = {
        Event.Audience.GROUP: {inside, steward},
        Event.Audience.ALUMNI: {inside, outside, steward},
        Event.Audience.FAMILY: {inside, outside, family, steward},
        Event.Audience.PUBLIC: {inside, outside, family, steward},
    }
    for audience, may in kinds.items():
        event = make_event(
            audience=audience, group=group if audience == "group" else None, title=f"For {audience}"
        )
        one = nth(event, 0)
        doors = [
            reverse("calendar:occurrence", args=[one.pk]), reverse("calendar:event_file", args=[one.pk]),
            reverse("calendar:answer", args=[one.pk]),
        ]  # fmt: skip
        for person in (inside, outside, family, steward):
            client.force_login(person)
            assert (f"For {audience}" in text(client, AGENDA)) is (person in may)
            for door in doors:
                assert (client.get(door).status_code != 404) is (person in may), (audience, door)


def test_filters_by_kind_group_mine_and_now(client: Client, wren: Member) -> None:
    group = GroupFactory()
    MembershipFactory(group=group, member=wren)
    make_event(title="Far one")
    of_group = make_event(title="Of the group", group=group, audience=Event.Audience.GROUP)
    soon = make_event(title="Soon one", day=date(2026, 11, 22), time=time(13), rule="")
    begun = make_event(title="Just begun", day=date(2026, 11, 22), time=time(11, 55), minutes=30, rule="")
    make_event(title="Over now", day=date(2026, 11, 22), time=time(10), minutes=30, rule="")
    answer(occurrence=nth(soon, 0), member=wren, says=Answer.Says.YES, remind_minutes=None, at=NOW)
    titles = ["Far one", "Of the group", "Soon one", "Just begun", "Over now"]

    def shown(query: str) -> list[str]:
        page = text(client, f"{AGENDA}?{query}")
        return [title for title in titles if title in page]

    assert shown("") == titles
    assert shown(f"group={group.slug}") == ["Of the group"]
    assert shown("mine=on") == ["Soon one"]
    assert shown("now=on") == ["Soon one", "Just begun"]
    assert shown(f"kind={of_group.kind.slug}") == titles
    assert nth(begun, 0).starts_at < NOW


def test_what_began_ten_minutes_ago_at_most_counts_as_now_however_short_it_was(
    client: Client, wren: Member
) -> None:
    make_event(title="Brief one", day=date(2026, 11, 22), time=time(11, 51), minutes=5, rule="")
    make_event(title="Gone one", day=date(2026, 11, 22), time=time(11, 49), minutes=5, rule="")
    page = text(client, f"{AGENDA}?now=on")
    assert "Brief one" in page
    assert "Gone one" not in page


def test_saying_that_one_comes_on_the_page(client: Client, wren: Member) -> None:
    one = nth(make_event(capacity=1), 0)
    page, door = reverse("calendar:occurrence", args=[one.pk]), reverse("calendar:answer", args=[one.pk])
    assert "0 of 1 taken" in text(client, page)
    assert client.post(door, {"says": "yes", "remind": "60"}).status_code == 302
    given = Answer.objects.get(member=wren)
    assert (given.says, given.seat, given.remind_minutes) == ("yes", "taken", 60)
    assert "1 of 1 taken" in text(client, page)
    refused = client.post(door, {"says": "surely"})
    assert refused.status_code == 422
    assert Answer.objects.get(member=wren).says == "yes"
    client.force_login(MemberFactory())
    assert "It is full." in text(client, page)
    client.post(door, {"says": "yes"})
    assert "You are number 1 on the waiting list" in text(client, page)


def test_a_link_elsewhere_is_shown_to_those_who_hold_it_and_to_others_only_if_all_the_world_may_know(
    client: Client, wren: Member
) -> None:
    link, by = 'href="https://zoom.us/j/123"', facilitator()
    for audience, shown in (("alumni", False), ("public", True)):
        one = nth(make_event(by=by, link="https://zoom.us/j/123", audience=audience), 0)
        client.force_login(wren)
        client.post(reverse("calendar:answer", args=[one.pk]), {"says": "yes"})
        page = client.get(reverse("calendar:occurrence", args=[one.pk])).content.decode()
        assert (link in page) is shown
        file = client.get(reverse("calendar:event_file", args=[one.pk])).content.decode()
        assert ("zoom.us" in file) is shown
        client.force_login(by)
        assert link in client.get(reverse("calendar:occurrence", args=[one.pk])).content.decode()


def asked(**changes: object) -> dict[str, object]:
    return {
        "title": "Morning pages", "kind": a_kind().pk, "audience": "alumni", "day": "2026-11-24", "time": "07:30",
        "minutes": "30", "zone": "America/Denver", "repeats": "weekly", "every": "1", "days": ["TU", "FR"],
        "until": "2026-12-04", "about": "Come as you *are*.",
    } | changes  # fmt: skip


def test_a_facilitator_schedules_and_a_member_may_not(client: Client, wren: Member) -> None:
    new = reverse("calendar:new")
    assert client.get(new).status_code == 403
    assert client.post(new, asked()).status_code == 403
    by = facilitator()
    client.force_login(by)
    assert client.get(new).status_code == 200
    assert client.post(new, asked()).status_code == 302
    event = Event.objects.get()
    assert event.rule == "FREQ=WEEKLY;BYDAY=TU,FR;UNTIL=20261204"
    assert [f"{one.starts_at:%m-%d %H:%M}" for one in event.occurrences.all()] == [
        "11-24 14:30", "11-27 14:30", "12-01 14:30", "12-04 14:30",
    ]  # fmt: skip
    assert event.about_html == "<p>Come as you <em>are</em>.</p>\n"
    assert [host.member for host in event.hosts.all()] == [by]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"day": "2026-02-30"}, "day"), ({"zone": "Mars/Base"}, "zone"), ({"until": "2026-01-01"}, "until"),
        ({"repeats": "other", "rule_text": "FREQ=HOURLY", "until": ""}, "rule_text"),
        ({"repeats": "other", "rule_text": "", "until": ""}, "rule_text"), ({"minutes": "2"}, "minutes"),
        ({"time": ""}, "minutes"), ({"link": "http://zoom.us/j/1"}, "link"),
        ({"link": "https://evil.example/"}, "link"),
        ({"link": "https://zoom.us.evil.example/"}, "link"), ({"audience": "group"}, "group"),
        ({"beside": "Nobody At All"}, "beside"), ({"at_the_door": "Nobody At All"}, "at_the_door"),
        ({"capacity": "0"}, "capacity"), ({"title": ""}, "title"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost_or_half_saved(
    client: Client, changes: dict[str, object], field: str
) -> None:
    client.force_login(facilitator())
    refused = client.post(reverse("calendar:new"), asked(**changes))
    assert refused.status_code == 422
    assert list(refused.context["form"].errors) == [field]
    assert f'id="id_{field}_error"' in refused.content.decode()
    assert "Come as you *are*." in refused.content.decode()
    assert not Event.objects.exists()
    assert not Occurrence.objects.exists()


def test_a_host_changes_one_date_the_later_ones_and_all(client: Client) -> None:
    by = facilitator()
    event = make_event(by=by)
    client.force_login(by)
    one = nth(event, 1)
    change = reverse("calendar:change", args=[one.pk])
    assert "Only this date" in text(client, change)
    moved = {"day": "2026-12-02", "time": "18:00", "minutes": "45", "note": "a holiday"}
    assert client.post(f"{change}?dates=one", moved).status_code == 302
    one.refresh_from_db()
    assert (one.starts_at, one.note) == (datetime(2026, 12, 2, 23, tzinfo=UTC), "a holiday")
    assert "Moved this once" in text(client, reverse("calendar:occurrence", args=[one.pk]))
    third = reverse("calendar:change", args=[nth(event, 2).pk])
    later = asked(
        title="Evening pages", day="2026-12-08", zone="America/New_York", time="20:00", until="", days=[]
    )
    assert client.post(f"{third}?dates=later", later).status_code == 302
    assert sorted(Event.objects.values_list("title", flat=True)) == ["Evening pages", "Steps, read slowly"]
    assert event.occurrences.count() == 2


def test_cancelling_needs_a_keeper_and_says_why(client: Client, wren: Member) -> None:
    by = facilitator()
    event = make_event(by=by)
    one = nth(event, 0)
    door = reverse("calendar:cancellation", args=[one.pk])
    assert client.post(door, {"dates": "one"}).status_code == 403
    client.force_login(by)
    assert client.post(door, {"dates": "one", "because": "Fern is travelling."}).status_code == 302
    client.force_login(wren)
    page = text(client, reverse("calendar:occurrence", args=[one.pk]))
    assert "Cancelled. Fern is travelling." in page
    assert "Will you come" not in page
    assert "Will you come" in text(client, reverse("calendar:occurrence", args=[nth(event, 1).pk]))


def test_a_host_in_two_places_at_once_is_warned(client: Client) -> None:
    by = facilitator()
    make_event(by=by)
    client.force_login(by)
    answered = client.post(
        reverse("calendar:new"), asked(day="2026-11-24", time="17:30", until="", days=[]), follow=True
    )
    assert "a host is also at Steps, read slowly" in answered.content.decode()


@pytest.mark.parametrize(
    ("place", "other", "warned"),
    [
        ({"link": "https://zoom.us/j/77"}, {"link": "https://Zoom.us/j/77"}, "its link is also that of"),
        ({"phone": "+1 218 555 0100"}, {"phone": "+12185550100"}, "its phone number is also that of"),
        ({"address": "12 Oak St, Denver"}, {"address": "12 oak st,  DENVER "}, "its address is also that of"),
        ({"address": "12 Oak St, Denver"}, {"address": "14 Oak St, Denver"}, ""),
        ({"address": ""}, {"address": ""}, ""),
    ],
)
def test_a_place_taken_twice_at_once_is_warned_of(
    client: Client, place: dict[str, Any], other: dict[str, Any], warned: str
) -> None:
    make_event(**other)
    client.force_login(facilitator())
    answered = client.post(
        reverse("calendar:new"), asked(day="2026-11-24", time="17:30", until="", days=[]) | place, follow=True
    )
    page = answered.content.decode()
    assert "It is in the calendar." in page
    assert (f"{warned} Steps, read slowly" in page) if warned else "also that of" not in page


def test_what_one_may_not_know_of_is_warned_of_without_its_name(client: Client) -> None:
    make_event(title="Hidden circle", audience="group", group=GroupFactory(listed=False), address="12 Oak St")
    by = facilitator()
    client.force_login(by)
    answered = client.post(
        reverse("calendar:new"),
        asked(day="2026-11-24", time="17:30", until="", days=[]) | {"address": "12 Oak St"},
        follow=True,
    )
    page = answered.content.decode()
    assert "its address is also that of something else" in page
    assert "Hidden circle" not in page


def test_looking_for_hosts_and_places_taken_twice_costs_three_queries_however_many_dates(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    by = facilitator()
    event = make_event(by=by, rule="FREQ=DAILY;COUNT=40", address="12 Oak St")
    other = make_event(by=by, title="Weekly", rule="FREQ=WEEKLY")
    for _ in range(3):
        make_event(address="12 oak st")
    with django_assert_num_queries(3):
        clashes = double_booked(event, NOW, reader=by)
    assert [(each.mine.starts_at, each.other.event, each.shares) for each in clashes] == [
        (nth(other, place).starts_at, other, "a host") for place in range(3)
    ]


def test_who_comes_is_seen_by_those_who_hold_it_alone(client: Client, wren: Member) -> None:
    by = facilitator()
    one = nth(make_event(by=by), 0)
    coming = MemberFactory(handle="Quiet Sparrow")
    answer(occurrence=one, member=coming, says=Answer.Says.YES, remind_minutes=None, at=NOW)
    page = reverse("calendar:occurrence", args=[one.pk])
    assert "Quiet Sparrow" not in text(client, page)
    assert "1 so far" in text(client, page)
    client.force_login(by)
    assert "Quiet Sparrow" in text(client, page)


def test_a_feed_is_made_changed_given_a_new_secret_and_taken_away(client: Client, wren: Member) -> None:
    event = make_event()
    one = nth(event, 0)
    page = reverse("calendar:feed")
    client.post(reverse("calendar:answer", args=[one.pk]), {"says": "yes"})
    made = client.post(page, {"titles": "plain", "only_mine": "on", "alarm_minutes": "60"})
    address = made.context["address"].removeprefix("http://testserver")
    secret = address.rsplit("/", 1)[1].removesuffix(".ics")
    assert secret not in Feed.objects.values_list("digest", flat=True)[0]
    outside = Client()
    got = outside.get(address)
    assert got["Content-Type"] == "text/calendar; charset=utf-8"
    assert got.content.count(b"BEGIN:VEVENT") == 1
    assert b"Steps" not in got.content
    assert b"TRIGGER:-PT1H" in got.content
    assert outside.get(address, headers={"If-None-Match": got["ETag"]}).status_code == 304
    client.post(page, {"titles": "full", "keep": ""})
    full = outside.get(address, headers={"If-None-Match": got["ETag"]})
    assert full.status_code == 200
    assert b"Steps" in full.content
    assert b"RRULE" in full.content
    again = client.post(page, {"titles": "full"}).context["address"].removeprefix("http://testserver")
    assert outside.get(address).status_code == 404
    assert outside.get(again).status_code == 200
    client.post(page, {"revoke": ""})
    assert outside.get(again).status_code == 404


def test_a_feed_ends_with_its_member(client: Client, wren: Member) -> None:
    address = client.post(reverse("calendar:feed"), {"titles": "plain"}).context["address"]
    path = address.removeprefix("http://testserver")
    assert Client().get(path).status_code == 200
    Member.objects.filter(pk=wren.pk).update(is_active=False)
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize("view", [AGENDA, WEEK, MONTH])
def test_five_hundred_occurrences_cost_no_more_queries_than_one(
    client: Client, wren: Member, django_assert_num_queries: DjangoAssertNumQueries, view: str
) -> None:
    make_event(rule="FREQ=DAILY;COUNT=2", day=date(2026, 11, 22))
    client.get(view)
    with django_assert_num_queries(QUERIES):
        client.get(view)
    for _ in range(17):
        make_event(rule="FREQ=DAILY;COUNT=30", day=date(2026, 11, 1))
    with django_assert_num_queries(QUERIES):
        answered = client.get(f"{view}?day=2026-11-22")
    assert answered.content.count(b'<p class="at num">') >= 7 * 17


def test_the_feed_costs_as_many_queries_for_one_as_for_many(
    client: Client, wren: Member, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    path = client.post(reverse("calendar:feed"), {"titles": "full"}).context["address"]
    path = path.removeprefix("http://testserver")
    make_event()
    with django_assert_num_queries(FEED_QUERIES):
        Client().get(path)
    for _ in range(5):
        make_event(rule="FREQ=DAILY;COUNT=30")
    with django_assert_num_queries(FEED_QUERIES):
        assert Client().get(path).content.count(b"BEGIN:VEVENT") == 6


QUERIES = 9
FEED_QUERIES = 4


def test_home_shows_what_comes_next_one_date_an_event(client: Client, wren: Member) -> None:
    daily = make_event(
        title="Ten quiet minutes", rule="FREQ=DAILY;COUNT=9", day=date(2026, 11, 23), time=time(7)
    )
    make_event(title="Letters")
    make_event(title="Next month", day=date(2026, 12, 22))
    gone = make_event(title="Called off", day=date(2026, 11, 23))
    actions.cancel_all(event=gone, because="", by=facilitator(), at=NOW)
    answer(occurrence=nth(daily, 0), member=wren, says=Answer.Says.YES, remind_minutes=None, at=NOW)
    page = text(client, reverse("home"))
    assert "5:00 am Mon 23 Ten quiet minutes Group session. You said you’ll come" in page
    assert page.count("Ten quiet minutes") == 1
    assert "Letters" in page
    assert "Next month" not in page
    assert "Called off" not in page


def test_those_at_the_door_are_named_beside_those_who_hold_it(client: Client) -> None:
    steward, fern = MemberFactory(role=Member.Role.STEWARD), MemberFactory(handle="Fern by the Well")
    MemberFactory(handle="Osprey on the Fence")
    client.force_login(steward)
    both = {"beside": "Fern by the Well", "at_the_door": "osprey on the fence, fern by the well"}
    assert client.post(reverse("calendar:new"), asked(**both)).status_code == 302
    event = Event.objects.get()
    parts = [(part.member.handle, part.role) for part in event.hosts.in_order()]
    assert parts == [
        (steward.handle, "host"),
        ("Fern by the Well", "cohost"),
        ("Osprey on the Fence", "greeter"),
    ]
    change = reverse("calendar:change", args=[nth(event, 0).pk]) + "?dates=all"
    initial = client.get(change).context["form"].initial
    assert initial["at_the_door"] == "Osprey on the Fence"
    assert initial["beside"] == f"{steward.handle}, Fern by the Well"
    same = asked(beside=initial["beside"], at_the_door="")
    assert client.post(change, same).status_code == 302
    assert [part.member for part in event.hosts.in_order()] == [steward, fern]


def test_whoever_changes_an_event_of_others_leaves_it_to_those_who_hold_it(client: Client) -> None:
    alder, fern = facilitator(), MemberFactory(handle="Fern by the Well")
    event = make_event(by=alder)
    set_hosts(event=event, hosts=[alder, fern])
    client.force_login(MemberFactory(role=Member.Role.STEWARD))
    change = reverse("calendar:change", args=[nth(event, 0).pk]) + "?dates=all"
    held_by = client.get(change).context["form"].initial["beside"]
    assert held_by == f"{alder.handle}, Fern by the Well"
    same = asked(zone="America/New_York", time="19:00", until="", days=[], beside=held_by)
    assert client.post(change, same).status_code == 302
    assert [host.member for host in event.hosts.in_order()] == [alder, fern]
    assert client.post(change, same | {"beside": "fern BY the well"}).status_code == 302
    assert [host.member for host in event.hosts.in_order()] == [fern]
