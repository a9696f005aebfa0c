"""Every page in a real browser: axe finds nothing, nothing scrolls sideways, and everything can be hit with a thumb."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from tests.flows.seats import FOLLOWED, Seat, SignIn
from tests.sites import Site

AXE = (Path(__file__).parent.parent / "vendor" / "axe.min.js").read_text()
PASSWORD = "the-light-is-on-tonight"

FOR_ANYONE = [
    "/accounts/login/", "/accounts/password/reset/", "/accounts/password/reset/done/", "/accounts/signup/",
    "/accounts/inactive/", "/accounts/password/reset/key/1-used/", "/help/", "/help/?country=IE", "/exit/about/",
    "/offline/", "/accounts/login/code/", "/accounts/lost/", "/accounts/lost/said/", "/accounts/back-in/",
    "/accounts/paused/", "/accounts/left/", "/join/nothing/", "/nowhere/",
    "/check/",
]  # fmt: skip
SIGNED_IN = [
    "/", "/groups/", "/groups/the-porch/", "/groups/the-porch/people/", "/groups/after-a-loss/", "/you/",
    "/accounts/password/change/", "/accounts/logout/", "/inbox/", "/you/notices/", "/nowhere/",
    "/sessions/one-to-one/", "/you/settings/", "/you/leaving/", "/you/leaving/leave/", "/you/blocks/", "/direct/",
    "/house/rules/", "/house/privacy/", "/house/rules/changes/2/",
    "/you/signing-in/", "/you/signing-in/second-step/", "/you/sign-ins/",
    "/accounts/reauthenticate/?next=/accounts/app/add/", "/sessions/attendance/",
]  # fmt: skip
KEEPERS = ["/groups/parents-in-recovery/", "/groups/parents-in-recovery/people/"]

STEWARDS = [
    "/desk/", "/desk/people/", "/desk/people/?state=active&handle=wr", "/desk/groups/", "/desk/groups/new/",
    "/desk/groups/the-porch/", "/desk/groups/summer-walks/", "/desk/groups/parents-in-recovery/",
    "/desk/groups/the-porch/rooms/porch/", "/desk/roles/", "/desk/mail/",
    "/desk/audit/", "/desk/audit/?person=nobody&verb=role.changed",
    "/desk/texts/", "/desk/texts/rules/", "/desk/look/", "/desk/settings/", "/desk/help-lines/",
    "/desk/help-lines/US/988-day-and-night/", "/desk/help-lines/NZ/new/", "/desk/health/",
    "/desk/kinds/", "/desk/kinds/1/",
    "/desk/invitations/", "/desk/invitations/new/", "/desk/invitations/links/new/", "/desk/invitations/files/new/",
    "/desk/invitations/asking/", "/desk/invitations/3/",
    "/desk/recoveries/", "/sessions/one-to-one/hours/", "/sessions/one-to-one/hours/new/",
    "/sessions/one-to-one/mentors/",
]  # fmt: skip

# In the room that is looked at; `target` names where the first message of Bramble says it.
PAUSE = {"minutes": 60, "reason": "a pause"}
CHANGES: list[tuple[str, str, dict[str, Any]]] = [
    ("wren", "rides", {"t": "act", "op": "phase.set", "value": "closed"}),
    ("wren", "porch", {"t": "send", "text": "It is his birthday.", "note": "grief"}),
    ("nine-pines", "porch", {"t": "act", "op": "member.mute", "target": "data-by", "value": PAUSE}),
    ("nine-pines", "porch", {"t": "act", "op": "message.hide", "target": "id", "value": "rule 4"}),
]

# What a thumb must hit: links in running text, and rows that are pressed as a whole, are exempt (WCAG 2.5.8).
# A message's menu is 44 px wide and 40 high, so that it reaches no further than the shortest message.
TOO_SMALL = """[...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((one) => {
  const box = one.getBoundingClientRect();
  const around = getComputedStyle(one, "::after");
  const more = around.position === "absolute" ? -parseFloat(around.top) - parseFloat(around.bottom) : 0;
  const running = one.closest(".vh, .skip, p, li.read, dd, h3, .read") || one.matches("a.re");
  const exempt = running || one.matches("[type=hidden], .pick input, .msg > .menu > summary");
  return box.width && !exempt && box.height + more < 43.5;
}).map((one) => one.outerHTML.slice(0, 120))"""
WIDTHS = (360, 1280)
CONTRAST = "{ runOnly: ['color-contrast'], resultTypes: ['violations'] }"
EVERYTHING = "{ resultTypes: ['violations'] }"


def problems(page: Page, what: str = EVERYTHING) -> list[str]:
    found: dict[str, Any] = page.evaluate(f"axe.run({what})")
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]


def look_at(page: Page, site: Site, path: str) -> None:
    """Open a page once and look at it at both widths, by day and by night: all but the colours is the same at night."""
    page.emulate_media(color_scheme="light")
    answer: Response | None = page.goto(site.base_url + path)
    assert answer is not None
    assert answer.status < 500, path
    if page.locator("[data-composer]").count():
        expect(page.locator("[data-here]")).to_have_text(FOLLOWED)
    page.evaluate(AXE)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 740})
        # As tall as the page, or axe reports what lies under the bars that stick.
        tall = page.evaluate("document.body.scrollHeight")
        page.set_viewport_size({"width": width, "height": max(740, tall)})
        assert problems(page) == [], f"{path} at {width}"
        assert page.evaluate(TOO_SMALL) == [], f"{path} at {width}"
        page.emulate_media(color_scheme="dark")
        assert problems(page, CONTRAST) == [], f"{path} at {width}, by night"
        page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, f"{path} scrolls sideways"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, service_workers="block")
    yield context.new_page()
    context.close()


def test_pages_for_anyone(page: Page, site: Site) -> None:
    for path in FOR_ANYONE:
        look_at(page, site, path)


def test_pages_of_a_member(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "juniper@example.org", PASSWORD)
    page.goto(f"{site.base_url}/groups/the-porch/people/")
    profile = page.locator(".rows h3 a").first.get_attribute("href")
    for path in [*SIGNED_IN, str(profile)]:
        look_at(page, site, path)


def test_pages_of_someone_who_keeps_a_group(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "dogwood@example.org", PASSWORD)
    page.goto(f"{site.base_url}/groups/parents-in-recovery/people/")
    person = page.get_by_role("link", name="Change").first.get_attribute("href")
    for path in [*KEEPERS, str(person)]:
        look_at(page, site, path)


def test_pages_of_a_steward(page: Page, site: Site, sign_in: SignIn) -> None:
    sign_in(page, site, "marigold@example.org", PASSWORD)
    page.goto(f"{site.base_url}/desk/people/?handle=bramble")
    person = page.locator(".rows h3 a").first.get_attribute("href")
    for path in [*STEWARDS, str(person)]:
        look_at(page, site, path)


@pytest.fixture(scope="module")
def house(seeded_site: Site, sites_folder: Path, browser: Browser, sign_in: SignIn) -> Iterator[Site]:
    """A demo community in which one room is closed and one member may only read."""
    own = Site(sites_folder / f"{sites_folder.name}-looked-at").lay(like=seeded_site).start()
    for who, room, frame in CHANGES:
        seat = Seat(browser, own, sign_in, who, room)
        if "target" in frame:
            bramble = seat.page.locator(".msg", has=seat.page.locator(".who b", has_text="Bramble")).first
            found = str(bramble.get_attribute(frame["target"]))
            frame = frame | {"target": int(found[1:]) if frame["target"] == "id" else found}
        token = seat.page.locator("[name=csrfmiddlewaretoken]").first.get_attribute("value")
        answer = seat.context.request.post(
            f"{own.base_url}/live/{room}/events/",
            data=frame | {"id": 1, "key": str(uuid4())},
            headers={"Referer": own.base_url, "X-CSRFToken": str(token)},
        )
        assert answer.ok, answer.text()
        seat.leave()
    yield own
    own.clear()


@pytest.mark.parametrize("who", ["juniper", "nine-pines", "fern"])
def test_pages_of_a_room(page: Page, house: Site, sign_in: SignIn, who: str) -> None:
    """As a member, as one who keeps the room, and as one who holds the line."""
    sign_in(page, house, f"{who}@example.org", PASSWORD)
    room = "/sessions/rooms/porch/"
    page.goto(house.base_url + room)
    for kind in (".cn", ".said", ".re", ".msg > .gist"):
        assert page.locator(f".log {kind}").count(), f"nothing like {kind} to look at"
    earlier = page.locator("[data-earlier]").get_attribute("href")
    messages = [page.locator(".msg:has(.said)").first, page.locator(".msg:has(> .gist)").first]
    mine = page.locator(".msg:has(.state)")
    if mine.count():
        messages.append(mine.first)
    paths = [f"{room}messages/{str(one.get_attribute('id'))[1:]}/" for one in messages]
    for path in [room, f"{room}{earlier}", f"{room}people/", *paths, "/sessions/rooms/sunday-night-sharing/"]:
        look_at(page, house, path)


def test_a_room_that_is_closed(page: Page, house: Site, sign_in: SignIn) -> None:
    sign_in(page, house, "juniper@example.org", PASSWORD)
    look_at(page, house, "/sessions/rooms/rides/")
    expect(page.locator("[data-why]")).to_contain_text("This room is closed for now.")


def test_a_room_for_someone_who_may_only_read(page: Page, house: Site, sign_in: SignIn) -> None:
    sign_in(page, house, "bramble@example.org", PASSWORD)
    look_at(page, house, "/sessions/rooms/porch/")
    expect(page.locator("[data-why]")).to_contain_text("You can read, and can’t write here until")


def test_errors_stand_at_their_fields_and_axe_is_content_with_them(page: Page, site: Site) -> None:
    page.goto(f"{site.base_url}/accounts/login/")
    page.get_by_label("E-mail").fill("wren@example.com")
    page.get_by_label("Password").fill("not the password")
    page.get_by_role("button", name="Sign in").click()
    assert "don’t go together" in page.locator("#id_password_error").inner_text()
    assert page.get_by_label("E-mail").input_value() == "wren@example.com"
    page.evaluate(AXE)
    assert problems(page) == []
