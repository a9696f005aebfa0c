"""Groups and their rooms: made, changed, closed and opened again; who is in them."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from community.desk import access
from community.desk.forms import GroupForm, GroupRoleForm, RoomForm
from community.desk.views.people import made
from community.groups import keeping
from community.groups.models import Group
from community.house.desk import steward_required
from community.members.requests import MemberRequest
from sessions.rooms import keeping as rooms
from sessions.rooms.models import Room

PEOPLE_A_PAGE = 60
page_or_post = require_http_methods(["GET", "HEAD", "POST"])


@steward_required
@require_safe
def groups(request: MemberRequest) -> HttpResponse:
    return render(request, "desk/groups.html", {"groups": access.groups_with_counts()})


@steward_required
@page_or_post
def new_group(request: MemberRequest) -> HttpResponse:
    form = GroupForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        group = keeping.make_group(values=form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, f"{group.name} is there. Now make its first room, and put people in it.")
        return redirect("desk:group", group.slug)
    return render(request, "desk/new_group.html", {"form": form}, status=422 if form.errors else 200)


@steward_required
@page_or_post
def group(request: MemberRequest, slug: str) -> HttpResponse:
    found = access.group_for_desk(slug)
    if request.method != "POST":
        return group_page(request, found)
    form = GroupForm(request.POST, instance=access.group_for_desk(slug), auto_id="id_group_%s")
    if not form.is_valid():
        return group_page(request, found, status=422, change=form)
    changed = keeping.change_group(group=found, values=form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, "Saved." if changed else "Nothing was different.")
    return redirect("desk:group", slug)


def group_page(request: MemberRequest, group: Group, *, status: int = 200, **refused: Any) -> HttpResponse:
    people = Paginator(access.people_of(group), PEOPLE_A_PAGE).get_page(request.GET.get("page"))
    ready = {
        "change": GroupForm(instance=group, auto_id="id_group_%s"),
        "room": made(RoomForm, "room"),
    }
    roles = [(one, made(GroupRoleForm, f"in_{one.pk}", initial={"role": one.role})) for one in people]
    page = {
        "group": group,
        "rooms": access.rooms_of(group),
        "requests": access.requests_to(group),
        "people": people,
        "roles": roles,
        "forms": ready | refused,
    }
    return render(request, "desk/group.html", page, status=status)


@steward_required
@page_or_post
def closing(request: MemberRequest, slug: str) -> HttpResponse:
    found = access.group_for_desk(slug)
    if request.method == "POST" and keeping.close_group(group=found, by=request.user, at=timezone.now()):
        messages.success(request, f"{found.name} is closed. Everything in it can still be read.")
    return redirect("desk:group", slug)


@steward_required
@page_or_post
def opening(request: MemberRequest, slug: str) -> HttpResponse:
    found = access.group_for_desk(slug)
    if request.method == "POST" and keeping.open_group_again(group=found, by=request.user, at=timezone.now()):
        messages.success(request, f"{found.name} stands open again.")
    return redirect("desk:group", slug)


@steward_required
@page_or_post
def new_room(request: MemberRequest, slug: str) -> HttpResponse:
    found = access.group_for_desk(slug)
    if request.method != "POST":
        return redirect("desk:group", slug)
    form = made(RoomForm, "room", request.POST)
    if not form.is_valid():
        return group_page(request, found, status=422, room=form)
    room = rooms.make_room(group=found, values=form.cleaned_data, by=request.user, at=timezone.now())
    messages.success(request, f"The room {room.name} is there.")
    return redirect("desk:group", slug)


@steward_required
@page_or_post
def room(request: MemberRequest, slug: str, room_slug: str) -> HttpResponse:
    found = access.room_for_desk(slug, room_slug)
    form = RoomForm(request.POST or None, initial=values_of(found))
    if request.method == "POST" and form.is_valid():
        changed = rooms.change_room(room=found, values=form.cleaned_data, by=request.user, at=timezone.now())
        messages.success(request, "Saved." if changed else "Nothing was different.")
        return redirect("desk:group", slug)
    page = {"room": found, "group": found.group, "form": form}
    return render(request, "desk/room.html", page, status=422 if form.errors else 200)


def values_of(room: Room) -> dict[str, Any]:
    return {name: getattr(room, name) for name in rooms.CHANGEABLE}


@steward_required
@page_or_post
def room_closing(request: MemberRequest, slug: str, room_slug: str) -> HttpResponse:
    found = access.room_for_desk(slug, room_slug)
    if request.method == "POST" and rooms.close_room(room=found, by=request.user, at=timezone.now()):
        messages.success(request, f"{found.name} is closed. What was said can still be read.")
    return redirect("desk:group", slug)


@steward_required
@page_or_post
def room_opening(request: MemberRequest, slug: str, room_slug: str) -> HttpResponse:
    found = access.room_for_desk(slug, room_slug)
    if request.method == "POST" and rooms.open_room_again(room=found, by=request.user, at=timezone.now()):
        messages.success(request, f"{found.name} stands open again.")
    return redirect("desk:group", slug)
