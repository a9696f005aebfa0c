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
        from community.live import access, ticks
        from community.members.signin.actions import forget_spent_sign_ins
        from community.members.signin.welcome import still_welcome

        access.register(still_welcome)
        user_logged_in.connect(signed_in, dispatch_uid="signin.signed_in")
        user_logged_out.connect(signed_out, dispatch_uid="signin.signed_out")
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
