from __future__ import annotations

from typing import Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out
from django.http import HttpRequest


class SigninConfig(AppConfig):
    name = "community.members.signin"
    label = "signin"

    def ready(self) -> None:
        from community.live import ticks
        from community.members.signin.actions import forget_spent_sign_ins

        user_logged_out.connect(signed_out, dispatch_uid="signin.signed_out")
        ticks.register("forget_spent_sign_ins", every_seconds=3600, run=forget_spent_sign_ins)


def signed_out(sender: Any, request: HttpRequest, **kwargs: Any) -> None:
    from community.members.signin.actions import sign_out

    if request.session.session_key:
        sign_out(session_key=request.session.session_key)
