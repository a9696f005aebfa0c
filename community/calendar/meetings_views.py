"""Public meetings for people and for machines; meetings elsewhere, and where they came from."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.calendar import access, actions, meeting_guide
from community.calendar.forms import ElsewhereForm
from community.calendar.models import Event
from community.house.access import house
from community.members.requests import MemberRequest

A_PAGE = 60
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


def weekly() -> list[Event]:
    today = timezone.localdate()
    return [event for event in access.public_meetings() if meeting_guide.is_weekly(event, today)]


@require_safe
def public(request: HttpRequest) -> HttpResponse:
    """Open to everyone, as soon as the house has a public meeting; before that there is no such page."""
    events = weekly()
    if not events:
        raise Http404
    found = sorted(
        (day, event.time, event.title, event) for event in events for day in meeting_guide.weekdays(event)
    )
    lines = [{"day": DAYS[day], "event": event} for day, _, _, event in found]
    return render(request, "calendar/public.html", {"lines": lines})


@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    rows = meeting_guide.rows(
        weekly(), site=f"{request.scheme}://{request.get_host()}", entity=house().name,
        place=settings.PORCHLIGHT_PLACE, today=timezone.localdate(),
    )  # fmt: skip
    # Readers run in browsers on other sites; there is nothing here that is not public.
    return JsonResponse(
        rows, safe=False, headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "max-age=3600"}
    )


@login_required
@require_safe
def elsewhere(request: MemberRequest) -> HttpResponse:
    found = access.meetings_elsewhere()
    day = request.GET.get("day", "")
    if day in {str(number) for number in range(7)}:
        found = found.filter(day=int(day))
    page = Paginator(found, A_PAGE).get_page(request.GET.get("page"))
    return render(
        request, "calendar/elsewhere.html", {"page": page, "days": list(enumerate(DAYS)), "day": day}
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def sources(request: MemberRequest) -> HttpResponse:
    standing = access.sources_for(request.user)
    form = ElsewhereForm(request.POST or None, request.FILES or None)
    read = meeting_guide.Feed()
    if request.method == "POST" and form.is_valid():
        data: bytes = form.cleaned_data["file"].read(meeting_guide.BYTES_MAX + 1)
        read = meeting_guide.read_feed(data, zone=request.user.time_zone)
        if read.meetings and (not read.problems or form.cleaned_data["leave_out"]):
            kept: dict[str, Any] = {"by": request.user, "at": timezone.now()}
            actions.keep_meetings_elsewhere(
                source=form.cleaned_data["source"], meetings=read.meetings, **kept
            )
            messages.success(request, f"{len(read.meetings)} meetings are kept.")
            return redirect("meeting_guide:sources")
        form.add_error("file", "Nothing was kept." if read.problems else "There is no meeting in it.")
    page = {"form": form, "sources": standing, "problems": read.problems}
    return render(request, "calendar/sources.html", page, status=422 if form.errors else 200)


@login_required
@require_POST
def end_source(request: MemberRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(access.sources_for(request.user), pk=pk)
    actions.drop_source(source=source, by=request.user, at=timezone.now())
    messages.success(request, "Its meetings are gone from the list.")
    return redirect("meeting_guide:sources")
