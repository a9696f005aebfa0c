"""A meeting's door and its chair's page in a real browser: waiting, being let in, and leading from a phone."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.flows.seats import Seat, SignIn
from tests.flows.test_every_page import look_at
from tests.sites import Site

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}}

# Pages ask anew every few seconds, and on a busy machine each answer takes its time.
BY_ITSELF = 45_000

# An evening of the group, held by Alder and Fern, whose doors have just been opened; prints where it is.
OPENED = """
from datetime import UTC, datetime, timedelta
from community.calendar.actions import schedule
from community.calendar.models import Event, Kind
from community.groups.models import Group
from community.members.models import Member
from sessions.formats.actions import plan_event
from sessions.formats.models import Format
from sessions.meetings.actions import make_meeting, open_doors
from sessions.meetings.models import Doorway
now = datetime.now(UTC)
at = (now + timedelta(minutes=10)).replace(second=0, microsecond=0)
alder, fern = (Member.objects.get(handle=handle) for handle in ("Alder", "Fern"))
event = Event(title="{title}", kind=Kind.objects.get(slug="group-session"), audience="group", here=True, zone="UTC",
    group=Group.objects.get(slug="sunday-night-sharing"), day=at.date(), time=at.time(), minutes=60)
event = schedule(event=event, hosts=[alder, fern], by=alder, at=now)
Doorway.objects.create(event=event, entry="ask")
plan_event(event=event, follows=Format.objects.get(slug="open-sharing"), by=alder, at=now)
meeting = open_doors(meeting=make_meeting(occurrence=event.occurrences.get(), at=now), at=now)
print("meeting", meeting.occurrence_id, meeting.room.slug)
"""


class Evening:
    """One meeting, and the seats that people take at it."""

    def __init__(self, browser: Browser, site: Site, sign_in: SignIn, title: str) -> None:
        printed = site.manage("shell", "--no-imports", "-c", OPENED.format(title=title))
        found = re.search(r"^meeting (\d+) (\S+)$", printed, re.MULTILINE)
        assert found, printed
        self.door, self.room = f"{site.base_url}/sessions/meetings/{found[1]}/", found[2]
        self.browser, self.site, self.sign_in = browser, site, sign_in
        self.seats: list[Seat] = []

    def page_of(self, who: str, at: str = "", **options: Any) -> Page:
        """Someone on their phone, at the door or at a page below it."""
        seat = Seat(self.browser, self.site, self.sign_in, who, "porch", **PHONE | options)
        self.seats.append(seat)
        seat.page.goto(self.door + at)
        return seat.page

    def wait(self, who: str, **options: Any) -> Page:
        page = self.page_of(who, **options)
        page.get_by_role("button", name="Wait in the lobby").click()
        expect(page.get_by_role("heading", level=2)).to_contain_text(
            re.compile("You are (next to come|.+ in)")
        )
        return page

    def close(self) -> None:
        for seat in self.seats:
            seat.leave()


@pytest.fixture
def evening(browser: Browser, house: Site, sign_in: SignIn, request: pytest.FixtureRequest) -> Any:
    made = Evening(browser, house, sign_in, "By the lamp")
    yield made
    made.close()


def stands(page: Page, words: str) -> None:
    """What the page says by itself, without being asked anew."""
    expect(page.get_by_role("heading", level=2, name=words, exact=True)).to_be_visible(timeout=BY_ITSELF)


def in_line(page: Page) -> Locator:
    return page.locator("#line .line > li .fill")


def choose(page: Page, who: str, what: str) -> None:
    """From the menu of someone in line."""
    page.locator("#line summary", has_text=f"More on {who}’s turn").click()
    page.locator("#line details[open]").get_by_role("button", name=what, exact=True).click()


def go_in(page: Page) -> None:
    page.get_by_role("link", name="Go in", exact=True).click()
    expect(page.get_by_role("button", name="Raise my hand")).to_be_visible()


def begin(alder: Page, *steps: str) -> None:
    for step in steps:
        alder.get_by_role("button", name=f"Begin {step}").click()
        expect(alder.locator("#steps [aria-current=step]")).to_contain_text(step)


def problems(page: Page) -> list[str]:
    """What axe finds, with a screen as tall as the page, and what does not fit the narrowest one."""
    width = page.viewport_size["width"] if page.viewport_size else 360
    page.set_viewport_size({"width": width, "height": page.evaluate("document.body.scrollHeight") + 200})
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    page.set_viewport_size({"width": 320, "height": 740})
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size({"width": width, "height": 740})
    said = [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]
    return said + ([f"{wide} px wide"] if wide > 320 else [])


def test_people_wait_at_the_door_and_the_page_tells_them_when_they_may_come_in(evening: Evening) -> None:
    alder = evening.page_of("alder", "chair/")
    wren = evening.wait("wren")
    stands(wren, "You are next to come in")
    river = evening.wait("slow-river")
    stands(river, "You are 2nd in the lobby")
    assert problems(river) == []
    # The chair's page has not been loaded anew, and is used by keyboard.
    let_in = alder.get_by_role("button", name="Let in Wren")
    let_in.focus()
    alder.keyboard.press("Enter")
    expect(let_in).to_have_count(0, timeout=BY_ITSELF)
    stands(wren, "You may come in")
    expect(wren.locator("[data-announce]")).to_have_text("You may come in.")
    assert wren.url == evening.door
    stands(river, "You are next to come in")
    alder.locator("#lobby summary", has_text="More on Slow River").click()
    alder.get_by_role("button", name="Not this time").click()
    stands(river, "Not this time")
    alder.locator("#lobby summary", has_text="Not this time: 1").click()
    alder.get_by_role("button", name="Back to the lobby").click()
    stands(river, "You are next to come in")
    go_in(wren)


def test_what_is_open_and_where_one_is_stays_while_the_chairs_page_changes(evening: Evening) -> None:
    alder = evening.page_of("alder", "chair/")
    evening.wait("wren")
    summary = alder.locator("#lobby summary", has_text="More on Wren")
    summary.focus()
    alder.keyboard.press("Enter")
    expect(alder.get_by_role("button", name="Not this time")).to_be_visible()
    evening.wait("slow-river")
    expect(alder.get_by_role("button", name="Let in Slow River")).to_be_visible(timeout=BY_ITSELF)
    expect(alder.get_by_role("button", name="Not this time")).to_be_visible()
    expect(summary).to_be_focused()
    alder.keyboard.press("Escape")
    expect(alder.get_by_role("button", name="Not this time")).to_be_hidden()
    expect(summary).to_be_focused()


def test_an_evening_is_led_from_a_phone(evening: Evening) -> None:
    alder = evening.page_of("alder", "chair/")
    people = {who: evening.wait(who) for who in ("wren", "juniper", "slow-river")}
    expect(alder.get_by_role("button", name=re.compile("^Let in "))).to_have_count(3, timeout=BY_ITSELF)
    alder.get_by_role("button", name="Let all in").click()
    for page in people.values():
        go_in(page)
        page.get_by_role("button", name="Raise my hand").click()
        expect(page.get_by_role("button", name="Lower my hand")).to_be_visible()
    expect(in_line(alder)).to_contain_text(["Wren", "Juniper", "Slow River"], timeout=BY_ITSELF)
    begin(alder, "Welcome")
    alder.get_by_role("button", name="Read it out in the room").click()
    expect(alder.locator("#reading summary")).to_contain_text("Read at")
    expect(people["wren"].locator(".msg .read")).to_contain_text("Good evening, and welcome")
    begin(alder, "Check-in", "Sharing")
    choose(alder, "Slow River", "Put first")
    expect(in_line(alder)).to_contain_text(["Slow River", "Wren", "Juniper"])
    choose(alder, "Wren", "Later")
    expect(in_line(alder)).to_contain_text(["Slow River", "Juniper", "Wren"])
    choose(alder, "Juniper", "More time each turn")
    expect(in_line(alder).nth(1)).to_contain_text("7 min each turn")
    assert problems(alder) == []
    alder.get_by_role("button", name="Call Slow River next").click()
    stands(alder, "Slow River has the floor")
    # A private word stands above all else, and goes when somebody has read it.
    helped = people["juniper"]
    helped.goto(evening.door + "help/")
    helped.get_by_label("What would help").fill("Is it all right if I just read?")
    helped.get_by_role("button", name="Tell them").click()
    expect(helped.locator("#calls")).to_contain_text("They have been told")
    assert problems(helped) == []
    call = alder.locator("#calls .notice")
    expect(call).to_contain_text("Juniper asked for help, privately", timeout=BY_ITSELF)
    assert alder.evaluate("document.querySelector('#calls').getBoundingClientRect().top") < alder.evaluate(
        "document.querySelector('#turn').getBoundingClientRect().top"
    )
    assert problems(alder) == []
    call.get_by_role("button", name="Answer").click()
    expect(call).to_have_count(0)
    expect(helped.locator("#calls")).to_contain_text("Alder has read it", timeout=BY_ITSELF)
    alder.get_by_role("button", name="Thank, end turn").click()
    stands(alder, "Nobody has the floor")
    choose(alder, "Juniper", "Skip this time")
    expect(in_line(alder)).to_contain_text(["Wren"])
    alder.get_by_role("button", name="Open it up").click()
    expect(alder.get_by_label("Everyone, briefly")).to_be_checked()
    alder.get_by_text("Close the room").click()
    alder.get_by_role("button", name="Close it for everyone").click()
    expect(alder.locator("#head")).to_contain_text("It is over.")
    assert problems(alder) == []


def test_nothing_is_wrong_with_a_page_of_a_meeting_by_day_or_night_on_a_phone_or_a_wide_screen(
    evening: Evening,
) -> None:
    alder, wren, fern = (evening.page_of(who, "help/") for who in ("alder", "wren", "fern"))
    path = evening.door.removeprefix(evening.site.base_url)
    look_at(wren, evening.site, path)
    wren.get_by_role("button", name="Wait in the lobby").click()
    stands(wren, "You are next to come in")
    fern.get_by_label("What would help").fill("Could somebody greet?")
    fern.get_by_role("button", name="Tell them").click()
    for each, pages in (
        (wren, ("", "help/")),
        (alder, ("", "chair/", "help/", "doorway/")),
        (fern, ("help/",)),
    ):
        for name in pages:
            look_at(each, evening.site, path + name)


def test_without_javascript_one_waits_lets_in_and_calls_by_plain_forms(evening: Evening) -> None:
    plain = {"java_script_enabled": False}
    wren, alder = evening.wait("wren", **plain), evening.page_of("alder", "chair/", **plain)
    alder.get_by_role("button", name="Let in Wren").click()
    expect(alder.locator(".notice")).to_contain_text("Wren may come in.")
    wren.get_by_role("link", name="Look again").click()
    stands(wren, "You may come in")
    go_in(wren)
    wren.get_by_role("button", name="Raise my hand").click()
    for step in ("Welcome", "Check-in", "Sharing"):
        alder.get_by_role("button", name=f"Begin {step}").click()
        expect(alder.locator("#steps [aria-current=step]")).to_contain_text(step)
    choose(alder, "Wren", "Call next")
    stands(alder, "Wren has the floor")
    assert alder.url == evening.door + "chair/"
    alder.get_by_role("button", name="2 more minutes").click()
    expect(alder.locator("#turn .num")).to_have_text(re.compile("of 7 min"))
    alder.get_by_label("Everyone, briefly").check()
    alder.get_by_role("button", name="Save").click()
    stands(alder, "Sharing")
    expect(alder.get_by_label("Everyone, briefly")).to_be_checked()


def test_while_the_link_is_down_the_page_says_so_and_what_is_pressed_is_not_taken_for_done(
    evening: Evening,
) -> None:
    evening.wait("wren")
    alder = evening.page_of("alder", "chair/")
    expect(alder.get_by_role("button", name="Let in Wren")).to_be_visible()
    alder.route(re.compile("/sessions/meetings/"), lambda route: route.abort())
    expect(alder.locator("[data-link]")).to_contain_text("The link is down.", timeout=BY_ITSELF)
    alder.get_by_role("button", name="Let in Wren").click()
    expect(alder.locator("[data-link]")).to_contain_text("No answer came.")
    expect(alder.get_by_role("button", name="Let in Wren")).to_be_visible()
    alder.unroute(re.compile("/sessions/meetings/"))
    alder.get_by_role("button", name="Let in Wren").click()
    expect(alder.get_by_role("button", name="Let in Wren")).to_have_count(0)
    expect(alder.locator("[data-link]")).to_be_empty()
