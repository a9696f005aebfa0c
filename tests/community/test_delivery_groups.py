"""Who asks to join a group is not left wondering, and its keepers need not keep looking."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from community.groups.actions import answer_request, ask_to_join
from community.groups.models import Group, JoinRequest
from community.notifications.models import InboxEntry
from tests.factories import GroupFactory, MemberFactory, MembershipFactory
from tests.letters import letters

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, str]]:
    letters(NOON)
    return sorted((entry.member.handle, entry.words) for entry in InboxEntry.objects.select_related("member"))


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (JoinRequest.Answer.WELCOME, "You are welcome in Night shift."),
        (
            JoinRequest.Answer.NOT_NOW,
            "You asked to join Night shift. Not this time; you can ask again later.",
        ),
    ],
)
def test_keepers_hear_that_someone_asks_and_who_asked_hears_the_answer(
    answer: JoinRequest.Answer, words: str
) -> None:
    group = GroupFactory(name="Night shift", slug="night-shift", joining=Group.Joining.REQUEST)
    for handle, role in (("Alder", "facilitator"), ("Fern", "moderator"), ("Wren", "member")):
        MembershipFactory(group=group, member=MemberFactory(handle=handle), role=role)
    asked = ask_to_join(group=group, member=MemberFactory(handle="Juniper"), words="Please", at=NOON)
    keepers = [("Alder", "Someone asks to join Night shift."), ("Fern", "Someone asks to join Night shift.")]
    assert told() == keepers
    answer_request(request=asked, by=group.memberships.get(role="moderator").member, answer=answer, at=NOON)
    assert told() == [*keepers, ("Juniper", words)]
    assert {entry.path for entry in InboxEntry.objects.all()} == {"/groups/night-shift/"}
    assert {letter.subject for letter in letters(NOON)} == {"There is something to see"}
