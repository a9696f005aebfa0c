"""The audit log in words, and a copy of it."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.desk import access, actions, trail
from community.desk.confirming import confirmed
from community.desk.forms import TrailForm
from community.house.desk import steward_required
from community.members.requests import MemberRequest


@steward_required
@require_safe
def audit(request: MemberRequest) -> HttpResponse:
    form = TrailForm(request.GET, groups=access.groups_for_desk())
    found = trail.trail_page(form.asked()) if form.is_valid() else trail.TrailPage([], None)
    older = request.GET.copy()
    older["before"] = str(found.before)
    page = {
        "form": form,
        "lines": found.lines,
        "older": older.urlencode() if found.before else "",
        "narrowed": form.is_valid() and bool(form.asked().narrowed_by),
        "look": trail.last_look(),
        "copy_most": trail.COPY_MOST,
    }
    return render(request, "desk/audit.html", page, status=422 if form.errors else 200)


@steward_required
@confirmed
def copies(request: MemberRequest) -> HttpResponse:
    if request.method != "POST":
        return redirect("desk:audit")
    form = TrailForm(request.POST, groups=access.groups_for_desk())
    if not form.is_valid():
        return redirect("desk:audit")
    asked, now = form.asked(), timezone.now()
    lines = trail.copy_of(asked)
    actions.record_export(rows=len(lines), narrowed_by=asked.narrowed_by, by=request.user, at=now)
    response = HttpResponse(trail.as_csv(lines), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="record-{timezone.localdate(now):%Y-%m-%d}.csv"'
    return response
