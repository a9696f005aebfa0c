"""A meeting in its room, in real browsers: steps, the line, turns that end gently, long shares, a dropped link."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.flows.seats import Seat, Sit, in_database
from tests.sites import Site

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
EVENING = "evening-steps"
PHONE = {"width": 360, "height": 740}
# Of each phase in which one person at a time writes, another length of turn: minutes, little more than one, none.
STEPS = [
    {"phase": "opening", "title": "The lamp is lit", "minutes": 5, "writes": "hosts", "turn_seconds": None},
    {"phase": "check-in", "title": "A few words", "minutes": 10, "writes": "turn", "turn_seconds": 130},
    {"phase": "topic", "title": "A breath", "minutes": 5, "writes": "turn", "turn_seconds": 20},
    {"phase": "sharing", "title": "What held me", "minutes": 30, "writes": "turn", "turn_seconds": 180},
    {"phase": "closing", "title": "Good night", "minutes": 5, "writes": "hosts", "turn_seconds": None},
]

SET = """
import json
from sessions.rooms.models import Room
steps = [{{"crosstalk": False}} | step for step in json.loads('''{steps}''')]
Room.objects.filter(slug="{room}").update(phase="lobby", steps=steps, attended=True)
"""

# As if the house had last seen the holder of the floor five minutes ago.
LONG_AGO = """
from datetime import timedelta
from django.utils import timezone
from sessions.rooms.models import Stay, Turn
then = timezone.now() - timedelta(minutes=5)
turn = Turn.objects.get(room__slug="{room}")
Stay.objects.filter(room=turn.room, member=turn.member).update(entered_at=then, seen_at=then)
Turn.objects.filter(pk=turn.pk).update(at=then)
"""


@pytest.fixture(scope="module")
def meeting(house: Site) -> str:
    """The room in which the meeting is held; `lobby` and `sharing` begin it anew."""
    code = SET.format(steps=json.dumps(STEPS), room=EVENING)
    house.manage("shell", "--no-imports", "-c", code)
    return EVENING


def begin(fern: Seat, part: str) -> None:
    fern.page.get_by_label("Begin").select_option(part)
    fern.page.get_by_role("button", name="Begin it").click()


def lobby(sit: Sit) -> Seat:
    """Fern, who chairs, before the meeting begins: nobody waits, nobody has the floor."""
    fern = sit("fern", room=EVENING)
    for part in ("closed", "lobby"):
        begin(fern, part)
        expect(fern.page.locator("[data-phase-label]")).to_have_text(part.title())
    return fern


def sharing(sit: Sit, *who: str, part: str = "sharing", **options: Any) -> list[Seat]:
    """Fern, and those who sit in line, in this order, as the part begins."""
    fern = lobby(sit)
    others = [sit(name, room=EVENING, **options) for name in who]
    begin(fern, part)
    for number, seat in enumerate(others, 1):
        expect(seat.why).to_contain_text("One person at a time writes.")
        seat.page.get_by_role("button", name="Raise my hand").click()
        expect(fern.page.locator(".line > li")).to_have_count(number)
    return [fern, *others]


def in_line(seat: Seat) -> Locator:
    return seat.page.locator(".line .fill")


def from_the_line(fern: Seat, handle: str, what: str) -> None:
    row = fern.page.locator(".line > li", has_text=handle)
    row.locator("summary").click()
    row.get_by_role("button", name=what, exact=True).click()


# --- the script ----------------------------------------------------------------------------------------------------


def test_the_steps_are_the_table_of_contents_on_every_screen_and_after_a_reload(
    meeting: str, sit: Sit
) -> None:
    fern, juniper = lobby(sit), sit("juniper", room=meeting)
    label, current = (
        juniper.page.locator("[data-phase-label]"),
        juniper.page.locator('.toc [aria-current="step"]'),
    )
    expect(label).to_have_text("Lobby")
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    begin(fern, "opening")
    expect(label).to_have_text("Part 1 of 5: The lamp is lit")
    expect(current).to_contain_text("The lamp is lit")
    expect(juniper.page.locator(".stage.break").last).to_have_text("The lamp is lit")
    expect(juniper.why).to_contain_text("The facilitators are speaking.")
    expect(juniper.page.locator("[data-announce]")).to_contain_text("The lamp is lit.")
    begin(fern, "sharing")
    expect(label).to_have_text("Part 4 of 5: What held me")
    expect(juniper.floor).to_contain_text("What held me")
    expect(juniper.floor).to_contain_text("One person at a time has the floor.")
    before = juniper.page.locator("[data-phases], [data-floor], .stage").all_inner_texts()
    juniper.enter().live()
    expect(juniper.page.locator("[data-phase-label]")).to_have_text("Part 4 of 5: What held me")
    assert juniper.page.locator("[data-phases], [data-floor], .stage").all_inner_texts() == before


def test_whoever_was_away_comes_back_to_the_part_the_turn_and_their_place(meeting: str, sit: Sit) -> None:
    fern, wren, juniper = sharing(sit, "wren", "juniper")
    juniper.context.set_offline(True)
    expect(juniper.link).to_contain_text("The link is down.")
    fern.page.get_by_role("button", name="Call Wren").click()
    expect(wren.floor).to_contain_text("You have the floor")
    expect(juniper.floor).to_contain_text("You are 2nd in line.")
    juniper.context.set_offline(False)
    expect(juniper.floor).to_contain_text("Wren has the floor")
    expect(juniper.floor).to_contain_text("You are next.")
    expect(juniper.page.locator("[data-phase-label]")).to_have_text("Part 4 of 5: What held me")


# --- the line ------------------------------------------------------------------------------------------------------


def test_the_chair_moves_people_in_the_line_and_everyone_sees_it(meeting: str, sit: Sit) -> None:
    fern, wren, juniper, heron = sharing(sit, "wren", "juniper", "heron")
    expect(in_line(fern)).to_have_text(["Wren", "Juniper", "Heron"])
    from_the_line(fern, "Heron", "Put first")
    expect(heron.floor).to_contain_text("You are next.")
    expect(wren.floor).to_contain_text("You are 2nd in line.")
    expect(in_line(juniper)).to_have_text(["Heron", "Wren", "You"])
    from_the_line(fern, "Heron", "Later")
    expect(wren.floor).to_contain_text("You are next.")
    expect(heron.floor).to_contain_text("You are 2nd in line.")
    from_the_line(fern, "Juniper", "Call next")
    expect(juniper.floor).to_contain_text("You have the floor")
    from_the_line(fern, "Wren", "Skip this time")
    expect(heron.floor).to_contain_text("You are next.")
    expect(wren.floor).to_contain_text("1 in line.")
    expect(wren.page.locator(".line .menu")).to_have_count(0)


def test_the_lines_menu_is_worked_with_the_keyboard(meeting: str, sit: Sit) -> None:
    fern, wren, _ = sharing(sit, "wren", "juniper")
    keys, focused = fern.page.keyboard, fern.page.locator(":focus")
    fern.page.locator(".line > li", has_text="Juniper").locator("summary").focus()
    keys.press("Enter")
    keys.press("Escape")
    expect(fern.page.locator(".line .menu[open]")).to_have_count(0)
    expect(focused).to_have_text("More on Juniper’s turn")
    keys.press("Enter")
    keys.press("Tab")
    expect(focused).to_have_text("Call next")
    keys.press("Tab")
    keys.press("Enter")
    expect(wren.floor).to_contain_text("You are 2nd in line.")


def test_whoever_loses_the_link_is_marked_and_their_turn_is_kept_first_in_line(
    meeting: str, sit: Sit, house: Site
) -> None:
    fern, juniper, wren, heron = sharing(sit, "juniper", "wren", "heron")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.floor).to_contain_text("You have the floor")
    heron.page.close()
    expect(fern.page.locator(".line > li", has_text="Heron")).to_contain_text("Link is down")
    expect(fern.page.locator(".line > li", has_text="Wren")).not_to_contain_text("Link is down")
    juniper.page.close()
    expect(wren.floor).to_contain_text("Their link is down.")
    house.manage("shell", "--no-imports", "-c", LONG_AGO.format(room=meeting))
    said = "Juniper’s link is down; their place is kept first in line."
    expect(wren.page.locator(".stage", has_text=said)).to_have_count(1)
    expect(wren.floor).to_contain_text("You are 2nd in line.")
    juniper.page = juniper.context.new_page()
    juniper.enter().live()
    expect(juniper.floor).to_contain_text("You are next.")
    expect(juniper.page.locator(".stage").last).to_have_text(
        "Your link was down; your place is kept first in line."
    )
    expect(fern.page.locator(".line > li", has_text="Juniper")).not_to_contain_text("Link is down")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.floor).to_contain_text("You have the floor")


# --- a turn --------------------------------------------------------------------------------------------------------


def test_whoever_has_the_floor_may_pass(meeting: str, sit: Sit) -> None:
    fern, juniper, wren = sharing(sit, "juniper", "wren")
    fern.page.get_by_role("button", name="Call Juniper").click()
    juniper.page.get_by_role("button", name="I pass this time").click()
    expect(juniper.floor).not_to_contain_text("You have the floor")
    for seat in (fern, wren):
        expect(seat.page.locator(".stage").last).to_have_text("Juniper passes this time.")
        expect(seat.page.locator("[data-announce]")).to_have_text("Juniper passes this time.")
    expect(juniper.page.locator(".stage").last).to_have_text("You pass this time.")


def test_a_turn_ends_with_words_and_never_with_a_clock(meeting: str, sit: Sit) -> None:
    fern, juniper = sharing(sit, "juniper", part="check-in")
    juniper.page.clock.install()
    juniper.enter().live()
    hint = juniper.page.locator("[data-hint]")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.floor).to_contain_text("About 2 minutes left.")
    expect(hint).to_be_empty()
    juniper.field.fill("I have been thinking about")
    juniper.page.clock.fast_forward(60_000)
    expect(hint).to_have_text("About a minute is left. Finish when you are ready.")
    expect(juniper.floor).to_contain_text("About 1 minute left.")
    juniper.page.clock.fast_forward(50_000)
    expect(hint).to_have_text("The time is about over. Finish your thought; nobody is cut off.")
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    fern.page.get_by_role("button", name="2 more minutes").click()
    expect(hint).to_be_empty()
    expect(juniper.field).to_have_value("I have been thinking about")


def test_what_was_being_written_when_the_chair_ended_the_turn_still_goes_out_once(
    meeting: str, sit: Sit, house: Site
) -> None:
    fern, juniper = sharing(sit, "juniper")
    send = juniper.page.get_by_role("button", name="Send", exact=True)
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.floor).to_contain_text("You have the floor")
    juniper.field.fill("And one last thing.")
    fern.page.get_by_role("button", name="Thank, end turn").click()
    hint = juniper.page.locator("[data-hint]")
    expect(hint).to_have_text("Your turn has ended. What you are writing may still be sent, in one message.")
    expect(juniper.field).to_have_value("And one last thing.")
    juniper.enter().live()
    expect(hint).to_contain_text("Your turn has ended.")
    send.click()
    fern.sees("And one last thing.")
    expect(hint).to_be_empty()
    expect(send).to_be_hidden()
    expect(juniper.why).to_contain_text("One person at a time writes.")
    assert in_database(house, meeting)[-1] == "And one last thing."


def test_words_drafted_while_in_line_are_kept_for_the_turn(meeting: str, sit: Sit) -> None:
    fern, juniper = sharing(sit, "juniper")
    juniper.field.fill("Kept for my turn.")
    juniper.enter().live()
    expect(juniper.field).to_have_value("Kept for my turn.")
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    fern.page.get_by_role("button", name="Call Juniper").click()
    juniper.page.get_by_role("button", name="Send", exact=True).click()
    fern.sees("Kept for my turn.")


# --- long shares ---------------------------------------------------------------------------------------------------

STORY = "\n\n".join(
    " ".join(f"Evening {part}-{number} was long and I walked it out." for number in range(30))
    for part in range(4)
)


def test_a_long_share_goes_out_in_parts_in_order_and_whole(meeting: str, sit: Sit, house: Site) -> None:
    fern, juniper = sharing(sit, "juniper", viewport=PHONE)
    juniper.field.fill(STORY)
    expect(juniper.field).to_have_value(STORY)
    fern.page.get_by_role("button", name="Call Juniper").click()
    button = juniper.page.get_by_role("button", name=re.compile(r"^Send in \d parts$"))
    expect(button).to_be_visible()
    number = int(re.findall(r"\d", button.inner_text())[0])
    assert number > 2
    before = len(in_database(house, meeting))
    juniper.context.set_offline(True)
    expect(juniper.link).to_contain_text("The link is down.")
    button.click()
    expect(juniper.waiting).to_have_count(number)
    juniper.context.set_offline(False)
    expect(juniper.waiting).to_have_count(0)
    fern.sees("Evening 3-29 was long and I walked it out.")
    parts = juniper.order()[-number:]
    assert "".join("".join(parts).split()) == "".join(STORY.split())
    assert all(len(part) <= 2000 and part.endswith(".") for part in parts), "cut where a sentence ends"
    assert len(in_database(house, meeting)) - before >= number
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_visible()


def test_too_long_a_message_outside_a_turn_is_kept_and_said(meeting: str, sit: Sit) -> None:
    lobby(sit)
    juniper = sit("juniper", room=meeting)
    juniper.field.fill(STORY)
    juniper.page.get_by_role("button", name="Send", exact=True).click()
    expect(juniper.page.locator("#words-error")).to_contain_text("A message holds at most 2,000 characters")
    expect(juniper.field).to_have_value(STORY)


# --- without JavaScript, and for everyone --------------------------------------------------------------------------


def test_a_whole_turn_without_javascript(meeting: str, sit: Sit, house: Site) -> None:
    fern = lobby(sit)
    plain = sit("juniper", room=meeting, live=False, java_script_enabled=False, viewport=PHONE)
    begin(fern, "sharing")
    page = plain.enter().page
    expect(page.locator("[data-phase-label]")).to_have_text("Part 4 of 5: What held me")
    page.get_by_role("button", name="Raise my hand").click()
    expect(plain.floor).to_contain_text("You are next.")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(fern.floor).to_contain_text("Juniper has the floor")
    page.get_by_text("Show what is new").click()
    expect(plain.floor).to_contain_text("You have the floor")
    plain.say(STORY)
    expect(page.locator("#words-error")).to_contain_text("send it in two or more messages")
    expect(plain.field).to_have_value(STORY)
    plain.say("By form, in my turn.")
    fern.sees("By form, in my turn.")
    plain.floor.click()
    page.get_by_role("button", name="I pass this time").click()
    expect(page.locator(".stage").last).to_have_text("You pass this time.")
    expect(fern.page.locator(".stage").last).to_have_text("Juniper passes this time.")


def test_the_chair_keeps_the_line_without_javascript(meeting: str, sit: Sit) -> None:
    fern, wren, _ = sharing(sit, "wren", "juniper")
    fern.leave()
    chair = sit("fern", room=meeting, live=False, java_script_enabled=False)
    from_the_line(chair, "Juniper", "Put first")
    expect(wren.floor).to_contain_text("You are 2nd in line.")
    chair.page.get_by_role("button", name="Call Juniper").click()
    expect(wren.floor).to_contain_text("Juniper has the floor")


def test_axe_is_content_with_a_meeting_by_day_and_by_night(meeting: str, sit: Sit) -> None:
    fern, juniper, wren, heron = sharing(sit, "juniper", "wren", "heron", part="topic")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.page.locator("[data-hint]")).to_contain_text("nobody is cut off")
    juniper.field.fill(STORY)
    heron.page.close()
    expect(fern.page.locator(".line > li", has_text="Heron")).to_contain_text("Link is down")
    for seat in (fern, juniper, wren):
        seat.page.evaluate(AXE)
        for width in (360, 1280):
            for scheme in ("light", "dark"):
                seat.page.emulate_media(color_scheme=scheme)
                seat.page.set_viewport_size({"width": width, "height": 740})
                if width == 360 and not seat.page.locator("[data-floor][open]").count():
                    seat.floor.click()
                tall = seat.page.evaluate("document.body.scrollHeight")
                seat.page.set_viewport_size({"width": width, "height": max(740, tall)})
                found: Any = seat.page.evaluate("axe.run({ resultTypes: ['violations'] })")
                nodes = [
                    f"{rule['id']}: {node['html'][:200]}"
                    for rule in found["violations"]
                    for node in rule["nodes"]
                ]
                assert nodes == [], f"{seat.path} at {width}, {scheme}"
                wide = seat.page.evaluate("document.documentElement.scrollWidth")
                assert wide <= width, "scrolls sideways"
