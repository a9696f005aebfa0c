"""Each page as its reader reads it: times in their own zone, formats in their language, less data if they want less."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.utils import timezone, translation

from community.members.weeks import note_week


class MemberReading:
    """Sets `request.less_data`: the member's own setting, or the browser's `Save-Data`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        less = request.headers.get("Save-Data", "").strip().lower() == "on"
        request.less_data = less  # type: ignore[attr-defined]
        if "sessionid" not in request.COOKIES or not request.user.is_authenticated:
            return self.get_response(request)
        member = request.user
        request.less_data = less or member.less_data  # type: ignore[attr-defined]
        note_week(member=member, at=timezone.now())
        with timezone.override(ZoneInfo(member.time_zone)), translation.override(member.language):
            return self.get_response(request)
