"""Asking to talk one to one: who may, what either side sees of it, and what an end means."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from community.groups.leaving import end_all_memberships
from community.groups.models import Group, Membership
from community.house import access as house_access
from community.house.models import House
from community.live.domain import Committed, Refuse
from community.members.blocks.actions import block, unblock
from community.members.models import Member
from community.notifications.delivering import deliver_due
from community.notifications.models import Delivery
from sessions.direct import access, actions
from sessions.direct.access import Way, way_to
from sessions.direct.models import Ask, Pair
from sessions.rooms.models import ReadPosition, Room
from tests.factories import GroupFactory, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import act, code_of, do, events, say

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=400)
FACILITATOR, MODERATOR = Membership.Role.FACILITATOR, Membership.Role.MODERATOR


@pytest.fixture
def group() -> Group:
    return GroupFactory(joining=Group.Joining.CLOSED)


def member_of(group: Group, handle: str, role: str = "member", **fields: object) -> Member:
    fields.setdefault("joined_at", timezone.now() - LONG_AGO)
    return MembershipFactory(
        group=group, role=role, member__handle=handle, **{f"member__{name}": value for name, value in fields.items()}
    ).member  # fmt: skip


@pytest.fixture
def wren(group: Group) -> Member:
    return member_of(group, "Wren")


@pytest.fixture
def juniper(group: Group) -> Member:
    return member_of(group, "Juniper")


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def ask(asker: Member, asked: Member, words: str = "", at: datetime | None = None) -> Ask:
    return actions.ask(asker=asker, asked=asked, words=words, at=at or timezone.now())


def talk(one: Member, other: Member, words: str = "") -> Pair:
    return actions.accept(ask=ask(one, other, words), at=timezone.now())


def end(pair: Pair, by: Member) -> None:
    assert actions.end(pair=pair, by=by, at=timezone.now())


def way(asker: Member, asked: Member, at: datetime | None = None) -> Way:
    return way_to(asker, asked, at or timezone.now())


# --- asking and answering, by the pages ----------------------------------------------------------------------------


def test_someone_asks_the_other_says_yes_and_they_talk(wren: Member, juniper: Member) -> None:
    page = as_(wren).get(f"/members/{juniper.public_id}/").text
    assert f"/direct/with/{juniper.public_id}/" in page
    answer = as_(wren).post(
        f"/direct/with/{juniper.public_id}/", {"words": "Shall we talk about the rides?"}, follow=True
    )
    assert "You asked Juniper." in answer.text
    page = as_(juniper).get("/direct/").text
    assert "Shall we talk about the rides?" in page
    assert "Someone asks to talk with you" in as_(juniper).get("/").text
    [asked] = Ask.objects.all()
    room_page = as_(juniper).post(f"/direct/asks/{asked.pk}/answer/", {"answer": "yes"}, follow=True)
    assert room_page.redirect_chain[-1][0].startswith("/sessions/rooms/direct-")
    assert "Shall we talk about the rides?" in room_page.text
    assert "<h1>Wren</h1>" in room_page.text
    assert "<h1>Juniper</h1>" in as_(wren).get(room_page.redirect_chain[-1][0]).text
    assert "Someone asks to talk with you" not in as_(juniper).get("/").text


def test_the_words_stand_sealed_until_they_are_in_the_room_and_then_only_there(
    wren: Member, juniper: Member
) -> None:
    asked = ask(wren, juniper, "a word in private")
    with connection.cursor() as cursor:
        cursor.execute("SELECT words FROM direct_ask")
        assert "private" not in cursor.fetchone()[0]
    room = Room.objects.get(group=actions.accept(ask=asked, at=timezone.now()).group)
    assert [event["data"]["text"] for event in events(room)] == ["a word in private"]
    asked.refresh_from_db()
    assert asked.words is None


def test_for_the_asker_a_no_is_as_no_answer(wren: Member, juniper: Member) -> None:
    asked = ask(wren, juniper, "hello")
    paths = ["/direct/", "/", f"/direct/with/{juniper.public_id}/", f"/members/{juniper.public_id}/"]
    before = [texts(wren, path) for path in paths]
    assert "You asked" in before[0]
    as_(juniper).post(f"/direct/asks/{asked.pk}/answer/", {"answer": "not_now"})
    assert "Asking to talk with you" not in as_(juniper).get("/direct/").text
    assert [texts(wren, path) for path in paths] == before


def texts(reader: Member, path: str) -> str:
    page = as_(reader).get(path)
    return page.text.replace(str(page.context["csrf_token"]), "")


def test_a_not_now_can_become_a_yes_and_stands_for_later_requests_till_then(
    wren: Member, juniper: Member
) -> None:
    now = timezone.now()
    actions.set_aside(ask=ask(wren, juniper, "hello", at=now), at=now)
    later = now + timedelta(days=31)
    assert way(wren, juniper, later) is Way.OPEN
    again = ask(wren, juniper, "hello again", at=later)
    assert list(access.open_asks_to(juniper, later)) == []
    assert list(access.asks_to(juniper, later)) == [again]
    assert list(access.asks_by(wren, later)) == [again]
    actions.accept(ask=again, at=later)
    assert way(wren, juniper, later) is Way.TALKING


def test_what_is_taken_back_is_gone_for_the_other(wren: Member, juniper: Member) -> None:
    asked = ask(wren, juniper, "hello")
    assert "Wren" in as_(juniper).get("/direct/").text
    as_(wren).post(f"/direct/asks/{asked.pk}/withdrawal/")
    assert "Wren" not in as_(juniper).get("/direct/").text
    assert as_(juniper).post(f"/direct/asks/{asked.pk}/answer/", {"answer": "yes"}).status_code == 404
    assert way(wren, juniper) is Way.WAITING, "asking anew is not a way to knock again"


def test_whoever_wants_to_ask_someone_who_has_asked_is_told(wren: Member, juniper: Member) -> None:
    ask(wren, juniper, "hello")
    assert way(juniper, wren) is Way.THEY_ASKED
    assert "has asked you" in as_(juniper).get(f"/direct/with/{wren.public_id}/").text


def test_saying_yes_twice_makes_one_conversation(wren: Member, juniper: Member) -> None:
    asked = ask(wren, juniper)
    first = actions.accept(ask=asked, at=timezone.now())
    assert actions.accept(ask=asked, at=timezone.now()) == first
    assert Pair.objects.count() == 1


def test_a_notice_goes_out_once_and_names_nobody(wren: Member, juniper: Member) -> None:
    ask(wren, juniper, "hello")
    assert set(Delivery.objects.values_list("member_id", "kind")) == {(juniper.pk, "direct.asked")}
    deliver_due(timezone.now() + timedelta(seconds=1))
    inbox = as_(juniper).get("/inbox/").text
    assert "Someone asks to talk with you one to one." in inbox
    assert "Wren" not in inbox
    block(by=juniper, whom=wren, at=timezone.now())
    assert as_(juniper).get("/direct/").status_code == HTTPStatus.OK, "where the line of the inbox leads"


def test_others_can_neither_answer_nor_take_back(wren: Member, juniper: Member, group: Group) -> None:
    asked = ask(wren, juniper)
    for other in (wren, member_of(group, "Heron"), MemberFactory(role=Member.Role.STEWARD)):
        assert as_(other).post(f"/direct/asks/{asked.pk}/answer/", {"answer": "yes"}).status_code == 404
    for other in (juniper, member_of(group, "Egret")):
        assert as_(other).post(f"/direct/asks/{asked.pk}/withdrawal/").status_code == 404
    assert not Pair.objects.exists()


def test_one_asks_neither_oneself_nor_strangers(wren: Member) -> None:
    for public_id in (wren.public_id, MemberFactory().public_id, "0123456789abcdef0123"):
        assert as_(wren).get(f"/direct/with/{public_id}/").status_code == HTTPStatus.NOT_FOUND
        assert as_(wren).post(f"/direct/with/{public_id}/").status_code == HTTPStatus.NOT_FOUND


def test_too_many_words_come_back_with_the_reason(wren: Member, juniper: Member) -> None:
    page = as_(wren).post(f"/direct/with/{juniper.public_id}/", {"words": "w" * 201})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert 'aria-invalid="true"' in page.text
    assert not Ask.objects.exists()


# --- who may be asked ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("new", ["asker", "asked"])
def test_newcomers_are_left_in_peace_for_as_long_as_the_house_says(group: Group, new: str) -> None:
    joined = {new: timezone.now() - timedelta(days=13)}
    asker = member_of(group, "Wren", joined_at=joined.get("asker", timezone.now() - LONG_AGO))
    asked = member_of(group, "Juniper", joined_at=joined.get("asked", timezone.now() - LONG_AGO))
    assert way(asker, asked) is {"asker": Way.YOU_ARE_NEW, "asked": Way.THEY_ARE_NEW}[new]
    assert way(asker, asked, timezone.now() + timedelta(days=2)) is Way.OPEN
    house_access.remember(House(newcomer_days=0), seconds=float("inf"))
    assert way(asker, asked) is Way.OPEN


@pytest.mark.parametrize("fields", [{"role": FACILITATOR}, {"member_role": Member.Role.CLINICIAN}])
def test_newcomers_and_those_who_lead_may_talk_from_the_first_day(
    group: Group, fields: dict[str, str]
) -> None:
    newcomer = member_of(group, "Wren", joined_at=timezone.now())
    lead = member_of(group, "Alder", fields.get("role", "member"))
    Member.objects.filter(pk=lead.pk).update(role=fields.get("member_role", Member.Role.ALUMNUS))
    lead.refresh_from_db()
    assert way(newcomer, lead) is way(lead, newcomer) is Way.OPEN
    peer = member_of(group, "Fern", MODERATOR)
    assert way(newcomer, peer) is Way.YOU_ARE_NEW, "a peer moderator is a peer"


@pytest.mark.parametrize("phase", ["opening", "check-in", "sharing", "closing"])
def test_whoever_sits_in_a_meeting_asks_and_answers_afterwards(
    wren: Member, juniper: Member, group: Group, phase: str
) -> None:
    asked = ask(juniper, wren)
    heron = member_of(group, "Heron")
    room = RoomFactory(group=group, phase=phase)
    assert way(wren, heron) is Way.OPEN
    ReadPosition.objects.create(room=room, member=wren, seq=0)
    assert way(wren, heron) is Way.IN_A_MEETING
    assert way(heron, juniper) is Way.OPEN, "others are not in it"
    assert way(wren, member_of(group, "Alder", FACILITATOR)) is Way.OPEN
    with pytest.raises(actions.InAMeeting):
        actions.accept(ask=asked, at=timezone.now())
    page = as_(wren).post(f"/direct/asks/{asked.pk}/answer/", {"answer": "yes"}, follow=True)
    assert "You are in a meeting" in page.text
    Room.objects.update(phase="fellowship")
    assert way(wren, heron) is Way.OPEN
    actions.accept(ask=asked, at=timezone.now())


def test_whoever_waits_for_the_floor_sits_in_the_meeting(wren: Member, juniper: Member, group: Group) -> None:
    room = RoomFactory(group=group, phase="sharing")
    do(room, wren, act(room, "hand.raise"))
    assert way(wren, juniper) is Way.IN_A_MEETING
    do(room, wren, act(room, "hand.lower"))
    assert way(wren, juniper) is Way.OPEN


@pytest.mark.parametrize(
    ("contact_from", "member", "facilitator", "steward"),
    [
        (Member.ContactFrom.GROUPS, Way.OPEN, Way.OPEN, Way.OPEN),
        (Member.ContactFrom.KEEPERS, Way.NOT_TAKING, Way.OPEN, Way.OPEN),
        (Member.ContactFrom.NOBODY, Way.NOT_TAKING, Way.NOT_TAKING, Way.NOT_TAKING),
    ],
)
def test_each_decides_who_may_ask_them(
    group: Group, contact_from: str, member: Way, facilitator: Way, steward: Way
) -> None:
    asked = member_of(group, "Juniper", contact_from=contact_from)
    assert way(member_of(group, "Wren"), asked) is member
    assert way(member_of(group, "Alder", FACILITATOR), asked) is facilitator
    assert way(MemberFactory(role=Member.Role.STEWARD), asked) is steward


def test_a_day_and_a_person_hold_only_so_many_requests(wren: Member, group: Group) -> None:
    now = timezone.now()
    people = [member_of(group, f"Heron {number}") for number in range(12)]
    for person in people[: access.ASKS_A_DAY]:
        ask(wren, person, at=now)
    with pytest.raises(actions.NotNow) as refused:
        ask(wren, people[-1], at=now)
    assert refused.value.way is Way.ENOUGH_TODAY
    tomorrow = now + timedelta(days=1, minutes=1)
    for person in people[access.ASKS_A_DAY : access.ASKS_WAITING]:
        ask(wren, person, at=tomorrow)
    with pytest.raises(actions.NotNow) as refused:
        ask(wren, people[-1], at=tomorrow + timedelta(days=2))
    assert refused.value.way is Way.ENOUGH_WAITING
    after_a_month = now + timedelta(days=34)
    ask(wren, people[-1], at=after_a_month)


# --- the end -------------------------------------------------------------------------------------------------------


def test_either_can_end_it_and_it_stays_ended(wren: Member, juniper: Member) -> None:
    for ender, other in ((wren, juniper), (juniper, wren)):
        pair = talk(wren, juniper) if ender is wren else talk(juniper, wren)
        slug = pair.group.slug
        assert "End this conversation?" in as_(ender).get(f"/direct/{slug}/end/").text
        assert as_(ender).post(f"/direct/{slug}/end/")["Location"] == "/direct/"
        for path in (f"/sessions/rooms/{slug}/", f"/direct/{slug}/end/"):
            assert as_(ender).get(path).status_code == as_(other).get(path).status_code == 404
        assert way(other, ender) is Way.ENDED
        with pytest.raises(actions.NotNow):
            ask(other, ender)
        assert way(ender, other) is Way.OPEN
        Ask.objects.all().delete()
        Pair.objects.all().delete()


def test_whoever_ended_it_may_ask_again_and_a_yes_opens_a_new_room(wren: Member, juniper: Member) -> None:
    old = talk(wren, juniper)
    end(old, wren)
    new = talk(wren, juniper)
    assert new.group.slug != old.group.slug
    assert as_(juniper).get(f"/sessions/rooms/{old.group.slug}/").status_code == 404


def test_a_block_ends_it_as_an_end_would_and_is_not_undone_by_unblocking(
    wren: Member, juniper: Member
) -> None:
    pair = talk(wren, juniper)
    block(by=juniper, whom=wren, at=timezone.now())
    assert as_(wren).get(f"/sessions/rooms/{pair.group.slug}/").status_code == 404
    assert access.conversations(wren) == access.conversations(juniper) == []
    unblock(by=juniper, whom=wren)
    assert way(wren, juniper) is Way.ENDED
    assert way(juniper, wren) is Way.OPEN


def test_a_request_from_someone_blocked_waits_for_ever_and_reaches_nobody(group: Group) -> None:
    """A facilitator still finds whoever blocked them, and must not notice."""
    alder, wren, heron = (
        member_of(group, "Alder", FACILITATOR),
        member_of(group, "Wren"),
        member_of(group, "Heron"),
    )
    block(by=wren, whom=alder, at=timezone.now())
    answers = [
        as_(alder).post(f"/direct/with/{person.public_id}/", {"words": "hello"}, follow=True)
        for person in (wren, heron)
    ]
    first, second = (page.text.replace(str(page.context["csrf_token"]), "") for page in answers)
    assert "You asked Wren." in first
    assert "You asked Heron." in second
    assert [one.asked for one in access.asks_by(alder, timezone.now())] == [heron, wren]
    assert list(access.asks_to(wren, timezone.now())) == []
    assert list(access.asks_to(heron, timezone.now())) != []
    assert set(Delivery.objects.values_list("member_id", flat=True)) == {heron.pk}


def test_what_waits_between_two_people_is_gone_with_a_block(
    wren: Member, juniper: Member, group: Group
) -> None:
    heron = member_of(group, "Heron")
    for asked in (juniper, heron):
        ask(wren, asked, "hello")
    block(by=juniper, whom=wren, at=timezone.now())
    assert list(access.asks_to(juniper, timezone.now())) == []
    assert [one.asked for one in access.asks_by(wren, timezone.now())] == [heron]
    assert list(access.asks_to(heron, timezone.now())) != []


def test_whoever_leaves_the_place_leaves_nobody_in_a_room_alone(wren: Member, juniper: Member) -> None:
    pair = talk(wren, juniper)
    end_all_memberships(wren, timezone.now())
    assert as_(juniper).get(f"/sessions/rooms/{pair.group.slug}/").status_code == 404
    assert access.conversations(juniper) == []


# --- the room ------------------------------------------------------------------------------------------------------


def test_the_room_of_two_has_no_floor_and_nobody_keeps_it(wren: Member, juniper: Member) -> None:
    room = Room.objects.get(group=talk(wren, juniper).group)
    page = as_(wren).get(f"/sessions/rooms/{room.slug}/").text
    assert "Write to Juniper" in page
    assert "data-floor hidden" in page
    assert "Kept by" not in page
    for op, target in (("hand.raise", None), ("phase.set", None), ("member.mute", juniper.public_id)):
        value = "sharing" if op == "phase.set" else {"minutes": 10}
        assert code_of(do(room, wren, act(room, op, target, value))) == "denied"
    assert as_(wren).get(f"/groups/{room.slug}/").status_code == 404
    assert room.slug not in as_(wren).get("/groups/").text
    assert room.slug not in as_(wren).get(f"/members/{juniper.public_id}/").text


def test_whoever_sits_in_a_meeting_writes_to_nobody_alone_until_it_is_over(
    wren: Member, juniper: Member, group: Group
) -> None:
    room = Room.objects.get(group=talk(wren, juniper).group)
    circle = RoomFactory(group=group, phase="sharing")
    assert isinstance(do(room, wren, say(room)), Committed)
    do(circle, wren, act(circle, "hand.raise"))
    refused = do(room, wren, say(room))
    assert isinstance(refused, Refuse)
    assert "You are in a meeting" in refused.message
    assert isinstance(do(room, juniper, say(room)), Committed), "the other is not in it, and is told nothing"
    assert isinstance(do(circle, wren, act(circle, "hand.lower")), Committed)
    ReadPosition.objects.create(room=circle, member=wren, seq=1)
    assert isinstance(do(room, wren, say(room)), Committed), "who has just left may write to a friend"


def test_with_a_facilitator_one_may_also_write_during_a_meeting(wren: Member, group: Group) -> None:
    room = Room.objects.get(group=talk(wren, member_of(group, "Alder", FACILITATOR)).group)
    circle = RoomFactory(group=group, phase="sharing")
    do(circle, wren, act(circle, "hand.raise"))
    assert isinstance(do(room, wren, say(room)), Committed)


def test_what_is_new_is_counted_for_the_other(wren: Member, juniper: Member) -> None:
    room = Room.objects.get(group=talk(wren, juniper, "hello").group)
    assert "1 new" not in as_(juniper).get("/direct/").text
    do(room, wren, say(room, "how are you?"))
    assert "1 new" in as_(juniper).get("/direct/").text
    assert "One to one: 1 new" in as_(juniper).get("/").text
    assert "1 new" not in as_(wren).get("/direct/").text


def test_those_who_talk_find_each_others_page_also_when_they_share_no_group_any_more(
    wren: Member, juniper: Member, group: Group
) -> None:
    pair = talk(wren, juniper)
    Membership.objects.filter(group=group, member=wren).delete()
    assert as_(juniper).get(f"/members/{wren.public_id}/").status_code == HTTPStatus.OK
    end(pair, wren)
    assert as_(juniper).get(f"/members/{wren.public_id}/").status_code == HTTPStatus.NOT_FOUND


def test_the_list_costs_the_same_however_long(
    wren: Member, group: Group, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = as_(wren)
    now = timezone.now()

    def more(start: int, count: int) -> None:
        for number in range(start, start + count):
            talker, asker, asked = (
                member_of(group, f"{word} {number}") for word in ("Heron", "Egret", "Crane")
            )
            room = Room.objects.get(group=talk(talker, wren, "hello").group)
            do(room, talker, say(room, "and more"))
            ask(asker, wren, "hello")
            Ask.objects.create(asker=wren, asked=asked, at=now)

    more(0, 1)
    client.get("/direct/")
    with django_assert_max_num_queries(16) as few:
        client.get("/direct/")
    more(1, 4)
    with django_assert_max_num_queries(len(few)):
        assert client.get("/direct/").text.count("1 new") == 5


def test_words_of_requests_that_stand_no_longer_are_forgotten(wren: Member, juniper: Member) -> None:
    now = timezone.now()
    ask(wren, juniper, "hello", at=now)
    assert actions.forget_spent_words(now + timedelta(days=29)) == 0
    assert actions.forget_spent_words(now + timedelta(days=31)) == 1
    assert list(Ask.objects.values_list("words", flat=True)) == [None]
