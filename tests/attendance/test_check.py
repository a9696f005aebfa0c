"""Checking a code: it confirms that one certificate, and nothing tells a revoked one from one that never was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from http import HTTPStatus

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import Settings

from community.live.models import Event
from community.members.models import Member
from moderation.audit.models import AuditEntry
from sessions.attendance import actions, codes, wording
from sessions.attendance.models import Certificate
from sessions.attendance.notice import NOTICE
from tests.attendance.holding import a_certificate
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
CHECK = "/check/"
TOKENS = re.compile(r'name="csrfmiddlewaretoken" value="\w+"')
NO = "No certificate stands under this code."


@pytest.fixture(autouse=True)
def fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def made() -> Certificate:
    return a_certificate(MemberFactory(handle="Osprey Zq", time_zone="America/Denver"))


def check(code: str) -> HttpResponse:
    answer = Client().post(CHECK, {"code": code})
    assert isinstance(answer, HttpResponse)
    return answer


def spent(how: str) -> str:
    """A code that stands for nothing, or nothing any more."""
    made, now = a_certificate(MemberFactory()), timezone.now()
    match how:
        case "unknown":
            return codes.make_code()
        case "revoked":
            actions.revoke(certificate=made, at=now)
        case "run out":
            long_ago = {"issued_at": now - timedelta(days=31), "expires_at": now - timedelta(seconds=1)}
            Certificate.objects.filter(pk=made.pk).update(**long_ago)
        case "no code":
            return "ZZZZ"
        case "of someone who left":
            actions.drop_all(made.member, now)
        case "of someone who is gone":
            Member.objects.filter(pk=made.member_id).update(gone_at=now, is_active=False)
    return made.code


SPENT = ["unknown", "revoked", "run out", "no code", "of someone who left", "of someone who is gone"]


def test_a_code_confirms_what_is_printed_and_the_notice_goes_with_it(made: Certificate) -> None:
    assert "This certificate stands." not in Client().get(CHECK).content.decode()
    answer = check(made.code)
    page = answer.content.decode()
    assert answer.status_code == HTTPStatus.OK
    assert "This certificate stands." in page
    for words in (made.name, *(words for _, words in wording.facts(made)), wording.agreed(made), *NOTICE):
        assert words in page
    assert "A group session" in page
    assert "by the clock of Denver" in page


def test_it_says_nothing_else_of_the_person_the_group_or_anyone_in_it(made: Certificate) -> None:
    page, meeting = check(made.code).content.decode(), made.meeting
    assert meeting is not None
    member = made.member
    for secret in (
        member.handle,
        member.email,
        member.public_id,
        meeting.group.name,
        meeting.room.name,
        made.code,
    ):
        assert secret not in page


@pytest.mark.parametrize("how", SPENT)
def test_what_does_not_stand_is_answered_alike(how: str, made: Certificate) -> None:
    answers = []
    for code in (spent(how), codes.make_code()):
        answer = check(code)
        page = TOKENS.sub("", answer.content.decode()).replace(code, "the code")
        answers.append((answer.status_code, page, set(answer.headers), sorted(answer.cookies)))
    assert answers[0] == answers[1]
    assert answers[0][0] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert NO in answers[0][1]
    assert made.name not in answers[0][1]


def work(code: str) -> list[str]:
    with CaptureQueriesContext(connection) as captured:
        check(code)
    return [re.sub(r"'[^']*'|\"s\d+_x\d+\"|\b\d+\b", "?", one["sql"]) for one in captured]


@pytest.mark.parametrize("how", SPENT)
def test_what_does_not_stand_takes_the_same_work(how: str, made: Certificate) -> None:
    """Statement by statement, and nothing is unsealed: only a certificate that stands is read."""
    check(codes.make_code())  # what is read once a process is read now
    found = work(spent(how))
    assert found == work(codes.make_code())
    assert any(sql.startswith("UPDATE") for sql in found)
    assert len(found) == len(work(made.code))


def test_nothing_but_the_count_is_kept_of_a_check(made: Certificate) -> None:
    rows = AuditEntry.objects.count(), Event.objects.count()
    check(made.code)
    assert (AuditEntry.objects.count(), Event.objects.count()) == rows
    names = {field.name for field in Certificate._meta.fields if "check" in field.name}
    assert names == {"times_checked", "checked_at"}
    made.refresh_from_db()
    assert made.times_checked == 1


def test_the_code_never_stands_in_an_address(made: Certificate) -> None:
    """What is in an address is in histories and logs."""
    page = Client().get(CHECK, {"code": made.code}).content.decode()
    assert "This certificate stands." not in page
    assert 'method="post" action="/check/"' in page


def test_without_a_code_it_asks_for_one() -> None:
    answer = check("  ")
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Type the code first." in answer.content.decode()


def test_who_types_many_codes_waits_whatever_they_type(made: Certificate, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "certificate": "3/10m/ip"}
    for _ in range(3):
        assert NO in check(codes.make_code()).content.decode()
    pages = [check(code).content.decode() for code in (codes.make_code(), made.code)]
    for page in pages:
        assert "Many codes were typed from here." in page
    made.refresh_from_db()
    assert made.times_checked == 0


def test_the_limit_that_is_set_counts_by_address() -> None:
    for place in range(21):
        answer = Client(REMOTE_ADDR="203.0.113.7").post(CHECK, {"code": "ZZZZ"})
        assert ("Many codes" in answer.content.decode()) == (place == 20)
    assert (
        "Many codes" not in Client(REMOTE_ADDR="203.0.113.8").post(CHECK, {"code": "ZZZZ"}).content.decode()
    )


def test_nothing_on_the_page_says_what_the_place_is_for() -> None:
    page = Client().get(CHECK).content.decode().casefold()
    for word in ("recover", "treatment", "addict", "substance", "patient", "sober"):
        assert word not in page
