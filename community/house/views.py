"""The house's texts for those who live by them, its colours and its logo."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import etag, require_POST, require_safe

from community.house import access, actions
from community.house.changes import between, near
from community.house.models import HouseText

FOR_GOOD = "public, max-age=31536000, immutable"
NO_SCRIPT = "default-src 'none'; sandbox"


def kept_for_good(response: HttpResponse, *, asked: str, current: str) -> HttpResponse:
    """What an address with the current version answers never changes; any other answer may."""
    response["Cache-Control"] = FOR_GOOD if asked == current else "no-cache"
    return response


@require_safe
@etag(lambda request: f'"{access.house().theme}"')
def theme(request: HttpRequest) -> HttpResponse:
    """The house's own colours over the shipped ones, for everyone: it also colours the page on which one signs in."""
    house = access.house()
    if not house.theme:
        raise Http404
    response = HttpResponse(house.sheet, content_type="text/css; charset=utf-8")
    return kept_for_good(response, asked=request.GET.get("v", ""), current=house.theme)


@require_safe
@etag(lambda request: f'"{access.house().logo_version}"')
def logo(request: HttpRequest) -> HttpResponse:
    house = access.house()
    if not house.logo:
        raise Http404
    response = HttpResponse(bytes(house.logo), content_type=house.logo_type)
    response["Content-Security-Policy"] = NO_SCRIPT
    return kept_for_good(response, asked=request.GET.get("v", ""), current=house.logo_version)


@login_required
@require_safe
def text(request: HttpRequest, kind: HouseText.Kind) -> HttpResponse:
    """A text as it stands, and whether the reader agreed to it. Signed in only: it says what the place is for."""
    assert request.user.pk is not None
    page = {
        "kind": kind,
        "text": access.current_text(kind),
        "agreed": access.agreed_to(request.user.pk, kind),
        "others": [other for other in HouseText.Kind if other != kind],
    }
    return render(request, "house/text.html", page)


@login_required
@require_safe
def changes(request: HttpRequest, kind: HouseText.Kind, version: int) -> HttpResponse:
    """What a version changed, word by word."""
    text, before = access.version_and_before(kind, version)
    page = {"kind": kind, "text": text, "parts": near(between(before.raw if before else "", text.raw))}
    return render(request, "house/changes.html", page)


@login_required
@require_POST
def agreement(request: HttpRequest, kind: HouseText.Kind) -> HttpResponse:
    """Agree to the version that was read: one that was published meanwhile is still to be read."""
    current = access.current_text(kind)
    if current is None:
        raise Http404
    if request.POST.get("version") != str(current.version):
        messages.warning(request, "A newer version was published meanwhile. Here it is.")
    else:
        assert request.user.pk is not None
        actions.agree(member_id=request.user.pk, agreed=current, at=timezone.now())
        messages.success(request, "Thank you. That is noted.")
    return redirect("house:text", kind)
