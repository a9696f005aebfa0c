"""The groups one may know of, one group, and what its keepers do."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.groups import access, actions
from community.groups.forms import AnswerForm, AskForm, RemovalForm, RoleForm
from community.groups.models import Group, JoinRequest, Membership
from community.members.requests import MemberRequest

PEOPLE_A_PAGE = 60


def posted(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """For what is only posted to. Someone who had to sign in first arrives by GET, and finds the group's page."""

    @functools.wraps(view)
    def wrapper(request: MemberRequest, **place: Any) -> HttpResponse:
        if request.method == "POST":
            return view(request, **place)
        return redirect("groups:group", place["slug"]) if "slug" in place else redirect("groups:all")

    return wrapper


@login_required
@require_safe
def all_groups(request: MemberRequest) -> HttpResponse:
    return render(
        request,
        "groups/all.html",
        {"mine": access.my_groups(request.user), "others": access.other_groups(request.user)},
    )


@login_required
@require_safe
def group(request: MemberRequest, slug: str) -> HttpResponse:
    return group_page(request, access.group_for(request.user, slug), AskForm())


def group_page(request: MemberRequest, group: Group, form: AskForm, status: int = 200) -> HttpResponse:
    standing = access.standing_in(request.user, group)
    inside = standing.membership_role is not None
    asked = None if inside else access.last_request(request.user, group)
    page = {
        "group": group,
        "standing": standing,
        "inside": inside,
        "keepers": access.keepers_of(group),
        "without_a_profile": access.without_a_profile(request.user) if inside else set(),
        "requests": access.open_requests(group, standing),
        "asked": asked,
        "may_ask": access.may_ask(asked, timezone.now()),
        "form": form,
    }
    return render(request, "groups/group.html", page, status=status)


@login_required
@posted
def memberships(request: MemberRequest, slug: str) -> HttpResponse:
    group = access.group_for(request.user, slug)
    try:
        actions.join_group(group=group, member=request.user, at=timezone.now())
    except actions.NotOpen:
        messages.warning(request, "This group can’t be joined just like that.")
    else:
        messages.success(request, f"You are in {group.name} now.")
    return redirect("groups:group", slug)


@login_required
@posted
def requests(request: MemberRequest, slug: str) -> HttpResponse:
    group = access.group_for(request.user, slug)
    form = AskForm(request.POST)
    if not form.is_valid():
        return group_page(request, group, form, status=422)
    try:
        words = form.cleaned_data["words"]
        actions.ask_to_join(group=group, member=request.user, words=words, at=timezone.now())
    except (actions.NotOpen, actions.AskedAlready):
        messages.warning(request, "You have asked already, or this group doesn’t take requests.")
    return redirect("groups:group", slug)


@login_required
@posted
def answer(request: MemberRequest, pk: int) -> HttpResponse:
    join = access.request_for(request.user, pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return redirect("groups:group", join.group.slug)
    given = JoinRequest.Answer(form.cleaned_data["answer"])
    try:
        actions.answer_request(request=join, by=request.user, answer=given, at=timezone.now())
    except actions.AnsweredAlready:
        messages.warning(request, f"Someone has answered {join.member.handle} already.")
    else:
        welcome = given == JoinRequest.Answer.WELCOME
        said = (
            f"{join.member.handle} is in now." if welcome else f"You said “not now” to {join.member.handle}."
        )
        messages.success(request, said)
    return redirect("groups:group", join.group.slug)


@login_required
@posted
def departures(request: MemberRequest, slug: str) -> HttpResponse:
    group, _ = access.inside_group_for(request.user, slug)
    try:
        actions.leave_group(group=group, member=request.user)
    except actions.OnlyFacilitator:
        messages.warning(request, "You are its only facilitator. Make someone else one first, then leave.")
        return redirect("groups:group", slug)
    messages.success(request, f"You have left {group.name}.")
    return redirect("groups:all")


@login_required
@require_safe
def people(request: MemberRequest, slug: str) -> HttpResponse:
    group, mine = access.inside_group_for(request.user, slug)
    page = Paginator(access.people_seen_by(request.user, group), PEOPLE_A_PAGE).get_page(
        request.GET.get("page")
    )
    rows = [(membership, access.may_act_on(mine, membership)) for membership in page]
    return render(request, "groups/people.html", {"group": group, "page": page, "rows": rows})


@login_required
@require_safe
def person(request: MemberRequest, slug: str, public_id: str) -> HttpResponse:
    mine, theirs = access.membership_to_keep(request.user, slug, public_id)
    return person_page(request, mine, theirs, RemovalForm())


def person_page(
    request: MemberRequest, mine: Membership, theirs: Membership, form: RemovalForm, status: int = 200
) -> HttpResponse:
    roles = RoleForm(initial={"role": theirs.role}) if mine.role == Membership.Role.FACILITATOR else None
    page = {"group": theirs.group, "membership": theirs, "roles": roles, "form": form}
    return render(request, "groups/person.html", page, status=status)


@login_required
@posted
def role(request: MemberRequest, slug: str, public_id: str) -> HttpResponse:
    theirs = access.membership_to_set_role_of(request.user, slug, public_id)
    form = RoleForm(request.POST)
    if form.is_valid():
        given = Membership.Role(form.cleaned_data["role"])
        actions.set_role(membership=theirs, role=given, by=request.user, at=timezone.now())
        messages.success(request, f"{theirs.member.handle}: {theirs.get_role_display().lower()} from now on.")
    return redirect("groups:person", slug, public_id)


@login_required
@posted
def removal(request: MemberRequest, slug: str, public_id: str) -> HttpResponse:
    mine, theirs = access.membership_to_keep(request.user, slug, public_id)
    form = RemovalForm(request.POST)
    if not form.is_valid():
        return person_page(request, mine, theirs, form, status=422)
    reason = form.cleaned_data["reason"]
    actions.remove_member(
        group=theirs.group, member=theirs.member, by=request.user, reason=reason, at=timezone.now()
    )
    messages.success(request, f"{theirs.member.handle} is no longer in {theirs.group.name}.")
    return redirect("groups:people", slug)
