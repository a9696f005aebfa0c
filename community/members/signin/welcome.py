"""Whether the people behind open connections may still be here; an open connection counts as being seen."""

from __future__ import annotations

from collections.abc import Collection

from community.live.access import Sign
from community.live.clock import clock
from community.members.models import Member
from community.members.signin.actions import see_sign_ins
from community.members.signin.limits import SEEN_EVERY, limits_for
from community.members.signin.models import SignIn


def still_welcome(signs: Collection[Sign]) -> dict[Sign, str | None]:
    """For each (session key, member id, password stamp): None, or the code with which it ends.

    Two queries; every few minutes a few more, to say of all that are due that they were seen.
    """
    now = clock.now()
    limits = {strict: limits_for(strict=strict) for strict in (False, True)}
    standing: set[tuple[str, int]] = set()
    due: set[str] = set()
    rows = SignIn.objects.filter(session_key__in={key for key, _, _ in signs}, held=False)
    for key, member, strict, started_at, seen_at in rows.values_list(
        "session_key", "member_id", "strict", "started_at", "seen_at"
    ):
        if now < limits[strict].end(started_at=started_at, seen_at=seen_at):
            standing.add((key, member))
            if now - seen_at >= SEEN_EVERY:
                due.add(key)
    people = Member.objects.filter(pk__in={member for _, member, _ in signs})
    known = {pk: (active, stamp) for pk, active, stamp in people.values_list("pk", "is_active", "password")}
    verdicts: dict[Sign, str | None] = {}
    for key, member, stamp in signs:
        active, current = known.get(member, (True, ""))
        if not active:
            verdicts[key, member, stamp] = "suspended"
        elif (key, member) not in standing or current != stamp:
            verdicts[key, member, stamp] = "auth"
        else:
            verdicts[key, member, stamp] = None
    seen = {key for key, member, stamp in signs if key in due and verdicts[key, member, stamp] is None}
    if seen:
        see_sign_ins(keys=seen, at=now)
    return verdicts
