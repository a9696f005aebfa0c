from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.http import HttpRequest
from django.utils import timezone


class SigninConfig(AppConfig):
    name = "community.members.signin"
    label = "signin"

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added, authenticator_removed

        from community.house import desk, you
        from community.live import access, ticks
        from community.members.signin.actions import forget_spent_sign_ins
        from community.members.signin.desk import waiting
        from community.members.signin.kinds import ALL
        from community.members.signin.recovery import send_due_recoveries
        from community.members.signin.welcome import still_welcome
        from community.notifications import kinds

        access.register(still_welcome)
        kinds.register(*ALL)
        you.register(you.Page("Signing in", "signin:overview", 60))
        authenticator_added.connect(factor_added, dispatch_uid="signin.factor_added")
        authenticator_removed.connect(factor_removed, dispatch_uid="signin.factor_removed")
        user_logged_in.connect(signed_in, dispatch_uid="signin.signed_in")
        user_logged_out.connect(signed_out, dispatch_uid="signin.signed_out")
        ticks.register("send_due_recoveries", every_seconds=60, run=send_due_recoveries)
        desk.register(desk.Section("Locked out", "recoveries:desk", 60))
        desk.register_attention(waiting)
        ticks.register("forget_spent_sign_ins", every_seconds=3600, run=forget_spent_sign_ins)


def signed_in(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    from community.members.signin import devices

    request.session.begin(  # type: ignore[attr-defined]
        at=timezone.now(), device=devices.in_words(request.headers.get("User-Agent", ""))
    )


def signed_out(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    from community.members.signin.actions import sign_out

    if request.session.session_key:
        sign_out(session_key=request.session.session_key)


def factor_added(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    from community.members.signin.access import SECOND_FACTORS
    from community.members.signin.actions import note_factor

    if authenticator.type in SECOND_FACTORS:
        note_factor(member=user, kind=authenticator.type, added=True, at=timezone.now())


def factor_removed(sender: Any, user: Any, authenticator: Any, **kwargs: Any) -> None:
    from community.members.signin.access import SECOND_FACTORS
    from community.members.signin.actions import note_factor

    if authenticator.type in SECOND_FACTORS:
        note_factor(member=user, kind=authenticator.type, added=False, at=timezone.now())
