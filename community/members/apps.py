from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import AppConfig
from django.contrib import messages
from django.contrib.auth.signals import user_logged_in
from django.utils import timezone


class MembersConfig(AppConfig):
    name = "community.members"
    label = "members"

    def ready(self) -> None:
        from community.house import you
        from community.live import ticks
        from community.members.kinds import HANDLE_ASKED, LEAVING
        from community.members.leaving import finish_leaving
        from community.members.naming import let_go_of_held_handles
        from community.members.suspension import end_spent_suspensions
        from community.notifications import kinds
        from moderation.audit import words

        ticks.register("let_go_of_held_handles", every_seconds=3600, run=let_go_of_held_handles)
        ticks.register("finish_leaving", every_seconds=3600, run=finish_leaving)
        kinds.register(LEAVING, HANDLE_ASKED)
        you.register(you.Page("About you", "members:you", 10))
        you.register(you.Page("Reading", "members:reading", 20))
        you.register(you.Page("Pausing and leaving", "members:leaving", 90))
        user_logged_in.connect(signed_in, dispatch_uid="members.signed_in")
        words.register_names(words.MEMBER, handles)
        ticks.register("end_spent_suspensions", every_seconds=60, run=end_spent_suspensions)


def signed_in(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    from community.members.leaving import come_back
    from community.members.weeks import note_week

    at = timezone.now()
    note_week(member=user, at=at)
    if user.away_since is not None and come_back(member=user, at=at):
        messages.success(request, "Welcome back. Everything is as you left it.", fail_silently=True)


def handles(ids: Collection[int]) -> Mapping[int, str]:
    from community.members.models import Member

    return dict(Member.objects.filter(pk__in=ids).values_list("pk", "handle"))
