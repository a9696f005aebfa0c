"""How I sign in, and where I am signed in."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from community.members.requests import MemberRequest
from community.members.signin import access, actions
from community.members.signin import recovery as recovery_acts


@login_required
@require_safe
def overview(request: MemberRequest) -> HttpResponse:
    ways = access.ways_of(request.user)
    count = access.sign_ins_of(request.user, at=timezone.now()).count()
    recovery = access.open_recovery_of(request.user)
    page = {"ways": ways, "sign_in_count": count, "recovery": recovery}
    return render(request, "signin/overview.html", page)


@login_required
@require_POST
def stop_recovery(request: MemberRequest) -> HttpResponse:
    recovery = access.open_recovery_of(request.user)
    if recovery is not None and recovery_acts.stop_recovery(
        recovery=recovery, by=request.user, at=timezone.now()
    ):
        messages.success(request, "Stopped. Nothing has changed.")
    return redirect("signin:overview")


@login_required
@require_safe
def second_factor(request: MemberRequest) -> HttpResponse:
    return render(request, "signin/second_factor.html", {"ways": access.ways_of(request.user)})


@login_required
@require_safe
def sign_ins(request: MemberRequest) -> HttpResponse:
    here = request.session.session_key
    standing = list(access.sign_ins_of(request.user, at=timezone.now()))
    return render(
        request,
        "signin/sign_ins.html",
        {
            "here": next((one for one in standing if one.session_key == here), None),
            "others": [one for one in standing if one.session_key != here],
        },
    )


@login_required
@require_POST
def end_one(request: MemberRequest, ref: str) -> HttpResponse:
    sign_in = access.sign_in_of(request.user, ref, at=timezone.now())
    actions.end_sign_ins(member=request.user, keys=[sign_in.session_key], at=timezone.now())
    if sign_in.session_key == request.session.session_key:
        return redirect("account_login")
    messages.success(request, "That sign-in is ended.")
    return redirect("signin:sign_ins")


@login_required
@require_POST
def end_others(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    others = access.sign_ins_of(request.user, at=at).exclude(session_key=request.session.session_key)
    actions.end_sign_ins(member=request.user, keys=[one.session_key for one in others], at=at)
    messages.success(request, "Every other sign-in is ended.")
    return redirect("signin:sign_ins")
