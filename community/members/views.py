"""One's own pages, and the profiles of others."""

from __future__ import annotations

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.house.access import house
from community.members import access, actions, leaving
from community.members.forms import LeavingForm, ProfileForm, ReadingForm
from community.members.requests import MemberRequest
from community.members.roles import LastSteward


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
    page = {"person": person, "shared": shared, "words": access.words_about(person)}
    return render(request, "members/profile.html", page)


@login_required
@require_safe
def leaving_page(request: MemberRequest) -> HttpResponse:
    return render(request, "members/leaving.html", {"days": leaving.COOL_OFF.days})


@login_required
@require_POST
def pauses(request: MemberRequest) -> HttpResponse:
    try:
        leaving.pause(member=request.user, at=timezone.now())
    except (LastSteward, leaving.AwayAlready):
        messages.warning(request, "You are the last steward. Make someone else one first, then pause.")
        return redirect("members:leaving")
    logout(request)
    return redirect("members:paused")


@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@require_http_methods(["GET", "HEAD", "POST"])
def departures(request: MemberRequest) -> HttpResponse:
    form = LeavingForm(request.POST or None)
    reasons = leaving.what_stands_in_the_way(request.user)
    if request.method == "POST" and form.is_valid():
        try:
            leaving.ask_to_leave(member=request.user, name=form.cleaned_data["name"], at=timezone.now())
        except leaving.StandsInTheWay as found:
            reasons = found.reasons
        except (LastSteward, leaving.AwayAlready):
            reasons = ["You are the last steward. Make someone else one first."]
        else:
            logout(request)
            return redirect("members:left")
    page = {"form": form, "reasons": reasons, "days": leaving.COOL_OFF.days, "held": house().handle_held_days}
    refused = request.method == "POST" or form.errors
    return render(request, "members/departure.html", page, status=422 if refused else 200)


@require_safe
def paused(request: HttpRequest) -> HttpResponse:
    return render(request, "members/paused.html")


@require_safe
def left(request: HttpRequest) -> HttpResponse:
    return render(request, "members/left.html", {"days": leaving.COOL_OFF.days})
