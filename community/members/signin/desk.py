"""The steward's pages for people who lost every way in."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from community.house.desk import Waiting, steward_required
from community.members.requests import MemberRequest
from community.members.signin import access, recovery
from community.members.signin.forms import StartRecoveryForm


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def recoveries(request: MemberRequest) -> HttpResponse:
    number = request.GET.get("call", "")
    call = access.call_for_desk(int(number)) if number.isdecimal() else None
    form = StartRecoveryForm(
        request.POST or None, initial={"handle": call.handle if call else request.GET.get("handle", "")}
    )
    if request.method == "POST" and form.is_valid():
        try:
            recovery.start_recovery(
                member=form.member, by=request.user, email=form.cleaned_data["email"], how=form.cleaned_data["how"],
                call=call, at=timezone.now(),
            )  # fmt: skip
        except recovery.RecoveryRefused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, "Started. They are told, and so is the old address.")
            return redirect("recoveries:desk")
    page = {
        "form": form,
        "call": call,
        "calls": access.calls_waiting(),
        "recoveries": access.recoveries_open(),
    }
    return render(request, "signin/desk_recovery.html", page, status=422 if form.errors else 200)


@steward_required
@require_POST
def put_aside(request: MemberRequest, pk: int) -> HttpResponse:
    recovery.put_aside(call=access.call_for_desk(pk), by=request.user, at=timezone.now())
    messages.success(request, "Put aside, and what it said is wiped.")
    return redirect("recoveries:desk")


@steward_required
@require_POST
def stop(request: MemberRequest, pk: int) -> HttpResponse:
    recovery.stop_recovery(recovery=access.recovery_for_desk(pk), by=request.user, at=timezone.now())
    messages.success(request, "Stopped.")
    return redirect("recoveries:desk")


@steward_required
@require_POST
def resend(request: MemberRequest, pk: int) -> HttpResponse:
    recovery.resend_recovery(recovery=access.recovery_for_desk(pk), by=request.user, at=timezone.now())
    messages.success(request, "A new link is on its way; the old one opens nothing any more.")
    return redirect("recoveries:desk")


def waiting(at: datetime) -> Iterable[Waiting]:
    count = access.calls_waiting().count()
    if count:
        words = "1 person can’t get in" if count == 1 else f"{count} people can’t get in"
        yield Waiting(words, reverse("recoveries:desk"))
