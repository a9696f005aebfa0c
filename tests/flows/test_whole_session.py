"""A whole session, as its people live it: from the calendar's form to a certificate that somebody checks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from pypdf import PdfReader

from sessions.rooms.demo.seeding import PASSWORD
from tests.flows.seats import Seat, SignIn, Sit
from tests.sites import Site

TITLE = "The long table"
SHARERS = ("Juniper", "Wren", "Heron")

# Time goes by for one meeting: all that is written down of it lies that much further back.
GOES_BY = """
from datetime import timedelta
from django.db import transaction
from django.db.models import F
from community.calendar.models import Occurrence
from sessions.meetings.models import Meeting
from sessions.rooms.models import Stay
by = timedelta(minutes={minutes})
with transaction.atomic():
    meeting = Meeting.objects.get(occurrence={occurrence})
    for rows, names in (
        (Occurrence.objects.filter(pk={occurrence}), ["starts_at", "ends_at"]),
        (Meeting.objects.filter(pk=meeting.pk), ["opens_at", "starts_at", "ends_at", "closes_at", "begun_at"]),
        (Stay.objects.filter(room=meeting.room_id), ["entered_at"]),
    ):
        rows.update(**{{name: F(name) - by for name in names}})
"""
# A link is gone for three minutes.
GONE = """
from datetime import timedelta
from django.db.models import F
from sessions.rooms.models import Stay, Turn
gone = timedelta(minutes=3)
stays = Stay.objects.filter(room__slug="{room}", member__handle="{handle}", left_at__isnull=True)
assert stays.update(entered_at=F("entered_at") - gone, seen_at=F("seen_at") - gone) == 1
assert Turn.objects.filter(room__slug="{room}", member__handle="{handle}").update(at=F("at") - gone) == 1
"""


@pytest.fixture
def alder(browser: Browser, house: Site, sign_in: SignIn) -> Iterator[Page]:
    """The facilitator, on a phone."""
    context = browser.new_context(viewport={"width": 360, "height": 780}, service_workers="block")
    page = context.new_page()
    yield sign_in(page, house, "alder@example.org", PASSWORD)
    context.close()


def schedule(page: Page, house: Site) -> str:
    """The path of the event's page: it starts in five minutes, and people are let in from a lobby."""
    starts = datetime.now(UTC) + timedelta(minutes=5)
    page.goto(f"{house.base_url}/calendar/new/")
    page.get_by_label("Title").fill(TITLE)
    page.get_by_label("Kind").select_option(label="Peer support")
    page.get_by_label("Who it is for").select_option("alumni")
    page.get_by_label("Day", exact=True).fill(f"{starts:%Y-%m-%d}")
    page.get_by_label("Starts at").fill(f"{starts:%H:%M}")
    page.get_by_label("How long, in minutes").fill("60")
    zone = page.locator("#id_zone")
    zone.evaluate("one => one.append(new Option('UTC', 'UTC'))")
    zone.select_option("UTC")
    page.get_by_label("In a text room here").check()
    page.get_by_label("Held together with").fill("Fern")
    page.get_by_label("At the door").fill("Old Barn")
    page.get_by_role("button", name="Put it in the calendar").click()
    expect(page.get_by_role("heading", name=TITLE)).to_be_visible()
    event = page.url
    page.get_by_role("link", name="Choose a format").click()
    page.locator("#id_follows").select_option(label="Open sharing")
    page.get_by_role("button", name="Save").click()
    page.goto(event)
    page.get_by_role("link", name="How people come in").click()
    page.get_by_label("Someone lets them in from the lobby").check()
    page.get_by_role("button", name="Save").click()
    return event.removeprefix(house.base_url)


def say_yes(seat: Seat, event: str) -> None:
    seat.page.goto(f"{seat.site.base_url}{event}")
    seat.page.get_by_label("I’ll come").check()
    seat.page.get_by_role("button", name="Save").click()
    expect(seat.page.locator("body")).to_contain_text("Saved.")


def knock(seat: Seat, door: str) -> None:
    """Until the clock has opened the doors there is nothing to press; the page looks again by itself."""
    seat.page.goto(f"{seat.site.base_url}{door}")
    seat.page.locator("#door button.go").click()
    expect(seat.page.get_by_text(re.compile("lobby|let you in|wait", re.I)).first).to_be_visible()


def go_in(seat: Seat) -> None:
    seat.page.locator("#door a.go", has_text="Go in").click()
    seat.page.wait_for_url("**/sessions/rooms/**")
    seat.room = seat.page.url.rstrip("/").rsplit("/", 1)[-1]
    seat.live()


def begin(chair: Page, step: str) -> None:
    chair.get_by_role("button", name=f"Begin {step}", exact=True).first.click()
    expect(chair.locator(".toc [aria-current]")).to_contain_text(step)


def in_line(chair: Page) -> Locator:
    return chair.locator("#line li[data-key^=line-]")


def raise_hand(seat: Seat) -> None:
    seat.page.get_by_role("button", name="Raise my hand").click()
    expect(seat.page.get_by_role("button", name="Lower my hand")).to_be_visible()


def call(chair: Page, handle: str, seat: Seat) -> None:
    chair.get_by_role("button", name=f"Call {handle} next").click()
    expect(chair.get_by_role("heading", name=f"{handle} has the floor")).to_be_visible()
    expect(seat.floor).to_contain_text("You have the floor")


def share(seat: Seat, words: str, *, seen_by: list[Seat]) -> None:
    seat.say(words)
    for other in seen_by:
        other.sees(words)


def test_a_whole_session_from_the_calendar_to_a_certificate_that_somebody_checks(
    alder: Page, sit: Sit, house: Site, browser: Browser
) -> None:
    event = schedule(alder, house)
    occurrence = event.strip("/").rsplit("/", 1)[-1]
    door = f"/sessions/meetings/{occurrence}/"
    juniper, wren, heron = (sit(handle.lower()) for handle in SHARERS)
    everyone = [juniper, wren, heron]
    for seat in everyone:
        say_yes(seat, event)

    # The lobby: in the order in which they came; nobody is inside before they are let in.
    for seat in everyone:
        knock(seat, door)
    alder.goto(f"{house.base_url}{door}chair/")
    lobby = alder.locator("#lobby .rows > li")
    expect(lobby).to_have_count(3)
    assert [row.locator("b").inner_text() for row in lobby.all()] == list(SHARERS)
    alder.get_by_role("button", name="Let in Juniper").click()
    expect(lobby).to_have_count(2)
    alder.get_by_role("button", name="Let in Wren").click()
    alder.get_by_role("button", name="Let in Heron").click()
    expect(lobby).to_have_count(0)
    for seat in everyone:
        go_in(seat)

    # The steps: in the opening only those who hold it write, and drafts stay.
    steps = [title.rsplit("\n")[0] for title in alder.locator(".toc li").all_inner_texts()]
    first, *rest = [re.sub(r"\d.*$", "", title).strip() for title in steps]
    begin(alder, first)
    expect(juniper.why).to_contain_text("The facilitators are speaking.")
    expect(juniper.page.get_by_text("Alder has the chair now.")).to_be_visible()
    alder.get_by_role("button", name="Read it out in the room").click()
    expect(wren.page.locator(".msg[data-by]")).to_have_count(1)
    sharing = next(title for title in rest if "shar" in title.lower())
    for step in rest[: rest.index(sharing) + 1]:
        begin(alder, step)

    # Three in turn; who is in line drafts meanwhile.
    for place, seat in enumerate(everyone, start=1):
        raise_hand(seat)
        expect(in_line(alder)).to_have_count(place)
    heron.field.fill("I wrote this while I waited.")
    call(alder, "Juniper", juniper)
    share(juniper, "It was a week of small things.", seen_by=[wren, heron])
    juniper.page.get_by_role("button", name="I’m done").click()
    expect(wren.floor).to_contain_text("You are next.")

    # Wren drops out with the floor, is first in line when the wait is over, and goes on where she was.
    call(alder, "Wren", wren)
    share(wren, "The lake was grey this morning.", seen_by=[juniper, heron])
    wren.context.set_offline(True)
    expect(wren.link).to_contain_text("The link is down.")
    wren.say("And then the sun came out.")
    house.manage("shell", "--no-imports", "-c", GONE.format(room=wren.room, handle="Wren"))
    expect(in_line(alder)).to_have_count(2)
    expect(in_line(alder).first).to_contain_text("Wren")
    expect(in_line(alder).first).to_contain_text("Link is down")
    wren.context.set_offline(False)
    expect(wren.floor).to_contain_text("You are next.")
    call(alder, "Wren", wren)
    retry = wren.waiting.get_by_role("button", name="Try again")
    if retry.count():
        retry.click()
    for other in (juniper, heron):
        other.sees("And then the sun came out.")
    expect(wren.waiting).to_have_count(0)
    alder.get_by_role("button", name="Thank, end turn").click()

    call(alder, "Heron", heron)
    expect(heron.field).to_have_value("I wrote this while I waited.")
    heron.page.get_by_role("button", name="Send", exact=True).click()
    juniper.sees("I wrote this while I waited.")
    heron.page.get_by_role("button", name="I’m done").click()

    # Closing, an hour later.
    house.manage("shell", "--no-imports", "-c", GOES_BY.format(occurrence=occurrence, minutes=60))
    closing = next(title for title in rest if "clos" in title.lower())
    begin(alder, closing)
    expect(juniper.why).to_contain_text("The facilitators are speaking.")
    alder.get_by_text("Close the room", exact=True).click()
    alder.get_by_role("button", name="Close it for everyone").click()
    expect(juniper.why).to_contain_text("This room is closed")

    # A certificate, and its check by somebody who has nothing but the paper.
    page = juniper.page
    page.goto(f"{house.base_url}{door}")
    page.get_by_role("link", name="Have my attendance confirmed").click()
    page.get_by_label("Your name, as it is to be printed").fill("June Alvarez")
    page.get_by_label("What it is for").fill("for my probation officer")
    page.get_by_label("I have read this and agree to it.").check()
    page.get_by_role("button", name="Make the certificate").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download it as a PDF").click()
    paper = " ".join(
        page.extract_text() for page in PdfReader(BytesIO(download.value.path().read_bytes())).pages
    )
    code = page.locator("[data-code]").inner_text()
    assert code in paper
    assert "June Alvarez" in paper
    assert not [one for one in (TITLE, "Juniper", "Wren", "Heron", "Alder") if one in paper]

    officer = browser.new_page()
    officer.goto(f"{house.base_url}/check/")
    officer.get_by_label("The code on the certificate").fill(code.lower())
    officer.get_by_role("button", name="Check").click()
    expect(officer.get_by_text("This certificate stands.")).to_be_visible()
    main = officer.locator("main").inner_text()
    assert "June Alvarez" in main
    assert "for my probation officer" in main
    assert not [one for one in (TITLE, "Juniper", "Wren", "Heron", "Alder") if one in main]
    officer.close()
