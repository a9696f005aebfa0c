"""Which invitation a link means, what it leads to for whom, and what stewards see of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import Http404

from community.groups.models import Group
from community.house import access as house
from community.house.models import Consent, HouseText
from community.invitations import names
from community.invitations.models import (
    AddressCheck,
    FirstStep,
    Invitation,
    InvitationQuerySet,
    Place,
    SignUp,
    Upload,
    in_state,
)
from community.invitations.tokens import digest_of_token
from community.members.handles import skeleton
from community.members.models import HeldHandle, Member
from community.sealed import keyed_digest
from moderation.sanctions.models import Restriction

PAGE = 50
UPLOAD_LASTS = timedelta(hours=24)


# At the door


def digest_of_address(address: str) -> str:
    return keyed_digest(address.strip().lower())


def has_account(address: str) -> bool:
    known: bool = Member.objects.filter(email=address.strip().lower()).exists()
    return known


def by_token(token: str, at: datetime) -> Invitation | None:
    """The invitation behind a link, while it lets anyone in; unknown, revoked, spent and run out are all None."""
    return by_digest(digest_of_token(token), at)


def by_digest(digest: str, at: datetime) -> Invitation | None:
    standing = Invitation.objects.standing(at).filter(token_digest=digest)
    return standing.prefetch_related("places__group").first()


def proves(invitation: Invitation, address: str) -> bool:
    """Whether holding the link shows that the mailbox of this address is one's own."""
    return invitation.mailed and (invitation.address or "").lower() == address.strip().lower()


def check_for(key: str, at: datetime) -> AddressCheck | None:
    found = AddressCheck.objects.filter(key=key, expires_at__gt=at).select_related("invitation")
    return found.prefetch_related("invitation__places__group").first()


def places_for(invitation: Invitation, role: str, member: Member | None, at: datetime) -> list[Place]:
    """The groups that it opens to someone with this role in the house: none meant for others, none they were removed
    from.
    """
    barred: Collection[str] = ()
    if member is not None:
        removals = Restriction.objects.in_force(at).filter(member=member, kind=Restriction.Kind.REMOVAL)
        barred = set(removals.values_list("scope", flat=True))
    return [
        place
        for place in invitation.places.select_related("group")
        if place.group.closed_at is None and is_meant_for(place.group, role) and place.group.tag not in barred
    ]


def is_meant_for(group: Group, role: str) -> bool:
    return role != Member.Role.FAMILY or group.audience == Group.Audience.FAMILY


def new_places_for(invitation: Invitation, member: Member, at: datetime) -> list[Place]:
    """Those that a member who is here already isn't in yet."""
    inside = set(member.memberships.values_list("group_id", flat=True))
    return [
        place for place in places_for(invitation, member.role, member, at) if place.group_id not in inside
    ]


# First steps


def free_handles(count: int) -> list[str]:
    """Calm names that nobody here goes by, or went by lately."""
    free: list[str] = []
    for make in (names.some_names, names.some_names, _numbered):
        wanted = {skeleton(name): name for name in make(count * 3)}
        taken = set(
            Member.objects.filter(handle_skeleton__in=wanted).values_list("handle_skeleton", flat=True)
        ) | set(HeldHandle.objects.filter(skeleton__in=wanted).values_list("skeleton", flat=True))
        free += [name for key, name in wanted.items() if key not in taken and name not in free]
        if len(free) >= count:
            break
    return free[:count]


def _numbered(count: int) -> list[str]:
    return [names.numbered(name) for name in names.some_names(count)]


def steps_of(member: Member) -> list[FirstStep]:
    """In their order; none for someone who did not come in by an invitation."""
    order = {name: number for number, name in enumerate(FirstStep.Name.values)}
    return sorted(member.first_steps.all(), key=lambda step: order[step.name])


def next_step(member: Member) -> FirstStep | None:
    return next((step for step in steps_of(member) if step.at is None), None)


def must_read_rules(member: Member) -> bool:
    """Whether someone who came in by an invitation has not yet agreed to any rules."""
    return bool(member.first_steps.filter(name=FirstStep.Name.RULES, at__isnull=True).exists())


def texts() -> list[HouseText]:
    """The rules, and what is kept and who sees what, as they stand now."""
    found = (house.current_text(kind) for kind in HouseText.Kind)
    return [text for text in found if text is not None]


def texts_due(member: Member) -> list[HouseText]:
    """Those whose newest version the member has not agreed to, without their words; one query."""
    newer = HouseText.objects.filter(kind=OuterRef("kind"), version__gt=OuterRef("version"))
    agreed = Consent.objects.filter(text=OuterRef("pk"), member=member, withdrawn_at__isnull=True)
    due = HouseText.objects.filter(~Exists(newer), ~Exists(agreed)).defer("raw", "html")
    return list(due.order_by("-kind"))


def myself(member: Member) -> Member:
    """A copy of one's own row, for a form to write into."""
    copy: Member = Member.objects.get(pk=member.pk)
    return copy


def step_for(member: Member, name: FirstStep.Name) -> FirstStep:
    """Raises Http404 for someone who did not come in by an invitation."""
    step = member.first_steps.filter(name=name).first()
    if step is None:
        raise Http404
    return step


def groups_of(member: Member) -> QuerySet[Group]:
    return Group.objects.visible_to(member).of(member).filter(closed_at__isnull=True)


def open_groups_for(member: Member) -> QuerySet[Group]:
    """Groups that the member isn't in and can join with a tick."""
    others = Group.objects.visible_to(member).exclude(memberships__member=member)
    return others.filter(joining=Group.Joining.OPEN, closed_at__isnull=True)


def groups_to_ask(member: Member) -> QuerySet[Group]:
    """Groups that the member isn't in and can ask to be let into."""
    others = Group.objects.visible_to(member).exclude(memberships__member=member)
    return others.filter(joining=Group.Joining.REQUEST, closed_at__isnull=True)


def first_room(member: Member) -> Any | None:
    """A room of one's own groups to say hello in, else of the open ones: one that is always open if there is one."""
    visible = Group.objects.visible_to(member).filter(closed_at__isnull=True)
    return _first_room_of(visible.of(member)) or _first_room_of(
        visible.filter(joining=Group.Joining.OPEN, listed=True)
    )


def _first_room_of(groups: QuerySet[Group]) -> Any | None:
    rooms = [room for group in groups.prefetch_related("rooms") for room in group.rooms.all()]
    standing = [room for room in rooms if room.closed_at is None]
    return min(standing, key=lambda room: (not room.always_open, room.name), default=None)


# The steward's desk


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Invitation]
    more: int | None


def page_of(state: Invitation.State | None, before: int | None, at: datetime) -> Page:
    """Fifty invitations, newest first; `more` is where the next page begins. Three queries."""
    found = with_all(Invitation.objects.all())
    if state is not None:
        found = found.in_state(state, at)
    if before is not None:
        found = found.filter(pk__lt=before)
    rows = list(found.order_by("-pk")[: PAGE + 1])
    return Page(rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None)


def with_all(found: InvitationQuerySet) -> InvitationQuerySet:
    return found.select_related("made_by").prefetch_related("places__group")


def counts(at: datetime) -> dict[str, int]:
    """How many there are in each state; one query."""
    by_state = {state.value: Count("pk", filter=in_state(state, at)) for state in Invitation.State}
    return Invitation.objects.aggregate(**by_state)


def invitation(pk: int) -> Invitation:
    """Raises Http404."""
    found = with_all(Invitation.objects.filter(pk=pk)).first()
    if found is None:
        raise Http404
    return found


def groups_to_invite_into() -> QuerySet[Group]:
    return Group.objects.filter(kind=Group.Kind.GROUP, closed_at__isnull=True)


def standing_for(addresses: Collection[str], at: datetime) -> set[str]:
    """Digests of those addresses for which an invitation stands."""
    digests = [digest_of_address(address) for address in addresses]
    found = Invitation.objects.standing(at).filter(address_digest__in=digests)
    return set(found.values_list("address_digest", flat=True))


def sign_ups() -> QuerySet[SignUp]:
    """Who asks to be let in and waits."""
    return SignUp.objects.filter(answered_at__isnull=True)


def sign_up(pk: int) -> SignUp:
    """Raises Http404."""
    found = SignUp.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def upload_of(member: Member, pk: int, at: datetime) -> Upload:
    """A file that this steward brought; an unconfirmed one for a day. Raises Http404."""
    fresh = Q(confirmed_at__isnull=False) | Q(made_at__gt=at - UPLOAD_LASTS)
    found = Upload.objects.filter(fresh, pk=pk, made_by=member).first()
    if found is None:
        raise Http404
    return found
