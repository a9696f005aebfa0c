"""An .ics file on its way into a group's calendar: looked at first, then confirmed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from community.calendar import access, actions
from community.calendar.forms import ImportForm
from community.calendar.importing import Planned, Problem, read_ics
from community.calendar.recurrence import in_words
from community.members.requests import MemberRequest

PREVIEW = timedelta(days=365)
DATES_SHOWN = 3


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def import_file(request: MemberRequest) -> HttpResponse:
    access.require_scheduler(request.user)
    groups = access.groups_to_schedule_for(request.user)
    if request.method != "POST":
        return render(request, "calendar/import.html", {"form": ImportForm(groups=groups)})
    form = ImportForm(request.POST, request.FILES, groups=groups)
    if not form.is_valid():
        return render(request, "calendar/import.html", {"form": form}, status=422)
    reading = read_ics(form.cleaned_data["data"], zone=request.user.time_zone)
    problems = list(reading.problems)
    if "confirm" in request.POST and not problems:
        try:
            return put(request, form, reading.events)
        except actions.NotYours as error:
            problems.append(
                Problem(0, f"The event {error} stands in the calendar already, outside of this group.")
            )
    now = timezone.now()
    page = {
        "form": form,
        "group": form.cleaned_data["group"],
        "problems": problems,
        "events": [] if problems else [preview(planned, now) for planned in reading.events],
        "text": "" if problems else form.cleaned_data["data"].decode("utf-8-sig"),
    }
    return render(request, "calendar/import.html", page, status=422 if problems else 200)


def put(request: MemberRequest, form: ImportForm, plans: list[Planned]) -> HttpResponse:
    new, updated = actions.import_events(
        plans=plans,
        group=form.cleaned_data["group"],
        kind=access.usual_kind(),
        host=request.user,
        at=timezone.now(),
    )
    messages.success(request, f"In the calendar: {new} new, {updated} updated.")
    return redirect("calendar:agenda")


def preview(planned: Planned, now: datetime) -> dict[str, object]:
    dates = planned.dates(now, now + PREVIEW)
    return {
        "title": planned.title,
        "how_often": in_words(planned.series.rule, planned.series.start),
        "all_day": planned.series.all_day,
        "next": [start for start, _ in dates[:DATES_SHOWN]],
        "count": len(dates),
        "cancelled": planned.cancelled,
    }
