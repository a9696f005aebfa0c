"""The steward's page of the kinds of events."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from community.calendar import access, sorts
from community.calendar.forms import KindForm
from community.house.desk import steward_required
from community.members.requests import MemberRequest

TAKEN = "Another kind is called that."


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def kinds(request: MemberRequest) -> HttpResponse:
    form = KindForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            sorts.add_kind(name=form.cleaned_data["name"], by=request.user, at=timezone.now())
        except sorts.NameTaken:
            form.add_error("name", TAKEN)
        else:
            messages.success(request, "Added. It can be chosen from now on.")
            return redirect("kinds:all")
    page = {"form": form, "kinds": access.kinds_in_use()}
    return render(request, "calendar/kinds.html", page, status=422 if form.errors else 200)


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def kind(request: MemberRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(access.kinds_in_use(), pk=pk)
    form = KindForm(request.POST or None, initial={"name": one.name})
    if request.method == "POST" and form.is_valid():
        try:
            sorts.rename_kind(kind=one, name=form.cleaned_data["name"], by=request.user, at=timezone.now())
        except sorts.NameTaken:
            form.add_error("name", TAKEN)
        else:
            messages.success(request, "Saved. Its events are called that now.")
            return redirect("kinds:all")
    return render(
        request, "calendar/kind.html", {"form": form, "one": one}, status=422 if form.errors else 200
    )


@steward_required
@require_POST
def drop(request: MemberRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(access.kinds_in_use(), pk=pk)
    try:
        sorts.drop_kind(kind=one, by=request.user, at=timezone.now())
    except sorts.InUse:
        messages.warning(request, "Events are of this kind: give them another one first.")
    else:
        messages.success(request, "It is gone from the list.")
    return redirect("kinds:all")
