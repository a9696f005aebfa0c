"""A certificate is its member's own: of one meeting, for one purpose, until it ends or they revoke it."""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from community.house import access as house_access
from community.house.models import House
from community.members.leaving import let_go
from community.members.models import Departure, Member
from community.sealed import Unreadable
from sessions.attendance import access, actions, codes, consent
from sessions.attendance.actions import NotLongEnough, StandsAlready, Wish
from sessions.attendance.models import Certificate, State
from sessions.meetings.models import Meeting
from tests.attendance.holding import WISH, a_certificate, a_meeting, was_there
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def test_it_says_what_was_asked_for_and_counted() -> None:
    wren, meeting, now = MemberFactory(time_zone="America/Denver"), a_meeting(), timezone.now()
    was_there(wren, meeting, (-5, 20), (10, 30), (33, 70))
    made = actions.issue(member=wren, meeting=meeting, wish=WISH, at=now)
    made.refresh_from_db()
    assert (made.name, made.purpose, made.minutes, made.length) == (WISH.name, WISH.purpose, 57, 60)
    assert (made.starts_at, made.ends_at, made.zone) == (meeting.starts_at, meeting.ends_at, "America/Denver")
    assert (made.issued_at, made.expires_at) == (now, now + 90 * DAY)
    assert (made.consent_version, made.state(now)) == (consent.CURRENT, State.STANDS)


def test_name_purpose_and_code_are_sealed_where_they_are_kept() -> None:
    made = a_certificate(MemberFactory())
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM attendance_certificate WHERE id = %s", [made.pk])
        kept = " ".join(map(str, cursor.fetchone()))
    assert made.code_digest in kept
    for secret in (made.name, made.purpose, made.code, codes.read(made.code)):
        assert secret not in kept


def test_below_the_threshold_none_is_made_and_the_minutes_are_told() -> None:
    wren, meeting, now = MemberFactory(), a_meeting(), timezone.now()
    was_there(wren, meeting, (0, 40))
    with pytest.raises(NotLongEnough) as refused:
        actions.issue(member=wren, meeting=meeting, wish=WISH, at=now)
    told = refused.value.attended
    assert (told.minutes, told.length, told.needed) == (40, 60, 48)
    assert not Certificate.objects.exists()
    house_access.remember(House(attendance_percent=60), seconds=float("inf"))
    assert actions.issue(member=wren, meeting=meeting, wish=WISH, at=now).minutes == 40


def test_what_counts_is_the_time_until_it_was_closed() -> None:
    wren, now = MemberFactory(), timezone.now()
    meeting = a_meeting()
    Meeting.objects.filter(pk=meeting.pk).update(closed_at=meeting.starts_at + timedelta(minutes=45))
    meeting.refresh_from_db()
    was_there(wren, meeting, (0, 45))
    made = actions.issue(member=wren, meeting=meeting, wish=WISH, at=now)
    assert (made.minutes, made.length) == (45, 45)


@pytest.mark.parametrize(
    ("fields", "listed"),
    [
        ({}, True),
        ({"ends_in": 30, "closed_at": None}, False),
        ({"ends_in": 30}, True),
        ({"ends_in": -1, "closed_at": None}, True),
        ({"ends_in": -60 * 24 * 91}, False),
        ({"engine": Meeting.Engine.LINK}, False),
    ],
    ids=["over", "goes on", "closed early", "over, not closed yet", "too long ago", "elsewhere"],
)
def test_it_can_be_had_of_a_meeting_here_that_is_over_and_not_long_ago(
    fields: dict[str, object], listed: bool
) -> None:
    wren, now = MemberFactory(), timezone.now()
    minutes = fields.pop("ends_in", -60 * 24)
    assert isinstance(minutes, int)
    ended = now + timedelta(minutes=minutes)
    if minutes > 0 and "closed_at" not in fields:
        fields["closed_at"] = now
    meeting = a_meeting(ended=ended, **fields)
    was_there(wren, meeting)
    assert list(access.meetings_of(wren.pk, now)) == ([meeting] if listed else [])


def test_of_a_meeting_that_one_was_not_in_there_is_none_whoever_one_is() -> None:
    wren, steward, meeting, now = (
        MemberFactory(),
        MemberFactory(role=Member.Role.STEWARD),
        a_meeting(),
        timezone.now(),
    )
    Meeting.objects.filter(pk=meeting.pk).update(chair=steward)
    was_there(wren, meeting)
    assert access.meetings_of(wren.pk, now).exists()
    assert not access.meetings_of(steward.pk, now).exists()
    assert not access.attendance_of(steward, meeting).enough


def test_there_is_one_for_each_meeting_and_purpose() -> None:
    wren, meeting, now = MemberFactory(), a_meeting(), timezone.now()
    was_there(wren, meeting)
    made = actions.issue(member=wren, meeting=meeting, wish=WISH, at=now)
    again = Wish(name="Wren", purpose="  For my  PROBATION officer", days=30)
    with pytest.raises(StandsAlready) as standing:
        actions.issue(member=wren, meeting=meeting, wish=again, at=now)
    assert standing.value.certificate == made
    other = Wish(name=WISH.name, purpose="for my employer", days=30)
    assert actions.issue(member=wren, meeting=meeting, wish=other, at=now).code != made.code
    actions.revoke(certificate=made, at=now)
    assert actions.issue(member=wren, meeting=meeting, wish=again, at=now).name == "Wren"
    assert Certificate.objects.count() == 3


def test_the_database_itself_takes_no_second_one() -> None:
    made = a_certificate(MemberFactory())
    fields = {field.name: getattr(made, field.name) for field in Certificate._meta.fields}
    twin = fields | {"id": None, "code_digest": "0" * 64}
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(**twin)
    actions.revoke(certificate=made, at=timezone.now())
    assert Certificate.objects.create(**twin).pk != made.pk


def test_one_that_has_run_out_gives_way_to_a_new_one() -> None:
    wren, meeting, now = MemberFactory(), a_meeting(), timezone.now()
    was_there(wren, meeting)
    short = Wish(name="Wren", purpose=WISH.purpose, days=30)
    old = actions.issue(member=wren, meeting=meeting, wish=short, at=now)
    new = actions.issue(member=wren, meeting=meeting, wish=short, at=now + 31 * DAY)
    assert list(access.certificates_of(wren)) == [new]
    assert new.code != old.code


def test_a_check_finds_it_counts_and_says_no_more_once_it_was_revoked() -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    typed = made.code.lower().replace("-", " ").replace("0", "o").replace("1", "l")
    for looked in (1, 2):
        assert actions.check(typed=typed, at=now) == made
        made.refresh_from_db()
        assert (made.times_checked, made.checked_at) == (looked, now)
    assert actions.revoke(certificate=made, at=now)
    assert not actions.revoke(certificate=made, at=now)
    assert actions.check(typed=made.code, at=now) is None
    made.refresh_from_db()
    assert (made.times_checked, made.state(now)) == (2, State.REVOKED)


def test_it_ends_by_itself() -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    moment = timedelta(seconds=1)
    assert actions.check(typed=made.code, at=made.expires_at - moment) == made
    assert actions.check(typed=made.code, at=made.expires_at) is None
    assert made.state(made.expires_at) is State.RUN_OUT
    assert not actions.revoke(certificate=made, at=made.expires_at + moment)
    assert actions.revoke(certificate=made, at=now)


def test_a_code_outlives_a_change_of_the_secret_while_the_old_one_is_known(settings: Settings) -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    before, settings.SECRET_KEY = settings.SECRET_KEY, "another secret that is long enough to be one" * 2
    with pytest.raises(Unreadable):
        Certificate.objects.get(pk=made.pk)
    assert not access.by_code(made.code, now).exists()
    settings.SECRET_KEY_FALLBACKS = [before]
    found = actions.check(typed=made.code, at=now)
    assert found == made
    assert found.name == made.name


def test_leaving_the_place_takes_all_of_them_along() -> None:
    wren, other, now = MemberFactory(), MemberFactory(), timezone.now()
    gone, stays = a_certificate(wren), a_certificate(other)
    asked = Departure.objects.create(member=wren, kind=Departure.Kind.LEAVE, by=wren, at=now, due=now)
    let_go(departure=asked, at=now)
    assert list(Certificate.objects.all()) == [stays]
    assert actions.check(typed=gone.code, at=now) is None
    assert actions.check(typed=stays.code, at=now) == stays


def test_it_stands_when_the_meeting_is_long_forgotten() -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    assert made.meeting is not None
    made.meeting.delete()
    found = actions.check(typed=made.code, at=now)
    assert found is not None
    assert (found.minutes, found.starts_at) == (made.minutes, made.starts_at)


def test_what_was_made_as_someone_went_is_worth_nothing_and_goes_too() -> None:
    made, now = a_certificate(MemberFactory()), timezone.now()
    Member.objects.filter(pk=made.member_id).update(gone_at=now, is_active=False)
    assert actions.check(typed=made.code, at=now) is None
    assert actions.forget_spent(now + 29 * DAY) == 0
    assert actions.forget_spent(now + 31 * DAY) == 1


def test_what_is_spent_is_deleted_after_a_month() -> None:
    wren, now = MemberFactory(), timezone.now()
    stands, revoked = a_certificate(wren), a_certificate(wren)
    actions.revoke(certificate=revoked, at=now)
    assert actions.forget_spent(now + 29 * DAY) == 0
    assert actions.forget_spent(now + 31 * DAY) == 1
    assert list(Certificate.objects.all()) == [stands]
    assert actions.forget_spent(stands.expires_at + 31 * DAY) == 1


def digest_of(words: str) -> str:
    return sha256(words.encode()).hexdigest()[:16]


# --- codes ------------------------------------------------------------------------------------------------------------


def test_a_code_has_a_hundred_bits_in_groups_that_can_be_read_out() -> None:
    made = {codes.make_code() for _ in range(500)}
    assert len(made) == 500
    for code in made:
        groups = code.split("-")
        assert [len(group) for group in groups] == [4] * 5
        assert set("".join(groups)) <= set(codes.ALPHABET)
    assert len(codes.ALPHABET) == 32
    assert not set("ILOU") & set(codes.ALPHABET)


@pytest.mark.parametrize(
    "typed", ["K7QF-2M0X-1111-8888-ZZZZ", "k7qf 2mox ilil 8888 zzzz", " K7QF2MOXL1I18888ZZZZ\n"]
)
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert codes.read(typed) == "K7QF2M0X11118888ZZZZ"


def test_words_that_somebody_agreed_to_never_change() -> None:
    """A version stands for its words: to change them, add a version."""
    known = {version: digest_of("\n".join(words)) for version, words in consent.VERSIONS.items()}
    assert known == {1: "8841793e4ca7db7a"}
    assert consent.CURRENT == 1
