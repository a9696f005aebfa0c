"""Whom one talks with alone, who asks, and asking."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from community.members.models import Member
from community.members.requests import MemberRequest
from sessions.direct import access, actions
from sessions.direct.access import Way
from sessions.direct.forms import AnswerForm, AskForm
from sessions.rooms.access import meeting_of

GONE = "That request is not there any more."
IN_A_MEETING = "You are in a meeting. Direct contact rests until it is over; the request waits."


@login_required
@require_safe
@never_cache
def all_direct(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    asks = list(access.asks_to(request.user, now).exclude(answer="yes"))
    page = {
        "conversations": access.conversations(request.user),
        "asks": [ask for ask in asks if not ask.answer],
        "set_aside": [ask for ask in asks if ask.answer],
        "mine": access.asks_by(request.user, now),
    }
    return render(request, "direct/all.html", page)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def person(request: MemberRequest, public_id: str) -> HttpResponse:
    whom = access.person_for(request.user, public_id)
    form = AskForm(request.POST or None)
    if request.method != "POST":
        return person_page(request, whom, form)
    if not form.is_valid():
        return person_page(request, whom, form, status=422)
    try:
        actions.ask(asker=request.user, asked=whom, words=form.cleaned_data["words"], at=timezone.now())
    except actions.NotNow:
        return person_page(request, whom, form, status=409)
    messages.success(request, f"You asked {whom.handle}. If they would like to talk, it begins here.")
    return redirect("direct:all")


def person_page(request: MemberRequest, whom: Member, form: AskForm, status: int = 200) -> HttpResponse:
    way = access.way_to(request.user, whom, timezone.now())
    if way is Way.TALKING:
        pair = access.between(request.user, whom).filter(ended_at__isnull=True).select_related("group").get()
        return redirect("rooms:room", pair.group.slug)
    meeting = meeting_of(request.user, timezone.now()) if way is Way.IN_A_MEETING else None
    page = {"person": whom, "way": way, "form": form, "meeting": meeting}
    return render(request, "direct/person.html", page, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: MemberRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        return redirect("direct:all")
    ask, form = access.ask_to_answer(request.user, pk, timezone.now()), AnswerForm(request.POST)
    if not form.is_valid():
        return redirect("direct:all")
    if form.cleaned_data["answer"] == "not_now":
        actions.set_aside(ask=ask, at=timezone.now())
        messages.success(request, f"Not now, then. {ask.asker.handle} is not told.")
        return redirect("direct:all")
    try:
        pair = actions.accept(ask=ask, at=timezone.now())
    except actions.Gone:
        messages.warning(request, GONE)
    except actions.InAMeeting:
        messages.warning(request, IN_A_MEETING)
    else:
        return redirect("rooms:room", pair.group.slug)
    return redirect("direct:all")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def withdrawal(request: MemberRequest, pk: int) -> HttpResponse:
    if request.method == "POST":
        ask = access.ask_to_take_back(request.user, pk, timezone.now())
        actions.take_back(ask=ask, at=timezone.now())
        messages.success(request, "Taken back.")
    return redirect("direct:all")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def end(request: MemberRequest, slug: str) -> HttpResponse:
    """Asks; and by POST, ends the conversation for both."""
    pair = access.pair_for(request.user, slug)
    other = pair.high if pair.low_id == request.user.pk else pair.low
    if request.method != "POST":
        return render(request, "direct/end.html", {"slug": slug, "other": other})
    actions.end(pair=pair, by=request.user, at=timezone.now())
    messages.success(request, f"Your conversation with {other.handle} has ended.")
    return redirect("direct:all")
