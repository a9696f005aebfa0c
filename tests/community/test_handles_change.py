"""Going by another handle: how often, what is held back, and what a steward may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from importlib import import_module
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.test import Client

from community.house import access as house_access
from community.house.models import House
from community.live import eviction
from community.live.eviction import Eviction
from community.members import handles, naming
from community.members.models import HandleChange, HandleRequest, HeldHandle, Member
from community.notifications.models import Delivery
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db

AT = datetime(2026, 11, 22, 19, tzinfo=UTC)
DAY = timedelta(days=1)


def change(member: Member, handle: str, at: datetime = AT) -> str:
    return naming.change_handle(member=Member.objects.get(pk=member.pk), handle=handle, at=at).handle


def post(member: Member, handle: str) -> Any:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client.post("/you/", {"handle": handle, "contact_from": "groups"})


def test_a_first_change_is_free_and_the_next_waits_for_the_pause() -> None:
    member = MemberFactory(handle="Juniper")
    assert change(member, "Slow River") == "Slow River"
    with pytest.raises(naming.HandlePaused) as refused:
        change(member, "Old Barn", AT + 29 * DAY)
    assert refused.value.until == AT + 30 * DAY
    assert change(member, "Old Barn", AT + 30 * DAY) == "Old Barn"
    assert list(HandleChange.objects.values_list("was", flat=True)) == ["Slow River", "Juniper"]


def test_stewards_set_the_pause() -> None:
    member = MemberFactory(handle="Juniper")
    house_access.remember(House(handle_pause_days=0))
    change(member, "Slow River")
    assert change(member, "Old Barn") == "Old Barn"


def test_another_spelling_is_no_other_handle_and_waits_for_nothing() -> None:
    member = MemberFactory(handle="Juniper")
    change(member, "slow river")
    assert change(member, "Slow River") == "Slow River"
    assert HeldHandle.objects.get().skeleton == handles.skeleton("juniper")


def test_an_old_handle_is_held_for_who_had_it() -> None:
    member, other = MemberFactory(handle="Juniper"), MemberFactory()
    change(member, "Slow River")
    with pytest.raises(handles.HandleTaken):
        change(other, "juniper", AT + 179 * DAY)
    assert change(member, "Juniper", AT + 30 * DAY) == "Juniper"
    with pytest.raises(handles.HandleTaken):
        change(other, "slow river", AT + 200 * DAY)
    assert change(other, "Slow River", AT + 210 * DAY) == "Slow River"


def test_what_is_held_no_longer_is_forgotten() -> None:
    change(MemberFactory(handle="Juniper"), "Slow River")
    assert naming.let_go_of_held_handles(AT + 179 * DAY) == 0
    assert naming.let_go_of_held_handles(AT + 180 * DAY) == 1


def test_a_newcomer_cannot_take_what_is_held_either() -> None:
    HeldHandle.objects.create(skeleton=handles.skeleton("Juniper"), until=datetime.now(UTC) + DAY)
    with pytest.raises(handles.HandleTaken):
        Member.objects.create_user("a@porchlight.example", "JUNIPER", None)
    assert not Member.objects.exists()
    with pytest.raises(ValidationError, match="already goes by"):
        Member(email="a@porchlight.example", handle="Juniper").full_clean(exclude=["password"])
    HeldHandle.objects.update(until=datetime.now(UTC) - DAY)
    assert Member.objects.create_user("a@porchlight.example", "JUNIPER", None).pk


def test_open_rooms_hear_of_the_new_handle(django_capture_on_commit_callbacks: Any) -> None:
    heard: list[Eviction] = []
    member = MemberFactory(handle="Juniper")
    eviction.on_eviction(heard.append)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            change(member, "Slow River")
    finally:
        eviction._listeners.remove(heard.append)
    assert [(one.member_id, one.code) for one in heard] == [(member.pk, "restart")]


@pytest.mark.parametrize(
    ("handle", "said"),
    [
        ("\u202eabc", "turns the direction"),
        ("a\u200bb", "nobody can see"),
        ("anna@x.org", "e-mail address"),
        ("foo.com", "address on the web"),
        ("Аnna", "one alphabet"),
        ("Admin", "taken for the house"),
        ("Slow  river", "already goes by"),
        ("", "Choose a handle."),
        ("x" * 31, "at most 30"),
    ],
)
def test_each_refusal_stands_at_the_field_with_what_was_typed(handle: str, said: str) -> None:
    MemberFactory(handle="Slow River")
    member = MemberFactory(handle="Juniper")
    page = post(member, handle)
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    error = page.text.split('id="id_handle_error"')[1].split("</p>")[0]
    assert said in error
    member.refresh_from_db()
    assert member.handle == "Juniper"


def test_the_page_says_until_when_a_handle_stays() -> None:
    member = MemberFactory(handle="Juniper")
    assert post(member, "Slow River").status_code == HTTPStatus.FOUND
    page = post(member, "Old Barn")
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "You can choose another from" in page.text
    assert "It stays for now." in page.text
    assert post(member, "Slow River").status_code == HTTPStatus.FOUND


def test_who_came_before_a_rule_keeps_their_handle_and_may_change_the_rest() -> None:
    member = MemberFactory(handle="Support Sam")
    assert post(member, "Support Sam").status_code == HTTPStatus.FOUND
    assert post(member, "Support Tim").status_code == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_steward_asks_for_another_handle_and_the_pause_does_not_hold() -> None:
    member, steward = MemberFactory(handle="Juniper"), MemberFactory(role=Member.Role.STEWARD)
    now = datetime.now(UTC)
    change(member, "Slow River", now - DAY)
    asked = naming.require_new_handle(member=member, by=steward, reason="It is a brand.", at=now)
    assert naming.require_new_handle(member=member, by=steward, reason="Again.", at=now) == asked
    assert set(Delivery.objects.values_list("kind", "member")) == {("members.handle_asked", member.pk)}
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    assert "A steward asks you to choose another handle." in client.get("/you/").text
    assert post(member, "SLOW river").status_code == HTTPStatus.FOUND
    assert HandleRequest.objects.get().answered_at is None
    assert post(member, "Old Barn").status_code == HTTPStatus.FOUND
    assert HandleRequest.objects.get().answered_at is not None
    assert "A steward asks" not in client.get("/you/").text


def test_the_migration_keeps_everyones_handle_and_asks_who_came_later_for_another() -> None:
    first = MemberFactory(handle="Iris", joined_at=AT)
    later, last = (
        MemberFactory(handle="other", joined_at=AT + DAY),
        MemberFactory(handle="some", joined_at=AT + 2 * DAY),
    )
    Member.objects.filter(pk=later.pk).update(handle="lris", handle_skeleton="lris")
    Member.objects.filter(pk=last.pk).update(handle="Ferny", handle_skeleton="iris ")
    import_module("community.members.migrations.0003_skeletons").read_anew(apps, None)
    read = {member.pk: (member.handle, member.handle_skeleton) for member in Member.objects.all()}
    assert read[first.pk] == ("Iris", "iris")
    assert read[later.pk] == ("lris", f"iris {later.pk}")
    assert read[last.pk] == ("Ferny", "ferny")
    assert list(HandleRequest.objects.values_list("member", flat=True)) == [later.pk]
    for member in Member.objects.all():
        member.save()
    assert read == {member.pk: (member.handle, member.handle_skeleton) for member in Member.objects.all()}
    assert change(later, "LRIS") == "LRIS"
    assert change(later, "Blue Iris") == "Blue Iris"
