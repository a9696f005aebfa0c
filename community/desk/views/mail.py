"""How the mail goes: what could not be sent, and what a steward decides about it. No address ever stands here."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.house.desk import steward_required
from community.members.requests import MemberRequest
from community.notifications import access, actions
from community.notifications.kinds import kind_named
from community.notifications.models import Delivery

A_PAGE = 40


@steward_required
@require_safe
def mail(request: MemberRequest) -> HttpResponse:
    dead = Paginator(access.dead_letters(), A_PAGE).get_page(request.GET.get("page"))
    queue = access.queue_health(timezone.now())
    page = {
        "dead": dead,
        "letters": [(one, about(one)) for one in dead],
        "queue": queue,
        "late": in_words(queue),
    }
    return render(request, "desk/mail.html", page)


def about(letter: Delivery) -> str:
    """What a delivery tells of, in the words of its kind; its name when no app knows the kind any more."""
    try:
        return kind_named(letter.kind).words
    except KeyError:
        return letter.kind


def in_words(queue: access.QueueHealth) -> str:
    """For how long the oldest that is due has waited."""
    if queue.late is None:
        return ""
    minutes = int(queue.late.total_seconds() // 60)
    if minutes < 1:
        return "less than a minute"
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} hours"


def decide(request: MemberRequest, number: int, act: Callable[..., None], said: str) -> HttpResponse:
    if request.method == "POST":
        try:
            act(delivery=access.dead_letter(number), by_id=request.user.pk, at=timezone.now())
        except actions.NotDead:
            messages.warning(request, "Someone has decided about it already, or its words are gone.")
        else:
            messages.success(request, said)
    return redirect("desk:mail")


@steward_required
def retry(request: MemberRequest, number: int) -> HttpResponse:
    return decide(request, number, actions.retry, "It is on its way again. If it fails, it comes back here.")


@steward_required
def drop(request: MemberRequest, number: int) -> HttpResponse:
    return decide(request, number, actions.drop, "It is given up, and what it held is wiped.")
