"""The pages about oneself: each app adds its own in `AppConfig.ready`, and the navigation of `/you/` lists them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page about oneself: its name in the navigation, its URL's name, and where it stands (lower comes first)."""

    name: str
    url_name: str
    order: int


_pages: dict[str, Page] = {}


def register(page: Page) -> None:
    _pages[page.url_name] = page


def pages() -> list[Page]:
    return sorted(_pages.values(), key=lambda page: (page.order, page.name))
