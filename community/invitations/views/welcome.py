"""The first steps: pages that can be left, gone back to and taken up again."""

from __future__ import annotations

from uuid import uuid4

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from community.invitations import access, names
from community.invitations.actions import steps
from community.invitations.forms import GroupsForm, HandleForm, StepForm
from community.invitations.middleware import let_go
from community.invitations.models import FirstStep
from community.members.handles import HandleTaken
from community.members.requests import MemberRequest

SUGGESTED = 4
Name = FirstStep.Name


def onward(request: MemberRequest) -> HttpResponse:
    step = access.next_step(request.user)
    return redirect(f"invitations:{step.name}") if step else redirect("home")


@login_required
@require_safe
@never_cache
def welcome(request: MemberRequest) -> HttpResponse:
    """Wherever one stopped."""
    return onward(request)


def skipped(request: MemberRequest, name: FirstStep.Name) -> bool:
    if request.method != "POST" or not StepForm(request.POST).skips(name):
        return False
    steps.skip(member=request.user, name=name, at=timezone.now())
    return True


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def handle(request: MemberRequest) -> HttpResponse:
    step = access.step_for(request.user, Name.HANDLE)
    if skipped(request, Name.HANDLE):
        return onward(request)
    if step.at is not None:
        return render(request, "invitations/handle_taken.html")
    # A copy: what is typed and refused must not show up in the page's frame.
    form = HandleForm(request.POST or None, instance=access.myself(request.user), at=timezone.now())
    if names.is_one(asked := request.GET.get("handle", "")):
        form.initial["handle"] = asked
    if request.method == "POST" and form.is_valid():
        try:
            steps.take_handle(member=form.save(commit=False), at=timezone.now())
            return onward(request)
        except HandleTaken:
            form.add_error("handle", "Someone was faster. Choose another.")
    page = {"form": form, "suggested": access.free_handles(SUGGESTED)}
    return render(request, "invitations/handle.html", page, status=422 if form.errors else 200)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def rules(request: MemberRequest) -> HttpResponse:
    step = access.step_for(request.user, Name.RULES)
    texts = access.texts()
    if request.method == "POST":
        if request.POST.getlist("version") == [f"{text.kind} {text.version}" for text in texts]:
            steps.agree_to(member=request.user, texts=texts, at=timezone.now())
            let_go(request)
            return onward(request)
        messages.warning(request, "They were changed just now. Here is how they stand.")
    return render(request, "invitations/rules.html", {"texts": texts, "step": step})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def groups(request: MemberRequest) -> HttpResponse:
    access.step_for(request.user, Name.GROUPS)
    if skipped(request, Name.GROUPS):
        return onward(request)
    form = GroupsForm(request.POST if request.method == "POST" else None, member=request.user)
    if request.method == "POST" and form.is_valid():
        steps.join(member=request.user, groups=form.cleaned_data["groups"], at=timezone.now())
        return onward(request)
    page = {
        "mine": access.groups_of(request.user),
        "open": access.open_groups_for(request.user),
        "others": access.groups_to_ask(request.user),
    }
    return render(request, "invitations/groups.html", page)


@login_required
@require_safe
@never_cache
def hello(request: MemberRequest) -> HttpResponse:
    """The words go to the room's own door."""
    access.step_for(request.user, Name.HELLO)
    steps.reach_hello(member=request.user, at=timezone.now())
    page = {"room": access.first_room(request.user), "key": uuid4()}
    return render(request, "invitations/hello.html", page)
