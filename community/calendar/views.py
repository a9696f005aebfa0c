"""The calendar's pages: agenda, week and month, one occurrence, scheduling and changing, and feeds."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import parse_etags
from django.views.decorators.http import require_http_methods, require_safe

from community.calendar import access, actions, answers, doors, feeds, ics, pages, parts
from community.calendar.forms import AnswerForm, CancelForm, EventForm, FeedForm, LookForm, OneDateForm
from community.calendar.models import Answer, Event, Feed, Occurrence
from community.groups.access import groups_for
from community.house.access import house
from community.members.requests import MemberRequest

CALENDAR = "text/calendar; charset=utf-8"


@login_required
@require_safe
def agenda(request: MemberRequest) -> HttpResponse:
    return look(request, "agenda", pages.agenda_from)


@login_required
@require_safe
def week(request: MemberRequest) -> HttpResponse:
    return look(request, "week", pages.week_of)


@login_required
@require_safe
def month(request: MemberRequest) -> HttpResponse:
    return look(request, "month", pages.month_of)


def look(request: MemberRequest, view: str, span_of: Callable[..., pages.Span]) -> HttpResponse:
    now = timezone.now()
    form = LookForm(request.GET, groups=groups_for(request.user))
    chosen = form.chosen
    day = chosen["day"] or timezone.localtime(now).date()
    span, around = span_of(day), pages.month_of(day)
    wide = pages.Span(min(span.since, around.since), max(span.until, around.until))
    found = access.looked_for(access.occurrences_for(request.user), request.user, chosen, now)
    rows = list(access.between(found, wide.starts_at, wide.ends_at))
    shown = [row for row in rows if row.ends_at > span.starts_at and row.starts_at < span.ends_at]
    page = {
        "view": view, "form": form, "chosen": chosen, "day": day, "span": span, "now": now,
        "days": pages.days(shown, span, now, empty=view == "week"),
        "weeks": pages.small_month(rows, day, now),
        "before": pages.neighbour(view, span, -1), "after": pages.neighbour(view, span, 1),
        "month_before": pages.neighbour("month", around, -1), "month_after": pages.neighbour("month", around, 1),
        "filters": pages.query(chosen), "may_schedule": access.may_schedule(request.user),
    }  # fmt: skip
    return render(request, "calendar/look.html", page)


@login_required
@require_safe
def occurrence(request: MemberRequest, pk: int) -> HttpResponse:
    return occurrence_page(request, access.occurrence_for(request.user, pk))


def occurrence_page(
    request: MemberRequest, one: Occurrence, form: AnswerForm | None = None, status: int = 200
) -> HttpResponse:
    now, keeps = timezone.now(), access.keeps(request.user, one.event)
    mine: Answer | None = next(iter(one.own), None)
    initial = {"says": mine.says, "remind": mine.remind_minutes or ""} if mine else {"remind": "60"}
    page = {
        "one": one, "line": pages.line(one, now), "mine": mine, "now": now,
        "form": form or AnswerForm(initial=initial),
        "place_in_line": answers.place_in_line(mine) if mine else 0,
        "next": [pages.line(each, now) for each in access.next_dates(request.user, one)],
        "keeps": keeps, "over": one.ends_at <= now,
        "coming": access.who_comes(request.user, one),
        "parts": parts.of(one, keeps=keeps),
        "door": "" if one.gone else doors.doors_of([one]).get(one.pk, ""),
    }  # fmt: skip
    return render(request, "calendar/occurrence.html", page, status=status)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: MemberRequest, pk: int) -> HttpResponse:
    one = access.occurrence_to_answer(request.user, pk)
    if request.method != "POST":
        return redirect("calendar:occurrence", pk)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        return occurrence_page(request, one, form, status=422)
    try:
        given = answers.answer(
            occurrence=one, member=request.user, says=Answer.Says(form.cleaned_data["says"]),
            remind_minutes=form.remind_minutes, at=timezone.now(),
        )  # fmt: skip
    except answers.TooLate:
        messages.warning(request, "It is over, or cancelled: there is nothing to answer any more.")
    else:
        waits = given.seat == Answer.Seat.WAITING
        messages.success(request, "It is full. You are on the waiting list, and are told when a seat is free." if waits
                         else "Saved.")  # fmt: skip
    return redirect("calendar:occurrence", pk)


@login_required
@require_safe
def event_file(request: MemberRequest, pk: int) -> HttpResponse:
    one = access.occurrence_for(request.user, pk)
    dates = access.occurrences_for(request.user).filter(event_id=one.event_id)
    plain = request.GET.get("titles") == "plain"
    body = ics.calendar(dates, name=house().name, plain=plain)
    return HttpResponse(
        body, content_type=CALENDAR, headers={"Content-Disposition": 'attachment; filename="event.ics"'}
    )


def event_form(request: MemberRequest, event: Event | None = None) -> EventForm:
    return EventForm(
        request.POST or None, instance=event, by=request.user, groups=access.groups_to_schedule_for(request.user),
        people=access.people_to_host_with(request.user),
    )  # fmt: skip


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    access.require_scheduler(request.user)
    form = event_form(request)
    if request.method == "POST" and form.is_valid():
        event = form.save(commit=False)
        event.rule = form.cleaned_data["rule"]
        event = actions.schedule(
            event=event, hosts=form.hosts, greeters=form.greeters, by=request.user, at=timezone.now()
        )
        warn_of_double_booking(request, event)
        return redirect(
            "calendar:occurrence", event.occurrences.order_by("starts_at").values_list("pk", flat=True)[0]
        )
    return render(request, "calendar/edit.html", {"form": form}, status=422 if form.errors else 200)


def warn_of_double_booking(request: MemberRequest, event: Event) -> None:
    messages.success(request, "It is in the calendar.")
    for clash in access.double_booked(event, timezone.now(), reader=request.user):
        when = f"{timezone.localtime(clash.mine.starts_at):%-d %B}, {pages.clock(clash.mine.starts_at)}"
        messages.warning(request, f"On {when}, {pages.clash(clash)}.")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: MemberRequest, pk: int) -> HttpResponse:
    one = access.occurrence_to_keep(request.user, pk)
    dates = request.GET.get("dates", "")
    if not one.event.rule and not dates:
        dates = "all"
    match dates:
        case "one":
            return change_one(request, one)
        case "later" | "all":
            return change_series(request, one, later=dates == "later")
        case _:
            return render(
                request, "calendar/which.html", {"one": one, "line": pages.line(one, timezone.now())}
            )


def change_one(request: MemberRequest, one: Occurrence) -> HttpResponse:
    form = OneDateForm(request.POST or None, occurrence=one)
    if request.method == "POST" and form.is_valid():
        actions.change_one(occurrence=one, changes=form.changes, by=request.user, at=timezone.now())
        messages.success(request, "Changed. Those who said they would come are told.")
        return redirect("calendar:occurrence", one.pk)
    return render(
        request, "calendar/one.html", {"form": form, "one": one}, status=422 if form.errors else 200
    )


def change_series(request: MemberRequest, one: Occurrence, *, later: bool) -> HttpResponse:
    event = copy(one.event)
    if later:
        event.day = one.wall.date()
    form = event_form(request, event)
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = {
            "changes": form.changes, "hosts": form.hosts, "greeters": form.greeters,
            "by": request.user, "at": timezone.now(),
        }  # fmt: skip
        try:
            if later:
                event = actions.change_from(occurrence=one, **values)
            else:
                actions.change_all(event=event, **values)
        except actions.NothingLeft:
            actions.change_all(event=event, **values)
        warn_of_double_booking(request, event)
        return redirect(f"{reverse('calendar:agenda')}?day={event.day:%Y-%m-%d}")
    return render(
        request,
        "calendar/edit.html",
        {"form": form, "one": one, "later": later},
        status=422 if form.errors else 200,
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancellation(request: MemberRequest, pk: int) -> HttpResponse:
    one = access.occurrence_to_keep(request.user, pk)
    form = CancelForm(request.POST or None)
    if not one.event.rule:
        form.fields.pop("dates")
    if request.method == "POST" and form.is_valid():
        cancel(one, form.cleaned_data.get("dates", "all"), form.cleaned_data["because"], request)
        messages.success(request, "Cancelled. Those who said they would come are told.")
        return redirect("calendar:occurrence", one.pk)
    return render(
        request, "calendar/cancel.html", {"form": form, "one": one}, status=422 if form.errors else 200
    )


def cancel(one: Occurrence, dates: str, because: str, request: MemberRequest) -> None:
    told: dict[str, Any] = {"because": because, "by": request.user, "at": timezone.now()}
    match dates:
        case "one":
            actions.cancel_one(occurrence=one, **told)
        case "later":
            try:
                actions.cancel_from(occurrence=one, **told)
            except actions.NothingLeft:
                actions.cancel_all(event=one.event, **told)
        case _:
            actions.cancel_all(event=one.event, **told)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def feed(request: MemberRequest) -> HttpResponse:
    standing = access.feed_of(request.user)
    form = FeedForm(request.POST or None, instance=standing)
    address = ""
    if request.method == "POST" and "revoke" in request.POST:
        feeds.revoke_feed(member=request.user)
        messages.success(request, "The address is dead. Calendar apps that had it find nothing now.")
        return redirect("calendar:feed")
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data | {"titles": Feed.Titles(form.cleaned_data["titles"])}
        told: dict[str, Any] = chosen | {"member": request.user, "at": timezone.now()}
        if "keep" in request.POST and feeds.change_feed(**told):
            messages.success(request, "Saved. Its address is the same.")
            return redirect("calendar:feed")
        address = request.build_absolute_uri(reverse("calendar:subscription", args=[feeds.make_feed(**told)]))
        standing = access.feed_of(request.user)
    page = {"form": form, "standing": standing, "address": address}
    return render(request, "calendar/feed.html", page, status=422 if form.errors else 200)


@require_safe
def subscription(request: HttpRequest, secret: str) -> HttpResponse:
    """For calendar apps, which can't sign in: who has the secret reads the feed. An unknown one is a 404."""
    found = feeds.feed_behind(secret)
    if found is None:
        raise Http404
    body, etag = feeds.written(found, name=house().name, now=timezone.now())
    headers = {"ETag": etag, "Cache-Control": "private, max-age=0, must-revalidate"}
    known = parse_etags(request.headers.get("If-None-Match", ""))
    if etag in known or "*" in known:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(body, content_type=CALENDAR, headers=headers)
