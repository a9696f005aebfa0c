"""Whoever came in by an invitation reads the rules before anything else. Help and the ways out stay open."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from community.invitations.access import must_read_rules
from community.members.models import Member

UNREAD = "rules_unread"
ALWAYS_OPEN = (
    "/welcome/", "/join/", "/house/", "/help/", "/exit/", "/offline/", "/sw.js", "/accounts/", "/static/", "/healthz",
    "/robots.txt",
)  # fmt: skip


class RulesFirst:
    """Looks into the session only: it was asked when they signed in, and what they do here is asked no query for it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(ALWAYS_OPEN) and must_read(request):
            return redirect("invitations:welcome")
        return self.get_response(request)


def must_read(request: HttpRequest) -> bool:
    known = settings.SESSION_COOKIE_NAME in request.COOKIES
    return known and bool(request.session.get(UNREAD)) and request.user.is_authenticated


def hold_at_the_rules(request: HttpRequest, member: Member) -> None:
    if must_read_rules(member):
        request.session[UNREAD] = True


def let_go(request: HttpRequest) -> None:
    request.session.pop(UNREAD, None)
