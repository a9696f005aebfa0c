"""The formats that meetings follow: reading, copying and writing them."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.calendar.access import occurrence_to_keep
from community.members.requests import MemberRequest
from sessions.formats import access, actions
from sessions.formats.forms import PlanForm, forms_of, script_of, with_one_more


@login_required
@require_safe
def formats(request: MemberRequest) -> HttpResponse:
    return render(request, "formats/all.html", {"formats": access.formats_for(request.user)})


@login_required
@require_safe
def format_page(request: MemberRequest, slug: str) -> HttpResponse:
    kept, version = access.format_for(request.user, slug)
    page = {
        "format": kept,
        "version": version,
        "script": version.script,
        "keeps": access.keeps(request.user, kept),
    }
    return render(request, "formats/format.html", page)


@login_required
@require_POST
def copies(request: MemberRequest, slug: str) -> HttpResponse:
    _, version = access.format_for(request.user, slug)
    copy = actions.copy_format(version=version, by=request.user, at=timezone.now())
    messages.success(request, "It is yours now: change what you like.")
    return redirect("formats:change", copy.slug)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, slug: str) -> HttpResponse:
    kept, version = access.format_to_keep(request.user, slug)
    if request.method != "POST":
        form, steps = forms_of(version)
        return render(request, "formats/change.html", {"format": kept, "form": form, "steps": steps})
    if "more" in request.POST:
        form, steps = forms_of(version, with_one_more(request.POST))
        return render(
            request, "formats/change.html", {"format": kept, "form": form, "steps": steps, "unchecked": True}
        )
    data = request.POST.copy()
    form, steps = forms_of(version, data)
    script = script_of(form, steps)
    if script is not None:
        try:
            actions.write_version(
                kept=kept, name=form.cleaned_data["name"], about=form.cleaned_data["about"], script=script,
                after=form.cleaned_data["after"], by=request.user, at=timezone.now(),
            )  # fmt: skip
        except actions.Stale:
            form.add_error(
                None, "It was changed elsewhere meanwhile. Look at it in another tab, then save this again."
            )
            data["after"] = str(version.number)
        else:
            messages.success(request, "Saved. Meetings that have begun keep the version they began with.")
            return redirect("formats:format", kept.slug)
    return render(request, "formats/change.html", {"format": kept, "form": form, "steps": steps}, status=422)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def plan(request: MemberRequest, pk: int) -> HttpResponse:
    """How an event goes: chosen by those who keep it."""
    occurrence = occurrence_to_keep(request.user, pk)
    form = PlanForm(
        request.POST or None, formats=access.formats_to_follow(), planned=access.plan_of(occurrence)
    )
    if request.method == "POST" and form.is_valid():
        actions.plan_event(
            event=occurrence.event, follows=form.cleaned_data["follows"], by=request.user, at=timezone.now()
        )
        messages.success(request, "Saved.")
        return redirect("calendar:occurrence", pk)
    page = {"form": form, "one": occurrence}
    return render(request, "formats/plan.html", page, status=422 if form.errors else 200)


@login_required
@require_safe
def script(request: MemberRequest, pk: int) -> HttpResponse:
    """What is read, and when, for those who hold the event."""
    occurrence = occurrence_to_keep(request.user, pk)
    planned = access.plan_of(occurrence)
    if planned is None:
        raise Http404
    page = {"one": occurrence, "planned": planned, "steps": planned.outline(occurrence.starts_at)}
    return render(request, "formats/script.html", page)


@login_required
@require_POST
def retirement(request: MemberRequest, slug: str) -> HttpResponse:
    kept, _ = access.format_to_keep(request.user, slug)
    actions.retire(kept=kept, at=timezone.now())
    messages.success(request, "It is out of the list.")
    return redirect("formats:all")
