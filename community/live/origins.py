"""Which pages may open a socket here: exact origins, so that another port or scheme is another site."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def allowed(headers: Mapping[bytes, bytes]) -> bool:
    """No Origin is no browser, and passes once the Host does (cookies are not sent across sites without one)."""
    host = headers.get(b"host", b"").decode("latin1")
    if not validate_host(split_domain_port(host)[0], settings.ALLOWED_HOSTS):
        return False
    origin = headers.get(b"origin")
    if origin is None:
        return True
    own = settings.PORCHLIGHT_ORIGINS or [f"http://{host}"]
    return origin.decode("latin1") in own
