"""One to one in a real browser: times are opened, booked, moved and cancelled; and a room that only two enter."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.flows.seats import Seat, SignIn, Sit
from tests.flows.test_every_page import look_at
from tests.sites import Site

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
ONE_TO_ONE = "/sessions/one-to-one/"
# Whoever has nothing else to do, in a zone.
FREE_IN_ZONE = """
from community.calendar.models import Answer, Host
from community.members.models import Member
people = Member.objects.filter(email__in={addresses})
people.update(time_zone="{zone}")
Answer.objects.filter(member__in=people).delete()
Host.objects.filter(member__in=people).delete()
"""


def free_at_noon(site: Site, *people: str) -> datetime:
    """Bring people to a zone where it is about noon, so that no day ends while the test runs, and take what the demo
    has in their calendars away; the time there."""
    now = datetime.now(UTC)
    ahead = 12 - now.hour
    addresses = [f"{name}@example.org" for name in people]
    # The sign of these names is the other way round.
    zone = f"Etc/GMT{-ahead:+d}" if ahead else "UTC"
    site.manage("shell", "--no-imports", "-c", FREE_IN_ZONE.format(addresses=addresses, zone=zone))
    return (now + timedelta(hours=ahead)).replace(tzinfo=None)


def open_times(page: Page, site: Site, day: datetime, begins: datetime, minutes: int) -> None:
    page.goto(f"{site.base_url}{ONE_TO_ONE}hours/new/")
    page.get_by_label("Day", exact=True).fill(f"{day:%Y-%m-%d}")
    page.get_by_label("From").fill(f"{begins:%H:%M}")
    page.get_by_label("To", exact=True).fill(f"{begins + timedelta(minutes=minutes):%H:%M}")
    page.get_by_label("How long each time is").select_option(label="Half an hour")
    page.get_by_label("Pause between two").select_option(label="None")
    page.get_by_role("button", name="Open them").click()


def book_first(page: Page, site: Site, person: str) -> None:
    page.goto(f"{site.base_url}{ONE_TO_ONE}")
    page.get_by_role("link", name=person).click()
    page.locator(".times a").first.click()
    page.get_by_label("A few words beforehand").fill("About my sister.")
    page.get_by_role("button", name="Book it").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"With {person}")
    expect(page.get_by_text("About my sister.")).to_be_visible()


def test_on_a_phone_without_javascript_times_are_opened_booked_moved_cancelled_and_closed(
    browser: Browser, house: Site, sign_in: SignIn
) -> None:
    noon = free_at_noon(house, "linden", "juniper").replace(minute=0)
    phone: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "java_script_enabled": False}
    counsellor = Seat(browser, house, sign_in, "linden", **phone)
    member = Seat(browser, house, sign_in, "juniper", **phone)
    open_times(counsellor.page, house, noon + timedelta(days=3), noon, 120)
    expect(counsellor.page.get_by_text("4 times are open.")).to_be_visible()

    page = member.page
    page.goto(f"{house.base_url}/calendar/")
    page.get_by_role("link", name="Times to talk").click()
    expect(page.locator(".rows .meta", has_text="4 times free")).to_be_visible()
    book_first(page, house, "Linden")
    expect(page.get_by_text(re.compile("12:00 to 12:30 pm"))).to_be_visible()
    page.get_by_role("link", name="Move it").click()
    expect(page.locator(".times a")).to_have_count(3)
    page.locator(".times a").nth(1).click()
    page.get_by_role("button", name="Move it").click()
    expect(page.get_by_text("Moved. You and Linden are told.")).to_be_visible()
    expect(page.get_by_text(re.compile("1:00 to 1:30 pm"))).to_be_visible()

    # The agenda shows it with its new hour, and says no more than that.
    page.goto(f"{house.base_url}/calendar/?mine=on&day={noon + timedelta(days=3):%Y-%m-%d}")
    line = page.locator(".agenda li", has_text="One to one")
    expect(line.locator(".at")).to_contain_text("1:00 pm")
    expect(line.locator(".badge")).to_have_text("You’ll come")
    line.get_by_role("link").click()
    expect(page.get_by_text("Nobody else can see this.")).to_be_visible()
    page.get_by_role("link", name="To the booking").click()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_label("Why, if you like").fill("My car is broken.")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.get_by_text("Cancelled. You and Linden are told.")).to_be_visible()

    page = counsellor.page
    page.goto(f"{house.base_url}/inbox/")
    expect(page.get_by_text(re.compile("Someone booked a time with you"))).to_be_visible()
    expect(page.get_by_text("One to one: it is cancelled.")).to_be_visible()
    page.goto(f"{house.base_url}{ONE_TO_ONE}hours/")
    expect(page.get_by_role("heading", name="Free")).to_have_count(4)
    page.get_by_role("button", name="Close").first.click()
    expect(page.get_by_text("Closed. Nobody can book it.")).to_be_visible()
    page.locator("summary", has_text="What you opened").click()
    page.get_by_role("link", name="Close the rest").click()
    page.get_by_role("button", name="Close the rest").click()
    expect(page.get_by_text("3 times are closed.")).to_be_visible()
    counsellor.leave()
    member.leave()


def test_the_room_opens_in_time_and_only_the_two_can_go_in(house: Site, sit: Sit) -> None:
    noon = free_at_noon(house, "linden", "wren")
    counsellor, member = sit("linden", live=False), sit("wren", live=False)
    # It begins in some minutes, so the doors are open by now.
    open_times(counsellor.page, house, noon, noon + timedelta(minutes=10), 30)
    expect(counsellor.page.get_by_text("1 time is open.")).to_be_visible()
    book_first(member.page, house, "Linden")
    booking = member.page.url
    member.page.get_by_role("link", name="To the door").click()
    member.page.wait_for_url(re.compile("/sessions/meetings/"))
    door = member.page.url
    for seat in (member, counsellor):
        page = seat.page
        page.goto(door)
        # The room is made by the clock, a few seconds later.
        go_in = page.get_by_role("link", name="Go in").or_(page.locator("form[action$='/enter/'] .btn.go"))
        expect(go_in).to_be_visible(timeout=60_000)
        go_in.click()
        page.wait_for_url(re.compile("/sessions/rooms/"))
    room = member.page.url
    assert counsellor.page.url == room
    member.say("My sister wrote to me.")
    counsellor.sees("My sister wrote to me.")
    agenda = f"{house.base_url}/calendar/?day={noon:%Y-%m-%d}"
    lines = ".agenda h3 a:text-is('One to one')"
    member.page.goto(agenda)
    expect(member.page.locator(lines)).to_have_count(1)
    for who in ("bramble", "marigold", "fern"):
        other = sit(who, live=False)
        for address in (room, door, booking):
            answer = other.page.goto(address)
            assert answer is not None
            assert answer.status == 404, (who, address)
        other.page.goto(agenda)
        assert other.page.locator(lines).count() == 0


def test_axe_is_content_with_every_page_at_every_width_by_day_and_by_night(
    browser: Browser, house: Site, sign_in: SignIn
) -> None:
    noon = free_at_noon(house, "fern", "nine-pines", "linden", "osprey").replace(minute=0)
    counsellor = Seat(browser, house, sign_in, "linden")
    member = Seat(browser, house, sign_in, "osprey")
    steward = Seat(browser, house, sign_in, "marigold")
    for days in (5, 6):
        open_times(counsellor.page, house, noon + timedelta(days=days), noon, 180)
    book_first(member.page, house, "Linden")
    booking = member.page.url.removeprefix(house.base_url)
    member.page.get_by_role("link", name="Move it").click()
    move = str(member.page.locator(".times a").first.get_attribute("href"))
    member.page.goto(f"{house.base_url}{ONE_TO_ONE}")
    person = str(member.page.get_by_role("link", name="Linden").last.get_attribute("href"))
    member.page.goto(house.base_url + person)
    juniper = Seat(browser, house, sign_in, "nine-pines")
    juniper.page.goto(house.base_url + person)
    slot = str(juniper.page.locator(".times a").first.get_attribute("href"))
    counsellor.page.goto(f"{house.base_url}{ONE_TO_ONE}hours/")
    closing = str(counsellor.page.get_by_role("link", name="Close the rest").first.get_attribute("href"))
    looks = {
        member: [ONE_TO_ONE, person, booking, f"{booking}move/", move, f"{booking}cancellation/"],
        juniper: [person, slot],
        counsellor: [f"{ONE_TO_ONE}hours/", f"{ONE_TO_ONE}hours/new/", closing, f"{booking}cancellation/"],
        steward: [f"{ONE_TO_ONE}mentors/"],
    }
    for seat, paths in looks.items():
        for path in paths:
            look_at(seat.page, house, path)
        seat.leave()
