"""What a steward may set while people are here."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from community.desk.house_forms import SettingsForm
from community.desk.views.house_look import changed
from community.house.access import stored
from community.house.desk import steward_required
from community.members.requests import MemberRequest


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: MemberRequest) -> HttpResponse:
    form = SettingsForm(request.POST or None, house=stored())
    if request.method == "POST" and form.is_valid() and changed(request, form):
        messages.success(request, "Saved. It holds from now on.")
        return redirect("desk:settings")
    return render(request, "desk/house_settings.html", {"form": form}, status=422 if form.errors else 200)
