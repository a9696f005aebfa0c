"""Finding a free time, booking it, moving and cancelling it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from community.calendar import doors
from community.members.requests import MemberRequest
from sessions.bookings import access, actions, pages
from sessions.bookings.access import Way
from sessions.bookings.forms import CancelForm, NoteForm
from sessions.bookings.models import Booking, Slot

A_PAGE = 60
TOO_LATE = "It has begun, or was cancelled: there is nothing to change any more."


@login_required
@require_safe
@never_cache
def everything(request: MemberRequest) -> HttpResponse:
    """What one has booked, and with whom there are free times."""
    now = timezone.now()
    bookings = access.bookings_of(request.user, now)
    page = {
        "bookings": [(booking, access.other_than(request.user, booking)) for booking in bookings],
        "people": access.people_with_times(request.user, now),
        "keeps_hours": access.may_keep_hours(request.user),
        "names_mentors": access.may_name_mentors(request.user),
    }
    return render(request, "bookings/all.html", page)


@login_required
@require_safe
@never_cache
def person(request: MemberRequest, public_id: str) -> HttpResponse:
    now = timezone.now()
    whom = access.person_for(request.user, public_id, now)
    page = Paginator(access.slots_with(request.user, whom, now), A_PAGE).get_page(request.GET.get("page"))
    booked = access.booked_with(request.user, whom, now).select_related("slot").first()
    shown = {"person": whom, "page": page, "days": pages.by_day(page), "booked": booked}
    return render(request, "bookings/person.html", shown)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def slot(request: MemberRequest, pk: int) -> HttpResponse:
    """Asks for a few words; and by POST, books."""
    now = timezone.now()
    time = access.slot_for(request.user, pk)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if request.method != "POST" or not form.is_valid():
        return slot_page(
            request, time, form, access.way_to(request.user, time, now), 422 if form.errors else 200
        )
    try:
        made = actions.book(
            slot=time, member=request.user, note=form.cleaned_data["note"],
            remind_minutes=form.remind_minutes, at=now,
        )  # fmt: skip
    except actions.NotNow as refused:
        return slot_page(request, time, form, refused.way, 409)
    messages.success(request, f"It is yours. {time.keeper.handle} is told.")
    return redirect("bookings:booking", made.pk)


def slot_page(request: MemberRequest, time: Slot, form: NoteForm, way: Way, status: int) -> HttpResponse:
    page: dict[str, Any] = {"slot": time, "form": form, "way": way}
    if way is Way.BUSY:
        page["other"] = access.in_the_way(request.user, time)
    if way is Way.WITH_THEM:
        page["booked"] = access.booked_with(request.user, time.keeper, timezone.now()).first()
    return render(request, "bookings/slot.html", page, status=status)


@login_required
@require_safe
@never_cache
def booking(request: MemberRequest, pk: int) -> HttpResponse:
    found, now = access.booking_for(request.user, pk), timezone.now()
    occurrence = access.occurrence_of(found)
    door = doors.doors_of([occurrence]).get(occurrence.pk, "") if found.stands else ""
    open_now = found.slot.starts_at - doors.OPEN_BEFORE <= now < found.slot.ends_at
    page = about(request, found) | {"occurrence": occurrence, "door": door, "open_now": open_now}
    return render(request, "bookings/booking.html", page)


def about(request: MemberRequest, found: Booking) -> dict[str, Any]:
    return {
        "booking": found,
        "other": access.other_than(request.user, found),
        "mine": found.member_id == request.user.pk,
        "ahead": found.stands and found.slot.starts_at > timezone.now(),
        "over": found.slot.ends_at <= timezone.now(),
    }


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def move(request: MemberRequest, pk: int) -> HttpResponse:
    """Shows the other free times, asks about the chosen one (`to`); and by POST, moves."""
    found, now = access.booking_to_move(request.user, pk), timezone.now()
    free = access.slots_with(request.user, found.slot.keeper, now)
    chosen = request.POST.get("to") or request.GET.get("to", "")
    to = get_object_or_404(free, pk=int(chosen)) if chosen.isdecimal() and request.method != "POST" else None
    page = Paginator(free, A_PAGE).get_page(request.GET.get("page"))
    shown = about(request, found) | {"to": to, "page": page, "days": pages.by_day(page)}
    if request.method != "POST" or not chosen.isdecimal():
        return render(request, "bookings/move.html", shown)
    try:
        actions.move(booking=found, to=access.slot_for(request.user, int(chosen)), at=now)
    except actions.NotNow as refused:
        return render(request, "bookings/move.html", shown | {"way": refused.way}, status=409)
    except actions.TooLate:
        messages.warning(request, TOO_LATE)
    else:
        messages.success(request, f"Moved. You and {found.slot.keeper.handle} are told.")
    return redirect("bookings:booking", pk)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def cancellation(request: MemberRequest, pk: int) -> HttpResponse:
    found = access.booking_for(request.user, pk)
    keeps = found.slot.keeper_id == request.user.pk
    form = CancelForm(request.POST if request.method == "POST" else None, keeps=keeps)
    if request.method != "POST" or not form.is_valid():
        page = about(request, found) | {"form": form, "keeps": keeps}
        return render(request, "bookings/cancel.html", page, status=422 if form.errors else 200)
    try:
        actions.cancel(booking=found, by=request.user, at=timezone.now(), **form.cleaned_data)
    except actions.TooLate:
        messages.warning(request, TOO_LATE)
    else:
        other = access.other_than(request.user, found)
        messages.success(request, f"Cancelled. You and {other.handle} are told.")
    return redirect("bookings:all")
