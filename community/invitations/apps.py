from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in
from django.http import HttpRequest

if TYPE_CHECKING:
    from community.house.desk import Waiting


class InvitationsConfig(AppConfig):
    name = "community.invitations"
    label = "invitations"

    def ready(self) -> None:
        from community.house.desk import Section, register, register_attention
        from community.invitations import kinds
        from community.invitations.retention import forget_old
        from community.live import ticks
        from community.notifications.kinds import register as register_kinds
        from moderation.audit import words

        register(Section("Invitations", "invitations:desk", 20))
        register_attention(who_asks)
        register_kinds(*kinds.ALL)
        words.register_names("invitation", called("an invitation"))
        words.register_names("sign_up", called("somebody"))
        user_logged_in.connect(signed_in, dispatch_uid="invitations.signed_in")
        ticks.register("forget_old_invitations", every_seconds=3600, run=forget_old)


def called(name: str) -> Callable[[Collection[int]], Mapping[int, str]]:
    return lambda ids: {number: f"{name} (no. {number})" for number in ids}


def who_asks(at: datetime) -> Iterator[Waiting]:
    from django.urls import reverse

    from community.house.desk import Waiting
    from community.invitations.access import sign_ups

    if count := sign_ups().count():
        people = "One person asks" if count == 1 else f"{count} people ask"
        yield Waiting(f"{people} to be let in", reverse("invitations:sign_ups"))


def signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    from community.invitations.middleware import hold_at_the_rules

    hold_at_the_rules(request, user)
