"""Pages of someone signed in are kept nowhere: not by the browser, so that Back after leaving shows nothing."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse


class KeptNowhere:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        personal = settings.SESSION_COOKIE_NAME in request.COOKIES
        response.setdefault("Cache-Control", "no-store, private" if personal else "no-cache")
        return response
