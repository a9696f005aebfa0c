"""What stands on the steward's desk: each app adds its section in `AppConfig.ready`, and the desk lists them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the desk: its name in the navigation, its URL's name, and where it stands (lower comes first)."""

    name: str
    url_name: str
    order: int


_sections: dict[str, Section] = {}


def register(section: Section) -> None:
    _sections[section.url_name] = section


def sections() -> list[Section]:
    return sorted(_sections.values(), key=lambda section: (section.order, section.name))
