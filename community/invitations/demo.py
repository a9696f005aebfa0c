"""What the demo community holds of invitations: some that wait, and everyone's agreement to the rules.

No mail leaves: the links of these invitations are known to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.groups.models import Group
from community.house.access import current_text
from community.house.models import Consent, HouseText
from community.house.shipped import ensure_texts
from community.invitations.actions.making import Offer, prepare
from community.invitations.models import Place
from community.members.models import Member
from moderation.audit.actions import Subject, record
from moderation.audit.verbs import Verb
from moderation.sanctions.models import EVERYWHERE


@dataclass(frozen=True, slots=True)
class Story:
    """An invitation made so many days ago; `opened` is how many days after that."""

    days_ago: float
    address: str = ""
    note: str = ""
    groups: tuple[str, ...] = ("the-porch",)
    uses: int = 1
    role: str = Member.Role.ALUMNUS.value
    stands: int = 14
    opened: float | None = None


def seed(*, members: Mapping[str, Member], steward: Member, now: datetime) -> None:
    """Within the transaction and the trail that make the demo."""
    ensure_texts(at=steward.joined_at)
    _agree(members.values())
    stories = [
        Story(60, note="Autumn group", uses=12, stands=30, opened=1),
        Story(3, "has.opened.it@example.org", opened=1.5),
        Story(0.5, "someones.sister@example.org", groups=("family-evening",), role=Member.Role.FAMILY.value),
        Story(0.2, note="Winter group", uses=20, stands=30),
    ]
    for story in stories:
        _tell(story, steward, now - timedelta(days=story.days_ago))


def _agree(everyone: Iterable[Member]) -> None:
    """All have agreed to each text as it stands."""
    people = list(everyone)
    texts = [text for kind in HouseText.Kind if (text := current_text(kind)) is not None]
    Consent.objects.bulk_create(
        (
            Consent(member=person, text=text, at=max(person.joined_at, text.at))
            for text in texts
            for person in people
        ),
        ignore_conflicts=True,
    )


def _tell(story: Story, steward: Member, at: datetime) -> None:
    groups = list(Group.objects.filter(slug__in=story.groups))
    offer = Offer(
        address=story.address,
        role=story.role,
        places=[(group, "member") for group in groups],
        uses=story.uses,
        days=story.stands,
        note=story.note,
    )
    invitation = prepare(offer, by=steward, at=at).invitation
    invitation.opened_at = at + timedelta(days=story.opened) if story.opened is not None else None
    invitation.save()
    Place.objects.bulk_create(Place(invitation=invitation, group=group) for group in groups)
    record(
        verb=Verb.INVITATION_MADE,
        actor=steward.pk,
        subject=Subject("invitation", invitation.pk),
        scope=EVERYWHERE,
        facts={"as": invitation.role, "uses": invitation.uses, "groups": len(groups)},
        at=at,
    )
