"""What is done at the door and in the chair of a meeting is on record: who, to whom, where. Words and names are not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from sessions.meetings import actions
from sessions.meetings.models import Entry, Meeting
from tests.meetings.holding import Circle, circle

pytestmark = pytest.mark.django_db
WORDS = "Zyzzyva"


@dataclass
class House:
    tuesday: Circle
    meeting: Meeting
    wren: Member

    @classmethod
    def build(cls) -> House:
        tuesday = circle(entry=Entry.ASK, title=WORDS)
        meeting = tuesday.opened()
        wren = tuesday.person(f"{WORDS} Wren")
        actions.arrive(meeting=meeting, member=wren, at=tuesday.at)
        return cls(tuesday, meeting, wren)

    @property
    def place(self) -> dict[str, Any]:
        return {"meeting": self.meeting, "at": self.tuesday.at}


def turn_away(house: House) -> None:
    actions.turn_away(member=house.wren, by=house.tuesday.alder, **house.place)


def ask_back(house: House) -> None:
    turn_away(house)
    actions.ask_back(member=house.wren, by=house.tuesday.alder, **house.place)


def take_chair(house: House) -> None:
    actions.take_chair(by=house.tuesday.alder, **house.place)


def hand_over(house: House) -> None:
    actions.admit(member=house.wren, by=house.tuesday.alder, **house.place)
    actions.hand_over(to=house.wren, by=house.tuesday.alder, **house.place)


def step_in(house: House) -> None:
    Meeting.objects.filter(pk=house.meeting.pk).update(no_host_at=house.tuesday.at)
    actions.step_in(by=house.tuesday.alder, **house.place)


def close(house: House) -> None:
    actions.close(by=house.tuesday.alder, **house.place)


@dataclass(frozen=True)
class Case:
    verb: Verb
    does: Callable[[House], object]
    subject: str = "meeting"
    facts: list[str] = field(default_factory=list)


CASES = [
    Case(Verb.MEETING_TURNED_AWAY, turn_away, "member", ["meeting"]),
    Case(Verb.MEETING_ASKED_BACK, ask_back, "member", ["meeting"]),
    Case(Verb.MEETING_CHAIR_TAKEN, take_chair, facts=["from"]),
    Case(Verb.MEETING_HANDED_OVER, hand_over, facts=["from", "to"]),
    Case(Verb.MEETING_STEPPED_IN, step_in),
    Case(Verb.MEETING_CLOSED, close),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.does.__name__)
def test_an_act_at_a_meeting_is_on_record_once_without_words_or_names(case: Case) -> None:
    house = House.build()
    for _ in range(2):
        try:
            case.does(house)
        except (actions.NotOpen, actions.AlreadyLed, actions.NotInside):
            continue
    rows = list(AuditEntry.objects.filter(verb=case.verb))
    row = rows[0]
    assert len(rows) == (2 if case.does is ask_back else 1)
    subject = house.wren.pk if case.subject == "member" else house.meeting.pk
    assert (row.actor, row.subject_kind, row.subject_id) == (house.tuesday.alder.pk, case.subject, subject)
    assert row.scope == house.tuesday.group.tag
    assert sorted(json.loads(row.facts)) == case.facts
    assert WORDS not in str(list(AuditEntry.objects.filter(verb=case.verb).values_list()))
    assert verify() == []


def test_what_is_no_power_over_anyone_is_not_on_record() -> None:
    house = House.build()
    before = AuditEntry.objects.count()
    actions.admit(member=house.wren, by=house.tuesday.alder, **house.place)
    actions.call_for_help(member=house.wren, words=WORDS, **house.place)
    assert AuditEntry.objects.count() == before
