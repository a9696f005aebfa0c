"""No door tells who is known here: not by words, not by status, not by the work it does, not by the time it takes.

The work is exact: as many statements for one as for the other. The time is measured as well, with the password hashing
of production, shortened: known and unknown in turns, and what lies in the middle of each compared.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from community.house import access as house_access
from community.house.models import House
from community.members.models import Member
from tests.factories import PASSWORD, MemberFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db
WRONG = "not the password at all"
TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
ROUNDS = 15
TRIES = 4
# How far the medians may lie apart: a fraction of the whole, plus the noise of a busy machine.
APART = 0.15
NOISE_SECONDS = 0.002
HASHERS = ["tests.hashers.FewTurns"]


@pytest.fixture(autouse=True)
def without_limits(settings: Settings) -> Iterator[None]:
    """The limits answer alike for everyone too (tested below); here they would end the measuring."""
    settings.ACCOUNT_RATE_LIMITS = False
    settings.MFA_RATE_LIMITS = False
    cache.clear()
    yield
    cache.clear()


def wrong_password(client: Client, address: str) -> Any:
    return client.post("/accounts/login/", {"login": address, "password": WRONG}, follow=True)


def reset(client: Client, address: str) -> Any:
    return client.post("/accounts/password/reset/", {"email": address}, follow=True)


def mailed_code(client: Client, address: str) -> Any:
    return client.post("/accounts/login/code/", {"email": address}, follow=True)


def wrong_code(client: Client, address: str) -> Any:
    client.post("/accounts/login/code/", {"email": address})
    return client.post("/accounts/login/code/confirm/", {"action": "verify", "code": "BCDF-GHJK"})


def another_code(client: Client, address: str) -> Any:
    client.post("/accounts/login/code/", {"email": address})
    client.post("/accounts/logout/", {"next": "/accounts/login/code/"})
    return client.post("/accounts/login/code/", {"email": address}, follow=True)


def ask_to_join(client: Client, address: str) -> Any:
    house_access.remember(House(sign_up=House.SignUp.APPROVAL), seconds=float("inf"))
    return client.post("/join/ask/", {"address": address, "words": "I was told of this."}, follow=True)


def sign_up(client: Client, address: str) -> Any:
    return client.post("/accounts/signup/", {"email": address, "password1": PASSWORD}, follow=True)


def passkey(client: Client, address: str) -> Any:
    return client.get("/accounts/passkeys/login/", {"email": address}, headers={"accept": "application/json"})


def lost(client: Client, address: str) -> Any:
    return client.post("/accounts/lost/", {"handle": address, "contact": "555 0100"}, follow=True)


DOORS = [wrong_password, reset, mailed_code, wrong_code, another_code, sign_up, ask_to_join, passkey, lost]
Door = Callable[[Client, str], Any]
EVERY_DOOR = pytest.mark.parametrize("door", DOORS, ids=lambda door: door.__name__)


def make(kind: str, number: int) -> str:
    """An address behind which there is nobody, or somebody: the lengths are the same."""
    address = f"{kind:<8}{number:03}@porch.example".replace(" ", "x")
    match kind:
        case "known":
            MemberFactory(email=address)
        case "stopped":
            MemberFactory(email=address, is_active=False)
        case "factor":
            Authenticator.objects.create(
                user=MemberFactory(email=address), type=Authenticator.Type.TOTP, data={"secret": "x"}
            )
        case "keyless":
            member = MemberFactory(email=address)
            member.set_unusable_password()
            member.save(update_fields=["password"])
    return address


KINDS = ["known", "stopped", "factor", "keyless"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


def as_read(page: Any, address: str) -> str:
    text = TOKENS.sub("", page.content.decode()).replace(address, "the address")
    return re.sub(r'"challenge": "[^"]+"', "", text)


@EVERY_KIND
@EVERY_DOOR
def test_a_door_answers_alike_in_words_and_status(door: Door, kind: str) -> None:
    for number in range(2):
        here, nobody = make(kind, number), make("nobody", number)
        pages = [(address, door(Client(), address)) for address in (here, nobody)]
        [first, second] = [(page.status_code, as_read(page, address)) for address, page in pages]
        assert first == second
        chains = [getattr(page, "redirect_chain", []) for _, page in pages]
        assert chains[0] == chains[1]
        assert set(pages[0][1].headers) == set(pages[1][1].headers)
        cookies = [sorted(page.client.cookies) for _, page in pages]
        assert cookies[0] == cookies[1]


def work(door: Door, address: str) -> list[str]:
    """The statements, without their values."""
    client = Client()
    with CaptureQueriesContext(connection) as captured:
        door(client, address)
    return [re.sub(r"'[^']*'|\b\d+\b|\([^()]*%s[^()]*\)", "?", one["sql"])[:60] for one in captured]


@EVERY_DOOR
def test_a_door_does_the_same_work(door: Door) -> None:
    door(Client(), make("known", 900))  # what is read once a process is read now
    for kind in KINDS:
        assert len(work(door, make(kind, 1))) == len(work(door, make("nobody", KINDS.index(kind)))), kind


def seconds(door: Door, address: str) -> float:
    client = Client()
    start = perf_counter()
    door(client, address)
    return perf_counter() - start


def apart(door: Door, kind: str) -> str:
    """How far the two lie apart in each of a few tries; empty as soon as one try finds them together."""
    found = []
    for attempt in range(TRIES):
        numbers = range(attempt * ROUNDS, (attempt + 1) * ROUNDS)
        took: dict[str, list[float]] = {kind: [], "nobody": []}
        addresses = [(make(kind, number), make("nobody", number)) for number in numbers]
        for number, (here, nobody) in enumerate(addresses):
            turns = [(kind, here), ("nobody", nobody)]
            for who, address in turns if number % 2 else reversed(turns):
                took[who].append(seconds(door, address))
        known, unknown = (statistics.median(times) for times in took.values())
        if abs(known - unknown) <= APART * unknown + NOISE_SECONDS:
            return ""
        found.append(f"{known * 1000:.1f} and {unknown * 1000:.1f} ms")
    return "; ".join(found)


@pytest.mark.parametrize(
    ("door", "kind"),
    [*((door, "known") for door in DOORS), *((wrong_password, kind) for kind in KINDS[1:])],
    ids=lambda one: one if isinstance(one, str) else one.__name__,
)
def test_a_door_takes_as_long(door: Door, kind: str, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = HASHERS
    assert apart(door, kind) == ""


def test_a_door_that_takes_longer_for_those_it_knows_would_be_found(settings: Settings) -> None:
    """The control: what compares a password only when there is one to compare."""
    settings.PASSWORD_HASHERS = HASHERS

    def leaking(client: Client, address: str) -> Any:
        member = Member.objects.filter(email=address).first()
        if member is not None:
            member.check_password(WRONG)
        return HttpResponse()

    assert apart(leaking, "known")


@pytest.mark.parametrize("door", [reset, mailed_code], ids=lambda door: door.__name__)
def test_whoever_asks_gets_one_mail_and_its_subject_is_the_same(door: Door) -> None:
    addresses = [make("known", 1), make("nobody", 1)]
    for address in addresses:
        door(Client(), address)
    found = letters()
    assert [message.to for message in found] == [[address] for address in addresses]
    assert {message.subject for message in found} == {"What you asked for"}


@pytest.mark.parametrize("door", [wrong_password, reset, mailed_code], ids=lambda door: door.__name__)
def test_the_limits_are_the_same_too(door: Door, settings: Settings) -> None:
    del settings.ACCOUNT_RATE_LIMITS
    ends = []
    for address in (make("known", 1), make("nobody", 1)):
        cache.clear()
        ends.append(
            [
                (page.status_code, as_read(page, address))
                for page in (door(Client(), address) for _ in range(7))
            ]
        )
    assert ends[0] == ends[1]
    assert ends[0][0] != ends[0][-1]
