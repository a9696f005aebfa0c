"""The house's texts on the desk: written, previewed, published as a new version."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from community.desk.house_forms import TextForm
from community.house import access, actions
from community.house.changes import between, near
from community.house.desk import steward_required
from community.house.models import HouseText
from community.members.requests import MemberRequest

MEANWHILE = "Version {} was published while you wrote. Look at what it changed, then publish yours again."


@steward_required
@require_safe
def texts(request: MemberRequest) -> HttpResponse:
    rows = [(kind, access.versions(kind).first()) for kind in HouseText.Kind]
    return render(request, "desk/house_texts.html", {"rows": rows})


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def text(request: MemberRequest, kind: HouseText.Kind) -> HttpResponse:
    """Write the next version. The preview shows it as it will be read, and what it changes; nothing is kept yet."""
    current = access.current_text(kind)
    form = TextForm(request.POST or None, current=current)
    page: dict[str, Any] = {"kind": kind, "current": current, "form": form}
    if request.method == "POST" and form.is_valid():
        if "publish" not in request.POST:
            page |= {
                "preview": form.html,
                "parts": near(between(current.raw if current else "", form.cleaned_data["raw"])),
            }
        elif published(request, kind, form):
            return redirect("desk:text", kind)
    page["versions"] = list(access.versions(kind)[:20])
    return render(request, "desk/house_text.html", page, status=422 if form.errors else 200)


def published(request: MemberRequest, kind: HouseText.Kind, form: TextForm) -> bool:
    """Publish what stands in the form; says in it when somebody else was first."""
    try:
        made = actions.publish_text(kind=kind, by_id=request.user.pk, at=timezone.now(), **form.cleaned_data)
    except actions.PublishedMeanwhile as meanwhile:
        form.data = {**form.data.dict(), "after": meanwhile.version}  # type: ignore[attr-defined] # it is a QueryDict
        form.add_error("raw", MEANWHILE.format(meanwhile.version))
        return False
    messages.success(
        request, f"Version {made.version} stands now. Everyone sees it, and is asked to agree to it."
    )
    return True
