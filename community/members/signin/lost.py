"""When every way in is lost: pages for people who are not signed in. None says whether anyone is known here."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from community.members.signin import access, recovery
from community.members.signin.forms import LostForm, NewWayInForm, RecoveryCodeForm

CODE = "signin_recovery_code"
TOO_OFTEN = "That was asked for many times. Wait a while, then try again."


@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: HttpRequest) -> HttpResponse:
    form = LostForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if ratelimit.consume(request, action="lost"):
            recovery.call_for_help(**form.cleaned_data, at=timezone.now())
            return redirect("signin:lost_done")
        form.add_error(None, TOO_OFTEN)
    return render(request, "signin/lost.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def lost_done(request: HttpRequest) -> HttpResponse:
    return render(request, "signin/lost_done.html")


@require_safe
def open_link(request: HttpRequest, code: str) -> HttpResponse:
    """The link from the mail: its code does not stay in the address."""
    request.session[CODE] = code
    return redirect("signin:recovery_code")


@require_http_methods(["GET", "HEAD", "POST"])
def recovery_code(request: HttpRequest) -> HttpResponse:
    """First the code, typed or from the link; then a new password."""
    code = request.session.get(CODE, "")
    found = access.recovery_opened_by(code, at=timezone.now()) if code else None
    if found is None:
        return ask_for_code(request, wrong=bool(code))
    form = NewWayInForm(request.POST if "password1" in request.POST else None, member=found.member)
    if form.is_bound and form.is_valid():
        try:
            recovery.finish_recovery(code=code, password=form.cleaned_data["password1"], at=timezone.now())
        except recovery.CodeSpent:
            return ask_for_code(request, wrong=True)
        except recovery.RecoveryRefused as refused:
            form.add_error(None, str(refused))
        else:
            request.session.flush()
            messages.success(
                request, "You are let in again. Sign in with the new address and the new password."
            )
            return redirect("account_login")
    return render(
        request, "signin/recovery_password.html", {"form": form}, status=422 if form.errors else 200
    )


def ask_for_code(request: HttpRequest, *, wrong: bool) -> HttpResponse:
    request.session.pop(CODE, None)
    form = RecoveryCodeForm(request.POST if "code" in request.POST else None)
    if form.is_bound and form.is_valid():
        if not ratelimit.consume(request, action="recovery_code"):
            form.add_error("code", TOO_OFTEN)
        elif access.recovery_opened_by(form.cleaned_data["code"], at=timezone.now()) is None:
            wrong = True
        else:
            request.session[CODE] = form.cleaned_data["code"]
            return redirect("signin:recovery_code")
    if wrong:
        form = RecoveryCodeForm({"code": ""})
        form.add_error("code", "That code isn’t right, or its time has passed.")
        form.errors["code"] = form.error_class(form.errors["code"][-1:])
    return render(request, "signin/recovery_code.html", {"form": form}, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """The link in the mail to the old address: for whoever reads mail there, signed in or not."""
    found = access.recovery_stopped_by(token)
    if request.method == "POST":
        recovery.stop_recovery(recovery=found, by=None, at=timezone.now())
        found.refresh_from_db()
    return render(request, "signin/recovery_stop.html", {"recovery": found})
