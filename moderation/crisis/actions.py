"""What stewards do with help lines: add, change, order, hide, take back, and ring them all once a year."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from community.house.models import ONLY
from moderation.audit.actions import Subject, record, trail
from moderation.audit.chain import digest_of
from moderation.audit.verbs import Verb
from moderation.crisis import access
from moderation.crisis.access import Placed
from moderation.crisis.lines import Line
from moderation.crisis.models import HelpLine
from moderation.sanctions.models import EVERYWHERE

CHECK_AFTER = timedelta(days=365)


class NoSuchLine(LookupError):
    """There is no line with this key in the country."""


class LastToRing(Exception):
    """Without this line nobody could be rung there, or no ambulance."""


@transaction.atomic
@trail()
def add_line(*, country: str, line: Line, by_id: int | None, at: datetime) -> HelpLine:
    """Put a line below all others of its country."""
    after = max((place_of(one, here) for here, one in enumerate(_lines(country))), default=-1)
    row = HelpLine.objects.create(
        country=country,
        content=_content(line),
        position=after + 1,
        changed_at=at,
        changed_by_id=by_id,
        checked_at=at,
    )
    _say(Verb.HELP_LINE_ADDED, row, by_id, at, line=digest_of(str(_content(line))))
    return row


@transaction.atomic
@trail()
def change_line(*, country: str, key: str, line: Line, by_id: int | None, at: datetime) -> HelpLine:
    """Write a line anew; one that comes with Porchlight stays as it is underneath. Raises NoSuchLine, LastToRing."""
    row = _row_of(country, key, at)
    row.content, row.changed_at, row.changed_by_id, row.checked_at = _content(line), at, by_id, at
    row.save()
    _require_help(country)
    _say(Verb.HELP_LINE_CHANGED, row, by_id, at, line=digest_of(str(row.content)))
    return row


@transaction.atomic
@trail()
def hide_line(*, country: str, key: str, by_id: int | None, at: datetime) -> None:
    """Take a line off the page. Raises NoSuchLine, LastToRing."""
    row = _row_of(country, key, at)
    if row.hidden_at is not None:
        return
    row.hidden_at = at
    row.save(update_fields=["hidden_at"])
    _require_help(country)
    _say(Verb.HELP_LINE_HIDDEN, row, by_id, at)


@transaction.atomic
@trail()
def show_line(*, country: str, key: str, by_id: int | None, at: datetime) -> None:
    """Raises NoSuchLine."""
    row = _row_of(country, key, at)
    if row.hidden_at is None:
        return
    row.hidden_at = None
    row.save(update_fields=["hidden_at"])
    _say(Verb.HELP_LINE_SHOWN, row, by_id, at)


@transaction.atomic
@trail()
def move_line(*, country: str, key: str, by: int, by_id: int | None, at: datetime) -> None:
    """Move a line up (-1) or down (1); the first and the last stay where they are. Raises NoSuchLine."""
    keys = [one.key for one in _lines(country)]
    if key not in keys:
        raise NoSuchLine(key)
    here = keys.index(key)
    there = min(max(here + by, 0), len(keys) - 1)
    if there == here:
        return
    keys.insert(there, keys.pop(here))
    for position, one in enumerate(keys):
        row = _row_of(country, one, at)
        row.position = position
        row.save(update_fields=["position"])
    _say(Verb.HELP_LINE_MOVED, _row_of(country, key, at), by_id, at)


@transaction.atomic
@trail()
def take_back_line(*, country: str, key: str, by_id: int | None, at: datetime) -> None:
    """Remove a line of the house; of a shipped one, what was made of it. Raises NoSuchLine, LastToRing."""
    row = _row_of(country, key, at)
    removed = row.pk
    row.delete()
    _require_help(country)
    row.pk = removed
    _say(Verb.HELP_LINE_REMOVED, row, by_id, at)


@transaction.atomic
@trail()
def note_check(*, country: str, by_id: int | None, at: datetime) -> None:
    """Somebody rang every line of the house in this country, and each answered."""
    HelpLine.objects.filter(country=country).update(checked_at=at)
    transaction.on_commit(access.read_anew, robust=True)
    record(
        verb=Verb.HELP_LINES_CHECKED,
        actor=by_id,
        subject=Subject("house", ONLY),
        scope=EVERYWHERE,
        facts={"country": country},
        at=at,
    )


def unchecked(at: datetime) -> list[str]:
    """Countries with a line of the house that nobody rang for a year."""
    old = HelpLine.objects.filter(
        content__isnull=False, hidden_at__isnull=True, checked_at__lte=at - CHECK_AFTER
    )
    return sorted(set(old.values_list("country", flat=True)))


def _lines(country: str) -> list[Placed]:
    """As the database has them now, one steward at a time."""
    list(HelpLine.objects.select_for_update().filter(country=country).values_list("pk"))
    return access.placed(country, access.read())


def place_of(one: Placed, here: int) -> int:
    return one.own.position if one.own is not None else here


def _row_of(country: str, key: str, at: datetime) -> HelpLine:
    """The row of a line; of a shipped one it is made when it is first needed. Raises NoSuchLine."""
    for here, one in enumerate(_lines(country)):
        if one.key == key and one.own is not None:
            return HelpLine.objects.get(pk=one.own.id)
        if one.key == key:
            return HelpLine.objects.create(
                country=country, shipped=key, position=here, changed_at=at, checked_at=at
            )
    raise NoSuchLine(key)


def _require_help(country: str) -> None:
    """Somebody to ring, and an ambulance, must be left, unless the shipped lines had none. Raises LastToRing."""
    left = [one.line for one in _lines(country) if not one.hidden and one.line.can_be_rung]
    shipped = access.shipped().get(country)
    needs_ambulance = shipped is not None and any(line.emergency for line in shipped.lines)
    if shipped is not None and not left:
        raise LastToRing
    if needs_ambulance and not any(line.emergency for line in left):
        raise LastToRing


def _content(line: Line) -> dict[str, Any]:
    return line.model_dump(mode="json", exclude={"checked"})


def _say(verb: Verb, row: HelpLine, by_id: int | None, at: datetime, **facts: Any) -> None:
    transaction.on_commit(access.read_anew, robust=True)
    record(
        verb=verb,
        actor=by_id,
        subject=Subject("help_line", row.pk),
        scope=EVERYWHERE,
        facts={"country": row.country, **facts},
        at=at,
    )
