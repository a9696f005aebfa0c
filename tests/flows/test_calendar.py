"""The calendar in a real browser: finding an event, saying that one comes, and what other apps make of the feed."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.flows.seats import Seat, SignIn
from tests.sites import Site

VENDOR = Path(__file__).parent.parent / "vendor"
ICAL = (VENDOR / "ical.js").read_text()
AXE = (VENDOR / "axe.min.js").read_text()
WEEKS = 12

# Every date of every entry between two instants, with its title; what is cancelled is left out.
EXPAND = """([text, since, until]) => {
  const module = { exports: {} }, exports = module.exports;
  %s
  const ICAL = module.exports.default ?? module.exports;
  const whole = new ICAL.Component(ICAL.parse(text));
  for (const zone of whole.getAllSubcomponents("vtimezone")) ICAL.TimezoneService.register(zone);
  const entries = whole.getAllSubcomponents("vevent");
  const found = [];
  const keep = (start, entry) => {
    const cancelled = entry.component.getFirstPropertyValue("status") === "CANCELLED";
    const at = start.toJSDate().getTime();
    if (!cancelled && at >= since && at < until) found.push([new Date(at).toISOString().slice(0, 16), entry.summary]);
  };
  for (const component of entries.filter((one) => !one.hasProperty("recurrence-id"))) {
    const special = entries.filter((one) => one.hasProperty("recurrence-id")
      && one.getFirstPropertyValue("uid") === component.getFirstPropertyValue("uid"));
    const entry = new ICAL.Event(component, { exceptions: special, strictExceptions: true });
    if (!entry.isRecurring()) { keep(entry.startDate, entry); continue; }
    const dates = entry.iterator();
    for (let date = dates.next(); date && date.toJSDate().getTime() < until; date = dates.next()) {
      const details = entry.getOccurrenceDetails(date);
      keep(details.startDate, details.item);
    }
  }
  return found.sort();
}"""


def on_our_pages(page: Page, site: Site, since: datetime) -> list[list[str]]:
    """(start in UTC, title) of every line that stands, week by week."""
    found: set[tuple[str, str]] = set()
    for week in range(WEEKS):
        page.goto(f"{site.base_url}/calendar/week/?day={since + timedelta(weeks=week):%Y-%m-%d}")
        for line in page.locator(".agenda > li:not(.gone)").all():
            at = datetime.fromisoformat(str(line.locator("time").get_attribute("datetime"))).astimezone(UTC)
            found.add((f"{at:%Y-%m-%dT%H:%M}", line.locator("h3").inner_text()))
    return sorted([at, title] for at, title in found)


def test_another_reader_finds_in_the_feed_the_very_dates_of_our_pages(
    browser: Browser, site: Site, sign_in: SignIn
) -> None:
    seat = Seat(browser, site, sign_in, "alder", timezone_id="UTC")
    page = seat.page
    page.goto(f"{site.base_url}/calendar/feed/")
    page.get_by_label("With their names").check()
    page.get_by_label("Only what I said I would come to").uncheck()
    page.get_by_role("button", name="Make an address").click()
    address = page.locator(".secret").inner_text()
    text = page.request.get(address).text()
    # From the next Sunday on, so that whole weeks are looked at; dates of one day beside the edges are left out.
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    sunday = today + timedelta(days=(6 - today.weekday()) % 7 + 7)
    ours = on_our_pages(page, site, sunday)
    since, until = sunday + timedelta(days=1), sunday + timedelta(weeks=WEEKS, days=-1)
    theirs: list[list[str]] = page.evaluate(
        EXPAND % ICAL, [text, since.timestamp() * 1000, until.timestamp() * 1000]
    )
    inside = [each for each in ours if f"{since:%Y-%m-%dT%H:%M}" <= each[0] < f"{until:%Y-%m-%dT%H:%M}"]
    assert len(inside) > WEEKS
    assert theirs == inside
    seat.leave()


def problems(page: Page) -> list[str]:
    page.evaluate(AXE)
    found: dict[str, Any] = page.evaluate("axe.run({ resultTypes: ['violations'] })")
    return [f"{rule['id']}: {node['html'][:120]}" for rule in found["violations"] for node in rule["nodes"]]


def test_on_a_phone_and_by_keyboard_a_member_finds_an_event_and_says_that_they_come(
    browser: Browser, site: Site, sign_in: SignIn
) -> None:
    seat = Seat(browser, site, sign_in, "slow-river", viewport={"width": 360, "height": 800})
    page = seat.page
    page.goto(f"{site.base_url}/calendar/")
    link = page.get_by_role("link", name="Letters we don’t send")
    link.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Letters we don’t send")
    page.get_by_label("I’ll come").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    expect(page.locator(".gist")).to_contain_text("Saved.")
    expect(page.get_by_label("I’ll come")).to_be_checked()
    page.goto(f"{site.base_url}/calendar/?mine=on")
    expect(page.locator(".badge.yes")).to_have_text(re.compile("You’ll come"))
    seat.leave()


def test_without_javascript_a_facilitator_schedules_moves_one_date_and_cancels_another(
    browser: Browser, site: Site, sign_in: SignIn
) -> None:
    seat = Seat(browser, site, sign_in, "alder", java_script_enabled=False)
    page = seat.page
    page.goto(f"{site.base_url}/calendar/new/")
    page.get_by_label("Title").fill("Reading aloud")
    page.get_by_label("Kind").select_option(label="Workshop")
    page.get_by_label("Day", exact=True).fill(f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d}")
    page.get_by_label("Starts at").fill("18:00")
    page.get_by_label("How often").select_option(label="Weekly")
    page.get_by_label("Who it is for").select_option(label="Everyone here but family")
    page.get_by_role("button", name="Put it in the calendar").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Reading aloud")
    page.get_by_role("link", name="Change").click()
    page.get_by_role("link", name="Only this date").click()
    page.get_by_label("Starts at").fill("17:00")
    page.get_by_label("What people should know").fill("Because of the snow.")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".notice", has_text="Moved this once")).to_contain_text("Because of the snow.")
    page.locator(".rows h3 a").first.click()
    page.get_by_role("link", name="Cancel it").click()
    page.get_by_label("Why").fill("A storm.")
    page.get_by_role("button", name="Cancel it").click()
    expect(page.locator(".notice.care")).to_contain_text("A storm.")
    seat.leave()


def test_axe_finds_nothing_on_the_pages_of_the_calendar(
    browser: Browser, site: Site, sign_in: SignIn
) -> None:
    for width in (360, 1280):
        seat = Seat(browser, site, sign_in, "marigold", viewport={"width": width, "height": 2400})
        page = seat.page
        page.goto(f"{site.base_url}/calendar/")
        first = str(page.locator(".agenda h3 a").first.get_attribute("href"))
        paths = [
            "/calendar/",
            "/calendar/week/",
            "/calendar/month/",
            "/calendar/new/",
            "/calendar/feed/",
            str(first),
        ]
        paths += ["/calendar/import/", "/meetings/elsewhere/", "/meetings/elsewhere/sources/"]
        paths += ["/sessions/formats/", "/sessions/formats/open-sharing/"]
        paths += [first.replace("/calendar/", "/sessions/formats/events/")]
        paths += [
            f"{first}change/",
            f"{first}change/?dates=one",
            f"{first}change/?dates=all",
            f"{first}cancellation/",
        ]
        for path in paths:
            assert page.goto(site.base_url + path).status == 200  # type: ignore[union-attr]
            assert problems(page) == [], path
            wide = page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not wide, f"{path} scrolls sideways at {width}"
        seat.leave()
