"""One's own hours: opening and closing times; and who is a mentor."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.calendar.pages import clock
from community.members.requests import MemberRequest
from sessions.bookings import access, actions, pages
from sessions.bookings.forms import HoursForm, MentorForm
from sessions.bookings.models import Hours

A_PAGE = 60


@login_required
@require_safe
@never_cache
def hours(request: MemberRequest) -> HttpResponse:
    access.require_keeper(request.user)
    now = timezone.now()
    page = Paginator(access.own_slots(request.user, now), A_PAGE).get_page(request.GET.get("page"))
    shown = {"page": page, "days": pages.by_day(page), "opened": access.own_hours(request.user, now)}
    return render(request, "bookings/hours.html", shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    access.require_keeper(request.user)
    form = HoursForm(
        request.POST or None, keeper=request.user, groups=access.groups_to_open_for(request.user),
        to_all=access.may_open_to_all(request.user), today=timezone.localdate(),
    )  # fmt: skip
    if request.method == "POST" and form.is_valid():
        count = opened(form)
        if count:
            messages.success(request, f"{count} time{'s are' if count > 1 else ' is'} open.")
            return redirect("bookings:hours")
    return render(request, "bookings/new.html", {"form": form}, status=422 if form.errors else 200)


def opened(form: HoursForm) -> int:
    """How many times there are now; 0 if the form says what is wrong."""
    try:
        return actions.open_hours(hours=form.hours, at=timezone.now())
    except actions.NoTimes:
        form.add_error("ends", "No time fits in between, or all of it is over.")
    except actions.TooManyTimes:
        form.add_error("until", f"That would be more than {actions.SLOTS_MAX} times. Open fewer at once.")
    except actions.OpenAlready as clash:
        at = timezone.localtime(clash.starts_at)
        form.add_error("starts", f"You have opened {clock(at)} on {at:%-d %B} already.")
    return 0


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def closing(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks; and by POST, closes what is still free."""
    found: Hours = access.hours_to_close(request.user, pk)
    if request.method != "POST":
        return render(request, "bookings/closing.html", {"hours": found})
    count = actions.close_rest(hours=found, at=timezone.now())
    messages.success(request, f"{count} time{'s are' if count != 1 else ' is'} closed.")
    return redirect("bookings:hours")


@login_required
@require_POST
def slot_closing(request: MemberRequest, pk: int) -> HttpResponse:
    slot = access.slot_to_close(request.user, pk)
    if actions.close_slot(slot=slot, at=timezone.now()):
        messages.success(request, "Closed. Nobody can book it.")
    else:
        messages.warning(request, "Somebody has booked it, or it was closed before.")
    return redirect("bookings:hours")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def mentors(request: MemberRequest) -> HttpResponse:
    named = access.mentors_for(request.user)
    form = MentorForm(request.POST or None, people=access.people_to_name(request.user))
    if request.method == "POST" and form.is_valid():
        person = form.cleaned_data["handle"]
        actions.name_mentor(member=person, by=request.user, at=timezone.now())
        messages.success(request, f"{person.handle} can open times for their groups now.")
        return redirect("bookings:mentors")
    page = {"mentors": named, "form": form}
    return render(request, "bookings/mentors.html", page, status=422 if form.errors else 200)


@login_required
@require_POST
def end_mentor(request: MemberRequest, public_id: str) -> HttpResponse:
    mentor = access.mentor_to_end(request.user, public_id)
    actions.end_mentor(mentor=mentor, by=request.user, at=timezone.now())
    messages.success(
        request, f"{mentor.member.handle} is no mentor any more. What is booked with them stays."
    )
    return redirect("bookings:mentors")
