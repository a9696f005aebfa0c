"""Folding someone away without their noticing; and talking with someone alone, from the first question to the end."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

from tests.flows.seats import Seat, Sit
from tests.flows.test_every_page import look_at
from tests.sites import Site

PHONE = {"width": 360, "height": 740}
COVER = "A message from someone you blocked"


def covered(seat: Seat) -> Locator:
    return seat.page.locator(".log [data-cover]")


def profile_of(page: Page, site: Site, handle: str) -> Page:
    """By way of the group's people."""
    page.goto(f"{site.base_url}/groups/the-porch/people/")
    page.get_by_role("link", name=handle, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(handle)
    return page


def outline(seat: Seat) -> str:
    """What the page shows of the room, words and all, without what passes by itself."""
    return str(seat.page.locator(".log ol").inner_html()) + seat.page.locator("[data-here]").inner_text()


def test_a_block_folds_at_once_in_every_tab_and_the_other_sees_no_change(sit: Sit, house: Site) -> None:
    juniper, tab = sit("juniper", viewport=PHONE), sit("juniper")
    wren, tamarack = sit("wren"), sit("tamarack")
    expect(wren.page.locator("[data-here]")).to_have_text("3 people here")
    wren.say("The lake road is clear.")
    tamarack.say("Good to know.")
    wren.say("And dry.")
    for seat in (juniper, tab, wren, tamarack):
        seat.sees("And dry.")
    seen_by_wren, seen_by_tamarack = outline(wren), outline(tamarack)

    juniper.choose("The lake road is clear.", "Block")
    dialog = juniper.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Nobody is told.")
    dialog.get_by_role("button", name="Block Wren").click()
    for seat in (juniper, tab):
        expect(seat.message("The lake road is clear.").locator("summary", has_text=COVER)).to_be_visible()
        expect(seat.message("And dry.").locator("summary", has_text=COVER)).to_be_visible()
        expect(seat.message("The lake road is clear.").locator(".read")).to_be_hidden()
        expect(seat.message("Good to know.").locator(".read")).to_be_visible()
        expect(seat.page.locator("[data-here]")).to_have_text("3 people here")

    wren.say("See you at six.")
    tamarack.say("See you.")
    for seat in (juniper, tab):
        seat.sees("See you.")
        expect(seat.message("See you at six.").locator(".read")).to_be_hidden()
    expect(juniper.page.locator("[data-announce]")).not_to_contain_text("at six")
    juniper.message("See you at six.").locator("summary", has_text=COVER).click()
    expect(juniper.message("See you at six.").locator(".read")).to_be_visible()
    expect(juniper.message("See you at six.").locator(".who b")).to_have_text("Wren")

    juniper.page.locator("[data-here]").click()
    people = juniper.page.get_by_role("dialog")
    expect(people).to_contain_text("Someone you blocked")
    expect(people).not_to_contain_text("Wren")
    people.get_by_role("button", name="Back to the room").click()

    assert outline(wren).startswith(seen_by_wren.split("</ol>")[0][:200])
    wren.sees("And dry.")
    assert COVER not in outline(wren) + outline(tamarack)
    assert len(outline(tamarack)) > len(seen_by_tamarack)
    juniper.page.reload()
    juniper.live()
    expect(juniper.message("And dry.").locator(".read")).to_be_hidden()

    juniper.choose("And dry.", "Unblock")
    for seat in (juniper, tab):
        expect(covered(seat)).to_have_count(0)
        expect(seat.message("The lake road is clear.").locator(".read")).to_be_visible()


def test_the_page_made_by_the_browser_is_the_page_made_by_the_server(sit: Sit, house: Site) -> None:
    bramble, osprey = sit("bramble"), sit("osprey")
    osprey.say("A dog called Biscuit.")
    osprey.say("And a roof.")
    bramble.sees("And a roof.")
    bramble.say("I like dogs.")
    bramble.choose("A dog called Biscuit.", "Block")
    bramble.page.get_by_role("dialog").get_by_role("button", name="Block Osprey").click()
    expect(covered(bramble)).to_have_count(bramble.page.locator(".msg.covered").count())
    by_browser = words_of(bramble)
    bramble.page.reload()
    bramble.live()
    assert words_of(bramble) == by_browser
    bramble.choose("A dog called Biscuit.", "Unblock")


WORDS = """(list) => [...list.querySelectorAll(".msg[data-by]")].slice(-4).map((li) => {
  const copy = li.cloneNode(true);
  copy.querySelector(".menu").remove();
  return `${copy.className}: ${copy.textContent.replace(/\\s/g, "")}`;
})"""


def words_of(seat: Seat) -> list[str]:
    """The last messages, without their menus and without spaces."""
    found: list[str] = seat.page.locator(".log ol").evaluate(WORDS)
    return [text.replace(" fresh", "") for text in found]


def test_without_javascript_one_blocks_from_a_message_by_a_page_that_asks(sit: Sit) -> None:
    wren, plain = sit("wren"), sit("juniper", live=False, java_script_enabled=False)
    wren.say("The ferry is late.")
    wren.sees("The ferry is late.")
    plain.enter()
    menu = plain.message("The ferry is late.").locator(".menu")
    menu.locator("summary").click()
    menu.get_by_role("link", name="All that can be done").click()
    plain.page.get_by_role("link", name="Block Wren").click()
    plain.page.get_by_role("button", name="Block Wren").click()
    expect(plain.message("The ferry is late.").locator(".read")).to_be_hidden()
    plain.message("The ferry is late.").locator("summary", has_text=COVER).click()
    expect(plain.message("The ferry is late.").locator(".read")).to_be_visible()
    plain.page.goto(f"{plain.site.base_url}/you/blocks/")
    plain.page.get_by_role("button", name="Unblock Wren").click()
    expect(plain.page.get_by_text("You have blocked nobody")).to_be_visible()


def test_two_people_ask_talk_and_end_it(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper", viewport=PHONE), sit("wren", viewport=PHONE)
    profile_of(juniper.page, house, "Wren").get_by_role("link", name="Talk one to one").click()
    juniper.page.get_by_label("A few words, or none").fill("Could we talk about Monday?")
    juniper.page.get_by_role("button", name="Ask Wren").click()
    expect(juniper.page.get_by_text("You asked Wren.")).to_be_visible()

    wren.page.goto(f"{house.base_url}/")
    wren.page.get_by_role("link", name="Someone asks to talk with you").click()
    expect(wren.page.get_by_text("Could we talk about Monday?")).to_be_visible()
    wren.page.get_by_role("button", name="Yes, talk").click()
    expect(wren.page.get_by_role("heading", level=1)).to_have_text("Juniper")
    wren.live()
    expect(wren.page.locator("[data-floor]")).to_be_hidden()
    wren.say("Monday is fine.")

    juniper.page.goto(f"{house.base_url}/direct/")
    expect(juniper.page.locator("#main").get_by_text("1 new")).to_be_visible()
    juniper.page.get_by_role("link", name="Wren").click()
    juniper.live()
    juniper.sees("Monday is fine.")
    expect(juniper.page.locator("[data-here]")).to_have_text("2 people here")
    juniper.say("Thank you.")
    wren.sees("Thank you.")
    wren.field.fill("One more thing")

    juniper.page.get_by_role("link", name="End it").click()
    juniper.page.get_by_role("button", name="End it").click()
    expect(juniper.page.get_by_text("Your conversation with Wren has ended.")).to_be_visible()
    expect(wren.link).to_contain_text("This conversation has ended.")
    expect(wren.field).to_have_value("One more thing")
    room = wren.page.url
    answer = wren.page.goto(room)
    assert answer is not None
    assert answer.status == 404
    profile_of(wren.page, house, "Juniper").get_by_role("link", name="Talk one to one").click()
    expect(wren.page.get_by_text("It stays ended")).to_be_visible()


def test_axe_is_content_with_what_is_folded_and_with_talking_alone(sit: Sit, house: Site) -> None:
    bramble, tamarack = sit("bramble"), sit("tamarack")
    page, base = bramble.page, house.base_url
    tamarack.say("The mill is quiet.")
    bramble.sees("The mill is quiet.")
    who = str(bramble.message("The mill is quiet.").get_attribute("data-by"))
    seq = str(bramble.message("The mill is quiet.").get_attribute("id"))[1:]
    for path in (f"/members/{who}/", f"/direct/with/{who}/", f"/you/blocks/{who}/"):
        look_at(page, house, path)
    page.goto(f"{base}/direct/with/{who}/")
    page.get_by_role("button", name="Ask Tamarack").click()
    look_at(page, house, "/direct/")
    look_at(tamarack.page, house, "/direct/")
    tamarack.page.get_by_role("button", name="Yes, talk").click()
    room = tamarack.page.url.removeprefix(base)
    for path in (room, f"{room}people/", room.replace("/sessions/rooms/", "/direct/") + "end/"):
        look_at(tamarack.page, house, path)
    page.goto(f"{base}/you/blocks/{who}/")
    page.get_by_role("button", name="Block Tamarack").click()
    for path in (
        bramble.path,
        f"{bramble.path}messages/{seq}/",
        f"{bramble.path}people/",
        f"/you/blocks/{who}/",
    ):
        look_at(page, house, path)
    page.get_by_role("button", name="Unblock Tamarack").click()


def test_a_tab_left_open_says_that_one_has_left_the_group_oneself(sit: Sit, house: Site) -> None:
    tamarack, tab = sit("tamarack", "night-shift"), sit("tamarack", "night-shift")
    tamarack.page.goto(f"{house.base_url}/groups/night-shift/")
    join = tamarack.page.get_by_role("button", name="Join this group")
    if join.count():
        join.click()
    tamarack.page.get_by_text("Leave this group").click()
    tamarack.page.get_by_role("button", name="Leave it").click()
    expect(tab.link).to_contain_text("You have left this group.")


def test_asking_answering_and_blocking_by_keyboard_alone(sit: Sit, house: Site) -> None:
    wren, bramble = sit("wren"), sit("bramble")
    keys = wren.page.keyboard
    profile_of(wren.page, house, "Bramble")
    press(wren.page, "Talk one to one")
    wren.page.get_by_label("A few words, or none").focus()
    keys.type("Soup?")
    keys.press("Tab")
    keys.press("Enter")
    expect(wren.page.get_by_text("You asked Bramble.")).to_be_visible()
    bramble.page.goto(f"{house.base_url}/direct/")
    press(bramble.page, "Not now")
    expect(bramble.page.get_by_text("is not told")).to_be_visible()
    bramble.enter().live()
    wren.enter().live()
    wren.say("By the stove.")
    bramble.sees("By the stove.")
    bramble.field.focus()
    bramble.page.keyboard.press("Shift+Tab")
    focused = bramble.page.locator(":focus")
    expect(focused).to_have_text("More on Wren’s message")
    bramble.page.keyboard.press("Enter")
    bramble.page.keyboard.press("ArrowUp")
    expect(focused).to_have_text("Block")
    bramble.page.keyboard.press("Enter")
    expect(focused).to_have_text("Not now")
    bramble.page.keyboard.press("Shift+Tab")
    bramble.page.keyboard.press("Enter")
    expect(bramble.message("By the stove.").locator("summary", has_text=COVER)).to_be_visible()
    bramble.field.focus()
    bramble.page.keyboard.press("Shift+Tab")
    bramble.page.keyboard.press("Enter")
    expect(bramble.message("By the stove.").locator(".read")).to_be_visible()


def press(page: Page, name: str) -> None:
    """Tab to what has this name, then Enter."""
    for _ in range(60):
        page.keyboard.press("Tab")
        if page.locator(":focus").inner_text().startswith(name):
            page.keyboard.press("Enter")
            return
    raise AssertionError(f"no way to {name} by keyboard")
