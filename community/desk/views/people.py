"""People: the list, one person, and what a steward may do about them."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.desk import access, actions
from community.desk import people as finding
from community.desk.confirming import confirmed
from community.desk.forms import (
    AddressForm,
    DeathForm,
    GroupRoleForm,
    PeopleForm,
    PlaceForm,
    ReasonForm,
    RoleForm,
    SuspendForm,
    TrainingForm,
)
from community.groups import actions as groups
from community.groups import keeping
from community.groups.models import Membership
from community.house.desk import steward_required
from community.members import leaving, naming, suspension
from community.members import roles as house_roles
from community.members.models import Member
from community.members.requests import MemberRequest

View = Callable[..., HttpResponseBase]
ANOTHER_STEWARD = "That would be about yourself. Ask another steward to do it."


def posted(view: View) -> View:
    """For what is only posted to, about a member; whoever comes by GET finds the person's page."""

    @steward_required
    @wraps(view)
    def wrapper(request: MemberRequest, public_id: str, **place: Any) -> HttpResponseBase:
        if request.method != "POST":
            return redirect("desk:person", public_id)
        return view(request, access.member_for_desk(public_id), **place)

    return wrapper


def made(form: Callable[..., Any], name: str, *args: Any, **kwargs: Any) -> Any:
    """A form whose fields have ids of their own: several stand on the page."""
    return form(*args, auto_id=f"id_{name}_%s", **kwargs)


@steward_required
@require_safe
def people(request: MemberRequest) -> HttpResponse:
    form = PeopleForm(request.GET, groups=access.groups_for_desk())
    wanted = form.wanted()
    found = finding.people(wanted)
    today = timezone.localdate()
    rows = [(one, finding.state_of(one), finding.last_here(one, today)) for one in found.people]
    start = request.GET.copy()
    start.pop("after", None)
    more = start.copy()
    more["after"] = found.after
    page = {
        "form": form,
        "wanted": wanted,
        "rows": rows,
        "start": start.urlencode(),
        "more": more.urlencode() if found.after else "",
        "by_address": made(AddressForm, "by"),
    }
    return render(request, "desk/people.html", page, status=422 if form.errors else 200)


@steward_required
@confirmed
def by_address(request: MemberRequest) -> HttpResponse:
    form = AddressForm(request.POST)
    if form.is_valid():
        address = form.cleaned_data["address"]
        found = actions.find_by_address(address=address, by=request.user, at=timezone.now())
        if found is not None:
            return redirect("desk:person", found.public_id)
        messages.warning(request, "Nobody signs in with that address.")
    elif request.POST:
        messages.warning(request, "That is no e-mail address.")
    return redirect("desk:people")


@steward_required
@require_safe
def person(request: MemberRequest, public_id: str) -> HttpResponse:
    return person_page(request, access.member_for_desk(public_id))


def person_page(
    request: MemberRequest, member: Member, *, address: str = "", status: int = 200, **refused: Any
) -> HttpResponse:
    """`refused` are forms that were filled in and sent back, by their names; `address` when it was asked for."""
    found = access.person(member, timezone.now())
    groups_left = access.groups_to_put_in(member)
    ready = {
        "suspend": made(SuspendForm, "suspend"),
        "role": made(RoleForm, "role", initial={"role": member.role}),
        "place": made(PlaceForm, "place", groups=groups_left),
        "handle": made(ReasonForm, "handle"),
        "death": made(DeathForm, "death"),
        "training": made(TrainingForm, "training", groups=access.groups_for_desk()),
    }
    roles = [
        (one, made(GroupRoleForm, f"in_{one.pk}", initial={"role": one.role})) for one in found.memberships
    ]
    page = {
        "person": found,
        "member": member,
        "address": address,
        "forms": ready | refused,
        "roles": roles,
        "today": timezone.localdate(),
    }
    return render(request, "desk/person.html", page, status=status)


@posted
@confirmed
def address(request: MemberRequest, member: Member) -> HttpResponse:
    shown = actions.show_address(member=member, by=request.user, at=timezone.now())
    return person_page(request, member, address=shown)


@posted
def suspensions(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(SuspendForm, "suspend", request.POST)
    if not form.is_valid():
        return person_page(request, member, status=422, suspend=form)
    if member.pk == request.user.pk:
        messages.warning(request, ANOTHER_STEWARD)
        return redirect("desk:person", member.public_id)
    at, reason = timezone.now(), form.cleaned_data["reason"]
    suspension.suspend(member=member, by=request.user, reason=reason, at=at, until=form.until(at))
    messages.success(request, f"{member.handle} is suspended, and signed out everywhere.")
    return redirect("desk:person", member.public_id)


@posted
def suspension_end(request: MemberRequest, member: Member) -> HttpResponse:
    if suspension.lift_suspension(member=member, by=request.user, at=timezone.now()):
        messages.success(request, f"{member.handle} may sign in again.")
    else:
        messages.warning(request, "No suspension stands.")
    return redirect("desk:person", member.public_id)


@posted
def sign_ins_end(request: MemberRequest, member: Member) -> HttpResponse:
    try:
        ended = actions.end_all_sign_ins(member=member, by=request.user, at=timezone.now())
    except actions.Oneself:
        messages.warning(request, "That would sign you out here too. Use “Your sign-ins” for your own.")
    else:
        what = "1 sign-in" if ended == 1 else f"{ended} sign-ins"
        messages.success(request, f"Ended {what} of {member.handle}." if ended else "There was none to end.")
    return redirect("desk:person", member.public_id)


@posted
def memberships(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(PlaceForm, "place", request.POST, groups=access.groups_to_put_in(member))
    if not form.is_valid():
        return person_page(request, member, status=422, place=form)
    group, role = form.cleaned_data["group"], Membership.Role(form.cleaned_data["role"])
    try:
        keeping.put_in_group(group=group, member=member, role=role, by=request.user, at=timezone.now())
    except keeping.GroupClosed:
        messages.warning(request, f"{group.name} is closed.")
    except keeping.NotHere:
        messages.warning(request, f"{member.handle} can’t sign in just now, so can’t be put in a group.")
    else:
        messages.success(request, f"{member.handle} is in {group.name} now.")
    return redirect("desk:person", member.public_id)


def back(request: MemberRequest, membership: Membership) -> HttpResponse:
    """To the page that the form stood on: the group's or the person's."""
    if request.POST.get("from") == "group":
        return redirect("desk:group", membership.group.slug)
    return redirect("desk:person", membership.member.public_id)


@posted
def group_role(request: MemberRequest, member: Member, slug: str) -> HttpResponse:
    membership = access.membership_for_desk(member.public_id, slug)
    form = GroupRoleForm(request.POST)
    if form.is_valid():
        role = Membership.Role(form.cleaned_data["role"])
        try:
            groups.set_role(membership=membership, role=role, by=request.user, at=timezone.now())
        except groups.OnlyFacilitator:
            messages.warning(
                request,
                f"{member.handle} is the only facilitator of {membership.group.name}. Choose another first.",
            )
        else:
            words = (
                f"{member.handle} is {Membership.Role(role).label.lower()} in {membership.group.name} now."
            )
            messages.success(request, words)
    return back(request, membership)


@posted
def removal(request: MemberRequest, member: Member, slug: str) -> HttpResponse:
    membership = access.membership_for_desk(member.public_id, slug)
    form = ReasonForm(request.POST)
    if not form.is_valid():
        messages.warning(request, "Say why, in a sentence. Nothing was changed.")
    else:
        reason = form.cleaned_data["reason"]
        groups.remove_member(
            group=membership.group, member=member, by=request.user, reason=reason, at=timezone.now()
        )
        messages.success(request, f"{member.handle} is no longer in {membership.group.name}.")
    return back(request, membership)


@posted
@confirmed
def role(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(RoleForm, "role", request.POST)
    if not form.is_valid():
        return person_page(request, member, status=422, role=form)
    given, reason = Member.Role(form.cleaned_data["role"]), form.cleaned_data["reason"]
    if member.pk == request.user.pk:
        messages.warning(request, ANOTHER_STEWARD)
        return redirect("desk:person", member.public_id)
    try:
        house_roles.change_role(member=member, role=given, by=request.user, reason=reason, at=timezone.now())
    except house_roles.LastSteward:
        messages.warning(request, "Nobody would be left to run the place.")
    else:
        messages.success(request, f"{member.handle}: {given.label.lower()} from now on.")
    return redirect("desk:person", member.public_id)


@posted
def handle_request(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(ReasonForm, "handle", request.POST)
    if not form.is_valid():
        return person_page(request, member, status=422, handle=form)
    reason = form.cleaned_data["reason"]
    naming.require_new_handle(member=member, by=request.user, reason=reason, at=timezone.now())
    messages.success(request, f"{member.handle} is asked to choose another handle.")
    return redirect("desk:person", member.public_id)


@posted
@confirmed
def death(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(DeathForm, "death", request.POST)
    if not form.is_valid():
        return person_page(request, member, status=422, death=form)
    if member.pk == request.user.pk:
        messages.warning(request, ANOTHER_STEWARD)
        return redirect("desk:person", member.public_id)
    words = form.cleaned_data["words"]
    try:
        leaving.mark_as_died(member=member, by=request.user, words=words, at=timezone.now())
    except (leaving.AwayAlready, house_roles.LastSteward):
        messages.warning(
            request, "Their account was closed already, or nobody would be left to run the place."
        )
    else:
        messages.success(request, f"The account of {member.handle} is closed. What they wrote stays.")
    return redirect("desk:person", member.public_id)


@posted
@confirmed
def death_undone(request: MemberRequest, member: Member) -> HttpResponse:
    if leaving.undo_died(member=member, by=request.user, at=timezone.now()):
        messages.success(request, f"The account of {member.handle} is as it was.")
    return redirect("desk:person", member.public_id)
