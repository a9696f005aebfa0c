"""One's own page, and the profiles of others."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from community.members import access, actions
from community.members.forms import ProfileForm
from community.members.requests import MemberRequest


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def you(request: MemberRequest) -> HttpResponse:
    # A copy: what is typed and refused must not show up as the handle in the page's frame.
    form = ProfileForm(
        request.POST or None, instance=access.profile_for(request.user, request.user.public_id)
    )
    if request.method == "POST" and form.is_valid():
        try:
            actions.update_profile(member=form.save(commit=False))
        except actions.HandleTaken:
            form.add_error("handle", "Someone here already goes by that handle.")
        else:
            messages.success(request, "Saved.")
            return redirect("members:you")
    return render(request, "members/you.html", {"form": form}, status=422 if form.errors else 200)


@login_required
@require_safe
def profile(request: MemberRequest, public_id: str) -> HttpResponse:
    person = access.profile_for(request.user, public_id)
    shared = access.shared_memberships(request.user, person)
    return render(request, "members/profile.html", {"person": person, "shared": shared})
