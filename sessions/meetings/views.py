"""The door of a meeting, its chair's page, and a private word to those who hold it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.calendar import doors
from community.members.models import Member
from community.members.requests import MemberRequest
from sessions.meetings import access, actions, console, doorways, pages
from sessions.meetings.access import Door
from sessions.meetings.forms import AllowForm, CallForm, DoorwayForm, HelpForm, StepForm, WhomForm
from sessions.meetings.models import Entry, Meeting
from sessions.rooms import stays
from sessions.rooms.floors import allow as allow_turns

DONE_BEFORE = "That was done already, or they have left."
# What a meeting answers that has changed under the page, in words for whoever pressed.
SAYS = {
    actions.NotOpen: "The doors are closed: there is nothing to do here now.",
    actions.NotInside: DONE_BEFORE,
    actions.AlreadyLed: "Somebody has the chair by now.",
    actions.NoSuchStep: "There is no such step.",
}

# --- at the door ---------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@login_required
def door(request: MemberRequest, pk: int) -> HttpResponse:
    return render(request, "meetings/door.html", pages.door_page(request.user, pk, timezone.now()))


@require_safe
@never_cache
@login_required
def door_part(request: MemberRequest, pk: int) -> HttpResponse:
    """What the door's own page asks for every few seconds: so whoever waits is known to be there."""
    now = timezone.now()
    page = pages.door_part(request.user, pk, now)
    meeting = page["visit"].meeting
    if meeting is not None and page["visit"].state is Door.WAITING:
        actions.note_seen(meeting=meeting, member=request.user, at=now)
    return render(request, "meetings/_door.html", page | {"part_alone": True})


@login_required
@require_POST
def enter(request: MemberRequest, pk: int) -> HttpResponse:
    visit = access.meeting_for(request.user, pk)
    if visit.meeting is None:
        return redirect("meetings:door", pk)
    try:
        arrival = actions.arrive(meeting=visit.meeting, member=request.user, at=timezone.now())
    except actions.NotOpen:
        return redirect("meetings:door", pk)
    if arrival.admitted_at is not None and visit.meeting.engine == Meeting.Engine.TEXT:
        return redirect("rooms:room", visit.meeting.room.slug)
    return redirect("meetings:door", pk)


@login_required
@require_POST
def step_in(request: MemberRequest, pk: int) -> HttpResponse:
    visit = access.meeting_for(request.user, pk)
    if visit.meeting is None:
        return redirect("meetings:door", pk)
    try:
        actions.step_in(meeting=visit.meeting, by=request.user, at=timezone.now())
    except (actions.NotOpen, actions.AlreadyLed, actions.NotInside) as reason:
        messages.warning(request, SAYS[type(reason)])
        return redirect("meetings:door", pk)
    return redirect("meetings:chair", pk)


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def help_page(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    page = pages.help_page(request.user, pk, now)
    form = HelpForm(request.POST or None)
    if request.method == "POST" and page["hosts"] and form.is_valid():
        words, meeting = form.cleaned_data["words"], page["visit"].meeting
        try:
            actions.call_for_help(meeting=meeting, member=request.user, words=words, at=now)
        except (actions.NotOpen, actions.NotInside):
            messages.warning(request, "You are not in the meeting, so nobody was told.")
        return redirect("meetings:help", pk)
    return render(request, "meetings/help.html", page | {"form": form}, status=422 if form.errors else 200)


@require_safe
@never_cache
@login_required
def help_part(request: MemberRequest, pk: int) -> HttpResponse:
    return render(request, "meetings/_calls.html", pages.help_page(request.user, pk, timezone.now()))


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def doorway(request: MemberRequest, pk: int) -> HttpResponse:
    one, entry = pages.doorway_page(request.user, pk)
    form = DoorwayForm(request.POST or None, initial={"entry": entry})
    if request.method == "POST" and form.is_valid():
        doorways.choose_entry(event=one.event, entry=Entry(form.cleaned_data["entry"]), at=timezone.now())
        messages.success(request, "Saved.")
        return redirect("calendar:occurrence", pk)
    page = {"one": one, "form": form, "minutes": int(doors.OPEN_BEFORE.total_seconds() // 60)}
    return render(request, "meetings/doorway.html", page, status=422 if form.errors else 200)


# --- the chair -----------------------------------------------------------------------------------------------------


@require_safe
@never_cache
@login_required
def chair(request: MemberRequest, pk: int) -> HttpResponse:
    return render(request, "meetings/chair.html", console_of(request, pk))


@require_safe
@never_cache
@login_required
def chair_part(request: MemberRequest, pk: int) -> HttpResponse:
    return render(request, "meetings/_chair.html", console_of(request, pk) | {"part_alone": True})


def console_of(request: MemberRequest, pk: int) -> dict[str, Any]:
    """Whoever leads from this page is at the meeting, also when they don't have the talk open."""
    meeting, now = access.meeting_to_greet(request.user, pk), timezone.now()
    stays.touch(meeting.room, request.user, now)
    return console.page(request.user, meeting, now)


Act = Callable[[MemberRequest, int], str | None]


def then_the_chair(act: Act) -> Callable[..., HttpResponse]:
    """Do it, and come back to the chair's page; words that it returns, or why it could not be done, stand there."""

    @wraps(act)
    def view(request: MemberRequest, pk: int) -> HttpResponse:
        try:
            if words := act(request, pk):
                messages.success(request, words)
        except tuple(SAYS) as reason:
            messages.warning(request, SAYS[type(reason)])
        except actions.Refused as reason:
            messages.warning(request, str(reason))
        return redirect("meetings:chair", pk)

    return login_required(require_POST(view))


def whom(request: MemberRequest, meeting: Meeting) -> Member:
    """Someone at the meeting. Raises NotInside for nobody, Http404."""
    form = WhomForm(request.POST)
    if not form.is_valid():
        raise actions.NotInside
    return access.person_at(meeting, form.cleaned_data["member"])


@then_the_chair
def admit(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_greet(request.user, pk)
    if "all" in request.POST:
        actions.admit_all(meeting=meeting, by=request.user, at=timezone.now())
        return "Everyone who waited is in."
    member = whom(request, meeting)
    actions.admit(meeting=meeting, member=member, by=request.user, at=timezone.now())
    return f"{member.handle} may come in."


@then_the_chair
def turn_away(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_greet(request.user, pk)
    member = whom(request, meeting)
    actions.turn_away(meeting=meeting, member=member, by=request.user, at=timezone.now())
    return f"{member.handle} stays outside this time."


@then_the_chair
def ask_back(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_greet(request.user, pk)
    member = whom(request, meeting)
    actions.ask_back(meeting=meeting, member=member, by=request.user, at=timezone.now())
    return f"{member.handle} is in the lobby again."


@then_the_chair
def answer(request: MemberRequest, pk: int) -> str | None:
    access.meeting_to_chair(request.user, pk)
    form = CallForm(request.POST)
    if not form.is_valid():
        raise actions.NotInside
    call = access.call_to_answer(request.user, pk, form.cleaned_data["call"])
    if not actions.answer_call(call=call, by=request.user, at=timezone.now()):
        return "Somebody has answered before."
    return f"{call.member.handle} sees that you have read it."


@then_the_chair
def step(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_chair(request.user, pk)
    form = StepForm(request.POST)
    if not form.is_valid():
        raise actions.NoSuchStep
    actions.begin_step(meeting=meeting, step=form.cleaned_data["step"], by=request.user, at=timezone.now())
    return None


@then_the_chair
def allow(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_chair(request.user, pk)
    member, form = whom(request, meeting), AllowForm(request.POST)
    if not form.is_valid():
        raise actions.NotInside
    allow_turns(meeting.room, member, form.cleaned_data["seconds"], timezone.now())
    return None


@then_the_chair
def take_chair(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_chair(request.user, pk)
    actions.take_chair(meeting=meeting, by=request.user, at=timezone.now())
    return "You have the chair."


@then_the_chair
def hand_over(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_chair(request.user, pk)
    member = whom(request, meeting)
    actions.hand_over(meeting=meeting, to=member, by=request.user, at=timezone.now())
    return f"{member.handle} has the chair."


@then_the_chair
def close(request: MemberRequest, pk: int) -> str | None:
    meeting = access.meeting_to_chair(request.user, pk)
    actions.close(meeting=meeting, by=request.user, at=timezone.now())
    return None
