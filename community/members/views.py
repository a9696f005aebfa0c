"""One's own pages, and the profiles of others."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from community.members import access, actions
from community.members.forms import ProfileForm, ReadingForm
from community.members.requests import MemberRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def you(request: MemberRequest) -> HttpResponse:
    # A copy: what is typed and refused must not show up as the handle in the page's frame.
    me = access.myself(request.user)
    form = ProfileForm(request.POST or None, instance=me, initial={"help_with": me.help_with})
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_profile(member=form.save(), at=timezone.now())
        except (actions.HandleTaken, actions.HandlePaused):
            form.add_error("handle", "Someone was faster. Choose another handle.")
        else:
            messages.success(request, "Saved.")
            return redirect("members:you")
    return render(request, "members/you.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def reading(request: MemberRequest) -> HttpResponse:
    form = ReadingForm(request.POST or None, instance=access.myself(request.user))
    if request.method == "POST" and form.is_valid():
        actions.update_reading(member=form.save(commit=False))
        messages.success(request, "Saved.")
        return redirect("members:reading")
    return render(request, "members/reading.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def profile(request: MemberRequest, public_id: str) -> HttpResponse:
    person = access.profile_for(request.user, public_id)
    shared = access.shared_memberships(request.user, person)
    return render(request, "members/profile.html", {"person": person, "shared": shared})
