"""What stewards set in the house is on record: who, what, when. The words that they wrote are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from community.house import actions as house
from community.house.models import HouseText
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from moderation.audit.words import last
from moderation.crisis import actions as help_lines
from moderation.crisis.lines import Line
from moderation.crisis.models import HelpLine
from moderation.sanctions.models import EVERYWHERE
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 4, 19, 0, tzinfo=UTC)
WORDS = "Zyzzyva"
NEED = "988-day-and-night"
LINE = Line.model_validate(
    {
        "name": f"{WORDS} line", "about": f"{WORDS} answers.",
        "ways": [{"kind": "call", "number": "2185550199", "label": "Call"}],
    }
)  # fmt: skip


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, settings: Settings) -> None:
    settings.PORCHLIGHT_DATA = tmp_path


@pytest.fixture
def steward() -> Member:
    return MemberFactory(handle="Marigold", role=Member.Role.STEWARD)


def a_line_of_ours() -> str:
    """The key of a line that is there already, by nobody's act."""
    content = LINE.model_dump(mode="json", exclude={"checked"})
    row = HelpLine.objects.create(country="US", content=content, position=9, changed_at=AT, checked_at=AT)
    return f"own-{row.pk}"


@dataclass(frozen=True)
class Case:
    """`subject` is the kind of what the act concerns; `facts` must stand in the entry."""

    verb: Verb
    does: Callable[[int], object]
    subject: str = "help_line"
    facts: dict[str, object] = field(default_factory=lambda: {"country": "US"})


def which(by: int) -> dict[str, object]:
    return {"country": "US", "key": a_line_of_ours(), "by_id": by, "at": AT}


def hide_and_show(by: int) -> None:
    where = which(by)
    help_lines.hide_line(**where)  # type: ignore[arg-type]
    help_lines.show_line(**where)  # type: ignore[arg-type]


CASES = [
    Case(
        Verb.HOUSE_CHANGED,
        lambda by: house.change_house(changes={"name": WORDS, "invitation_days": 3}, by_id=by, at=AT),
        "house", {"fields": ["invitation_days", "name"]},
    ),
    Case(
        Verb.HOUSE_TEXT_PUBLISHED,
        lambda by: house.publish_text(kind=HouseText.Kind.PRIVACY, raw=f"{WORDS}.", note=WORDS, by_id=by, at=AT),
        "house", {"kind": "privacy"},
    ),
    Case(Verb.HELP_LINE_ADDED, lambda by: help_lines.add_line(country="US", line=LINE, by_id=by, at=AT)),
    Case(
        Verb.HELP_LINE_CHANGED,
        lambda by: help_lines.change_line(country="US", key=NEED, line=LINE, by_id=by, at=AT),
    ),
    Case(Verb.HELP_LINE_HIDDEN, lambda by: help_lines.hide_line(**which(by))),  # type: ignore[arg-type]
    Case(Verb.HELP_LINE_SHOWN, hide_and_show),
    Case(Verb.HELP_LINE_MOVED, lambda by: help_lines.move_line(**which(by), by=-1)),  # type: ignore[arg-type]
    Case(Verb.HELP_LINE_REMOVED, lambda by: help_lines.take_back_line(**which(by))),  # type: ignore[arg-type]
    Case(
        Verb.HELP_LINES_CHECKED, lambda by: help_lines.note_check(country="US", by_id=by, at=AT), "house"
    ),
]  # fmt: skip
NAMES = [case.verb.value for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_an_act_is_on_record_with_who_and_what(case: Case, steward: Member) -> None:
    case.does(steward.pk)
    row = AuditEntry.objects.filter(verb=case.verb).latest("seq")
    assert (row.actor, row.subject_kind, row.scope, row.at) == (steward.pk, case.subject, EVERYWHERE, AT)
    facts = json.loads(row.facts)
    assert {name: facts[name] for name in case.facts} == case.facts
    assert verify() == []
    assert last(1)[0].who == "Marigold"


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_what_was_written_is_not_on_record(case: Case, steward: Member) -> None:
    case.does(steward.pk)
    told = str(list(AuditEntry.objects.values_list())).lower()
    assert case.verb in told
    for planted in (WORDS.lower(), "2185550199", "@"):
        assert planted not in told


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_head_of_the_log_is_locked_last(case: Case, steward: Member) -> None:
    with CaptureQueriesContext(connection) as captured:
        case.does(steward.pk)
    statements = [query["sql"] for query in captured if "SAVEPOINT" not in query["sql"]]
    heads = [place for place, sql in enumerate(statements) if "audit_" in sql]
    assert heads
    assert all("audit_" in sql for sql in statements[heads[-3] :])


def test_what_changed_nothing_is_not_on_record(steward: Member) -> None:
    before = AuditEntry.objects.count()
    house.change_house(changes={"name": "Porchlight"}, by_id=steward.pk, at=AT)
    where = which(steward.pk)
    help_lines.show_line(**where)  # type: ignore[arg-type]
    help_lines.move_line(**where, by=1)  # type: ignore[arg-type]
    with pytest.raises(help_lines.LastToRing):
        help_lines.hide_line(country="US", key="someone-may-die-or-be-badly-hurt", by_id=steward.pk, at=AT)
    assert AuditEntry.objects.count() == before


def test_the_desk_reads_of_a_line_by_its_name(steward: Member) -> None:
    help_lines.add_line(country="US", line=LINE, by_id=steward.pk, at=AT)
    assert f"added the help line “{WORDS} line”" in str(last(1)[0])
