"""Blocking someone: it works both ways outside rooms, and nobody but the one who did it can find out."""

from __future__ import annotations

from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from community.groups.models import Group, Membership
from community.live import eviction
from community.members.blocks import access, actions
from community.members.blocks.models import Block
from community.members.models import Member
from moderation.audit.models import AuditEntry
from tests.factories import GroupFactory, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def group() -> Group:
    return GroupFactory(joining=Group.Joining.CLOSED, listed=False)


@pytest.fixture
def wren(group: Group) -> Member:
    return MembershipFactory(group=group, member__handle="Wren").member


@pytest.fixture
def juniper(group: Group) -> Member:
    return MembershipFactory(group=group, member__handle="Juniper").member


@pytest.fixture
def heron(group: Group) -> Member:
    """Somebody else: the control."""
    return MembershipFactory(group=group, member__handle="Heron").member


def block(by: Member, whom: Member) -> None:
    actions.block(by=by, whom=whom, at=timezone.now())


def profile(reader: Member, person: Member) -> int:
    return as_(reader).get(f"/members/{person.public_id}/").status_code


def listed(reader: Member, group: Group) -> set[str]:
    page = as_(reader).get(f"/groups/{group.slug}/people/").text
    return {name for name in ("Wren", "Juniper", "Heron", "Alder") if f">{name}</a>" in page}


def test_either_side_is_gone_from_the_lists_of_the_other_and_from_nobody_elses(
    group: Group, wren: Member, juniper: Member, heron: Member
) -> None:
    for reader in (wren, juniper, heron):
        assert listed(reader, group) == {"Wren", "Juniper", "Heron"}
    block(wren, juniper)
    assert listed(wren, group) == {"Wren", "Heron"}
    assert listed(juniper, group) == {"Juniper", "Heron"}
    assert listed(heron, group) == {"Wren", "Juniper", "Heron"}


def test_the_number_of_people_is_that_of_the_names(group: Group, wren: Member, juniper: Member) -> None:
    assert "2 people" in as_(juniper).get(f"/groups/{group.slug}/people/").text
    block(wren, juniper)
    assert "1 person" in as_(juniper).get(f"/groups/{group.slug}/people/").text


def test_a_profile_behind_a_block_is_like_one_that_never_was(
    wren: Member, juniper: Member, heron: Member
) -> None:
    assert profile(juniper, wren) == profile(wren, juniper) == HTTPStatus.OK
    block(wren, juniper)
    client = as_(juniper)
    hidden = client.get(f"/members/{wren.public_id}/")
    unknown = client.get("/members/0123456789abcdef0123/")
    assert hidden.status_code == unknown.status_code == HTTPStatus.NOT_FOUND
    assert hidden.text == unknown.text
    assert profile(wren, juniper) == HTTPStatus.NOT_FOUND
    assert profile(heron, wren) == profile(heron, juniper) == HTTPStatus.OK


def test_to_be_blocked_looks_as_if_the_other_had_left(group: Group, wren: Member, juniper: Member) -> None:
    """Page by page the same bytes: once someone is blocked, once the other has left the group."""
    paths = [f"/groups/{group.slug}/", f"/groups/{group.slug}/people/", f"/members/{wren.public_id}/",
             f"/groups/{group.slug}/people/{wren.public_id}/", "/groups/", "/", "/you/", "/you/blocks/"]  # fmt: skip
    before = seen_on(juniper, paths)
    block(wren, juniper)
    blocked = seen_on(juniper, paths)
    actions.unblock(by=wren, whom=juniper)
    assert seen_on(juniper, paths) == before
    Membership.objects.filter(group=group, member=wren).delete()
    assert seen_on(juniper, paths) == blocked != before


def seen_on(reader: Member, paths: list[str]) -> list[tuple[int, str]]:
    client = as_(reader)
    pages = [client.get(path) for path in paths]
    token = {page.context["csrf_token"] for page in pages if page.context and "csrf_token" in page.context}
    return [(page.status_code, without(page.text, {str(one) for one in token})) for page in pages]


def without(text: str, secrets: set[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "")
    return text


def test_a_block_that_is_taken_back_leaves_nothing(group: Group, wren: Member, juniper: Member) -> None:
    block(wren, juniper)
    assert actions.unblock(by=wren, whom=juniper)
    assert not actions.unblock(by=wren, whom=juniper)
    assert "Juniper" in listed(wren, group)
    assert profile(juniper, wren) == HTTPStatus.OK


def test_when_both_blocked_the_other_one_taking_it_back_changes_nothing(
    group: Group, wren: Member, juniper: Member
) -> None:
    block(wren, juniper)
    block(juniper, wren)
    actions.unblock(by=wren, whom=juniper)
    assert "Juniper" not in listed(wren, group)
    assert "Wren" not in listed(juniper, group)


@pytest.mark.parametrize("role", ["moderator", "facilitator"])
def test_nothing_changes_on_the_pages_of_someone_who_keeps_the_group(
    group: Group, wren: Member, juniper: Member, role: str
) -> None:
    keeper = MembershipFactory(group=group, member__handle="Alder", role=role).member
    paths = [f"/groups/{group.slug}/people/", f"/members/{wren.public_id}/",
             f"/groups/{group.slug}/people/{wren.public_id}/", f"/groups/{group.slug}/"]  # fmt: skip
    before = seen_on(keeper, paths)
    assert {status for status, _ in before} == {HTTPStatus.OK}
    block(wren, keeper)
    assert seen_on(keeper, paths) == before
    assert listed(wren, group) == {"Wren", "Juniper"}
    assert "Alder" in as_(wren).get(f"/groups/{group.slug}/").text, "a group always says who keeps it"
    assert f"/members/{keeper.public_id}/" not in as_(wren).get(f"/groups/{group.slug}/").text


def test_someone_whom_a_keeper_blocked_goes_on_seeing_them(group: Group, wren: Member) -> None:
    keeper = MembershipFactory(group=group, member__handle="Alder", role="facilitator").member
    paths = [f"/groups/{group.slug}/people/", f"/members/{keeper.public_id}/", f"/groups/{group.slug}/"]
    before = seen_on(wren, paths)
    block(keeper, wren)
    assert seen_on(wren, paths) == before
    assert listed(keeper, group) == {"Wren", "Alder"}, "whoever keeps the group sees everyone in it"


def test_a_steward_sees_everyone(wren: Member, juniper: Member) -> None:
    steward = MemberFactory(role=Member.Role.STEWARD)
    assert profile(steward, wren) == HTTPStatus.OK
    block(wren, steward)
    block(steward, juniper)
    assert profile(steward, wren) == profile(steward, juniper) == HTTPStatus.OK


# --- the pages -----------------------------------------------------------------------------------------------------


def test_the_page_asks_before_anything_happens(wren: Member, juniper: Member) -> None:
    page = as_(wren).get(f"/you/blocks/{juniper.public_id}/").text
    assert "Block Juniper?" in page
    assert not Block.objects.exists()
    answer = as_(wren).post(f"/you/blocks/{juniper.public_id}/", follow=True)
    assert "You blocked Juniper." in answer.text
    assert access.has_blocked(wren, juniper)
    assert f"/you/blocks/{juniper.public_id}/end/" in as_(wren).get("/you/blocks/").text


def test_after_blocking_in_a_room_one_is_back_in_the_room_and_never_elsewhere(
    wren: Member, juniper: Member
) -> None:
    client, path = as_(wren), f"/you/blocks/{juniper.public_id}/"
    assert client.post(path, {"next": "/sessions/rooms/porch/"})["Location"] == "/sessions/rooms/porch/"
    assert client.post(f"{path}end/", {"next": "https://evil.example/"})["Location"] == "/you/blocks/"
    assert not access.has_blocked(wren, juniper)


def test_a_script_is_answered_without_a_page(wren: Member, juniper: Member) -> None:
    client, path = as_(wren), f"/you/blocks/{juniper.public_id}/"
    for _ in range(2):
        assert client.post(path, headers=JSON).status_code == HTTPStatus.NO_CONTENT
        assert Block.objects.filter(by=wren, whom=juniper).count() == 1
    for _ in range(2):
        assert client.post(f"{path}end/", headers=JSON).status_code == HTTPStatus.NO_CONTENT
    assert not Block.objects.exists()
    assert Client().post(path, headers=JSON).status_code == HTTPStatus.FOUND


@pytest.mark.parametrize("path", ["/you/blocks/{}/", "/you/blocks/{}/end/"])
def test_one_can_block_neither_oneself_nor_nobody(wren: Member, path: str) -> None:
    for public_id in (wren.public_id, "0123456789abcdef0123"):
        assert as_(wren).post(path.format(public_id)).status_code == HTTPStatus.NOT_FOUND
    assert not Block.objects.exists()


def test_the_page_that_asks_says_the_same_of_someone_who_has_blocked_one(
    wren: Member, juniper: Member
) -> None:
    """Its address is in the menu of every message, so it must not tell."""
    client, path = as_(juniper), f"/you/blocks/{wren.public_id}/"
    before = client.get(path)
    block(wren, juniper)
    after = client.get(path)
    assert before.status_code == after.status_code == HTTPStatus.OK
    assert without(before.text, {str(before.context["csrf_token"])}) == without(
        after.text, {str(after.context["csrf_token"])}
    )


def test_one_sees_only_ones_own_blocks(wren: Member, juniper: Member, heron: Member) -> None:
    block(wren, juniper)
    assert "Juniper" in as_(wren).get("/you/blocks/").text
    for other in (juniper, heron, MemberFactory(role=Member.Role.STEWARD)):
        assert "blocked nobody" in as_(other).get("/you/blocks/").text


def test_nothing_of_it_is_on_record(wren: Member, juniper: Member) -> None:
    block(wren, juniper)
    actions.unblock(by=wren, whom=juniper)
    assert not AuditEntry.objects.exists()


def test_only_the_one_who_blocked_is_told_anything_live(
    wren: Member,
    juniper: Member,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[int] = []
    monkeypatch.setattr(eviction, "_touch_listeners", [lambda touch: told.append(touch.member_id)])
    monkeypatch.setattr(eviction, "_listeners", [lambda gone: told.append(-1)])
    with django_capture_on_commit_callbacks(execute=True):
        block(wren, juniper)
    assert told == [wren.pk]
    with django_capture_on_commit_callbacks(execute=True):
        block(wren, juniper)
    assert told == [wren.pk], "nothing changed"


def test_the_list_costs_the_same_however_long(
    wren: Member, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_(wren)
    block(wren, MemberFactory())
    client.get("/you/blocks/")
    with django_assert_max_num_queries(6) as few:
        client.get("/you/blocks/")
    for _ in range(9):
        block(wren, MemberFactory())
    with django_assert_max_num_queries(len(few)):
        assert client.get("/you/blocks/").status_code == HTTPStatus.OK
