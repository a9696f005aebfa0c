"""Who keeps order here, what they were trained for, and whose training runs out."""

from __future__ import annotations

from collections import defaultdict

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from community.desk import access, actions
from community.desk.forms import TrainingForm
from community.desk.views.people import made, person_page, posted
from community.groups.models import Membership
from community.house.desk import steward_required
from community.members.models import Member
from community.members.requests import MemberRequest


@steward_required
@require_safe
def roles(request: MemberRequest) -> HttpResponse:
    keepers: dict[Member, list[Membership]] = defaultdict(list)
    for membership in access.keepers():
        keepers[membership.member].append(membership)
    today = timezone.localdate()
    trained = access.trained_now(today)
    page = {
        "staff": access.staff(),
        "keepers": [(one, places, one.pk in trained) for one, places in keepers.items()],
        "expiring": access.trainings_expiring(today),
        "today": today,
    }
    return render(request, "desk/roles.html", page)


@posted
def person_trainings(request: MemberRequest, member: Member) -> HttpResponse:
    form = made(TrainingForm, "training", request.POST, groups=access.groups_for_desk())
    if not form.is_valid():
        return person_page(request, member, status=422, training=form)
    actions.note_training(member=member, by=request.user, at=timezone.now(), **form.cleaned_data)
    messages.success(request, "Noted.")
    return redirect("desk:person", member.public_id)


@steward_required
def training_withdrawal(request: MemberRequest, pk: int) -> HttpResponse:
    if request.method != "POST":
        return redirect("desk:roles")
    training = access.training_for_desk(pk)
    actions.withdraw_training(training=training, by=request.user, at=timezone.now())
    messages.success(request, f"The training of {training.member.handle} no longer counts.")
    return redirect("desk:person", training.member.public_id)
