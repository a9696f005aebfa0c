"""The way out."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LogoutView
from django.http import HttpResponse


class SignOut(LogoutView):  # type: ignore[misc]
    """Also clears what this site keeps in the browser: unsent words belong to who wrote them."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().post(*args, **kwargs)
        response["Clear-Site-Data"] = '"storage"'
        return response
