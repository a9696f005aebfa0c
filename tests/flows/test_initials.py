"""The room's script and the server put the same letters on an avatar."""

from __future__ import annotations

from playwright.sync_api import Browser

from community.members.initials import initials
from tests.flows.seats import SignIn
from tests.sites import Site

HANDLES = [
    "Juniper", "Slow River", "Anne-Marie", "Mo", "m", "8 ball", "O'Brien", "J.R. Smith", "E\u0301lan", "ßeta", "İzmir",
    "Дмитрий", "山田", "山田 太郎", "한별", "محمد علي", "अनिल कुमार", "कि राम", "เก่ง", "ᏣᎳᎩ", "Someone who left",
]  # fmt: skip
ASKED = """async (handles) => {
  const { initials } = await import(document.querySelector('link[rel=modulepreload][href*="words"]').href);
  return handles.map(initials);
}"""


def test_the_letters_on_an_avatar_are_the_same_wherever_it_is_drawn(
    browser: Browser, site: Site, sign_in: SignIn
) -> None:
    context = browser.new_context(service_workers="block")
    page = sign_in(context.new_page(), site, "juniper@example.org", "the-light-is-on-tonight")
    page.goto(f"{site.base_url}/sessions/rooms/porch/")
    assert page.evaluate(ASKED, HANDLES) == [initials(handle) for handle in HANDLES]
    context.close()
