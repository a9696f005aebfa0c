"""What a steward may look up at the desk: any member, any group that is no pair, any room of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.http import Http404

from community.desk.models import Training
from community.desk.people import State, last_here, state_of, with_state
from community.groups.models import Group, JoinRequest, Membership
from community.members.handles import skeleton
from community.members.models import Departure, HandleRequest, Member, RoleChange
from community.members.signin.access import sign_ins_of
from moderation.audit.models import AuditEntry
from moderation.audit.words import Line, in_words
from moderation.sanctions.models import EVERYWHERE, Restriction
from sessions.rooms.models import Room

TRAIL_LINES = 12
EXPIRING_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Stands:
    """A restriction with the name of the place it is about; `over` when it was lifted or has run out."""

    restriction: Restriction
    where: str
    over: bool

    @property
    def is_suspension(self) -> bool:
        return self.restriction.kind == Restriction.Kind.SUSPENSION


@dataclass(frozen=True, slots=True)
class Person:
    """Everything that the desk shows of one member."""

    member: Member
    state: State
    last_here: str
    memberships: Sequence[Membership]
    restrictions: Sequence[Stands]
    trainings: Sequence[Training]
    role_changes: Sequence[RoleChange]
    departure: Departure | None
    handle_asked: HandleRequest | None
    sign_ins: int
    trail: Sequence[Line]

    @property
    def suspension(self) -> Restriction | None:
        return next(
            (each.restriction for each in self.restrictions if each.is_suspension and not each.over), None
        )

    @property
    def keeps_somewhere(self) -> bool:
        return any(membership.keeps_order for membership in self.memberships)


def member_for_desk(public_id: str) -> Member:
    """Anyone, also who may not sign in. Raises Http404."""
    member = with_state(Member.objects.filter(public_id=public_id)).first()
    if member is None:
        raise Http404
    return member


def member_called(handle: str) -> Member | None:
    """Whoever goes by a handle that reads like this one."""
    found: Member | None = Member.objects.filter(handle_skeleton=skeleton(handle)).first()
    return found


def person(member: Member, at: datetime) -> Person:
    """The same number of queries for everybody."""
    return Person(
        member=member,
        state=state_of(member),
        last_here=last_here(member, at.date()),
        memberships=list(memberships_of(member)),
        restrictions=restrictions_of(member, at),
        trainings=list(trainings().filter(member=member)),
        role_changes=list(member.role_changes.select_related("by")),
        departure=member.departures.filter(undone_at__isnull=True).first(),
        handle_asked=member.handle_requests.filter(answered_at__isnull=True).first(),
        sign_ins=sign_ins_of(member, at=at).count(),
        trail=trail_of(member),
    )


def memberships_of(member: Member) -> QuerySet[Membership]:
    return (
        member.memberships.filter(group__kind=Group.Kind.GROUP)
        .select_related("group")
        .order_by("group__name")
    )


def membership_for_desk(public_id: str, slug: str) -> Membership:
    """Raises Http404."""
    found = Membership.objects.select_related("group", "member").filter(
        member__public_id=public_id, group__slug=slug, group__kind=Group.Kind.GROUP
    )
    membership = found.first()
    if membership is None:
        raise Http404
    return membership


def restrictions_of(member: Member, at: datetime) -> list[Stands]:
    """Those of the whole place, of groups and of their rooms; what two people agree between them is not the desk's."""
    rows = list(member.restrictions.select_related("by").order_by("-at"))
    groups = {group.tag: group.name for group in groups_for_desk()}
    rooms = {room.tag: room.name for room in Room.objects.filter(group__kind=Group.Kind.GROUP)}
    places = {EVERYWHERE: "everywhere"} | groups | rooms
    return [
        Stands(
            row, places[row.scope], row.lifted_at is not None or (row.until is not None and row.until <= at)
        )
        for row in rows
        if row.scope in places
    ]


def trail_of(member: Member) -> list[Line]:
    """The newest entries of the audit log about a member, newest first."""
    rows = AuditEntry.objects.filter(subject_kind="member", subject_id=member.pk).order_by("-seq")
    return in_words(rows[:TRAIL_LINES])


def groups_for_desk() -> QuerySet[Group]:
    return Group.objects.filter(kind=Group.Kind.GROUP)


def groups_with_counts() -> QuerySet[Group]:
    """Groups that stand open first; with how many people, keepers, rooms and waiting requests."""
    people = Q(memberships__member__is_active=True)
    keepers = people & Q(memberships__role__in=[Membership.Role.MODERATOR, Membership.Role.FACILITATOR])
    waiting = Q(requests__answered_at__isnull=True, requests__member__is_active=True)
    return (
        groups_for_desk()
        .annotate(
            people=Count("memberships", filter=people, distinct=True),
            keepers=Count("memberships", filter=keepers, distinct=True),
            waiting=Count("requests", filter=waiting & Q(requests__id__isnull=False), distinct=True),
            room_count=Count("rooms", distinct=True),
        )
        .order_by("closed_at", "name")
    )


def group_for_desk(slug: str) -> Group:
    """Raises Http404."""
    group = groups_for_desk().filter(slug=slug).first()
    if group is None:
        raise Http404
    return group


def room_for_desk(slug: str, room_slug: str) -> Room:
    """Raises Http404."""
    rooms = Room.objects.select_related("group").filter(group__kind=Group.Kind.GROUP)
    room = rooms.filter(slug=room_slug, group__slug=slug).first()
    if room is None:
        raise Http404
    return room


def rooms_of(group: Group) -> QuerySet[Room]:
    return Room.objects.filter(group=group).order_by("closed_at", "name")


def people_of(group: Group) -> QuerySet[Membership]:
    return group.memberships.select_related("member").order_by(Lower("member__handle"))


def requests_to(group: Group) -> QuerySet[JoinRequest]:
    """Who waits for an answer of those who keep the group; what they wrote is for those alone."""
    waiting = group.requests.filter(answered_at__isnull=True, member__is_active=True)
    return waiting.select_related("member").defer("words").order_by("asked_at")


def groups_to_put_in(member: Member) -> QuerySet[Group]:
    mine = Membership.objects.filter(group=OuterRef("pk"), member=member)
    return groups_for_desk().filter(closed_at__isnull=True).exclude(Exists(mine))


def requests_waiting() -> int:
    waiting = JoinRequest.objects.filter(
        answered_at__isnull=True, member__is_active=True, group__closed_at__isnull=True
    )
    return waiting.count()


def groups_without_keeper() -> QuerySet[Group]:
    """Open groups with people in them and nobody to look after them."""
    keepers = Membership.objects.filter(
        group=OuterRef("pk"),
        role__in=[Membership.Role.MODERATOR, Membership.Role.FACILITATOR],
        member__is_active=True,
    )
    people = Membership.objects.filter(group=OuterRef("pk"))
    return groups_for_desk().filter(Exists(people), ~Exists(keepers), closed_at__isnull=True)


def trainings() -> QuerySet[Training]:
    """Those that were not withdrawn."""
    return Training.objects.filter(withdrawn_at__isnull=True).select_related("member", "group", "by")


def training_for_desk(pk: int) -> Training:
    """Raises Http404."""
    training = trainings().filter(pk=pk).first()
    if training is None:
        raise Http404
    return training


def trainings_expiring(today: date) -> QuerySet[Training]:
    """Those that expire within thirty days or have expired, unless a newer one took their place; soonest first."""
    newer = Training.objects.filter(
        Q(group=OuterRef("group")) | Q(group__isnull=True),
        Q(expires_on__isnull=True) | Q(expires_on__gt=OuterRef("expires_on")),
        member=OuterRef("member"),
        withdrawn_at__isnull=True,
    )
    soon = trainings().filter(expires_on__lte=today + EXPIRING_WITHIN, member__is_active=True)
    return soon.exclude(Exists(newer)).order_by("expires_on", Lower("member__handle"))


def keepers() -> QuerySet[Membership]:
    """Everybody who keeps order in a group, by handle."""
    return (
        Membership.objects.filter(
            role__in=[Membership.Role.MODERATOR, Membership.Role.FACILITATOR],
            member__is_active=True,
            group__kind=Group.Kind.GROUP,
            group__closed_at__isnull=True,
        )
        .select_related("member", "group")
        .order_by(Lower("member__handle"), "group__name")
    )


def trained_now(today: date) -> set[int]:
    """Primary keys of those with a training that holds today."""
    holds = Q(expires_on__isnull=True) | Q(expires_on__gt=today)
    return set(trainings().filter(holds).values_list("member_id", flat=True))


def staff() -> QuerySet[Member]:
    """Stewards and clinicians, by handle."""
    roles = [Member.Role.STEWARD, Member.Role.CLINICIAN]
    found: QuerySet[Member] = Member.objects.filter(role__in=roles, is_active=True)
    return found.order_by("role", Lower("handle"))
