"""Who comes first: two for the last place, twenty for three, two stewards for one answer; and what a code protects."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.utils import timezone

from community.house.models import HouseText
from community.invitations.actions import accepting, asking, making, uploading
from community.invitations.actions.accepting import AddressTaken, NotOpen
from community.invitations.actions.asking import AnsweredAlready
from community.invitations.actions.making import Offer
from community.invitations.actions.uploading import ConfirmedAlready, Defaults
from community.invitations.csvfile import read
from community.invitations.models import Acceptance, Invitation, SignUp, Upload
from community.live.sqlite import base
from community.members.models import Member
from community.notifications.models import Delivery
from moderation.audit.verify import verify
from tests.factories import GroupFactory, MemberFactory

pytestmark = pytest.mark.django_db(transaction=True)

HASHED = make_password("three lamps and a gate")


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in several processes: no gate of ours before SQLite, only its own lock."""
    monkeypatch.setattr(base, "gate_for", lambda name: base.Gate())


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What each call returned or raised; all begin together."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            barrier.wait(20)
            return call()
        except Exception as raised:  # noqa: BLE001 - it is what is looked at
            return raised
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def invitation(**offer: Any) -> Invitation:
    return making.invite(offer=Offer(**offer), by=None, at=timezone.now()).invitation


def taking(found: Invitation, address: str) -> Callable[[], Member]:
    return lambda: accepting.take_in(invitation=found, address=address, hashed=HASHED, at=timezone.now())


def test_of_two_who_come_at_once_by_a_link_for_one_one_is_in() -> None:
    for attempt in range(5):
        found = invitation()
        came = at_once(*(taking(found, f"{who}{attempt}@x.example") for who in ("one", "two")))
        assert sorted(type(each).__name__ for each in came) == ["Member", "NotOpen"]
        found.refresh_from_db()
        assert found.spent == 1
        assert Acceptance.objects.filter(invitation=found).count() == 1
    assert Member.objects.count() == 5
    assert HouseText.objects.count() == 2
    assert verify() == []


def test_a_link_for_three_lets_three_of_twenty_in() -> None:
    found = invitation(uses=3)
    came = at_once(*(taking(found, f"person{number}@x.example") for number in range(20)))
    assert sum(isinstance(each, Member) for each in came) == 3
    assert sum(isinstance(each, NotOpen) for each in came) == 17
    found.refresh_from_db()
    assert found.spent == 3
    assert Member.objects.count() == Acceptance.objects.count() == 3
    assert verify() == []


def test_a_link_for_twenty_lets_all_twenty_in_each_under_a_name_of_their_own() -> None:
    found = invitation(uses=20)
    came = at_once(*(taking(found, f"person{number}@x.example") for number in range(20)))
    assert all(isinstance(each, Member) for each in came), came
    assert len({each.handle for each in came}) == 20


def test_one_address_at_two_links_at_once_is_one_account_and_nothing_is_spent_in_vain() -> None:
    first, second = invitation(), invitation()
    came = at_once(taking(first, "same@x.example"), taking(second, "same@x.example"))
    assert sorted(type(each).__name__ for each in came) == ["AddressTaken", "Member"]
    assert sum(one.spent for one in Invitation.objects.all()) == 1
    assert isinstance(next(each for each in came if not isinstance(each, Member)), AddressTaken)


def test_a_member_who_presses_twice_spends_one_place() -> None:
    group, member = GroupFactory(), MemberFactory()
    found = invitation(uses=5, places=[(group, "member")])
    join = lambda: accepting.join_groups(invitation=found, member=member, at=timezone.now())  # noqa: E731
    at_once(join, join, join)
    found.refresh_from_db()
    assert found.spent == 1
    assert member.memberships.count() == 1


def test_of_two_stewards_who_answer_at_once_one_does() -> None:
    stewards = [MemberFactory(role="steward") for _ in range(2)]
    asking.ask_to_come_in(address="asks@x.example", words="", at=timezone.now())
    asked, now = SignUp.objects.get(), timezone.now()
    offer = Offer(address="asks@x.example")
    came = at_once(
        lambda: asking.approve(sign_up=asked, by=stewards[0], offer=offer, at=now),
        lambda: asking.decline(sign_up=asked, by=stewards[1], at=now),
    )
    assert sum(isinstance(each, AnsweredAlready) for each in came) == 1
    assert came.count(None) == 1
    assert Delivery.objects.count() == 1


def test_a_file_that_is_confirmed_twice_at_once_invites_everyone_once() -> None:
    steward, now = MemberFactory(role="steward"), timezone.now()
    table = read(b"email\none@x.example\ntwo@x.example\n")
    upload = uploading.keep(table=table, defaults=Defaults("alumnus", [], 14), by=steward, at=now)
    confirm = lambda: uploading.confirm(upload=upload, by=steward, at=now)  # noqa: E731
    came = at_once(confirm, confirm)
    assert sum(isinstance(each, ConfirmedAlready) for each in came) == 1
    assert Invitation.objects.count() == Delivery.objects.count() == 2


def test_a_file_that_another_confirms_during_the_look_is_confirmed_already(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    steward, now = MemberFactory(role="steward"), timezone.now()
    table = read(b"email\none@x.example\n")
    upload = uploading.keep(table=table, defaults=Defaults("alumnus", [], 14), by=steward, at=now)
    look = uploading.preview

    def late(**asked: Any) -> Any:
        monkeypatch.setattr(uploading, "preview", look)
        uploading.confirm(upload=Upload.objects.get(pk=upload.pk), by=steward, at=now)
        return look(**asked)

    monkeypatch.setattr(uploading, "preview", late)
    with pytest.raises(ConfirmedAlready):
        uploading.confirm(upload=upload, by=steward, at=now)
    assert Invitation.objects.count() == 1


def test_who_asks_twice_at_once_asks_once() -> None:
    ask = lambda: asking.ask_to_come_in(address="asks@x.example", words="", at=timezone.now())  # noqa: E731
    assert at_once(ask, ask, ask) == [None, None, None]
    assert SignUp.objects.count() == 1
