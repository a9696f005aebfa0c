"""The house's name, colours and logo."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.desk.house_forms import HouseForm, LogoForm, LookForm
from community.house import actions, colours
from community.house.access import stored
from community.house.desk import steward_required
from community.house.models import A_COLOUR, House
from community.members.requests import MemberRequest


def changed(request: MemberRequest, form: HouseForm, *, keep: bool = True) -> bool:
    """Set what stands in the form; says at its fields what can't be. Without `keep` it is only tried."""
    try:
        if keep:
            actions.change_house(changes=form.cleaned_data, by_id=request.user.pk, at=timezone.now())
        else:
            actions.try_house(changes=form.cleaned_data)
    except ValidationError as error:
        form.refuse(error)
        return False
    return True


def page_of(house: House, form: LookForm, logo_form: LogoForm, chosen: Mapping[str, str]) -> dict[str, Any]:
    """The look page; its samples show what was chosen, or what is set."""
    day, night = (chosen.get(name, getattr(house, name)) for name in ("door_light", "door_dark"))
    return {"form": form, "logo_form": logo_form, "day": day, "night": night}


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: MemberRequest) -> HttpResponse:
    house = stored()
    form = LookForm(request.POST or None, house=house)
    chosen: dict[str, str] = {}
    if request.method == "POST" and form.is_valid():
        keep = "preview" not in request.POST
        chosen = dict(form.cleaned_data)
        if not changed(request, form, keep=keep):
            chosen = {}  # what can't be read is not shown either
        elif keep:
            messages.success(request, "Saved. Every page has it from now on, within a few seconds.")
            return redirect("desk:look")
    page = page_of(house, form, LogoForm(), chosen) | {"preview": bool(chosen)}
    return render(request, "desk/house_look.html", page, status=422 if form.errors else 200)


@steward_required
@require_safe
def samples(request: MemberRequest) -> HttpResponse:
    """A style sheet that shows both themes at once, in the colours asked for: ours where they are no colours."""
    day, night = (
        asked if A_COLOUR.fullmatch(asked := request.GET.get(name, "")) else "" for name in ("day", "night")
    )
    return HttpResponse(colours.samples(day, night), content_type="text/css; charset=utf-8")


@steward_required
@require_POST
def logo(request: MemberRequest) -> HttpResponse:
    """Take a picture, or do without one."""
    form = LogoForm(request.POST, request.FILES)
    if "remove" in request.POST:
        take(request, b"")
        return redirect("desk:look")
    if form.is_valid():
        take(request, form.cleaned_data["logo"])
        return redirect("desk:look")
    house = stored()
    page = page_of(house, LookForm(house=house), form, {})
    return render(request, "desk/house_look.html", page, status=422)


def take(request: MemberRequest, picture: bytes) -> None:
    changes = {"logo": picture, "logo_type": "image/png" if picture else ""}
    actions.change_house(changes=changes, by_id=request.user.pk, at=timezone.now())
    messages.success(request, "The logo is in its place." if picture else "The lamp is back.")
