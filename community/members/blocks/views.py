"""Whom one blocked, and the page that asks before one does."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_safe

from community.members.blocks import access, actions
from community.members.requests import MemberRequest

A_PAGE = 60


@login_required
@require_safe
def all_blocks(request: MemberRequest) -> HttpResponse:
    page = Paginator(access.blocks_of(request.user), A_PAGE).get_page(request.GET.get("page"))
    return render(request, "blocks/all.html", {"page": page})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def person(request: MemberRequest, public_id: str) -> HttpResponse:
    """Asks; and by POST, blocks. A script that asks for JSON is answered without a page."""
    whom = access.person_to_block(request.user, public_id)
    if request.method == "POST":
        actions.block(by=request.user, whom=whom, at=timezone.now())
        if request.headers.get("Accept") == "application/json":
            return HttpResponse(status=204)
        messages.success(request, f"You blocked {whom.handle}. They are not told.")
        return redirect(back_to(request, request.POST.get("next", "")))
    page = {
        "person": whom,
        "blocked": access.has_blocked(request.user, whom),
        "keeps": access.keeps_a_group_of(whom, request.user),
        "back": back_to(request, request.GET.get("next", "")),
    }
    return render(request, "blocks/person.html", page)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: MemberRequest, public_id: str) -> HttpResponse:
    whom = access.person_to_block(request.user, public_id)
    if request.method != "POST":
        return redirect("blocks:person", public_id)
    ended = actions.unblock(by=request.user, whom=whom)
    if request.headers.get("Accept") == "application/json":
        return HttpResponse(status=204)
    if ended:
        messages.success(request, f"{whom.handle} is no longer blocked.")
    return redirect(back_to(request, request.POST.get("next", "")))


def back_to(request: MemberRequest, path: str) -> str:
    """The path if it is one of ours, such as the room's; else the list of whom one blocked."""
    ours = url_has_allowed_host_and_scheme(path, allowed_hosts={request.get_host()})
    return path if ours else resolve_url("blocks:all")
