from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest


class MembersConfig(AppConfig):
    name = "community.members"
    label = "members"

    def ready(self) -> None:
        from community.live import ticks
        from community.members.actions import forget_spent_sign_ins
        from community.members.suspension import end_spent_suspensions
        from moderation.audit import words

        words.register_names(words.MEMBER, handles)
        user_logged_out.connect(signed_out, dispatch_uid="members.signed_out")
        ticks.register("end_spent_suspensions", every_seconds=60, run=end_spent_suspensions)
        ticks.register("forget_spent_sign_ins", every_seconds=3600, run=forget_spent_sign_ins)


def handles(ids: Collection[int]) -> Mapping[int, str]:
    from community.members.models import Member

    return dict(Member.objects.filter(pk__in=ids).values_list("pk", "handle"))


def signed_out(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    from community.members.actions import sign_out

    if request.session.session_key:
        sign_out(session_key=request.session.session_key)
