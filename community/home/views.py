"""Home, the errors in plain words, and what machines ask."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.calendar import pages as calendar
from community.calendar.access import soon_for
from community.groups.access import groups_for
from community.home import porch
from community.house.access import known as house_as_known
from community.invitations.access import texts_due
from community.live.http import unavailable
from moderation.crisis import kept
from moderation.crisis.access import country_for
from sessions.direct.access import waiting_for
from sessions.rooms.access import rooms_for

NEXT = 3


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    if not request.user.is_authenticated:
        return redirect("account_login")
    now = timezone.localtime()
    rooms = rooms_for(request.user)
    soon = calendar.lines(soon_for(request.user, now, most=NEXT), now)
    page = {
        "greeting": porch.greeting(now),
        "now": now,
        "meetings": [line for line in soon if line.door],
        "doors": porch.open_doors(rooms, now),
        "due": texts_due(request.user),
        "direct": waiting_for(request.user, now),
        "next": [line for line in soon if not line.door and line.occurrence.starts_at > now],
        "groups": porch.group_lines(groups_for(request.user).of(request.user), rooms, now),
    }
    return render(request, "home/home.html", page)


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """For machines: 200 as long as the database answers."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database unavailable", status=503, content_type="text/plain")
    return HttpResponse("ok", content_type="text/plain")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    return HttpResponse("User-agent: *\nDisallow: /\n", content_type="text/plain")


def error(request: HttpRequest, status: int, title: str, words: str, again: str = "") -> HttpResponse:
    page = {"title": title, "words": words, "again": again}
    return render(request, "errors/error.html", page, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    words = "The link broke, or an address was cut. Nothing was changed."
    return error(request, 400, "That didn’t arrive whole", words)


def denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error(request, 403, "That isn’t yours to do here", "It is for the people who keep this group.")


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    words = "It may have moved, or closed, or be meant for other people. That says nothing about you."
    return error(request, 404, "There is nothing here", words)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    words = (
        "This page had been open for long, or the browser keeps no cookies. Nothing was changed. "
        "Load it again, then try once more."
    )
    return error(request, 403, "That didn’t go through", words, again=came_from(request))


def came_from(request: HttpRequest) -> str:
    """The page of ours that a form was sent from: what a form is sent to may be no page at all."""
    sent_from = urlsplit(request.headers.get("Referer", ""))
    return sent_from.path if sent_from.netloc == request.get_host() else "/"


def broken(request: HttpRequest) -> HttpResponse:
    """Needs neither the database nor a sign-in, and has the numbers to ring on it: /help/ may be what broke."""
    if request.content_type == "application/json" and isinstance(
        sys.exception(), DatabaseError | InterfaceError
    ):
        return unavailable()
    code, country = country_for(request.GET.get("country", ""))
    page = {
        "code": code,
        "country": country,
        "countries": kept.all_countries(),
        "path": request.path,
        "house": house_as_known(),
    }
    return HttpResponse(render_to_string("errors/broken.html", page), status=500)
