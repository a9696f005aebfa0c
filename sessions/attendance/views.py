"""One's certificates, having one made, revoking it; and the page where whoever holds a code checks it."""

from __future__ import annotations

from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from community.house.access import house
from community.members.requests import MemberRequest
from sessions.attendance import access, actions, consent, wording
from sessions.attendance.forms import AskForm, CheckForm
from sessions.attendance.models import Certificate, State
from sessions.attendance.notice import NOTICE
from sessions.attendance.printing import as_pdf

NO_SUCH = (
    "No certificate stands under this code. Compare it with the paper; if it is the same, the certificate has run out "
    "or was revoked, or there never was one."
)
TOO_OFTEN = "Many codes were typed from here. Wait a few minutes, then try again."


@login_required
@require_safe
@never_cache
def mine(request: MemberRequest) -> HttpResponse:
    now = timezone.now()
    page = {
        "lines": access.lines_of(request.user, now),
        "meetings": access.newest_meetings_of(request.user, now),
    }
    return render(request, "attendance/mine.html", page)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def ask(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    meeting = access.meeting_of(request.user, pk, now)
    form, attended = AskForm(request.POST or None), access.attendance_of(request.user, meeting)
    if request.method == "POST" and attended.enough and form.is_valid():
        try:
            made = actions.issue(member=request.user, meeting=meeting, wish=form.wish(), at=now)
        except actions.StandsAlready as standing:
            messages.info(request, "You have one for this already. For another name, revoke it first.")
            return redirect("attendance:one", standing.certificate.pk)
        messages.success(request, "Your certificate is made. It is yours: nobody here is told.")
        return redirect("attendance:one", made.pk)
    page = {"meeting": meeting, "attended": attended, "form": form, "consent": consent.words(consent.CURRENT)}
    return render(request, "attendance/ask.html", page, status=422 if form.errors else 200)


@login_required
@require_safe
@never_cache
def one(request: MemberRequest, pk: int) -> HttpResponse:
    certificate, now = access.certificate_of(request.user, pk), timezone.now()
    page = {
        "certificate": certificate,
        "facts": wording.facts(certificate),
        "until": wording.until(certificate, now),
        "checks": wording.checks(certificate),
        "stands": certificate.state(now) is State.STANDS,
        "consent": consent.words(certificate.consent_version),
    }
    return render(request, "attendance/one.html", page)


@login_required
@require_safe
@never_cache
def paper(request: MemberRequest, pk: int) -> HttpResponse:
    certificate = access.standing_certificate_of(request.user, pk, timezone.now())
    return HttpResponse(
        as_pdf(certificate),
        content_type="application/pdf",
        headers={"Content-Disposition": 'attachment; filename="certificate.pdf"'},
    )


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def revocation(request: MemberRequest, pk: int) -> HttpResponse:
    certificate = access.certificate_of(request.user, pk)
    if request.method == "POST" and actions.revoke(certificate=certificate, at=timezone.now()):
        messages.success(request, "Revoked. Whoever checks it from now on is told that none stands.")
    return redirect("attendance:one", certificate.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def check(request: HttpRequest) -> HttpResponse:
    """For anyone who holds a code. Unknown, run out and revoked are answered by the same words and the same work."""
    form, certificate = CheckForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="certificate"):
            form.add_error("code", TOO_OFTEN)
        else:
            certificate = actions.check(typed=form.cleaned_data["code"], at=timezone.now())
            if certificate is None:
                form.add_error("code", NO_SUCH)
    page = {"form": form} | (confirmed(certificate) if certificate else {})
    return render(request, "attendance/check.html", page, status=422 if form.errors else 200)


def confirmed(certificate: Certificate) -> dict[str, object]:
    """What is printed on it, and the notice that goes with it."""
    return {
        "name": certificate.name,
        "facts": wording.facts(certificate),
        "agreed": wording.agreed(certificate),
        "not_checked": wording.not_checked(house().name),
        "notice": NOTICE,
    }
