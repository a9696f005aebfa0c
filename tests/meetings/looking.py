"""Looking at a meeting's pages as somebody."""

from __future__ import annotations

import re

from django.test import Client
from django.urls import reverse

from community.members.models import Member
from tests.meetings.holding import Circle

SAID = re.compile(r'data-say="([^"]*)"')


def address(name: str, held: Circle) -> str:
    return reverse(f"meetings:{name}", args=[held.one.pk])


def signed_in(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def looked_at(member: Member, held: Circle, name: str = "door") -> str:
    answer = signed_in(member).get(address(name, held))
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def said_at(page: str) -> str:
    """How the door stands, as it is read out."""
    found = SAID.search(page)
    return found[1] if found else ""
