"""Groups: what is not for one's eyes is a 404 on every door, and each act is done by those who may."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from community.groups import actions
from community.groups.models import Group, JoinRequest, Membership
from community.live import eviction
from community.members.models import Member
from moderation.sanctions.models import Restriction
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory

pytestmark = pytest.mark.django_db

FACILITATOR, MODERATOR, MEMBER = (
    Membership.Role.FACILITATOR,
    Membership.Role.MODERATOR,
    Membership.Role.MEMBER,
)


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def member_of(group: Group, role: Membership.Role = MEMBER) -> Member:
    member: Member = MembershipFactory(group=group, role=role).member
    return member


def doors(group: Group) -> list[tuple[str, str]]:
    base = f"/groups/{group.slug}/"
    return [
        ("get", base), ("get", f"{base}people/"), ("post", f"{base}memberships/"), ("post", f"{base}requests/"),
        ("post", f"{base}departures/"),
    ]  # fmt: skip


@pytest.mark.parametrize("joining", Group.Joining.values)
def test_a_hidden_group_is_not_there_for_people_outside_it(joining: str) -> None:
    group = GroupFactory(listed=False, joining=joining)
    inside, outside = member_of(group), MemberFactory()
    for method, path in doors(group):
        assert getattr(as_(outside), method)(path).status_code == HTTPStatus.NOT_FOUND
    assert group.name not in as_(outside).get("/groups/").text
    assert group.name in as_(inside).get("/groups/").text
    assert as_(inside).get(f"/groups/{group.slug}/people/").status_code == HTTPStatus.OK


def test_a_closed_group_shows_its_name_and_neither_its_rooms_nor_its_people() -> None:
    group = GroupFactory(joining=Group.Joining.CLOSED)
    room = RoomFactory(group=group)
    inside, outside = member_of(group), MemberFactory()
    assert room.name not in as_(outside).get(f"/groups/{group.slug}/").text
    assert as_(outside).get(f"/groups/{group.slug}/people/").status_code == HTTPStatus.NOT_FOUND
    assert room.name in as_(inside).get(f"/groups/{group.slug}/").text
    assert inside.handle in as_(inside).get(f"/groups/{group.slug}/people/").text


def test_family_see_only_groups_for_family() -> None:
    ours, theirs = GroupFactory(audience=Group.Audience.FAMILY), GroupFactory()
    family = as_(MemberFactory(role=Member.Role.FAMILY))
    assert family.get(f"/groups/{ours.slug}/").status_code == HTTPStatus.OK
    assert family.get(f"/groups/{theirs.slug}/").status_code == HTTPStatus.NOT_FOUND


def test_someone_removed_finds_nothing_there_any_more() -> None:
    group = GroupFactory()
    facilitator, member = member_of(group, FACILITATOR), member_of(group)
    assert as_(member).get(f"/groups/{group.slug}/").status_code == HTTPStatus.OK
    page = as_(facilitator).post(
        f"/groups/{group.slug}/people/{member.public_id}/removal/", {"reason": "Prices"}
    )
    assert page.status_code == HTTPStatus.FOUND
    assert as_(member).get(f"/groups/{group.slug}/").status_code == HTTPStatus.NOT_FOUND
    assert as_(member).post(f"/groups/{group.slug}/memberships/").status_code == HTTPStatus.NOT_FOUND
    restriction = Restriction.objects.get(member=member, kind=Restriction.Kind.REMOVAL)
    assert (restriction.scope, restriction.by, restriction.reason) == (group.tag, facilitator, "Prices")


def test_a_removal_wants_a_reason_and_keeps_the_form() -> None:
    group = GroupFactory()
    facilitator, member = member_of(group, FACILITATOR), member_of(group)
    page = as_(facilitator).post(f"/groups/{group.slug}/people/{member.public_id}/removal/", {"reason": " "})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Say why" in page.text
    assert group.memberships.filter(member=member).exists()


@pytest.mark.parametrize(
    ("mine", "theirs", "status"),
    [
        (FACILITATOR, MEMBER, 200), (FACILITATOR, MODERATOR, 200), (FACILITATOR, FACILITATOR, 200),
        (MODERATOR, MEMBER, 200), (MODERATOR, MODERATOR, 403), (MODERATOR, FACILITATOR, 403),
        (MEMBER, MEMBER, 403),
    ],
)  # fmt: skip
def test_who_may_act_on_whom(mine: Membership.Role, theirs: Membership.Role, status: int) -> None:
    group = GroupFactory()
    me, other = member_of(group, mine), member_of(group, theirs)
    path = f"/groups/{group.slug}/people/{other.public_id}/"
    assert as_(me).get(path).status_code == status
    removal = as_(me).post(f"{path}removal/", {"reason": "Because"})
    assert removal.status_code == (HTTPStatus.FOUND if status == HTTPStatus.OK else status)
    assert group.memberships.filter(member=other).exists() == (status != HTTPStatus.OK)


def test_nobody_acts_on_themself_and_keepers_of_other_groups_act_on_nobody_here() -> None:
    group = GroupFactory()
    me, elsewhere, member = (
        member_of(group, FACILITATOR),
        member_of(GroupFactory(), FACILITATOR),
        member_of(group),
    )
    assert as_(me).get(f"/groups/{group.slug}/people/{me.public_id}/").status_code == HTTPStatus.FORBIDDEN
    path = f"/groups/{group.slug}/people/{member.public_id}/"
    assert as_(elsewhere).get(path).status_code == HTTPStatus.NOT_FOUND


def test_only_a_facilitator_gives_roles() -> None:
    group = GroupFactory()
    facilitator, moderator, member = (
        member_of(group, FACILITATOR), member_of(group, MODERATOR), member_of(group)
    )  # fmt: skip
    path = f"/groups/{group.slug}/people/{member.public_id}/role/"
    assert as_(moderator).post(path, {"role": MODERATOR}).status_code == HTTPStatus.FORBIDDEN
    assert group.memberships.get(member=member).role == MEMBER
    assert as_(facilitator).post(path, {"role": MODERATOR}).status_code == HTTPStatus.FOUND
    assert group.memberships.get(member=member).role == MODERATOR


def test_an_open_group_is_joined_with_one_press_and_once() -> None:
    group, member = GroupFactory(), MemberFactory()
    for _ in range(2):
        assert as_(member).post(f"/groups/{group.slug}/memberships/").status_code == HTTPStatus.FOUND
    assert group.memberships.get(member=member).role == MEMBER


@pytest.mark.parametrize("joining", [Group.Joining.REQUEST, Group.Joining.CLOSED])
def test_a_group_that_is_not_open_is_not_joined_with_a_press(joining: str) -> None:
    group, member = GroupFactory(joining=joining), MemberFactory()
    as_(member).post(f"/groups/{group.slug}/memberships/")
    assert not group.memberships.filter(member=member).exists()


def test_asking_waits_for_an_answer_and_the_answer_lets_in() -> None:
    group, member = GroupFactory(joining=Group.Joining.REQUEST), MemberFactory(handle="Heron")
    keeper = member_of(group, MODERATOR)
    as_(member).post(f"/groups/{group.slug}/requests/", {"words": "May I read with you?"})
    asked = JoinRequest.objects.get(group=group, member=member)
    assert "May I read with you?" in as_(keeper).get(f"/groups/{group.slug}/").text
    as_(keeper).post(f"/groups/requests/{asked.pk}/answer/", {"answer": "welcome"})
    assert group.memberships.filter(member=member).exists()
    asked.refresh_from_db()
    assert (asked.answer, asked.answered_by) == ("welcome", keeper)


def test_who_asks_is_for_keepers_eyes_only() -> None:
    group = GroupFactory(joining=Group.Joining.REQUEST)
    asked = JoinRequest.objects.create(group=group, member=MemberFactory(handle="Heron"), words="Please")
    assert "Heron" in as_(member_of(group, MODERATOR)).get(f"/groups/{group.slug}/").text
    assert "Heron" not in as_(member_of(group)).get(f"/groups/{group.slug}/").text
    for who in (member_of(group), member_of(GroupFactory(), FACILITATOR), MemberFactory()):
        answer = as_(who).post(f"/groups/requests/{asked.pk}/answer/", {"answer": "welcome"})
        assert answer.status_code == HTTPStatus.NOT_FOUND
    assert not group.memberships.filter(member=asked.member).exists()


def test_only_the_first_answer_counts() -> None:
    group = GroupFactory(joining=Group.Joining.REQUEST)
    asked = JoinRequest.objects.create(group=group, member=MemberFactory())
    keeper = member_of(group, MODERATOR)
    actions.answer_request(request=asked, by=keeper, answer=JoinRequest.Answer.NOT_NOW, at=timezone.now())
    with pytest.raises(actions.AnsweredAlready):
        actions.answer_request(request=asked, by=keeper, answer=JoinRequest.Answer.WELCOME, at=timezone.now())
    assert not group.memberships.filter(member=asked.member).exists()


def test_one_asks_once_and_again_only_after_two_weeks() -> None:
    group, member, now = GroupFactory(joining=Group.Joining.REQUEST), MemberFactory(), timezone.now()
    asked = actions.ask_to_join(group=group, member=member, words="", at=now)
    with pytest.raises(actions.AskedAlready):
        actions.ask_to_join(group=group, member=member, words="", at=now)
    keeper = member_of(group, MODERATOR)
    actions.answer_request(request=asked, by=keeper, answer=JoinRequest.Answer.NOT_NOW, at=now)
    with pytest.raises(actions.AskedAlready):
        actions.ask_to_join(group=group, member=member, words="", at=now + timedelta(days=13))
    assert actions.ask_to_join(group=group, member=member, words="", at=now + timedelta(days=15))


def test_leaving_ends_the_membership_and_the_open_rooms_together(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    group = GroupFactory()
    member = member_of(group)
    with django_capture_on_commit_callbacks(execute=True):
        assert as_(member).post(f"/groups/{group.slug}/departures/").status_code == HTTPStatus.FOUND
    assert not group.memberships.filter(member=member).exists()
    assert [(one.member_id, one.tag) for one in heard] == [(member.pk, group.tag)]


def test_the_only_facilitator_hands_the_group_on_before_leaving() -> None:
    group = GroupFactory()
    facilitator, member = member_of(group, FACILITATOR), member_of(group)
    as_(facilitator).post(f"/groups/{group.slug}/departures/")
    assert group.memberships.filter(member=facilitator).exists()
    theirs = group.memberships.get(member=member)
    actions.set_role(membership=theirs, role=FACILITATOR, by=facilitator, at=timezone.now())
    as_(facilitator).post(f"/groups/{group.slug}/departures/")
    assert not group.memberships.filter(member=facilitator).exists()


def test_someone_who_had_to_sign_in_first_arrives_at_the_groups_page() -> None:
    group, member = GroupFactory(), MemberFactory()
    door = Client().post(f"/groups/{group.slug}/memberships/")
    assert door["Location"] == f"/accounts/login/?next=/groups/{group.slug}/memberships/"
    page = as_(member).get(f"/groups/{group.slug}/memberships/", follow=True)
    assert "Join this group" in page.text
    assert not group.memberships.filter(member=member).exists()


def test_what_came_of_an_act_is_said_on_the_next_page() -> None:
    group = GroupFactory()
    member = member_of(group)
    page = as_(member).post(f"/groups/{group.slug}/departures/", follow=True)
    assert f"You have left {group.name}." in page.text


def test_too_many_words_are_an_error_at_the_field_and_are_kept() -> None:
    group = GroupFactory(joining=Group.Joining.REQUEST)
    page = as_(MemberFactory()).post(f"/groups/{group.slug}/requests/", {"words": "river " * 100})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'aria-invalid="true"' in page.text
    assert "river river" in page.text


@pytest.mark.parametrize(("path", "most"), [("/groups/", 5), ("/groups/{}/", 9), ("/groups/{}/people/", 7)])
def test_pages_cost_the_same_however_many_people(
    path: str, most: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    group = GroupFactory(joining=Group.Joining.REQUEST)
    facilitator = member_of(group, FACILITATOR)
    for number in range(5):
        member_of(group, MODERATOR if number % 2 else MEMBER)
        RoomFactory(group=group)
        JoinRequest.objects.create(group=group, member=MemberFactory())
        GroupFactory()
    client = as_(facilitator)
    with django_assert_max_num_queries(most):
        assert client.get(path.format(group.slug)).status_code == HTTPStatus.OK
