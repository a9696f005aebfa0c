"""When every way in is lost: a steward starts it, it waits and says so everywhere, and a way in can stop it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django.fixtures import DjangoCaptureOnCommitCallbacks, Settings

from community.house import access as house_access
from community.house.models import House
from community.live import eviction
from community.members.models import Member
from community.members.signin import recovery as acts
from community.members.signin.models import LostCall, Recovery, ShortPassword, SignIn
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from tests.factories import PASSWORD, MemberFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
WAIT = timedelta(hours=72)
BETTER = "a porch swing in the rain"
NEW = "new@porch.example"


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    cache.clear()


@pytest.fixture
def steward() -> Member:
    return MemberFactory(role=Member.Role.STEWARD)


@pytest.fixture
def wren() -> Member:
    return MemberFactory(handle="Wren", email="old@porch.example")


def start(wren: Member, steward: Member, at: datetime = NOW) -> Recovery:
    return acts.start_recovery(member=wren, by=steward, email=NEW, how="I know her voice.", at=at)


def sent_to(address: str, at: datetime) -> list[str]:
    return [str(message.body) for message in letters(at) if message.to == [address]]


def link_in(text: str) -> str:
    found = re.search(r"https?://[^/\s]+(/accounts/back-in/\S+)", text)
    assert found
    return found[1]


def code_after(wren: Member, steward: Member) -> str:
    start(wren, steward)
    acts.send_due_recoveries(NOW + WAIT)
    [text] = sent_to(NEW, NOW + WAIT)
    return link_in(text).rstrip("/").rpartition("/")[2]


# --- asking ------------------------------------------------------------------------------------------------------


def test_asking_says_the_same_whoever_it_is(wren: Member) -> None:
    pages = [
        Client().post("/accounts/lost/", {"handle": handle, "contact": "555 0100", "words": ""}, follow=True)
        for handle in ("Wren", "Nobody of that name")
    ]
    assert pages[0].redirect_chain == pages[1].redirect_chain == [("/accounts/lost/said/", 302)]
    assert pages[0].text == pages[1].text
    assert LostCall.objects.count() == 2
    assert not Delivery.objects.exists()


def test_asking_too_often_is_turned_away_and_what_is_missing_stands_at_its_field(wren: Member) -> None:
    form = {"handle": "Wren", "contact": "555 0100"}
    pages = [Client().post("/accounts/lost/", form) for _ in range(6)]
    assert [page.status_code for page in pages] == [302] * 5 + [422]
    assert LostCall.objects.count() == 5
    assert 'id="id_contact_error"' in Client().post("/accounts/lost/", {"handle": "Wren"}).text


def test_what_was_said_stands_sealed_and_is_wiped_when_it_is_put_aside(wren: Member, steward: Member) -> None:
    acts.call_for_help(handle="Wren", contact="555 0100", words="my phone is gone", at=NOW)
    raw = LostCall.objects.extra(select={"raw": "contact"}).values_list("raw", flat=True)
    assert "555" not in raw[0]
    [call] = LostCall.objects.all()
    assert call.contact == "555 0100"
    acts.put_aside(call=call, by=steward, at=NOW)
    [call] = LostCall.objects.all()
    assert (call.contact, call.words, call.answered_by) == ("", "", steward)


# --- starting, waiting -------------------------------------------------------------------------------------------


def test_it_is_said_to_the_old_address_the_inbox_and_every_open_sign_in(
    wren: Member, steward: Member
) -> None:
    clients = [Client(), Client()]
    for client in clients:
        client.post("/accounts/login/", {"login": wren.email, "password": PASSWORD})
        assert "come in as you" not in client.get("/groups/").text
    start(wren, steward)
    [text] = sent_to("old@porch.example", NOW)
    assert "/accounts/back-in/stop/" in text
    assert sent_to(NEW, NOW) == []
    for client in clients:
        assert "Someone asked to come in as you" in client.get("/groups/").text
        assert "Someone asked to come in as you" not in client.get("/groups/").text
        assert "Stop it" in client.get("/you/signing-in/").text
    assert "come in as you" in clients[0].get("/inbox/", follow=True).text
    bystander = Client()
    bystander.force_login(MemberFactory(), backend="django.contrib.auth.backends.ModelBackend")
    assert "come in as you" not in bystander.get("/groups/").text


def test_who_signs_in_meanwhile_is_told_too(wren: Member, steward: Member) -> None:
    start(wren, steward)
    client = Client()
    client.post("/accounts/login/", {"login": wren.email, "password": PASSWORD})
    assert "Someone asked to come in as you" in client.get("/groups/").text


def test_the_link_goes_out_when_the_wait_is_over_and_not_before(wren: Member, steward: Member) -> None:
    recovery = start(wren, steward)
    assert recovery.ready_at == NOW + WAIT
    assert acts.send_due_recoveries(NOW + WAIT - timedelta(seconds=1)) == 0
    assert sent_to(NEW, NOW + WAIT) == []
    assert acts.send_due_recoveries(NOW + WAIT) == 1
    assert acts.send_due_recoveries(NOW + WAIT) == 0
    [text] = sent_to(NEW, NOW + WAIT)
    assert not re.search(r"recover|addict|sober|alumn|treatment|group|porchlight", text, re.IGNORECASE)


def test_how_long_it_waits_is_the_houses_to_say(wren: Member, steward: Member) -> None:
    house_access.remember(House(recovery_wait_hours=24), seconds=float("inf"))
    assert start(wren, steward).ready_at == NOW + timedelta(hours=24)


def test_what_can_not_be_started_says_why(wren: Member, steward: Member) -> None:
    taken = MemberFactory().email
    with pytest.raises(acts.RecoveryRefused, match="already signs in"):
        acts.start_recovery(member=wren, by=steward, email=taken, how="", at=NOW)
    with pytest.raises(acts.RecoveryRefused, match="Another steward"):
        acts.start_recovery(member=steward, by=steward, email=NEW, how="", at=NOW)
    start(wren, steward)
    with pytest.raises(acts.RecoveryRefused, match="already"):
        start(wren, steward)
    assert Recovery.objects.count() == 1


# --- stopping ----------------------------------------------------------------------------------------------------


def test_the_link_in_the_mail_stops_it_without_a_sign_in(wren: Member, steward: Member) -> None:
    start(wren, steward)
    link = re.search(r"https?://[^/\s]+(/\S+)", sent_to("old@porch.example", NOW)[0])
    assert link
    assert "Stop it?" in Client().get(link[1]).text
    assert Recovery.objects.open().exists()
    assert "It is stopped" in Client().post(link[1]).text
    assert not Recovery.objects.open().exists()
    assert acts.send_due_recoveries(NOW + WAIT) == 0
    assert Client().get(link[1][:-2] + "x/").status_code == HTTPStatus.NOT_FOUND


def test_a_stop_after_the_link_went_out_spends_the_link(wren: Member, steward: Member) -> None:
    code = code_after(wren, steward)
    client = Client()
    client.force_login(wren, backend="django.contrib.auth.backends.ModelBackend")
    assert "Stopped. Nothing has changed." in client.post("/you/signing-in/recovery/stop/", follow=True).text
    with pytest.raises(acts.CodeSpent):
        acts.finish_recovery(code=code, password=BETTER, at=NOW + WAIT)
    wren.refresh_from_db()
    assert wren.email == "old@porch.example"
    assert wren.check_password(PASSWORD)


# --- coming in again ---------------------------------------------------------------------------------------------


def test_the_link_gives_a_new_address_and_password_and_ends_every_old_way_in(
    wren: Member,
    steward: Member,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    heard: list[eviction.Eviction] = []
    monkeypatch.setattr(eviction, "_listeners", [heard.append])
    Authenticator.objects.create(user=wren, type=Authenticator.Type.TOTP, data={"secret": "x"})
    EmailAddress.objects.create(user=wren, email=wren.email, verified=True, primary=True)
    ShortPassword.objects.create(member=wren, at=NOW)
    elsewhere = Client()
    elsewhere.force_login(wren, backend="django.contrib.auth.backends.ModelBackend")
    code = code_after(wren, steward)
    with django_capture_on_commit_callbacks(execute=True):
        member = acts.finish_recovery(code=code.lower().replace("-", " "), password=BETTER, at=NOW + WAIT)
    assert member == wren
    wren.refresh_from_db()
    assert wren.email == NEW
    assert wren.check_password(BETTER)
    assert not Authenticator.objects.filter(user=wren).exists()
    assert not EmailAddress.objects.filter(user=wren).exists()
    assert not ShortPassword.objects.filter(member=wren).exists()
    assert elsewhere.get("/").status_code == HTTPStatus.FOUND
    assert (wren.pk, "auth") in [(one.member_id, one.code) for one in heard]
    assert len(sent_to("old@porch.example", NOW + WAIT)) == 2
    with pytest.raises(acts.CodeSpent):
        acts.finish_recovery(code=code, password=BETTER, at=NOW + WAIT)
    assert [entry.verb for entry in AuditEntry.objects.order_by("seq")] == [
        "recovery.started", "password.changed", "recovery.done",
    ]  # fmt: skip
    assert not re.search(r"@|voice", "".join(entry.facts for entry in AuditEntry.objects.all()))
    assert Recovery.objects.get().email == ""


def test_the_link_runs_out(wren: Member, steward: Member) -> None:
    code = code_after(wren, steward)
    late = NOW + WAIT + acts.LINK_HOLDS
    with pytest.raises(acts.CodeSpent):
        acts.finish_recovery(code=code, password=BETTER, at=late)
    acts.send_due_recoveries(late)
    assert Recovery.objects.get().outcome == Recovery.Outcome.SPENT


def test_a_new_link_takes_the_place_of_the_old_one(wren: Member, steward: Member) -> None:
    code = code_after(wren, steward)
    later = NOW + WAIT + timedelta(hours=1)
    assert acts.resend_recovery(recovery=Recovery.objects.get(), by=steward, at=later)
    texts = sent_to(NEW, later)
    assert len(texts) == 2
    with pytest.raises(acts.CodeSpent):
        acts.finish_recovery(code=code, password=BETTER, at=later)
    acts.finish_recovery(code=link_in(texts[1]).rstrip("/").rpartition("/")[2], password=BETTER, at=later)


def test_from_the_link_to_the_door_in_the_browser(
    wren: Member, steward: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + WAIT + timedelta(minutes=5))
    code = code_after(wren, steward)
    client = Client()
    page = client.get(f"/accounts/back-in/{code}/", follow=True)
    assert page.redirect_chain == [("/accounts/back-in/", 302)]
    assert code not in page.text
    short = client.post("/accounts/back-in/", {"password1": "short", "password2": "short"})
    assert 'id="id_password1_error"' in short.text
    done = client.post("/accounts/back-in/", {"password1": BETTER, "password2": BETTER}, follow=True)
    assert urlsplit(done.redirect_chain[-1][0]).path == "/accounts/login/"
    assert "You are let in again." in done.text
    assert client.post("/accounts/login/", {"login": NEW, "password": BETTER})["Location"] == "/"
    assert client.get("/groups/").status_code == HTTPStatus.OK


def test_a_code_is_typed_on_another_device_and_a_wrong_one_says_nothing(
    wren: Member, steward: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW + WAIT + timedelta(minutes=5))
    code = code_after(wren, steward)
    client = Client()
    wrong = client.post("/accounts/back-in/", {"code": "BCDFG-HJKLM-NPQR"})
    assert "That code isn’t right, or its time has passed." in wrong.text
    assert client.post("/accounts/back-in/", {"code": code.lower()}).status_code == HTTPStatus.FOUND
    assert "Choose a new password" in client.get("/accounts/back-in/").text


# --- the desk ----------------------------------------------------------------------------------------------------


def test_the_desk_is_for_stewards_alone(wren: Member, steward: Member) -> None:
    client = Client()
    for member, status in ((steward, HTTPStatus.OK), (wren, HTTPStatus.NOT_FOUND)):
        client.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
        assert client.get("/desk/recoveries/").status_code == status
    recovery = start(wren, steward)
    for path in (f"{recovery.pk}/stop/", f"{recovery.pk}/resend/"):
        assert client.post(f"/desk/recoveries/{path}").status_code == HTTPStatus.NOT_FOUND
    assert Recovery.objects.open().exists()


def test_a_steward_starts_from_a_call_and_stops_it_again(wren: Member, steward: Member) -> None:
    acts.call_for_help(handle="wren", contact="555 0100", words="", at=NOW)
    client = Client()
    client.force_login(steward, backend="django.contrib.auth.backends.ModelBackend")
    assert "1 person can’t get in" in client.get("/desk/").text
    [call] = LostCall.objects.all()
    assert "555 0100" in client.get("/desk/recoveries/").text
    start_at = f"/desk/recoveries/?call={call.pk}"
    assert 'value="wren"' in client.get(start_at).text
    wrong = client.post(start_at, {"handle": "Nobody", "email": NEW, "how": "voice"})
    assert "Nobody here goes by that handle." in wrong.text
    page = client.post(start_at, {"handle": "wren", "email": NEW, "how": "her voice"}, follow=True)
    assert "Started." in page.text
    assert "her voice" in page.text
    assert "Nobody waits." in page.text
    recovery = Recovery.objects.get()
    assert "Stopped." in client.post(f"/desk/recoveries/{recovery.pk}/stop/", follow=True).text
    assert Recovery.objects.get().outcome == Recovery.Outcome.STOPPED
    assert not SignIn.objects.filter(to_warn=True).exists()
    assert mail.outbox == []


@pytest.mark.parametrize(
    ("proxies", "spoofed", "statuses"),
    [
        # Nobody stands in front: what a client says of itself moves no limit.
        (0, "{number}.1.1.1", [302] * 5 + [422]),
        # One proxy stands in front: its own last word counts, what came before it does not.
        (1, "{number}.1.1.1, 203.0.113.9", [302] * 5 + [422]),
        (1, "203.0.113.{number}", [302] * 6),
    ],
)
def test_limits_count_by_the_address_that_the_own_proxy_saw(
    settings: Settings, proxies: int, spoofed: str, statuses: list[int]
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    form = {"handle": "Wren", "contact": "555 0100"}
    pages = [
        Client(headers={"x-forwarded-for": spoofed.format(number=number)}).post("/accounts/lost/", form)
        for number in range(1, 7)
    ]
    assert [page.status_code for page in pages] == statuses
