"""A page that is asked for counts as being seen; who owes a second factor is led to setting one up."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from community.members.signin.actions import mark_warned, see_sign_ins
from community.members.signin.limits import SEEN_EVERY
from community.members.signin.store import SessionStore

# Where someone may go who has a second factor to set up first: help, the ways out, and the setting up.
OPEN_APPS = {"signin"}
OPEN_NAMES = ("mfa_", "account_")
# The house rules come first: they are read on pages of their own.
OPEN_PATHS = ("/help", "/exit/", "/offline/", "/healthz", "/sw.js", "/static/", "/welcome/", "/house/")


class KeptSignIn:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = request.session
        if (
            "sessionid" in request.COOKIES
            and isinstance(session, SessionStore)
            and request.user.is_authenticated
        ):
            see(session)
            warn(request, session)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *view: object) -> HttpResponse | None:
        if not getattr(request.session, "row", None) or not getattr(request.session, "held", False):
            return None
        match = request.resolver_match
        name = (match.url_name or "") if match else ""
        if (match and match.app_name in OPEN_APPS) or name.startswith(OPEN_NAMES):
            return None
        if request.path.startswith(OPEN_PATHS):
            return None
        if request.path.startswith("/live/") and request.content_type == "application/json":
            return JsonResponse({"t": "gone", "code": "auth"}, status=401)
        return redirect("signin:second_factor")


def warn(request: HttpRequest, session: SessionStore) -> None:
    """Say once to each open sign-in that someone asked for another way in, on the next page that can say it."""
    if (
        session.row is None
        or not session.row.to_warn
        or request.method != "GET"
        or request.path.startswith(OPEN_PATHS)
    ):
        return
    if mark_warned(key=session.row.session_key):
        stop = format_html('<a href="{}">Look, and stop it</a>', reverse("signin:overview"))
        words = "Someone asked to come in as you at a new address. If that wasn’t you: {}."
        messages.warning(request, format_html(words, stop))


def see(session: SessionStore) -> None:
    """Say that the sign-in was seen, and learn what holds for it now, at most once every few minutes."""
    row, now = session.row, timezone.now()
    if row is None or now - row.seen_at < SEEN_EVERY:
        return
    see_sign_ins(keys=[row.session_key], at=now)
    row.refresh_from_db(fields=["seen_at", "strict", "held"])
