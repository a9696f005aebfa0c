"""Two people in a room, each in a browser of their own: talking, losing the link, and what a moderator does to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, expect

from sessions.rooms.demo.seeding import PASSWORD
from tests.flows.seats import Seat, SignIn, Sit, in_database
from tests.sites import Site

SUNDAY = "sunday-night-sharing"


# --- talking -------------------------------------------------------------------------------------------------------


def test_two_people_talk(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper", viewport={"width": 360, "height": 740}), sit("wren")
    expect(juniper.page.locator("[data-here]")).to_have_text("2 people here")
    juniper.say("The kettle is on.")
    wren.sees("The kettle is on.")
    expect(wren.message("The kettle is on.").locator(".who b")).to_have_text("Juniper")
    expect(juniper.message("The kettle is on.").locator(".state")).to_have_text("Sent")
    wren.field.press_sequentially("On")
    expect(juniper.page.locator("[data-typing]")).to_have_text("Wren is writing")
    wren.field.fill("On my way.")
    wren.field.press("Enter")
    juniper.sees("On my way.")
    expect(juniper.page.locator("[data-typing]")).to_be_hidden()
    expect(juniper.page.locator("[data-announce]")).to_have_text("Wren: On my way.")
    assert in_database(house)[-2:] == ["The kettle is on.", "On my way."]
    for seat in (juniper, wren):
        assert seat.order()[-2:] == ["The kettle is on.", "On my way."]
    wren.leave()
    expect(juniper.page.locator("[data-here]")).to_have_text("Only you are here")


def test_what_happens_to_a_message_happens_on_every_screen_and_after_a_reload(sit: Sit) -> None:
    juniper, wren = sit("juniper"), sit("wren")
    juniper.say("Snow by the wekend.")
    wren.choose("Snow by the wekend.", "Reply")
    wren.say("Chains are in the truck.")
    reply = juniper.message("Chains are in the truck.")
    expect(reply.locator(".re")).to_have_text("To you: “Snow by the wekend.”")
    wren.choose("Snow by the wekend.", "Respond")
    wren.message("Snow by the wekend.").get_by_role("button", name="Thank you").click()
    expect(juniper.message("Snow by").locator(".said")).to_have_text("Thank you 1")
    juniper.message("Snow by").locator(".said button").click()
    expect(wren.message("Snow by").locator(".said")).to_have_text("Thank you 2")
    juniper.choose("Snow by", "Edit")
    juniper.page.locator(".edit textarea").fill("Snow by the weekend.")
    juniper.page.get_by_role("button", name="Save").click()
    wren.sees("Snow by the weekend.")
    expect(wren.message("Snow by").locator(".state")).to_contain_text("Edited")
    expect(reply.locator(".re")).to_have_text("To you: “Snow by the weekend.”")
    wren.choose("Chains are", "Take back")
    wren.page.get_by_role("button", name="Take it back").click()
    juniper.sees("Wren took this message back.")
    live = [seat.page.locator(".msg").all_inner_texts()[-8:] for seat in (juniper, wren)]
    for seat, before in zip((juniper, wren), live, strict=True):
        seat.enter().live()
        assert seat.page.locator(".msg").all_inner_texts()[-8:] == before


def test_a_content_note_is_folded_until_it_is_opened(sit: Sit) -> None:
    juniper, wren = sit("juniper"), sit("wren")
    juniper.page.get_by_text("Content note", exact=True).click()
    juniper.page.get_by_label("What the words are about").select_option("grief")
    juniper.say("It is his birthday.")
    noted = wren.page.locator(".msg[data-note]").last
    expect(noted.locator(".cn > summary")).to_have_text("Content note: grief")
    expect(noted.get_by_text("It is his birthday.")).to_be_hidden()
    noted.locator(".cn > summary").click()
    expect(noted.get_by_text("It is his birthday.")).to_be_visible()
    expect(wren.page.locator("[data-announce]")).to_have_text("Juniper: content note, grief")


def test_scrolling_back_keeps_the_place_and_new_words_wait_below(sit: Sit) -> None:
    juniper, wren = sit("juniper", viewport={"width": 360, "height": 740}), sit("wren")
    first = juniper.page.locator(".msg").first.get_attribute("id")
    juniper.page.locator("[data-earlier]").scroll_into_view_if_needed()
    juniper.page.locator("[data-earlier]").click()
    expect(juniper.page.locator(".msg").nth(50)).to_be_attached()
    assert juniper.page.locator(".msg").first.get_attribute("id") != first
    expect(juniper.page.locator(f"#{first}")).to_be_in_viewport()
    ids = [
        int(one[1:]) for one in juniper.page.locator(".msg").evaluate_all("all => all.map((one) => one.id)")
    ]
    assert ids == sorted(set(ids))
    wren.say("Anyone about?")
    juniper.sees("Anyone about?")
    expect(juniper.message("Anyone about?")).not_to_be_in_viewport()
    below = juniper.page.get_by_role("button", name="1 new below")
    below.click()
    expect(juniper.message("Anyone about?")).to_be_in_viewport()
    expect(below).to_be_hidden()


# --- the link ------------------------------------------------------------------------------------------------------


def test_what_is_written_without_a_link_goes_out_when_it_is_back(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper"), sit("wren")
    juniper.context.set_offline(True)
    expect(juniper.link).to_contain_text("The link is down.")
    juniper.say("First, from the cellar.")
    juniper.say("Second, from the cellar.")
    expect(juniper.waiting).to_have_count(2)
    expect(juniper.waiting.first).to_contain_text("Waiting for the link. Kept on this device.")
    wren.say("Meanwhile, upstairs.")
    wren.sees("Meanwhile, upstairs.")
    wren.sees("from the cellar", times=0)
    juniper.context.set_offline(False)
    wren.sees("Second, from the cellar.")
    juniper.sees("Meanwhile, upstairs.")
    expect(juniper.waiting).to_have_count(0)
    expect(juniper.link).to_be_empty()
    agreed = ["Meanwhile, upstairs.", "First, from the cellar.", "Second, from the cellar."]
    assert in_database(house)[-3:] == agreed
    for seat in (juniper, wren):
        assert seat.order()[-3:] == agreed


def test_unsent_words_outlive_a_reload(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper"), sit("wren")
    juniper.cut_off()
    juniper.enter()
    juniper.say("Kept over a reload.")
    juniper.field.fill("Half a thought")
    expect(juniper.waiting).to_contain_text("Kept on this device.")
    juniper.page.reload()
    expect(juniper.waiting).to_contain_text("Kept over a reload.")
    expect(juniper.field).to_have_value("Half a thought")
    juniper.page.unroute_all()
    juniper.page.close()
    juniper.page = juniper.context.new_page()
    juniper.enter().live()
    wren.sees("Kept over a reload.")
    expect(juniper.waiting).to_have_count(0)
    assert in_database(house).count("Kept over a reload.") == 1


def test_a_lost_answer_never_sends_the_words_twice(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper"), sit("wren")

    def deaf(route: Any) -> None:
        """Everything reaches the server; once something was sent, nothing comes back."""
        server = route.connect_to_server()
        heard = {"all": True}

        def up(text: str) -> None:
            heard["all"] = heard["all"] and '"t":"send"' not in text
            server.send(text)

        route.on_message(up)
        server.on_message(lambda text: route.send(text) if heard["all"] else None)

    page = juniper.page
    page.route_web_socket(re.compile("/live/"), deaf)
    juniper.enter().live()
    juniper.say("Once, and only once.")
    wren.sees("Once, and only once.")
    expect(juniper.waiting).to_contain_text("Sending.")
    juniper.page = juniper.context.new_page()
    page.close()
    juniper.enter().live()
    expect(juniper.waiting).to_have_count(0)
    juniper.sees("Once, and only once.")
    wren.sees("Once, and only once.")
    assert in_database(house).count("Once, and only once.") == 1


def test_on_a_shared_phone_nobody_sends_the_words_of_another(sit: Sit, house: Site, sign_in: SignIn) -> None:
    phone, wren = sit("juniper"), sit("wren")
    phone.cut_off()
    phone.enter()
    phone.say("Only from Juniper.")
    expect(phone.waiting).to_have_count(1)
    phone.page.close()
    # The sign-in ends without a word to the page: the words stay on the phone, under Juniper's name.
    phone.context.clear_cookies()
    phone.page = sign_in(phone.context.new_page(), house, "fern@example.org", PASSWORD)
    phone.enter().live()
    phone.say("And this from Fern.")
    wren.sees("And this from Fern.")
    expect(phone.waiting).to_have_count(0)
    phone.context.clear_cookies()
    sign_in(phone.page, house, "juniper@example.org", PASSWORD)
    phone.enter().live()
    wren.sees("Only from Juniper.")
    expect(wren.message("Only from Juniper.").locator(".who b")).to_have_text("Juniper")


def test_signing_out_forgets_what_was_not_sent(sit: Sit, sign_in: SignIn, house: Site) -> None:
    phone = sit("juniper")
    phone.cut_off()
    phone.enter()
    phone.say("Not for the next one.")
    phone.field.fill("Nor this")
    expect(phone.waiting).to_have_count(1)
    phone.page.goto(f"{house.base_url}/accounts/logout/")
    phone.page.locator("form[data-sign-out] button").click()
    phone.page.wait_for_url(re.compile("/accounts/login/"))
    sign_in(phone.page, house, "juniper@example.org", PASSWORD)
    phone.enter()
    expect(phone.field).to_have_value("")
    expect(phone.waiting).to_have_count(0)


def test_a_restart_of_the_server_costs_nothing_but_time(sit: Sit, house: Site) -> None:
    juniper, wren = sit("juniper"), sit("wren")
    house.stop()
    expect(juniper.link).to_contain_text("The link is down.")
    juniper.say("Said to a house without a light.")
    house.start()
    # It may be back by itself before it is pressed.
    juniper.page.evaluate("dispatchEvent(new Event('online'))")
    expect(juniper.waiting).to_have_count(0, timeout=40_000)
    wren.sees("Said to a house without a light.")
    expect(juniper.link).to_be_empty()


def test_a_reached_limit_says_so_and_the_words_go_out_by_themselves(
    make_site: Callable[..., Site], browser: Browser, sign_in: SignIn
) -> None:
    hasty = make_site(PORCHLIGHT_SENDS_PER_MIN="12")
    juniper = Seat(browser, hasty, sign_in, "juniper").live()
    for number in range(13):
        juniper.say(f"Word {number} of thirteen.")
    expect(juniper.waiting).to_contain_text("Not yet: that was a lot at once.")
    juniper.sees("Word 12 of thirteen.")
    expect(juniper.waiting).to_have_count(0)
    assert in_database(hasty)[-13:] == [f"Word {number} of thirteen." for number in range(13)]
    juniper.leave()


def test_whoever_is_signed_out_elsewhere_is_told_and_keeps_the_words(sit: Sit, house: Site) -> None:
    juniper = sit("juniper")
    juniper.field.fill("Half a thought")
    elsewhere = juniper.context.request.get(f"{house.base_url}/accounts/logout/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', elsewhere.text())
    assert token
    juniper.context.request.post(
        f"{house.base_url}/accounts/logout/",
        form={"csrfmiddlewaretoken": token[1]},
        headers={"Referer": house.base_url},
    )
    expect(juniper.link).to_contain_text("You are signed out.")
    expect(juniper.link.get_by_role("link", name="Sign in again")).to_be_visible()
    expect(juniper.field).to_have_value("Half a thought")
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_hidden()


# --- the floor -----------------------------------------------------------------------------------------------------


def test_the_floor_goes_from_hand_to_hand(sit: Sit) -> None:
    alder, juniper = sit("alder", room="evening-steps", live=False), sit("juniper", room="evening-steps")
    alder.leave()
    fern = sit("fern", room="evening-steps")
    fern.page.get_by_label("Begin").select_option("sharing")
    fern.page.get_by_role("button", name="Begin it").click()
    expect(juniper.why).to_contain_text("One person at a time writes. Raise your hand to get in line.")
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    juniper.field.fill("Kept for my turn.")
    juniper.page.get_by_role("button", name="Raise my hand").click()
    expect(juniper.floor).to_contain_text("You are next.")
    fern.page.get_by_role("button", name="Call Juniper").click()
    expect(juniper.floor).to_contain_text("You have the floor")
    expect(juniper.floor).to_contain_text("About 3 minutes left.")
    expect(juniper.page.locator(".lit")).to_have_count(1)
    expect(juniper.field).to_have_value("Kept for my turn.")
    juniper.page.get_by_role("button", name="Send", exact=True).click()
    fern.sees("Kept for my turn.")
    fern.page.get_by_role("button", name="2 more minutes").click()
    expect(juniper.floor).to_contain_text("About 5 minutes left.")
    fern.page.get_by_role("button", name="Thank, end turn").click()
    expect(juniper.floor).not_to_contain_text("You have the floor")
    expect(juniper.page.locator(".lit")).to_have_count(0)
    fern.page.get_by_label("Begin").select_option("closed")
    fern.page.get_by_role("button", name="Begin it").click()
    expect(juniper.why).to_contain_text("This room is closed for now. You can read what was said.")
    expect(juniper.field).to_be_hidden()
    juniper.enter().live()
    expect(juniper.why).to_contain_text("This room is closed for now.")
    fern.page.get_by_label("Begin").select_option("open")
    fern.page.get_by_role("button", name="Begin it").click()
    expect(juniper.page.get_by_role("button", name="Send", exact=True)).to_be_visible()


# --- keeping order -------------------------------------------------------------------------------------------------


def test_a_moderator_hides_and_shows_again_on_every_screen_at_once(sit: Sit) -> None:
    nine_pines, juniper, wren = sit("nine-pines"), sit("juniper"), sit("wren")
    juniper.say("Where to get it cheap.")
    wren.choose("Where to get it cheap.", "Reply")
    wren.say("Not here, please.")
    nine_pines.choose("Where to get it cheap.", "Hide")
    dialog = nine_pines.page.get_by_role("dialog")
    dialog.get_by_role("button", name="Hide it").click()
    expect(dialog).to_contain_text("Write a few words")
    dialog.get_by_label("Why, shown in its place").fill("prices and places, rule 4")
    dialog.get_by_role("button", name="Hide it").click()
    for seat in (juniper, wren, nine_pines):
        seat.sees("A moderator hid this message: prices and places, rule 4")
        assert "Where to get it cheap." not in seat.page.content()
    nine_pines.choose("prices and places, rule 4", "Show again")
    for seat in (juniper, wren):
        seat.sees("Where to get it cheap.")


def test_a_mute_is_felt_at_once_and_ends_as_it_began(sit: Sit) -> None:
    nine_pines, bramble = sit("nine-pines"), sit("bramble")
    bramble.say("One more thing.")
    bramble.field.fill("And another")
    nine_pines.choose("One more thing.", "Mute")
    dialog = nine_pines.page.get_by_role("dialog")
    dialog.get_by_label("For").select_option("60")
    dialog.get_by_label("Why, told to Bramble").fill("a pause for all of us")
    dialog.get_by_role("button", name="Mute").click()
    expect(bramble.why).to_contain_text("You can read, and can’t write here until")
    expect(bramble.why).to_contain_text("a pause for all of us")
    expect(bramble.page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    expect(bramble.field).to_have_value("And another")
    nine_pines.say("We go on in a while.")
    bramble.sees("We go on in a while.")
    nine_pines.page.goto(f"{nine_pines.page.url}people/")
    row = nine_pines.page.locator(".rows > li", has_text="Bramble")
    row.get_by_text("Mute or remove").click()
    row.get_by_role("button", name="Let them write again").click()
    expect(bramble.page.get_by_role("button", name="Send", exact=True)).to_be_visible()
    expect(bramble.why).to_be_hidden()


def test_words_that_were_refused_stay_and_say_so(sit: Sit) -> None:
    nine_pines, heron = sit("nine-pines"), sit("heron")
    heron.say("Something to go by.")
    nine_pines.sees("Something to go by.")
    heron.sees("Something to go by.")
    expect(heron.waiting).to_have_count(0)
    heron.context.set_offline(True)
    expect(heron.link).to_contain_text("The link is down.")
    heron.say("Written before I knew.")
    nine_pines.choose("Something to go by.", "Mute")
    dialog = nine_pines.page.get_by_role("dialog")
    dialog.get_by_label("Why, told to Heron").fill("a pause")
    dialog.get_by_role("button", name="Mute").click()
    expect(dialog).to_be_hidden()
    heron.context.set_offline(False)
    expect(heron.waiting).to_contain_text("Not sent: a moderator has asked you to read only, for now.")
    expect(heron.waiting).to_contain_text("Written before I knew.")
    nine_pines.sees("Written before I knew.", times=0)
    heron.waiting.get_by_role("button", name="Discard").click()
    expect(heron.waiting).to_have_count(0)


def test_whoever_is_removed_is_cut_off_and_told(sit: Sit, house: Site) -> None:
    nine_pines, osprey, juniper = sit("nine-pines"), sit("osprey"), sit("juniper")
    osprey.say("Last words.")
    osprey.field.fill("Unsent")
    nine_pines.choose("Last words.", "Remove from the group")
    dialog = nine_pines.page.get_by_role("dialog")
    dialog.get_by_label("Why, kept with the removal").fill("rule 4, again")
    dialog.get_by_role("button", name="Remove").click()
    expect(osprey.link).to_contain_text("You are no longer in this room.")
    expect(osprey.page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    expect(osprey.field).to_have_value("Unsent")
    juniper.say("After that.")
    nine_pines.sees("After that.")
    osprey.sees("After that.", times=0)
    answer = osprey.page.goto(house.base_url + osprey.path)
    assert answer is not None
    assert answer.status == 404


# --- without a mouse, without JavaScript ---------------------------------------------------------------------------


def test_everything_can_be_done_with_the_keyboard(sit: Sit) -> None:
    wren, juniper = sit("wren"), sit("juniper")
    keys = juniper.page.keyboard
    wren.say("By the door.")
    juniper.sees("By the door.")
    wren.say("With the lamp.")
    juniper.sees("With the lamp.")
    juniper.field.focus()
    keys.type("First line")
    keys.press("Shift+Enter")
    keys.type("second line")
    keys.press("Enter")
    expect(wren.message("First line").locator(".read")).to_have_text(
        "First line\nsecond line", use_inner_text=True
    )
    focused = juniper.page.locator(":focus")
    expect(focused).to_have_id("words")
    # Backwards out of the field: the newest message's menu is the stop before it.
    keys.press("Shift+Tab")
    expect(focused).to_have_text("More on your message")
    keys.press("ArrowUp")
    expect(focused).to_have_text("More on Wren’s message")
    keys.press("Enter")
    for _ in range(2):
        keys.press("ArrowDown")
    expect(focused).to_have_text("Respond")
    keys.press("Enter")
    expect(focused).to_have_text("Heard")
    keys.press("Enter")
    expect(wren.message("With the lamp.").locator(".said")).to_have_text("Heard 1")
    expect(focused).to_have_text("More on Wren’s message")
    keys.press("Enter")
    keys.press("ArrowDown")
    keys.press("Enter")
    expect(focused).to_have_id("words")
    expect(juniper.page.locator("[data-replying]")).to_contain_text("To Wren: “With the lamp.”")
    keys.press("Escape")
    expect(juniper.page.locator("[data-replying]")).to_be_hidden()
    keys.press("Shift+Tab")
    keys.press("Enter")
    keys.press("ArrowUp")
    expect(focused).to_have_text("Take back")
    keys.press("Enter")
    expect(juniper.page.get_by_role("dialog")).to_be_visible()
    keys.press("Escape")
    expect(juniper.page.get_by_role("dialog")).to_be_hidden()
    juniper.sees("First line")


def test_without_javascript_the_page_reads_sends_and_refreshes(sit: Sit, house: Site) -> None:
    plain, wren = sit("juniper", live=False, java_script_enabled=False), sit("wren")
    plain.say("By form alone.")
    wren.sees("By form alone.")
    plain.sees("By form alone.")
    wren.say("Heard you.")
    wren.sees("Heard you.")
    plain.page.get_by_text("Show what is new").click()
    plain.sees("Heard you.")
    menu = plain.message("Heard you.").locator(".menu")
    menu.locator("summary").click()
    menu.get_by_role("link", name="All that can be done").click()
    plain.page.get_by_role("button", name="With you").click()
    expect(wren.message("Heard you.").locator(".said")).to_have_text("With you 1")
    menu.locator("summary").click()
    menu.get_by_role("link", name="Reply").click()
    plain.say("And I you.")
    expect(wren.message("And I you.").locator(".re")).to_have_text("To you: “Heard you.”")
    plain.page.get_by_role("button", name="Raise my hand").click()
    expect(wren.page.locator(".line")).to_contain_text("Juniper")
    plain.page.get_by_role("button", name="Lower my hand").click()
    expect(wren.page.locator(".line")).to_be_hidden()
    plain.say("https://e.org " * 31)
    expect(plain.page.locator("#words-error")).to_be_visible()
    expect(plain.field).to_have_value(re.compile("^https://e.org "))


# --- what it costs -------------------------------------------------------------------------------------------------


def test_a_first_visit_is_a_hundred_kilobytes_at_most_and_a_repeat_twenty(
    browser: Browser, house: Site, sign_in: SignIn
) -> None:
    signing_in = browser.new_context(service_workers="block")
    sign_in(signing_in.new_page(), house, "juniper@example.org", PASSWORD)
    context = browser.new_context(storage_state=signing_in.storage_state(), service_workers="block")
    page = context.new_page()

    def weighed() -> int:
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")
        parts: list[int] = []
        wire.on("Network.loadingFinished", lambda event: parts.append(event["encodedDataLength"]))
        page.goto(f"{house.base_url}/sessions/rooms/porch/", wait_until="networkidle")
        expect(page.locator("[data-here]")).to_contain_text("here")
        wire.detach()
        assert parts, "nothing was weighed"
        return sum(parts)

    first, again = weighed(), weighed()
    assert 20_000 < first <= 100_000
    assert 0 < again <= 20_000
    context.close()
    signing_in.close()
