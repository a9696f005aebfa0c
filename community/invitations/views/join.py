"""At the door. Following a link changes nothing; what changes something is posted."""

from __future__ import annotations

from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from allauth.core import ratelimit
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.house.access import house
from community.house.models import House
from community.invitations import access
from community.invitations.actions import accepting, asking
from community.invitations.forms import AccountForm, AskForm, CodeForm
from community.invitations.models import AddressCheck, Invitation
from community.members.models import Member

OPENED = "invitation"
CHECK = "address_check"
WRONG = "That isn’t the code."
TRIED_OUT = "That was tried too often. Ask for a new code."
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def closed(request: HttpRequest) -> HttpResponse:
    """The same for a link that was never one, and one that is spent, run out or taken back."""
    return render(request, "invitations/closed.html", status=404)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    now = timezone.now()
    found = access.by_token(token, now)
    if found is None:
        return closed(request)
    if isinstance(request.user, Member):
        return join_as(request, request.user, found)
    if request.method != "POST":
        return render(request, "invitations/open.html", {"token": token})
    accepting.open_invitation(invitation=found, at=now)
    request.session[OPENED] = found.token_digest
    return redirect("invitations:account")


def join_as(request: HttpRequest, member: Member, found: Invitation) -> HttpResponse:
    """For someone who is signed in: the groups that they aren't in yet."""
    now = timezone.now()
    if request.method == "POST":
        try:
            joined = accepting.join_groups(invitation=found, member=member, at=now)
        except (accepting.NotOpen, accepting.AnotherAddress):
            return closed(request)
        for place in joined:
            messages.success(request, f"You are in {place.group.name} now.")
        return redirect("groups:group", joined[0].group.slug) if joined else redirect("home")
    page = {"places": access.new_places_for(found, member, now)}
    return render(request, "invitations/join.html", page)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def account(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        return redirect("home")
    found = access.by_digest(request.session.get(OPENED, ""), timezone.now())
    if found is None:
        return closed(request)
    form = AccountForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="join"):
            return too_often(request)
        return knock(request, found, form)
    return render(request, "invitations/account.html", {"form": form}, status=422 if form.errors else 200)


def knock(request: HttpRequest, found: Invitation, form: AccountForm) -> HttpResponse:
    address, password = form.cleaned_data["address"], form.cleaned_data["password"]
    try:
        came = accepting.come_in(invitation=found, address=address, password=password, at=timezone.now())
    except accepting.NotOpen:
        return closed(request)
    except accepting.AnotherAddress:
        form.add_error("address", "This invitation was sent to another address. Use that one here.")
        return render(request, "invitations/account.html", {"form": form}, status=422)
    if isinstance(came, Member):
        return enter(request, came)
    request.session[CHECK] = came.key
    return redirect("invitations:code")


def enter(request: HttpRequest, member: Member) -> HttpResponse:
    """The first sign-in, by the same door as every later one."""
    for key in (OPENED, CHECK):
        request.session.pop(key, None)
    member.backend = BACKEND
    record_authentication(request, member, method="password", email=member.email)
    response: HttpResponse = perform_login(request, member, redirect_url=reverse("invitations:welcome"))
    return response


def too_often(request: HttpRequest) -> HttpResponse:
    response: HttpResponse = ratelimit.respond_429(request)
    return response


def waiting_check(request: HttpRequest) -> AddressCheck | None:
    return access.check_for(request.session.get(CHECK, ""), timezone.now())


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    check = waiting_check(request)
    if check is None:
        return redirect("invitations:account")
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            typed = form.cleaned_data["code"]
            return enter(request, accepting.confirm(check=check, typed=typed, at=timezone.now()))
        except accepting.NotOpen:
            return closed(request)
        except accepting.WrongCode as wrong:
            form.add_error(
                "code",
                "That isn’t the code." if wrong.left else "That was tried too often. Ask for a new code.",
            )
    page = {"form": form, "address": check.address}
    return render(request, "invitations/code.html", page, status=422 if form.errors else 200)


@require_POST
def code_again(request: HttpRequest) -> HttpResponse:
    check = waiting_check(request)
    if check is not None:
        try:
            accepting.send_again(check=check, at=timezone.now())
        except accepting.TooSoon:
            messages.warning(
                request, "A code is on its way. Give it a minute, and look among unwanted mail too."
            )
        else:
            messages.success(request, "A new code is on its way. The one before doesn’t work any more.")
    return redirect("invitations:code")


# Where the house lets people ask


def require_asking() -> None:
    if house().sign_up != House.SignUp.APPROVAL:
        raise Http404


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    require_asking()
    form = AskForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="ask_to_come_in"):
            return too_often(request)
        asked = form.cleaned_data
        asking.ask_to_come_in(address=asked["address"], words=asked["words"], at=timezone.now())
        return redirect("invitations:asked")
    return render(request, "invitations/ask.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    require_asking()
    return render(request, "invitations/asked.html")
