"""Inviting from a file: bring it, look at every line, confirm all of it, and take the result along."""

from __future__ import annotations

from allauth.account.internal.flows.reauthentication import raise_if_reauthentication_required
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from community.house.desk import steward_required
from community.invitations import access, csvfile
from community.invitations.actions import uploading
from community.invitations.forms import UploadForm
from community.members.requests import MemberRequest

SHOWN = 100
HEAD = ["line", "email", "result"]


@steward_required
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: MemberRequest) -> HttpResponse:
    form = UploadForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        upload = uploading.keep(
            table=form.cleaned_data["file"], defaults=form.defaults(), by=request.user, at=timezone.now()
        )
        return redirect("invitations:uploaded", upload.pk)
    page = {"form": form, "groups": access.groups_to_invite_into()}
    return render(request, "invitations/upload.html", page, status=422 if form.errors else 200)


@steward_required
@require_safe
@never_cache
def upload(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    found = access.upload_of(request.user, pk, now)
    if found.confirmed_at is not None:
        return render(request, "invitations/uploaded.html", {"upload": found})
    preview = uploading.preview(upload=found, at=now)
    page = {
        "upload": found,
        "preview": preview,
        "wrong": preview.wrong[:SHOWN],
        "left_out": preview.left_out[:SHOWN],
        "good": preview.good[:SHOWN],
        "shown": SHOWN,
        "unused": uploading.unused_columns(found),
    }
    return render(request, "invitations/preview.html", page)


@steward_required
@require_POST
def confirmation(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    found = access.upload_of(request.user, pk, now)
    if found.confirmed_at is None and uploading.preview(upload=found, at=now).gives_a_charge:
        raise_if_reauthentication_required(request, app="allauth.account")
    try:
        uploading.confirm(upload=found, by=request.user, at=now)
    except uploading.ConfirmedAlready:
        pass  # pressed twice; the page says what came of it
    except uploading.NotConfirmable:
        messages.warning(
            request, "Nobody was invited: something in the file has changed its meaning. Look again."
        )
    return redirect("invitations:uploaded", pk)


@steward_required
@require_safe
@never_cache
def result(request: MemberRequest, pk: int) -> HttpResponse:
    now = timezone.now()
    found = access.upload_of(request.user, pk, now)
    body = csvfile.write([HEAD, *uploading.results(upload=found, at=now)])
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="invitations-{found.pk}.csv"'
    return response
