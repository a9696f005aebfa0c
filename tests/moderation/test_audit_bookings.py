"""Who may give times is on record; what two people agree on is not: tests/bookings/test_booking.py."""

from __future__ import annotations

import pytest

from community.members.models import Member
from moderation.audit.models import AuditEntry
from moderation.audit.verbs import Verb
from moderation.audit.verify import verify
from sessions.bookings.actions import end_mentor, name_mentor
from tests.bookings.making import NOW
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


def test_naming_a_mentor_and_ending_it_are_on_record_once_each() -> None:
    steward, wren = MemberFactory(role=Member.Role.STEWARD), MemberFactory()
    before = AuditEntry.objects.count()
    mentor = name_mentor(member=wren, by=steward, at=NOW)
    assert name_mentor(member=wren, by=steward, at=NOW) == mentor
    assert end_mentor(mentor=mentor, by=steward, at=NOW) is True
    assert end_mentor(mentor=mentor, by=steward, at=NOW) is False
    rows = AuditEntry.objects.order_by("seq")[before:]
    assert [(row.verb, row.actor, row.subject_id) for row in rows] == [
        (Verb.MENTOR_NAMED.value, steward.pk, wren.pk),
        (Verb.MENTOR_ENDED.value, steward.pk, wren.pk),
    ]
    assert verify() == []
