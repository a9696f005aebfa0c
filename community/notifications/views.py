"""The inbox, what a member chooses to be told, and the way out of a kind of mail."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.notifications import access, actions, kinds
from community.notifications.forms import ChoicesForm
from community.notifications.models import Channel, Choice


class SignedInRequest(HttpRequest):
    """Of a member, whose model stands above this layer."""

    user: Any


@login_required
@require_safe
def inbox(request: SignedInRequest) -> HttpResponse:
    page = access.inbox_page(request.user.pk, below=request.GET.get("below", ""))
    return render(request, "notifications/inbox.html", {"page": page})


@login_required
@require_safe
def open_entry(request: SignedInRequest, key: str) -> HttpResponse:
    """Where a mail's link and an inbox line lead: on to the page that they are about, which is read with that."""
    entry = access.inbox_entry(request.user.pk, key)
    if entry is None or not entry.path:
        return redirect("notifications:inbox")
    actions.mark_read(member_id=request.user.pk, key=key, at=timezone.now())
    return redirect(entry.path)


@login_required
@require_POST
def read_all(request: SignedInRequest) -> HttpResponse:
    actions.mark_read(member_id=request.user.pk, key=request.POST.get("key"), at=timezone.now())
    return redirect("notifications:inbox")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: SignedInRequest) -> HttpResponse:
    member_id = request.user.pk
    form = ChoicesForm(
        request.POST or None,
        chosen=access.choices_of(member_id),
        quiet=access.quiet_hours_of(member_id),
    )
    if request.method == "POST" and form.is_valid():
        actions.settle(member_id=member_id, choices=form.choices, quiet=form.quiet)
        messages.success(request, "Saved.")
        return redirect("notifications:choices")
    page = {"form": form, "always": kinds.always()}
    return render(request, "notifications/choices.html", page, status=422 if form.errors else 200)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def off(request: HttpRequest, token: str) -> HttpResponse:
    """Turn one kind of mail off by the link in it, signed in or not; mail programs post here themselves (RFC 8058)."""
    member_id, kind = access.way_out(token)
    if request.method == "POST":
        actions.choose(member_id=member_id, choices={(kind, Channel.EMAIL): Choice.How.NEVER})
    return render(request, "notifications/off.html", {"done": request.method == "POST"})
