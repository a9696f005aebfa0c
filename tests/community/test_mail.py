"""What leaves the house by e-mail: neutral, whole, to one person, and never with a header of somebody else's."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection, transaction
from django.template.loader import get_template
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings
from structlog.testing import capture_logs

from community.notifications import kinds, ledger
from community.notifications.actions import notify, notify_by_allauth
from community.notifications.delivering import deliver_due
from community.notifications.kinds import Kind
from community.notifications.links import off_token, read_off_token
from community.notifications.mail import as_html, message_id
from community.notifications.models import Channel, Choice, Delivery
from community.notifications.smtp import EmailBackend, Watching
from community.sealed import Unreadable
from tests.factories import MemberFactory
from tests.letters import TOLD, letters
from tests.live_fixtures import SetHook
from tests.mail_server import MailServer, Moods

State = Delivery.State
NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
BY_MAIL = Kind("tests.mail", "Mail of the tests", channels=(Channel.EMAIL,), switchable=False)
EVERY_KIND = [*kinds.switchable(), *kinds.always(), kinds.BUNDLE]
TELLING = re.compile(r"recover|addict|sober|alumn|treatment|group|meeting|wren|porchlight", re.IGNORECASE)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def its_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", {})
    kinds.register(kinds.ACCOUNT, TOLD, BY_MAIL)
    cache.clear()


def post(
    kind: Kind = BY_MAIL, *, address: str = "one@example.org", what: str = "thing:1", **more: Any
) -> Delivery:
    with transaction.atomic():
        notify(what=what, kind=kind, address=address, at=NOON, **more)
    return Delivery.objects.get(what=what)


def again(delivery: Delivery) -> Delivery:
    delivery.refresh_from_db()
    return delivery


# --- what it says ------------------------------------------------------------------------------------------------


def test_a_mail_says_that_there_is_something_to_see_and_nothing_else(settings: Settings) -> None:
    settings.PORCHLIGHT_URL = "https://porch.example.org"
    wren = MemberFactory(handle="Wren")
    with transaction.atomic():
        notify(what="t", kind=TOLD, member=wren, context={"who": "Fern"}, path="/groups/night/", at=NOON)
    (letter,) = letters(NOON)
    key = Delivery.objects.first().key  # type: ignore[union-attr]
    assert letter.subject == "There is something to see"
    assert str(letter.body).split("\n\n")[:3] == [
        "Hello,", "There is something to see:", f"https://porch.example.org/inbox/{key}/",
    ]  # fmt: skip
    html = str(letter.alternatives[0][0])
    for words in (letter.subject, str(letter.body), re.sub(r'lang="en"|serif', "", html)):
        assert not TELLING.search(words.replace("https://porch.example.org", ""))


@pytest.mark.parametrize("kind", EVERY_KIND, ids=lambda kind: kind.name)
def test_every_kind_has_words_for_its_mail(kind: Kind) -> None:
    assert kind.words[0].isupper()
    assert not kind.words.endswith(".")
    if Channel.EMAIL in kind.channels:
        assert get_template(kind.mail)


def test_the_html_says_the_same_and_fetches_nothing() -> None:
    post(context={})
    (letter,) = letters(NOON)
    html, kind = letter.alternatives[0]
    assert kind == "text/html"
    links = re.findall(r"https?://[^\s<\"]+", str(letter.body))
    assert links == re.findall(r'href="([^"]+)"', str(html))
    assert not re.search(r"<(img|link|script|iframe)|src=|url\(|@import", str(html))


def test_what_people_wrote_is_text_in_the_html() -> None:
    html = as_html("A <b>title", 'Hi <script>alert(1)</script>\n"x" & https://a.example/?a=1&b=2).\n\nBye')
    assert "<script>" not in html
    assert "A &lt;b&gt;title" in html
    assert '<a href="https://a.example/?a=1&amp;b=2">https://a.example/?a=1&amp;b=2</a>).' in html
    assert html.count("<p>") == 2


def test_its_headers_say_that_no_person_wrote_it() -> None:
    delivery = post(context={})
    (letter,) = letters(NOON)
    message = letter.message()
    assert message["Message-ID"] == message_id(delivery)
    assert re.fullmatch(r"<[0-9a-f]{32}@localhost>", str(message["Message-ID"]))
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["List-Unsubscribe"] is None
    assert message["To"] == "one@example.org"


def test_a_message_id_is_the_same_at_each_attempt(settings: Settings) -> None:
    delivery = post(context={})
    with MailServer(Moods(refuses_for_now=1.0)) as server:
        use(settings, server)
        deliver_due(NOON)
        assert again(delivery).state == State.WAITING
        before = message_id(delivery)
        server.moods = Moods()
        deliver_due(again(delivery).due_at)
    assert list(server.taken) == [before]


@given(
    words=st.text(alphabet=st.sampled_from("ab \r\n:\x0b\x0c\x85\u2028\0"), min_size=1),
    where=st.sampled_from(["subject", "text"]),
)
def test_no_context_adds_a_header(words: str, where: str) -> None:
    context = {"subject": "Words", "text": "Words"} | {where: f"{words}\r\nBcc: two@example.org\r\n\r\nBody"}
    point = transaction.savepoint()
    post(kinds.ACCOUNT, context=context)
    for letter in letters(NOON)[-1:]:
        message = letter.message()
        assert message["Bcc"] is None
        assert letter.recipients() == ["one@example.org"]
        assert not re.search(r"[\r\n]", str(letter.subject))
        headers = message.as_bytes().split(b"\n\n")[0]
        assert not re.search(rb"(?mi)^bcc:", headers)
    transaction.savepoint_rollback(point)


@pytest.mark.parametrize("address", ["one@example.org\nBcc: two@example.org", "one@example.org\r\nx: y"])
def test_an_address_that_would_add_a_header_is_dead_at_once(address: str) -> None:
    delivery = post(address=address, context={})
    assert letters(NOON) == []
    assert (again(delivery).state, delivery.last_error) == (State.DEAD, "BadHeaderError")


def test_two_addresses_in_one_are_not_two_recipients(settings: Settings) -> None:
    post(address="one@example.org, two@example.org", context={})
    with MailServer() as server:
        use(settings, server)
        deliver_due(NOON)
    assert not any("two" in str(mail["To"]) for mail in server.mails)


# --- whether it arrived ------------------------------------------------------------------------------------------


def use(settings: Settings, server: MailServer) -> None:
    settings.EMAIL_BACKEND = "community.notifications.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", server.port, 10


@pytest.mark.parametrize(
    ("moods", "state", "perhaps", "error", "taken"),
    [
        (Moods(), State.SENT, False, "", 1),
        (Moods(refuses_for_now=1.0), State.WAITING, False, "SMTPRecipientsRefused", 0),
        (Moods(refuses_for_good=1.0), State.DEAD, False, "SMTPRecipientsRefused", 0),
        (Moods(hangs_up_early=1.0), State.WAITING, False, "SMTPServerDisconnected", 0),
        (Moods(hangs_up_over_the_mail=1.0), State.DEAD, True, "SMTPServerDisconnected", 0),
        (Moods(takes_it_and_hangs_up=1.0), State.DEAD, True, "SMTPServerDisconnected", 1),
    ],
    ids=["takes it", "later", "never", "hangs up early", "hangs up late", "takes it and hangs up"],
)
def test_what_the_server_did_decides(
    settings: Settings, moods: Moods, state: str, perhaps: bool, error: str, taken: int
) -> None:
    delivery = post(context={})
    with MailServer(moods) as server:
        use(settings, server)
        deliver_due(NOON)
    again(delivery)
    assert (delivery.state, delivery.perhaps_sent, delivery.last_error) == (state, perhaps, error)
    assert server.taken.total() == taken


def test_a_server_that_is_away_costs_each_an_attempt_and_nothing_more(settings: Settings) -> None:
    with MailServer() as server:
        use(settings, server)
    post(context={})
    deliver_due(NOON)
    waiting = Delivery.objects.get()
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)
    assert waiting.last_error == "ConnectionRefusedError"
    assert NOON < waiting.due_at < NOON + timedelta(minutes=1)


def test_a_server_that_is_away_is_waited_for_once_a_round(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[int] = []

    def hangs(backend: EmailBackend) -> NoReturn:
        tried.append(1)
        raise TimeoutError

    monkeypatch.setattr(EmailBackend, "open", hangs)
    settings.EMAIL_BACKEND = "community.notifications.smtp.EmailBackend"
    for number in range(4):
        post(what=f"thing:{number}", context={})
    deliver_due(NOON)
    assert tried == [1]
    waiting = Delivery.objects.values_list("state", "attempts", "last_error")
    assert set(waiting) == {(State.WAITING, 1, "TimeoutError")}


def test_a_fault_with_one_does_not_touch_the_next(settings: Settings) -> None:
    first = post(what="thing:1", address="one@example.org\nx: y", context={})
    with MailServer(Moods(refuses_for_good=0.5, seed=1)) as server:
        use(settings, server)
        others = [post(what=f"thing:{number}", address=f"n{number}@example.org") for number in range(2, 8)]
        deliver_due(NOON)
    assert again(first).state == State.DEAD
    ended = {again(other).state for other in others}
    assert ended == {State.SENT, State.DEAD}
    assert server.taken.total() == sum(other.state == State.SENT for other in others)


def test_without_its_key_a_delivery_is_dead_and_says_why(settings: Settings) -> None:
    delivery = post(context={})
    settings.SECRET_KEY = "another" * 10
    assert letters(NOON) == []
    assert (again(delivery).state, delivery.last_error) == (State.DEAD, "Unreadable")


def test_a_kind_that_no_app_knows_any_more_waits_for_one_that_does(monkeypatch: pytest.MonkeyPatch) -> None:
    delivery = post(context={})
    with monkeypatch.context() as patch:
        patch.setattr(kinds, "_kinds", {})
        assert letters(NOON) == []
    assert (again(delivery).state, delivery.last_error) == (State.WAITING, "UnknownKind")
    assert len(letters(delivery.due_at)) == 1


@pytest.mark.parametrize("for_how_long", [timedelta(minutes=1), timedelta(days=1)])
def test_what_was_sent_while_the_database_was_away_is_written_down_when_it_is_back(
    failpoint: SetHook, for_how_long: timedelta
) -> None:
    delivery = post(context={})

    def database_is_away(**facts: Any) -> None:
        def fails(*args: Any, **kwargs: Any) -> NoReturn:
            raise OperationalError

        patch.setattr(ledger, "mark_sent", fails)

    with pytest.MonkeyPatch.context() as patch:
        failpoint("delivery.accepted", database_is_away)
        with pytest.raises(OperationalError):
            deliver_due(NOON)
        # Another worker comes by, and can't know.
        ledger.take_back_lost(NOON + for_how_long)
    assert again(delivery).state in {State.SENDING, State.DEAD}
    assert len(letters(NOON + for_how_long)) == 1
    assert (again(delivery).state, delivery.perhaps_sent) == (State.SENT, False)


def test_no_address_gets_into_a_log(settings: Settings) -> None:
    post(address="one@example.org\nx: y", context={})
    post(what="thing:2", address="two@example.org", context={})
    with MailServer(Moods(refuses_for_good=1.0)) as server, capture_logs() as said:
        use(settings, server)
        deliver_due(NOON)
    assert [line["event"] for line in said] == ["delivery_failed"]
    assert "example" not in repr(said)
    assert not Delivery.objects.filter(last_error__contains="example").exists()


def test_the_smtp_backend_knows_how_far_a_mail_had_come(settings: Settings) -> None:
    with MailServer() as server:
        use(settings, server)
        backend = EmailBackend()
        backend.open()
        assert isinstance(backend.connection, Watching)
        assert backend.connection.before_data
        post(context={})
        deliver_due(NOON)
        backend.close()
    assert server.taken.total() == 1


# --- mail that signing in asks for -------------------------------------------------------------------------------


def ask(address: str) -> list[str]:
    """The statements that asking for a link costs, without their values."""
    with CaptureQueriesContext(connection) as queries:
        Client().post("/accounts/password/reset/", {"email": address})
    return [query["sql"].split(" ")[0] for query in queries if "notifications_delivery" in query["sql"]]


def test_a_link_for_a_known_address_and_for_none_are_the_same_row() -> None:
    known = MemberFactory(email="known@porch.example")
    assert ask(known.email) == ask("nobody@porch.example") == ["INSERT"]
    rows = list(Delivery.objects.order_by("pk"))
    assert len(rows) == 2
    for row in rows:
        assert (row.kind, row.member_id, row.state) == (kinds.ACCOUNT.name, None, State.WAITING)
    assert len({len(row.payload) // 200 for row in rows}) <= 2
    assert len(letters()) == 2


def test_a_link_that_has_run_out_is_not_sent() -> None:
    notify_by_allauth(address="one@example.org", subject="A code", text="123", code=True, at=NOON)
    notify_by_allauth(address="one@example.org", subject="A link", text="https://", code=False, at=NOON)
    assert [letter.subject for letter in letters(NOON + timedelta(hours=1))] == ["A link"]


def test_the_words_of_a_sign_in_go_out_as_they_are() -> None:
    notify_by_allauth(
        address="one@example.org", subject="A\n link", text="Hi <you> & co\n", code=False, at=NOON
    )
    (letter,) = letters(NOON)
    assert (letter.subject, letter.body) == ("A link", "Hi <you> & co\n")


# --- the way out -------------------------------------------------------------------------------------------------


def told(settings: Settings) -> str:
    """The path of the way out in a mail of a kind that can be switched."""
    settings.PORCHLIGHT_URL = "http://testserver"
    with transaction.atomic():
        notify(what="t", kind=TOLD, member=MemberFactory(), context={"who": "Fern"}, at=NOON)
    (letter,) = letters(NOON)
    message = letter.message()
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(r"<http://testserver(/\S+)>", str(message["List-Unsubscribe"]).replace("\n ", ""))
    assert found
    return found[1]


def test_a_mail_program_turns_a_kind_off_by_one_post(settings: Settings) -> None:
    way_out = told(settings)
    client = Client(enforce_csrf_checks=True)
    assert client.get(way_out).status_code == 200
    assert not Choice.objects.exists()
    assert client.post(way_out, {"List-Unsubscribe": "One-Click"}).status_code == 200
    choice = Choice.objects.get()
    assert (choice.kind, choice.channel, choice.how) == (TOLD.name, Channel.EMAIL, Choice.How.NEVER)


def test_the_way_out_says_nothing_of_whom_it_is_for(settings: Settings) -> None:
    way_out = told(settings)
    assert TOLD.name not in way_out
    assert not TELLING.search(re.sub(r"(?s).*<main|</main>.*", "", Client().get(way_out).text))


@pytest.mark.parametrize("token", ["nonsense", "gAAAAABl", "%20"])
def test_another_token_leads_nowhere(token: str) -> None:
    assert Client().post(f"/notices/off/{token}/").status_code == 404


def test_a_token_of_someone_who_left_or_for_what_always_comes_changes_nothing() -> None:
    gone = off_token(10**9, TOLD.name)
    always = off_token(MemberFactory().pk, BY_MAIL.name)
    assert read_off_token(gone) == (10**9, TOLD.name)
    for token in (gone, always):
        assert Client().post(f"/notices/off/{token}/").status_code == 404
    assert not Choice.objects.exists()
    with pytest.raises(Unreadable):
        read_off_token("x")
