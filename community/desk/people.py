"""People as a steward looks for them: by handle, state, role and group, a page at a time. Never what they wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, TextChoices
from django.db.models.functions import Lower

from community.groups.models import Group, Membership
from community.members.handles import skeleton
from community.members.models import Departure, Member
from moderation.sanctions.models import EVERYWHERE, Restriction

A_PAGE = 40


class State(TextChoices):
    ACTIVE = "active", "Can sign in"
    NEVER = "never", "Never signed in"
    SUSPENDED = "suspended", "Suspended"
    PAUSED = "paused", "Paused"
    LEFT = "left", "Left, or leaving"
    DECEASED = "deceased", "Died"


DEPARTED = {
    Departure.Kind.PAUSE: State.PAUSED,
    Departure.Kind.LEAVE: State.LEFT,
    Departure.Kind.DEATH: State.DECEASED,
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is looked for; empty means any. `after` is the public id of the last one seen."""

    handle: str = ""
    state: str = ""
    role: str = ""
    group: str = ""
    after: str = ""

    @property
    def narrowed(self) -> bool:
        return bool(self.handle or self.state or self.role or self.group)


@dataclass(frozen=True, slots=True)
class Page:
    """`after` leads to the next page, and is empty on the last."""

    people: Sequence[Member]
    after: str


def with_state(people: QuerySet[Member]) -> QuerySet[Member]:
    """Members with `departed` (the kind of departure that stands, or None) and `suspended`."""
    standing = Departure.objects.filter(member=OuterRef("pk"), undone_at__isnull=True)
    suspended = Restriction.objects.standing().filter(
        member=OuterRef("pk"), kind=Restriction.Kind.SUSPENSION, scope=EVERYWHERE
    )
    return people.annotate(departed=Subquery(standing.values("kind")[:1]), suspended=Exists(suspended))


def state_of(member: Member) -> State:
    """The state of a member that was loaded `with_state`."""
    departed = getattr(member, "departed", None)
    if departed is not None:
        return DEPARTED[Departure.Kind(departed)]
    if getattr(member, "suspended", False):
        return State.SUSPENDED
    return State.NEVER if never_came(member) else State.ACTIVE


def never_came(member: Member) -> bool:
    return member.last_login is None and member.active_week is None


IN_STATE: dict[State, Q] = {
    State.ACTIVE: Q(departed__isnull=True, suspended=False, is_active=True)
    & (Q(last_login__isnull=False) | Q(active_week__isnull=False)),
    State.NEVER: Q(departed__isnull=True, suspended=False, last_login__isnull=True, active_week__isnull=True),
    State.SUSPENDED: Q(suspended=True, departed__isnull=True),
    **{state: Q(departed=kind.value) for kind, state in DEPARTED.items()},
}


def people(wanted: Wanted) -> Page:
    """One page in the order of handles, with `groups_in`: three queries."""
    found = with_state(Member.objects.all()).annotate(called=Lower("handle")).order_by("called", "pk")
    if wanted.handle:
        found = found.filter(handle_skeleton__contains=skeleton(wanted.handle))
    if wanted.state in State.values:
        found = found.filter(IN_STATE[State(wanted.state)])
    if wanted.role in Member.Role.values:
        found = found.filter(role=wanted.role)
    if wanted.group:
        found = found.filter(
            Exists(Membership.objects.filter(member=OuterRef("pk"), group__slug=wanted.group))
        )
    if wanted.after:
        last = Member.objects.filter(public_id=wanted.after).annotate(called=Lower("handle")).values("called")
        found = found.filter(called__gt=Subquery(last[:1]))
    memberships = (
        Membership.objects.filter(group__kind=Group.Kind.GROUP)
        .select_related("group")
        .order_by("group__name")
    )
    found = found.prefetch_related(Prefetch("memberships", queryset=memberships, to_attr="groups_in"))
    rows = list(found[: A_PAGE + 1])
    more = len(rows) > A_PAGE
    return Page(rows[:A_PAGE], rows[A_PAGE - 1].public_id if more else "")


def last_here(member: Member, today: date) -> str:
    """When someone was last here, by the week and no closer."""
    if member.active_week is None:
        return "has not been here yet" if never_came(member) else "was here before weeks were counted"
    this = today - timedelta(days=today.weekday())
    weeks = (this - member.active_week).days // 7
    if weeks <= 0:
        return "was here this week"
    if weeks == 1:
        return "was here last week"
    if weeks < 9:
        return f"was here {weeks} weeks ago"
    return f"was last here in the week of {member.active_week.day} {member.active_week:%B %Y}"
