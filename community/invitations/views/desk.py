"""Invitations on the steward's desk."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.house.desk import steward_required
from community.invitations import access, fresh, qr
from community.invitations.actions import asking, making
from community.invitations.actions.making import NoLongerStands
from community.invitations.forms import AnswerForm, LinkForm, ListForm, MailForm, OfferForm, SignUpAnswerForm
from community.invitations.models import Invitation, SignUp
from community.members.requests import MemberRequest


@steward_required
@require_safe
def invitations(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    state, before = ListForm(request.GET).at()
    page = access.page_of(state, before, now)
    counted = access.counts(now)
    tabs = [(one, counted[one.value]) for one in Invitation.State]
    return render(
        request,
        "invitations/desk.html",
        {
            "rows": [(row, row.state(now)) for row in page.rows],
            "more": page.more,
            "tabs": tabs,
            "state": state,
            "total": sum(counted.values()),
            "asking": access.sign_ups().count(),
        },
    )


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def by_mail(request: MemberRequest) -> HttpResponse:
    form = MailForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        offer = form.offer()
        if offer.gives_a_charge:
            raise_if_reauthentication_required(request, app="allauth.account")
        made = making.invite(offer=offer, by=request.user, at=timezone.now())
        messages.success(request, "The invitation is on its way.")
        return redirect("invitations:invitation", made.invitation.pk)
    return offer_page(request, "invitations/by_mail.html", form)


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def by_link(request: MemberRequest) -> HttpResponse:
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        made = making.invite(offer=form.offer(), by=request.user, at=now)
        fresh.remember(request, made, now)
        return redirect("invitations:invitation", made.invitation.pk)
    return offer_page(request, "invitations/by_link.html", form)


def offer_page(request: HttpRequest, template: str, form: OfferForm) -> HttpResponse:
    return render(request, template, {"form": form}, status=422 if form.errors else 200)


@steward_required
@require_safe
@never_cache
def invitation(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    found = access.invitation(pk)
    page = {
        "invitation": found,
        "state": found.state(now),
        "stands": found.stands(now),
        "link": fresh.link_of(request, pk, now),
    }
    return render(request, "invitations/invitation.html", page)


@steward_required
@require_safe
@never_cache
def card(request: MemberRequest, pk: int) -> HttpResponse:
    found = access.invitation(pk)
    link = fresh.link_of(request, pk, timezone.now())
    if not link:
        return redirect("invitations:invitation", pk)
    page = {
        "invitation": found,
        "link": link,
        "qr": qr.svg(link, "The same link as a picture for a phone’s camera"),
    }
    return render(request, "invitations/card.html", page)


@steward_required
@require_POST
def renewal(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    try:
        made = making.renew(invitation=access.invitation(pk), by=request.user, at=now)
    except NoLongerStands:
        messages.warning(request, "It has been taken back or used up, so it can’t be sent again.")
        return redirect("invitations:invitation", pk)
    if made.invitation.mailed:
        messages.success(
            request, "It is on its way again, with a new link. The old one opens nothing any more."
        )
    else:
        fresh.remember(request, made, now)
        messages.success(request, "Here is a new link. The old one opens nothing any more.")
    return redirect("invitations:invitation", pk)


@steward_required
@require_POST
def revocation(request: MemberRequest, pk: int) -> HttpResponse:
    if making.revoke(invitation=access.invitation(pk), by=request.user, at=timezone.now()):
        messages.success(request, "It is taken back. Nobody comes in by it from now on.")
    else:
        messages.warning(request, "It did not stand any more.")
    return redirect("invitations:invitation", pk)


@steward_required
@require_safe
def sign_ups(request: MemberRequest) -> HttpResponse:
    return render(request, "invitations/sign_ups.html", {"waiting": access.sign_ups()[: access.PAGE]})


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def sign_up(request: MemberRequest, pk: int) -> HttpResponse:
    found = access.sign_up(pk)
    form = AnswerForm(request.POST or None)
    if request.method == "POST":
        answer = SignUpAnswerForm(request.POST)
        if answer.is_valid() and (answer.cleaned_data["answer"] == SignUp.Answer.NOT_NOW or form.is_valid()):
            return answer_sign_up(request, found, form, SignUp.Answer(answer.cleaned_data["answer"]))
    page = {"asked": found, "form": form, "here": access.has_account(found.address)}
    return render(request, "invitations/sign_up.html", page, status=422 if form.errors else 200)


def answer_sign_up(
    request: MemberRequest, found: SignUp, form: AnswerForm, answer: SignUp.Answer
) -> HttpResponse:
    now = timezone.now()
    try:
        if answer == SignUp.Answer.WELCOME:
            asking.approve(sign_up=found, by=request.user, offer=form.offer(found.address), at=now)
            messages.success(request, "An invitation is on its way to them.")
        else:
            asking.decline(sign_up=found, by=request.user, at=now)
            messages.success(request, "They get a kind word that it can’t be this time.")
    except asking.AnsweredAlready:
        messages.warning(request, "Someone has answered them already.")
    return redirect("invitations:sign_ups")
