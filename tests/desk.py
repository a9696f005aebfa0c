"""A steward at the desk, for tests of its pages."""

from __future__ import annotations

import time

from django.test import Client

from community.members.models import Member
from tests.factories import MemberFactory

RECORDS = "account_authentication_methods"


def client_of(member: Member, *, confirmed: bool = False) -> Client:
    """Signed in; `confirmed`: they showed a moment ago that it is still them."""
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    if confirmed:
        session = client.session
        session[RECORDS] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
        session[f"{RECORDS}_user"] = str(member.pk)
        session.save()
    return client


def steward(handle: str = "Marigold") -> Member:
    return MemberFactory(
        handle=handle, role=Member.Role.STEWARD, email=f"{handle.lower()}@porchlight.example"
    )
