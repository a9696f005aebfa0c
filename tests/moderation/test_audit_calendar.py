"""What is scheduled, changed and cancelled is on record: who, which event, where. Its title and words are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import time
from typing import Any

import pytest

from community.calendar import actions, sorts
from community.calendar.meeting_guide import read_feed
from community.calendar.models import Event, Kind, Source
from community.groups.models import Membership
from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from tests.calendar.making import NOW, make_event, nth
from tests.factories import GroupFactory, MembershipFactory

pytestmark = pytest.mark.django_db
WORDS = "Zyzzyva"
FEED = json.dumps([{"name": WORDS, "slug": WORDS, "day": 1, "time": "19:00", "timezone": "UTC"}]).encode()


@dataclass
class House:
    alder: Member
    event: Event


@pytest.fixture
def house() -> House:
    group = GroupFactory()
    alder = MembershipFactory(group=group, role=Membership.Role.FACILITATOR).member
    event = make_event(by=alder, group=group, audience="group", title=WORDS, about=WORDS)
    return House(alder, event)


@dataclass(frozen=True)
class Case:
    verb: Verb
    does: Callable[[House], object]
    facts: dict[str, Any] = field(default_factory=dict)
    subject: str = "event"


def schedule(house: House) -> None:
    make_event(by=house.alder, group=house.event.group, audience="group", title=WORDS)


def change_all(house: House) -> None:
    actions.change_all(
        event=house.event, changes={"time": time(18)}, hosts=[house.alder], by=house.alder, at=NOW
    )


def change_one(house: House) -> None:
    actions.change_one(occurrence=nth(house.event, 0), changes={"note": WORDS}, by=house.alder, at=NOW)


def cancel_one(house: House) -> None:
    actions.cancel_one(occurrence=nth(house.event, 0), because=WORDS, by=house.alder, at=NOW)


def cancel_all(house: House) -> None:
    actions.cancel_all(event=house.event, because=WORDS, by=house.alder, at=NOW)


def keep(house: House) -> None:
    meetings = read_feed(FEED, zone="UTC").meetings
    actions.keep_meetings_elsewhere(source=WORDS, meetings=meetings, by=house.alder, at=NOW)


def drop(house: House) -> None:
    source = Source.objects.create(name=WORDS, at=NOW)
    actions.drop_source(source=source, by=house.alder, at=NOW)


def add_kind(house: House) -> Kind:
    return sorts.add_kind(name=WORDS, by=house.alder, at=NOW)


def rename_kind(house: House) -> None:
    sorts.rename_kind(kind=house.event.kind, name=WORDS, by=house.alder, at=NOW)


def drop_kind(house: House) -> None:
    sorts.drop_kind(kind=Kind.objects.create(slug="walk", name=WORDS), by=house.alder, at=NOW)


CASES = [
    Case(Verb.KIND_ADDED, add_kind, subject="kind"),
    Case(Verb.KIND_RENAMED, rename_kind, subject="kind"),
    Case(Verb.KIND_DROPPED, drop_kind, subject="kind"),
    Case(Verb.EVENT_SCHEDULED, schedule, {"series": True}),
    Case(Verb.EVENT_CHANGED, change_all, {"dates": "all", "moved": 5}),
    Case(Verb.EVENT_CHANGED, change_one, {"dates": "one"}),
    Case(Verb.EVENT_CANCELLED, cancel_one, {"dates": "one"}),
    Case(Verb.EVENT_CANCELLED, cancel_all, {"dates": "all"}),
    Case(Verb.MEETINGS_ELSEWHERE_KEPT, keep, {"meetings": 1}, subject="source"),
    Case(Verb.MEETINGS_ELSEWHERE_DROPPED, drop, subject="source"),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.does.__name__)
def test_an_act_in_the_calendar_is_on_record_without_its_words(house: House, case: Case) -> None:
    before = AuditEntry.objects.count()
    case.does(house)
    [row] = AuditEntry.objects.order_by("seq")[before:]
    assert (row.verb, row.actor, row.subject_kind) == (case.verb.value, house.alder.pk, case.subject)
    if case.subject == "event":
        assert house.event.group is not None
        assert row.scope == house.event.group.tag
    facts = json.loads(row.facts)
    assert {name: facts[name] for name in case.facts} == case.facts
    assert WORDS not in row.facts
    assert verify() == []
