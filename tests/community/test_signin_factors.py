"""Passwords that nobody guesses, second factors, and what one needs of the other."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from community.house import access as house_access
from community.house.models import House
from community.live import access as live_access
from community.members.models import Member
from community.members.signin.actions import PasswordTooShort, change_password
from community.members.signin.models import ShortPassword, SignIn
from community.members.signin.passwords import letters_and_digits, shortest_repeat, without_runs
from moderation.audit.models import AuditEntry
from tests.factories import PASSWORD, MemberFactory, MembershipFactory

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
LONG = "a porch swing in the rain"
SHORT = "rain-swing"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


def in_request(make: Callable[[], Any]) -> Any:
    """allauth's adapters reach for the request that they serve."""
    from allauth.core import context
    from django.test import RequestFactory

    with context.request_context(RequestFactory().get("/")):
        return make()


def with_app(member: Member) -> Member:
    in_request(lambda: TOTP.activate(member, SECRET))
    return member


def code(ahead: int = 0) -> str:
    return format_hotp_value(hotp_value(SECRET, int(time.time()) // 30 + ahead))


def enter(member: Member) -> Client:
    client = Client()
    client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
    return client


def prove(client: Client, path: str, password: str = PASSWORD) -> None:
    """Say who one is once more, on the way to a page."""
    client.post(f"/accounts/reauthenticate/?next={path}", {"password": password, "next": path})


# --- passwords ---------------------------------------------------------------------------------------------------


def refusal(password: str, member: Member | None = None) -> str:
    try:
        validate_password(password, member)
    except ValidationError as error:
        return " ".join(str(one.code) for one in error.error_list)
    return ""


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("fourteen chars", "password_too_short"),
        ("fifteen letters", ""),
        ("all small letters and nothing else", ""),
        ("пятнадцать букв и одна", ""),
        ("123456789012345", "password_too_expected"),
        ("qwertyuiopasdfghjkl", "password_too_expected"),
        ("passwordpassword", "password_too_common"),
        ("Porchlight Porchlight", "password_too_expected"),
        ("The Landing 2026", "password_too_expected"),
        ("wren-wren-password-1", "password_too_expected"),
        ("hazel.warbler.hazel", "password_too_expected"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_too_common"),
        ("a wren sat on the gate at noon", ""),
    ],
)
def test_what_a_password_may_be(password: str, code: str) -> None:
    house_access.remember(House(name="The Landing"), seconds=float("inf"))
    member = MemberFactory(handle="Wren", email="hazel.warbler@porch.example")
    assert code in refusal(password, member)
    assert bool(code) is bool(refusal(password, member))


def test_beside_a_second_factor_eight_characters_do() -> None:
    member = MemberFactory()
    assert refusal("k4t-mill", member) == "password_too_short"
    with_app(member)
    assert refusal("k4t-mill", member) == ""
    assert refusal("k4t-mil", member) == "password_too_short"
    assert "password_too_common" in refusal("sunshine", member)


@given(st.text(min_size=1, max_size=40))
def test_taking_away_what_is_expected_never_fails_and_never_adds(text: str) -> None:
    plain = letters_and_digits(text)
    assert len(without_runs(plain)) <= len(plain)
    once = shortest_repeat(plain)
    assert plain == once * (len(plain) // len(once) if once else 1)


def test_whether_it_was_short_is_kept_when_it_is_set() -> None:
    member = MemberFactory()
    with pytest.raises(PasswordTooShort):
        change_password(member=member, password=SHORT)
    assert not ShortPassword.objects.exists()
    with_app(member)
    change_password(member=member, password=SHORT)
    assert ShortPassword.objects.filter(member=member).exists()
    change_password(member=member, password=LONG)
    assert not ShortPassword.objects.exists()


# --- removing the last factor ------------------------------------------------------------------------------------


def test_with_a_short_password_the_last_factor_stays_until_there_is_a_long_one() -> None:
    member = with_app(MemberFactory())
    change_password(member=member, password=SHORT)
    client = enter(member)
    prove(client, "/accounts/app/remove/", SHORT)
    page = client.get("/accounts/app/remove/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/accounts/password/change/?alone=")
    assert "Your password is too short to stand alone." in page.text
    assert "At least 15 characters" in page.text
    client.post("/accounts/app/remove/")
    assert Authenticator.objects.filter(user=member).exists()
    change = page.redirect_chain[-1][0]
    refused = client.post(change, {"oldpassword": SHORT, "password1": "mill-rain", "password2": "mill-rain"})
    assert 'id="id_password1_error"' in refused.text
    done = client.post(change, {"oldpassword": SHORT, "password1": LONG, "password2": LONG})
    assert done["Location"] == "/accounts/app/remove/"
    client.post("/accounts/app/remove/")
    assert not Authenticator.objects.filter(user=member).exists()


def test_with_a_long_password_or_another_factor_it_goes_at_once() -> None:
    member = with_app(MemberFactory())
    client = enter(member)
    prove(client, "/accounts/app/remove/")
    assert client.post("/accounts/app/remove/")["Location"] == "/you/signing-in/"
    assert not Authenticator.objects.filter(user=member).exists()
    assert [entry.verb for entry in AuditEntry.objects.all()] == ["second_factor.removed"]


# --- secrets -----------------------------------------------------------------------------------------------------


def test_secrets_stand_sealed_in_the_database_and_open_the_door_nevertheless() -> None:
    member = with_app(MemberFactory())
    in_request(lambda: RecoveryCodes.activate(member))
    codes = in_request(
        lambda: Authenticator.objects.get(user=member, type="recovery_codes").wrap().generate_codes()
    )
    stored = json.dumps([one.data for one in Authenticator.objects.filter(user=member)])
    assert SECRET not in stored
    assert not any(one in stored for one in codes)
    for answer in (code(), codes[0]):
        client = Client()
        first = client.post("/accounts/login/", {"login": member.email, "password": PASSWORD})
        assert first["Location"] == "/accounts/second/"
        assert client.get("/groups/").status_code == HTTPStatus.FOUND
        assert client.post("/accounts/second/", {"code": answer})["Location"] == "/"
        assert client.get("/groups/").status_code == HTTPStatus.OK


def test_a_code_opens_once_and_guessing_is_stopped() -> None:
    member = with_app(MemberFactory())
    now = code()

    def at_the_second_step() -> Client:
        client = Client()
        client.post("/accounts/login/", {"login": member.email, "password": PASSWORD})
        return client

    assert at_the_second_step().post("/accounts/second/", {"code": now}).status_code == HTTPStatus.FOUND
    assert "That code isn’t right" in at_the_second_step().post("/accounts/second/", {"code": now}).text
    client = at_the_second_step()
    for _ in range(6):
        page = client.post("/accounts/second/", {"code": "000000"})
    assert "That was tried many times." in page.text
    assert "That was tried many times." in client.post("/accounts/second/", {"code": code(1)}).text


@pytest.mark.parametrize(
    "credential", ["", "x", "1", "[]", "{}", '{"id": 1}', '{"id": "x", "rawId": 5, "response": 7}']
)
def test_what_is_no_passkey_is_refused_in_words(credential: str) -> None:
    client = Client()
    client.get("/accounts/passkeys/login/", headers={"accept": "application/json"})
    page = client.post("/accounts/passkeys/login/", {"credential": credential}, follow=True)
    assert page.status_code == HTTPStatus.OK
    member = MemberFactory()
    client = enter(member)
    prove(client, "/accounts/passkeys/add/")
    assert client.get("/accounts/passkeys/add/").status_code == HTTPStatus.OK
    page = client.post("/accounts/passkeys/add/", {"name": "x", "credential": credential})
    assert page.status_code == HTTPStatus.OK
    assert not Authenticator.objects.exists()


# --- proving it once more ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/accounts/app/add/", "/accounts/passkeys/add/", "/accounts/app/remove/", "/accounts/recovery-codes/new/",
     "/accounts/recovery-codes/", "/accounts/recovery-codes/file/"],
)  # fmt: skip
def test_what_changes_how_one_signs_in_asks_who_one_is_once_more(path: str) -> None:
    member = MemberFactory()
    if "add" not in path:
        with_app(member)
        in_request(lambda: RecoveryCodes.activate(member))
    client = enter(member)
    assert client.get(path)["Location"].startswith("/accounts/reauthenticate/")
    prove(client, path)
    assert client.get(path).status_code == HTTPStatus.OK


@pytest.mark.parametrize("path", ["/accounts/app/add/", "/accounts/passkeys/add/", "/accounts/password/set/"])
def test_who_has_nothing_to_prove_it_with_signs_in_anew(path: str) -> None:
    member = MemberFactory()
    member.set_unusable_password()
    member.save(update_fields=["password"])
    client = enter(member)
    assert client.get(path).status_code == HTTPStatus.OK
    SignIn.objects.update(started_at=timezone.now() - timedelta(minutes=11))
    page = client.get(path, follow=True)
    assert page.redirect_chain[-1][0] == f"/accounts/login/code/?next={path.replace('/', '%2F')}"
    assert "Sign in once more first." in page.text
    assert client.get("/groups/").status_code == HTTPStatus.FOUND


# --- a second factor that is asked of some -----------------------------------------------------------------------


def asked_of(*roles: str) -> None:
    house_access.remember(House(second_factor_for=list(roles)), seconds=float("inf"))


@pytest.mark.parametrize("role", ["steward", "clinician", "moderator", "facilitator"])
def test_who_is_asked_for_a_second_factor_goes_nowhere_without_one(role: str) -> None:
    def someone() -> Member:
        if role in {"steward", "clinician"}:
            return MemberFactory(role=role)
        return MembershipFactory(role=role).member

    asked_of(role)
    owing, ready, other = enter(someone()), enter(with_app(someone())), enter(MembershipFactory().member)
    for path in ("/", "/groups/", "/you/", "/desk/", "/desk/recoveries/"):
        assert owing.get(path)["Location"] == "/you/signing-in/second-step/", path
    page = owing.get("/you/signing-in/second-step/")
    assert "Others here rely on what you do" in page.text
    for path in ("/help/", "/you/signing-in/", "/accounts/logout/"):
        assert owing.get(path).status_code == HTTPStatus.OK, path
    assert owing.get("/accounts/app/add/")["Location"].startswith("/accounts/reauthenticate/")
    answer = owing.post("/live/porch/events/", {}, content_type="application/json")
    assert answer.status_code == HTTPStatus.UNAUTHORIZED
    assert answer.json() == {"t": "gone", "code": "auth"}
    for client in (ready, other):
        assert client.get("/groups/").status_code == HTTPStatus.OK


def test_setting_one_up_opens_the_doors() -> None:
    asked_of("steward")
    member = MemberFactory(role="steward")
    client, elsewhere = enter(member), enter(member)
    assert client.get("/groups/").status_code == HTTPStatus.FOUND
    prove(client, "/accounts/app/add/")
    page = client.get("/accounts/app/add/")
    secret = page.context["form"].secret
    answer = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    with pytest.MonkeyPatch.context() as patch:
        # Signals come after the commit, which a test's transaction never sees.
        patch.setattr("django.db.transaction.on_commit", lambda run, **how: run())
        done = client.post("/accounts/app/add/", {"code": answer})
    assert done["Location"] == "/accounts/recovery-codes/"
    for one in (client, elsewhere):
        assert one.get("/groups/").status_code == HTTPStatus.OK


def test_an_open_connection_learns_within_minutes_that_a_factor_is_owed() -> None:
    member = MemberFactory(role="steward")
    client = enter(member)
    sign = (client.session.session_key or "", member.pk, member.password)
    assert live_access.still_welcome({sign}) == {sign: None}
    SignIn.objects.update(held=True)
    assert live_access.still_welcome({sign}) == {sign: "auth"}


def test_who_is_asked_for_one_keeps_the_last() -> None:
    asked_of("steward")
    member = with_app(MemberFactory(role="steward"))
    client = enter(member)
    prove(client, "/accounts/app/remove/")
    page = client.post("/accounts/app/remove/", follow=True)
    assert "Add another first, then remove this one." in page.text
    assert Authenticator.objects.filter(user=member).exists()
