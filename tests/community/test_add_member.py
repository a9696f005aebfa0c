"""`manage.py add_member`: letting somebody in from the command line."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command

from community.groups.models import Membership
from community.members.models import Member
from tests.factories import GroupFactory, MemberFactory

pytestmark = pytest.mark.django_db


def add(*arguments: str, **options: Any) -> str:
    printed = io.StringIO()
    call_command("add_member", *arguments, stdout=printed, **options)
    return printed.getvalue()


def test_the_printed_password_signs_the_new_member_in() -> None:
    printed = add("--email=Linden@porchlight.example", "--handle=Linden", "--role=clinician")
    found = re.search(r"First password, shown only now: (\S+)", printed)
    assert found is not None
    member = Member.objects.get(handle="Linden")
    assert member.role == Member.Role.CLINICIAN
    assert authenticate(username="linden@porchlight.example", password=found[1]) == member
    assert authenticate(username="linden@porchlight.example", password="the wrong words here") is None


def test_a_password_from_standard_input_is_taken_and_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("three lamps and a gate\n"))
    printed = add("--email=fern@porchlight.example", "--handle=Fern", "--password-stdin")
    assert "three lamps" not in printed
    assert authenticate(username="fern@porchlight.example", password="three lamps and a gate") is not None


def test_a_short_password_from_standard_input_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("lamp\n"))
    with pytest.raises(CommandError, match="at least 15 characters"):
        add("--email=fern@porchlight.example", "--handle=Fern", "--password-stdin")
    assert not Member.objects.exists()


def test_groups_are_joined_in_the_role_that_was_named() -> None:
    porch, steps = GroupFactory(slug="porch"), GroupFactory(slug="steps")
    add("--email=fern@porchlight.example", "--handle=Fern", "--group=porch", "--group=steps:facilitator")
    roles = Membership.objects.filter(member__handle="Fern").values_list("group", "role")
    assert dict(roles) == {porch.pk: "member", steps.pk: "facilitator"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--email=new@porchlight.example", "--handle=wREN"], "already goes by that handle"),
        (["--email=Wren@porchlight.example", "--handle=Fern"], "already exists"),
        (["--email=not an address", "--handle=Fern"], "valid email"),
        (["--email=new@porchlight.example", "--handle=<Fern>"], "Use letters"),
        (["--email=new@porchlight.example", "--handle=Fern", "--group=loft"], "no group “loft”"),
        (["--email=new@porchlight.example", "--handle=Fern", "--group=porch:king"], "“king” is no role"),
        (["--email=new@porchlight.example", "--handle=Fern", "--role=king"], "invalid choice"),
    ],
)
def test_what_is_taken_or_unknown_is_named_and_nobody_is_added(arguments: list[str], why: str) -> None:
    MemberFactory(handle="Wren", email="wren@porchlight.example")
    GroupFactory(slug="porch")
    with pytest.raises(CommandError, match=why):
        add(*arguments)
    assert Member.objects.count() == 1
    add("--email=new@porchlight.example", "--handle=Fern", "--group=porch:moderator")
    assert Member.objects.count() == 2
