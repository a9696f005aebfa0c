"""The health of the instance, in words."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.desk import health as parts
from community.house.desk import steward_required
from community.members.requests import MemberRequest


@steward_required
@require_safe
def health(request: MemberRequest) -> HttpResponse:
    at = timezone.now()
    findings = parts.look(at)
    return render(
        request, "desk/health.html", {"findings": findings, "worst": parts.worst(findings), "at": at}
    )
