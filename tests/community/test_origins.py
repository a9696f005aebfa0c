"""Which pages may open a socket: exact origins; another port, another scheme or a longer name is another site."""

from __future__ import annotations

import pytest
from django.test import override_settings

from community.live import origins


def allowed(origin: str | None, host: str = "porch.example") -> bool:
    headers = {b"host": host.encode()}
    if origin is not None:
        headers[b"origin"] = origin.encode("latin1")
    return origins.allowed(headers)


@pytest.mark.parametrize(
    ("origin", "passes"),
    [
        ("https://porch.example", True),
        ("https://other.example:8443", True),
        (None, True),
        ("http://porch.example", False),
        ("https://porch.example:444", False),
        ("https://porch.example:443", False),
        ("https://sub.porch.example", False),
        ("https://porch.example.evil.example", False),
        ("https://porch.example@evil.example", False),
        ("https://evil.example", False),
        ("https://porch.example/", False),
        ("null", False),
        ("", False),
        ("\u00ff", False),
    ],
)
@override_settings(
    ALLOWED_HOSTS=["porch.example"],
    PORCHLIGHT_ORIGINS=["https://porch.example", "https://other.example:8443"],
)
def test_with_named_origins_only_these_pass(origin: str | None, passes: bool) -> None:
    assert allowed(origin) is passes


@pytest.mark.parametrize(
    ("host", "origin", "passes"),
    [
        ("localhost:8000", "http://localhost:8000", True),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("localhost:8000", "http://127.0.0.1:8000", False),
        ("localhost:8000", "http://localhost:8001", False),
        ("localhost:8000", "http://localhost", False),
        ("localhost:8000", "https://localhost:8000", False),
        ("evil.example", "http://evil.example", False),
        ("", "http://", False),
    ],
)
@override_settings(ALLOWED_HOSTS=["localhost", "127.0.0.1", "[::1]"], PORCHLIGHT_ORIGINS=[])
def test_without_named_origins_it_is_that_of_the_host_asked_for(host: str, origin: str, passes: bool) -> None:
    assert allowed(origin, host) is passes


@override_settings(ALLOWED_HOSTS=["porch.example"], PORCHLIGHT_ORIGINS=["https://porch.example"])
def test_a_host_that_is_not_ours_is_refused_whatever_the_origin() -> None:
    assert allowed(None)
    for host in ("evil.example", "", "porch.example.evil.example"):
        assert not allowed("https://porch.example", host)
        assert not allowed(None, host)
    assert not origins.allowed({})
