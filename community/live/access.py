"""Whether the people behind open connections may still be here: asked of whoever keeps the sign-ins."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

Sign = tuple[str, int, str]
Judge = Callable[[Collection[Sign]], dict[Sign, str | None]]

_judges: list[Judge] = []


def register(judge: Judge) -> None:
    """Say who answers `still_welcome`; the last to register does."""
    _judges[:] = [judge]


def still_welcome(signs: Collection[Sign]) -> dict[Sign, str | None]:
    """For each (session key, member id, password stamp): None, or the code with which it ends. Two queries."""
    [judge] = _judges
    return judge(signs)


def is_let_in(scope: Mapping[str, Any]) -> bool:
    """Signed in, by a sign-in that leads anywhere: one that is `held` has something to set up on the pages first."""
    return bool(scope["user"].is_authenticated) and not getattr(scope["session"], "held", False)
