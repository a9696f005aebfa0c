"""The desk's first page: what waits for a steward."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.house.desk import steward_required, what_waits
from community.members.requests import MemberRequest


@steward_required
@require_safe
def home(request: MemberRequest) -> HttpResponse:
    return render(request, "desk/home.html", {"waiting": what_waits(timezone.now())})
