"""The worker within `serve`, and that of its own, send what is told; the first at once."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime, timedelta
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

import pytest

from community.live import ticks
from tests.conftest import MakeSite
from tests.mail_server import MailServer
from tests.services import Service

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)


def ask_for_a_link(base_url: str, address: str) -> None:
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    where = f"{base_url}/accounts/password/reset/"
    page = browser.open(where).read().decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    assert token
    browser.open(where, urlencode({"csrfmiddlewaretoken": token[1], "email": address}).encode())


def wait_for(server: MailServer, count: int, serving: Service) -> None:
    serving.wait_until(lambda: server.taken.total() >= count, 20)


def test_mail_is_on_its_way_a_moment_after_it_was_asked_for(make_site: MakeSite) -> None:
    with MailServer() as server:
        site = make_site(seeded=False, EMAIL_URL=server.url)
        assert site.serving is not None
        ask_for_a_link(site.base_url, "first@example.org")
        wait_for(server, 1, site.serving)
        asked = time.monotonic()
        ask_for_a_link(site.base_url, "second@example.org")
        wait_for(server, 2, site.serving)
        took = time.monotonic() - asked
        # Mostly well below a second; but the machine may be busy.
        assert took < 10.0
        assert sorted(str(mail["To"]) for mail in server.mails) == ["first@example.org", "second@example.org"]
        assert "sent" in site.manage("deliveries")


def test_a_worker_of_its_own_sends_what_a_server_without_one_left(make_site: MakeSite) -> None:
    with MailServer() as server:
        site = make_site(seeded=False, EMAIL_URL=server.url)
        site.stop()
        site.start("--no-worker")
        ask_for_a_link(site.base_url, "one@example.org")
        assert re.search(r"(?m)^ +1  waiting$", site.manage("deliveries"))
        assert server.taken.total() == 0
        assert "deliver" in site.manage("worker", "--once")
        assert server.taken.total() == 1
        assert re.search(r"(?m)^ +1  sent$", site.manage("deliveries"))


# --- jobs that run alongside -------------------------------------------------------------------------------------


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "_jobs", {})


@pytest.mark.usefixtures("jobs")
@pytest.mark.django_db(transaction=True)
def test_a_job_that_waits_for_someone_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ticks, "ROUND_SECONDS", 0.01)
    stop, waiting, other_ran = threading.Event(), threading.Event(), threading.Event()

    def waits(at: datetime) -> None:
        waiting.set()
        assert other_ran.wait(20)

    def runs(at: datetime) -> None:
        if waiting.is_set():
            other_ran.set()

    ticks.register("waits", every_seconds=1, run=waits, alongside=True)
    ticks.register("runs", every_seconds=0, run=runs)
    worker = threading.Thread(target=ticks.run_forever, args=(stop,))
    worker.start()
    assert other_ran.wait(20)
    stop.set()
    worker.join(20)
    assert not worker.is_alive()


@pytest.mark.usefixtures("jobs")
@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_woken_or_has_more_to_do_runs_without_waiting_for_its_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ticks, "ROUND_SECONDS", 3600.0)
    stop, done = threading.Event(), threading.Event()
    ran: list[datetime] = []

    def runs(at: datetime) -> bool:
        ran.append(at)
        if len(ran) == 3:
            done.set()
            stop.set()
        return len(ran) < 3

    ticks.register("runs", every_seconds=3600, run=runs, alongside=True)
    worker = threading.Thread(target=ticks.run_forever, args=(stop,))
    worker.start()
    ticks.wake("runs")
    assert done.wait(20)
    worker.join(20)
    assert len(ran) == 3


@pytest.mark.usefixtures("jobs")
@pytest.mark.django_db
def test_one_that_fails_is_run_again_and_harms_no_other() -> None:
    ran: list[datetime] = []

    def fails(at: datetime) -> None:
        raise ValueError

    ticks.register("fails", every_seconds=1, run=fails, alongside=True)
    ticks.register("works", every_seconds=1, run=ran.append, alongside=True)
    ticks.run_once(NOON)
    ticks.run_once(NOON + timedelta(seconds=1))
    assert ran == [NOON, NOON + timedelta(seconds=1)]
