"""Pausing, leaving and coming back; and someone who has died."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.auth import authenticate
from django.db import connections
from django.test import Client
from django.urls import reverse

from community.groups.models import Membership
from community.live import renaming
from community.live.models import Event
from community.members import handles, leaving, naming, suspension
from community.members.blocks.models import Block
from community.members.models import Departure, HandleChange, HeldHandle, Member
from community.members.roles import LastSteward
from community.members.signin.models import SignIn
from community.notifications.models import Delivery, InboxEntry
from moderation.audit.models import AuditEntry
from sessions.rooms.models import Room
from tests.factories import PASSWORD, MemberFactory, MembershipFactory, RoomFactory
from tests.live_client import do, say
from tests.live_fixtures import WAIT

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 22, 19, tzinfo=UTC)
DAY = timedelta(days=1)
OFF, STAYS = Departure.Name.OFF, Departure.Name.STAYS


def as_(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def sign_in(member: Member) -> Any:
    return Client().post("/accounts/login/", {"login": member.email, "password": PASSWORD}, follow=True)


def signed_in_by_hand(member: Member) -> Client:
    """With the password given again a moment ago."""
    client = as_(member)
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def fresh(member: Member) -> Member:
    return Member.objects.get(pk=member.pk)


@pytest.fixture
def two() -> tuple[Membership, Membership]:
    """Two in one group; the first one is about to go."""
    one = MembershipFactory(member__handle="Slow River", member__about="Boats.", group__slug="night")
    return one, MembershipFactory(group=one.group, role=Membership.Role.FACILITATOR)


def lists_with(member: Member, reader: Member) -> list[str]:
    """Of the pages on which the reader could meet the member: those that name them."""
    client = as_(reader)
    alone = reverse("direct:with", args=[member.public_id])
    pages = ["/groups/night/people/", "/groups/night/", f"/members/{member.public_id}/", alone]
    return [
        path for path in pages if member.handle in (page := client.get(path)).text and page.status_code == 200
    ]


def test_who_pauses_is_signed_out_and_in_no_list_until_they_sign_in_again(
    two: tuple[Membership, Membership],
) -> None:
    one, reader = two[0].member, two[1].member
    client = as_(one)
    assert len(lists_with(one, reader)) == 3
    page = client.post("/you/leaving/pause/", follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/paused/"
    assert not SignIn.objects.filter(member=one).exists()
    assert lists_with(one, reader) == []
    assert client.get("/you/").status_code == HTTPStatus.FOUND
    back = sign_in(one)
    assert "Everything is as you left it." in back.text
    assert len(lists_with(one, reader)) == 3
    departure = Departure.objects.get(member=one)
    assert departure.undone_at is not None
    assert leaving.come_back(member=fresh(one), at=AT) is None


def test_a_room_names_who_has_paused_as_its_writer_and_lists_them_nowhere(
    two: tuple[Membership, Membership],
) -> None:
    Membership.objects.update(role=Membership.Role.FACILITATOR)
    one, reader = two[0].member, two[1].member
    room: Room = RoomFactory(group=two[0].group)
    do(room, one, say(room, "The river was high."))
    path = f"/sessions/rooms/{room.slug}/"
    assert "Slow River" in as_(reader).get(f"{path}people/").text
    assert f"Kept by Slow River and {reader.handle}" in as_(reader).get(path).text
    leaving.pause(member=one, at=AT)
    assert "Slow River" not in as_(reader).get(f"{path}people/").text
    page = as_(reader).get(path).text
    assert f"Kept by {reader.handle}." in page
    assert "Slow River" in page.split("data-log")[1]


def test_who_pauses_is_sent_no_mail_but_finds_what_came_meanwhile(two: tuple[Membership, Membership]) -> None:
    from community.notifications.delivering import _is_useless
    from community.notifications.kinds import Kind
    from community.notifications.models import Channel

    one = two[0].member
    told = Kind("test.told", "Told", line="Told.")
    mail, inbox = (Delivery(member=one, channel=channel) for channel in (Channel.EMAIL, Channel.INBOX))
    assert not _is_useless(mail, told, AT)
    leaving.pause(member=one, at=AT)
    mail.member = inbox.member = fresh(one)
    assert _is_useless(mail, told, AT)
    assert not _is_useless(inbox, told, AT)


def test_nobody_pauses_twice_and_the_last_steward_not_at_all() -> None:
    one, steward = MemberFactory(), MemberFactory(role=Member.Role.STEWARD)
    leaving.pause(member=one, at=AT)
    with pytest.raises(leaving.AwayAlready):
        leaving.pause(member=one, at=AT)
    with pytest.raises(LastSteward):
        leaving.pause(member=steward, at=AT)
    MemberFactory(role=Member.Role.STEWARD)
    leaving.pause(member=steward, at=AT)


def test_signing_in_within_the_cool_off_undoes_leaving(two: tuple[Membership, Membership]) -> None:
    one, reader = two[0].member, two[1].member
    departure = leaving.ask_to_leave(member=one, name=OFF, at=AT)
    assert lists_with(one, reader) == []
    assert leaving.finish_leaving(AT + leaving.COOL_OFF - timedelta(seconds=1)) == 0
    sign_in(one)
    assert leaving.finish_leaving(AT + leaving.COOL_OFF) == 0
    assert fresh(one).handle == "Slow River"
    assert len(lists_with(one, reader)) == 3
    departure.refresh_from_db()
    assert departure.done_at is None


def test_after_the_cool_off_nothing_leads_to_the_person(two: tuple[Membership, Membership]) -> None:
    one, reader = two[0].member, two[1].member
    HandleChange.objects.create(member=one, was="Old Barn", at=AT - 90 * DAY)
    HeldHandle.objects.create(member=one, skeleton="oidbarn", until=AT + 90 * DAY)
    Block.objects.create(by=one, whom=reader, at=AT)
    InboxEntry.objects.create(member=one, key="k", kind="members.leaving", at=AT)
    email = one.email
    assert authenticate(None, username=email, password=PASSWORD) is not None
    leaving.ask_to_leave(member=one, name=OFF, at=AT)
    assert leaving.finish_leaving(AT + leaving.COOL_OFF) == 1
    gone = fresh(one)
    assert (gone.handle, gone.about, gone.is_active) == (handles.SOMEONE_WHO_LEFT, "", False)
    assert not Member.objects.filter(email=email).exists()
    assert authenticate(None, username=email, password=PASSWORD) is None
    assert not gone.has_usable_password()
    assert not gone.memberships.exists()
    assert not gone.blocks.exists()
    assert not gone.inbox.exists()
    assert not HandleChange.objects.filter(member=gone).exists()
    assert not HeldHandle.objects.filter(member=gone).exists()
    assert as_(reader).get(f"/members/{one.public_id}/").status_code == HTTPStatus.NOT_FOUND
    assert leaving.finish_leaving(AT + 2 * leaving.COOL_OFF) == 0


def test_two_can_leave_and_both_are_someone_who_left() -> None:
    for member in (MemberFactory(), MemberFactory()):
        leaving.ask_to_leave(member=member, name=OFF, at=AT)
    assert leaving.finish_leaving(AT + leaving.COOL_OFF) == 2
    assert Member.objects.filter(handle=handles.SOMEONE_WHO_LEFT).count() == 2


def test_the_handle_is_free_for_others_after_the_hold() -> None:
    one, other = MemberFactory(handle="Slow River"), MemberFactory()
    leaving.ask_to_leave(member=one, name=OFF, at=AT)
    end = AT + leaving.COOL_OFF
    leaving.finish_leaving(end)
    with pytest.raises(handles.HandleTaken):
        naming.change_handle(member=other, handle="Slow River", at=end + 179 * DAY)
    assert naming.change_handle(member=other, handle="Slow River", at=end + 180 * DAY).handle == "Slow River"


def test_who_leaves_the_name_on_keeps_it_from_others_for_good() -> None:
    one, other = MemberFactory(handle="Slow River"), MemberFactory()
    leaving.ask_to_leave(member=one, name=STAYS, at=AT)
    leaving.finish_leaving(AT + leaving.COOL_OFF)
    assert fresh(one).handle == "Slow River"
    with pytest.raises(handles.HandleTaken):
        naming.change_handle(member=other, handle="slow river", at=AT + 9999 * DAY)


@pytest.mark.parametrize(("name", "said"), [(OFF, handles.SOMEONE_WHO_LEFT), (STAYS, "Slow River")])
def test_what_was_said_in_a_room_stays_with_or_without_the_name(
    two: tuple[Membership, Membership], name: Departure.Name, said: str
) -> None:
    one, reader = two[0].member, two[1].member
    room: Room = RoomFactory(group=two[0].group)
    do(room, one, say(room, "The river was high."))
    do(room, reader, say(room, "I saw it, Slow River."))
    leaving.ask_to_leave(member=one, name=name, at=AT)
    leaving.finish_leaving(AT + leaving.COOL_OFF)
    payloads = " ".join(Event.objects.filter(log=room.log).order_by("seq").values_list("payload", flat=True))
    assert "The river was high." in payloads
    assert f'"handle":"{said}"' in payloads
    assert f'"handle":"{reader.handle}"' in payloads
    page = as_(reader).get(f"/sessions/rooms/{room.slug}/").text
    assert said in page
    assert "I saw it, Slow River." in page


def test_a_name_that_was_not_taken_off_everywhere_is_taken_off_at_the_next_run(
    two: tuple[Membership, Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = two[0].member
    room: Room = RoomFactory(group=two[0].group)
    do(room, one, say(room, "The river was high."))
    leaving.ask_to_leave(member=one, name=OFF, at=AT)
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "rename", lambda *names: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            leaving.finish_leaving(AT + leaving.COOL_OFF)
    assert '"Slow River"' in Event.objects.get(log=room.log).payload
    assert leaving.finish_leaving(AT + leaving.COOL_OFF + DAY) == 0
    assert '"Slow River"' not in Event.objects.get(log=room.log).payload


def test_a_group_is_not_left_without_a_facilitator(two: tuple[Membership, Membership]) -> None:
    facilitator = two[1].member
    client = signed_in_by_hand(facilitator)
    with pytest.raises(leaving.StandsInTheWay):
        leaving.ask_to_leave(member=facilitator, name=OFF, at=AT)
    page = client.post("/you/leaving/leave/", {"name": "off", "sure": "on"})
    assert page.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "has no facilitator but you" in page.text
    Membership.objects.filter(pk=two[0].pk).update(role=Membership.Role.FACILITATOR)
    leaving.ask_to_leave(member=facilitator, name=OFF, at=AT)


def test_leaving_by_the_page_asks_what_happens_to_the_name_and_whether_one_means_it() -> None:
    member = MemberFactory()
    client = signed_in_by_hand(member)
    for said in ({}, {"name": "off"}, {"name": "away", "sure": "on"}):
        assert client.post("/you/leaving/leave/", said).status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert not Departure.objects.exists()
    page = client.post("/you/leaving/leave/", {"name": "stays", "sure": "on"}, follow=True)
    assert page.redirect_chain[-1][0] == "/accounts/left/"
    assert Departure.objects.get().name == STAYS


def test_whoever_finds_the_phone_unlocked_does_not_know_the_password_that_leaving_asks_for() -> None:
    member = MemberFactory()
    client = signed_in_by_hand(member)
    assert client.get("/you/leaving/leave/").status_code == HTTPStatus.OK
    client = as_(member)
    for answer in (
        client.get("/you/leaving/leave/"),
        client.post("/you/leaving/leave/", {"name": "off", "sure": "on"}),
    ):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not Departure.objects.exists()


def test_leaving_is_told_to_the_one_who_leaves() -> None:
    member = MemberFactory()
    leaving.ask_to_leave(member=member, name=OFF, at=AT)
    assert set(Delivery.objects.filter(member=member).values_list("kind", flat=True)) == {"members.leaving"}


def test_who_has_died_is_in_no_list_and_their_profile_says_so_if_a_steward_wrote_words(
    two: tuple[Membership, Membership],
) -> None:
    one, reader, stranger = two[0].member, two[1].member, MemberFactory()
    steward = MemberFactory(role=Member.Role.STEWARD)
    client = as_(one)
    leaving.mark_as_died(member=one, by=steward, words="Slow River died in May. We miss the boats.", at=AT)
    assert client.get("/you/").status_code == HTTPStatus.FOUND
    assert sign_in(one).wsgi_request.user.is_anonymous
    page = as_(reader).get(f"/members/{one.public_id}/")
    assert "We miss the boats." in page.text
    assert "Talk one to one" not in page.text
    assert lists_with(one, reader) == [f"/members/{one.public_id}/"]
    assert as_(stranger).get(f"/members/{one.public_id}/").status_code == HTTPStatus.NOT_FOUND
    assert not Delivery.objects.exists()


def test_without_words_the_profile_of_who_has_died_is_closed(two: tuple[Membership, Membership]) -> None:
    one, reader = two[0].member, two[1].member
    leaving.mark_as_died(member=one, by=MemberFactory(role=Member.Role.STEWARD), words=" ", at=AT)
    assert lists_with(one, reader) == []
    assert leaving.finish_leaving(AT + 999 * DAY) == 0
    assert fresh(one).handle == "Slow River"


def test_a_death_that_was_a_mistake_is_undone(two: tuple[Membership, Membership]) -> None:
    one, reader, steward = two[0].member, two[1].member, MemberFactory(role=Member.Role.STEWARD)
    leaving.mark_as_died(member=one, by=steward, words="", at=AT)
    with pytest.raises(leaving.AwayAlready):
        leaving.mark_as_died(member=one, by=steward, words="", at=AT)
    assert leaving.undo_died(member=fresh(one), by=steward, at=AT)
    assert not leaving.undo_died(member=fresh(one), by=steward, at=AT)
    assert len(lists_with(one, reader)) == 3
    assert sign_in(one).wsgi_request.user == one


def test_lifting_a_suspension_brings_nobody_back_who_is_gone() -> None:
    one, steward = MemberFactory(), MemberFactory(role=Member.Role.STEWARD)
    leaving.ask_to_leave(member=one, name=OFF, at=AT)
    suspension.suspend(member=fresh(one), by=steward, reason="x", at=AT)
    leaving.finish_leaving(AT + leaving.COOL_OFF)
    assert suspension.lift_suspension(member=fresh(one), by=steward, at=AT + 20 * DAY)
    assert not fresh(one).is_active


def test_each_step_is_recorded_and_no_entry_holds_the_name() -> None:
    one, other, steward = (
        MemberFactory(handle="Slow River"),
        MemberFactory(),
        MemberFactory(role=Member.Role.STEWARD),
    )
    leaving.pause(member=one, at=AT)
    leaving.come_back(member=fresh(one), at=AT)
    leaving.ask_to_leave(member=fresh(one), name=OFF, at=AT)
    leaving.finish_leaving(AT + leaving.COOL_OFF)
    leaving.mark_as_died(member=other, by=steward, words="She loved the lake.", at=AT + leaving.COOL_OFF)
    verbs = list(AuditEntry.objects.values_list("verb", flat=True))
    assert verbs == ["member.paused", "member.came_back", "member.leaving", "member.left", "member.died"]
    facts = " ".join(AuditEntry.objects.values_list("facts", flat=True))
    assert "River" not in facts
    assert "lake" not in facts


def test_pages_for_who_has_gone_say_nothing_of_what_this_is() -> None:
    for path in ("/accounts/paused/", "/accounts/left/"):
        assert Client().get(path).status_code == HTTPStatus.OK


@pytest.mark.django_db(transaction=True)
def test_who_comes_back_at_the_moment_of_being_let_go_is_either_back_or_gone() -> None:
    people = MemberFactory.create_batch(4)
    for member in people:
        leaving.ask_to_leave(member=member, name=OFF, at=AT)
    together = threading.Barrier(len(people) + 2)

    def run(does: Callable[[], object]) -> object:
        try:
            together.wait(WAIT)
            return does()
        finally:
            connections.close_all()

    ends = AT + leaving.COOL_OFF
    with ThreadPoolExecutor(len(people) + 2) as pool:
        back = [pool.submit(run, partial(leaving.come_back, member=one, at=ends)) for one in people]
        ticks = [pool.submit(run, lambda: leaving.finish_leaving(ends)) for _ in range(2)]
        came = {member.pk for member, done in zip(people, back, strict=True) if done.result(WAIT)}
        gone = sum(int(str(tick.result(WAIT))) for tick in ticks)
    assert len(came) + gone == len(people)
    for member in Member.objects.all():
        departure = member.departures.get()
        assert (departure.undone_at is not None) == (member.pk in came) == member.is_here
        assert (departure.done_at is not None) == (member.gone_at is not None) == (member.pk not in came)
    assert AuditEntry.objects.filter(verb__in=["member.left", "member.came_back"]).count() == len(people)
