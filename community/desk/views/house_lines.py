"""The help lines of the house: in which order they stand, which are shown, what they say."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.desk.house_line_form import LineForm
from community.house.desk import steward_required
from community.members.requests import MemberRequest
from moderation.crisis import access, actions
from moderation.crisis.access import Placed
from moderation.crisis.lines import Country

LAST = "That can’t be: nobody could be rung then, or no ambulance. Put another line there first, and show it."


@steward_required
@require_safe
def lines(request: MemberRequest) -> HttpResponse:
    names, shown = access.country_names(), access.countries_now()
    asked = request.GET.get("country", "").upper()
    code = asked if asked in names else access.country_for("")[0]
    own = access.read()
    page = {
        "code": code,
        "name": shown[code].name if code in shown else names[code],
        "lines": access.placed(code, own),
        "ours": any(row.country == code and row.content is not None for row in own),
        "countries": sorted(names.items(), key=lambda pair: (pair[0] not in shown, pair[1])),
    }
    return render(request, "desk/house_lines.html", page)


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def new_line(request: MemberRequest, country: str) -> HttpResponse:
    form = LineForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and form.line and "save" in request.POST:
        actions.add_line(country=known(country), line=form.line, by_id=request.user.pk, at=timezone.now())
        return back(request, country, "It is on the help page, below the others.")
    return written(request, form, country, None)


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def line(request: MemberRequest, country: str, key: str) -> HttpResponse:
    """Write a line anew, with a preview."""
    place = place_of(country, key)
    form = LineForm(request.POST or None, line=place.line)
    if request.method == "POST" and form.is_valid() and form.line and "save" in request.POST:
        try:
            actions.change_line(
                country=country, key=key, line=form.line, by_id=request.user.pk, at=timezone.now()
            )
        except actions.LastToRing:
            form.add_error(None, LAST)
        else:
            return back(request, country, "Saved. The help page says so from now on.")
    return written(request, form, country, place)


def written(request: MemberRequest, form: LineForm, country: str, place: Placed | None) -> HttpResponse:
    code = known(country)
    page: dict[str, Any] = {"form": form, "code": code, "name": access.country_names()[code], "place": place}
    if form.is_bound and form.is_valid() and form.line is not None:
        page["preview"] = Country(name=page["name"], lines=[form.line])
    return render(request, "desk/house_line.html", page, status=422 if form.errors else 200)


@steward_required
@require_POST
def act(request: MemberRequest, country: str, key: str) -> HttpResponse:
    """Move a line, hide or show it, or take back what was made of it."""
    which: dict[str, Any] = {
        "country": known(country),
        "key": key,
        "by_id": request.user.pk,
        "at": timezone.now(),
    }
    try:
        match request.POST.get("do"):
            case "up" | "down" as way:
                actions.move_line(**which, by=-1 if way == "up" else 1)
            case "hide":
                actions.hide_line(**which)
            case "show":
                actions.show_line(**which)
            case "take_back":
                actions.take_back_line(**which)
    except actions.NoSuchLine:
        raise Http404 from None
    except actions.LastToRing:
        messages.warning(request, LAST)
        return redirect(address(country))
    return back(request, country, "Done.")


@steward_required
@require_POST
def check(request: MemberRequest, country: str) -> HttpResponse:
    actions.note_check(country=known(country), by_id=request.user.pk, at=timezone.now())
    return back(request, country, "Noted. You are reminded in a year.")


def known(country: str) -> str:
    """Raises Http404."""
    if country not in access.country_names():
        raise Http404
    return country


def place_of(country: str, key: str) -> Placed:
    """Raises Http404."""
    for place in access.placed(known(country), access.read()):
        if place.key == key:
            return place
    raise Http404


def address(country: str) -> str:
    return f"{reverse('desk:lines')}?country={country}"


def back(request: MemberRequest, country: str, words: str) -> HttpResponse:
    messages.success(request, words)
    return redirect(address(country))
