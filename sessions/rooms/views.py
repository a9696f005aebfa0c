"""The room's pages. Whatever is done in a room is posted to the log's own door; here it is only read."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from community.members.requests import MemberRequest
from sessions.rooms import pages
from sessions.rooms.forms import Place
from sessions.rooms.pages import Draft, Refusal

AT_THE_WORDS = frozenset({"bad_frame", "too_large", "rate", "held", "key_conflict", "unavailable", "unknown"})


@require_safe
@never_cache
@login_required
def room(request: MemberRequest, slug: str) -> HttpResponse:
    place = Place(request.GET)
    if (seen := place.at("seen")) is not None:
        pages.save_seen(request.user, slug, seen)
    page = pages.room_page(
        request.user,
        slug,
        before=place.at("before"),
        reply=place.at("reply"),
        less=request.less_data,
    )
    return render(request, "rooms/room.html", page)


@require_safe
@never_cache
@login_required
def message(request: MemberRequest, slug: str, seq: int) -> HttpResponse:
    return render(request, "rooms/message.html", pages.message_page(request.user, slug, seq))


@require_safe
@never_cache
@login_required
def people(request: MemberRequest, slug: str) -> HttpResponse:
    return render(request, "rooms/people.html", pages.people_page(request.user, slug))


def refused(
    request: MemberRequest, slug: str, fields: dict[str, str], code: str, message: str, status: int
) -> HttpResponse:
    """The page again after a refused form: the words are kept, and the reason stands beside them."""
    member, sending = request.user, fields.get("t") == "send"
    target = fields.get("target", "")
    if fields.get("op") == "message.edit" and target.isdecimal():
        draft, refusal = Draft(fields.get("value", "")), Refusal(code, message)
        page = pages.message_page(member, slug, int(target), draft=draft, refusal=refusal)
        return render(request, "rooms/message.html", page, status=status)
    reply_to = fields.get("reply_to", "")
    draft = Draft(
        fields.get("text", "") if sending else "",
        int(reply_to) if reply_to.isdecimal() else None,
        note=fields.get("note", ""),
    )
    refusal = Refusal(code, message, at_words=sending and code in AT_THE_WORDS)
    return render(
        request, "rooms/room.html", pages.room_page(member, slug, draft=draft, refusal=refusal), status=status
    )
