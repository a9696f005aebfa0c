"""The request of someone who is signed in, for views behind `login_required`."""

from __future__ import annotations

from django.http import HttpRequest

from community.members.models import Member


class MemberRequest(HttpRequest):
    user: Member
    less_data: bool
