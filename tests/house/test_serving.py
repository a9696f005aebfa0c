"""The running program keeps the promises that outside tools rely on."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable

import pytest

from tests.sites import CommandFailed, Site

MakeSite = Callable[..., Site]


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object, **kwargs: object) -> None:
        return None


def get(url: str, cookie: str = "") -> tuple[int, str]:
    """Status and body; redirects are not followed."""
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={cookie}"} if cookie else {})
    opener = urllib.request.build_opener(NoRedirect)
    try:
        with opener.open(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_site_answers_by_both_names_and_ends_cleanly_on_sigterm(make_site: MakeSite) -> None:
    site = make_site(seeded=False)
    for host in ("localhost", "127.0.0.1"):
        assert get(f"http://{host}:{site.port}/healthz")[0] == 200
    assert site.stop() == 0
    assert not site.is_healthy()


def test_a_site_says_where_it_is(make_site: MakeSite) -> None:
    site = make_site(seeded=False)
    assert site.serving
    assert f"Porchlight is at http://localhost:{site.port}" in site.serving.log_end()


def test_a_minted_cookie_opens_the_room_and_survives_a_restart(make_site: MakeSite) -> None:
    site = make_site()
    room = f"{site.base_url}/sessions/rooms/porch/"
    assert get(room)[0] == 302
    command = ["mint_sessions", "--room", "porch", "--count", "2"]
    with pytest.raises(CommandFailed, match="PORCHLIGHT_ALLOW_LOADTEST"):
        site.manage(*command)
    lines = site.manage(*command, PORCHLIGHT_ALLOW_LOADTEST="1").splitlines()
    first, second = map(json.loads, lines)
    assert first.keys() == {"member", "handle", "cookie"}
    assert first["member"] != second["member"]
    assert get(room, first["cookie"])[0] == 200
    site.stop()
    site.start()
    assert get(room, second["cookie"])[0] == 200


def test_two_sites_do_not_know_each_others_people(make_site: MakeSite) -> None:
    here, there = make_site(), make_site()
    minted = here.manage("mint_sessions", "--room", "porch", "--count", "1", PORCHLIGHT_ALLOW_LOADTEST="1")
    cookie = json.loads(minted)["cookie"]
    assert get(f"{here.base_url}/sessions/rooms/porch/", cookie)[0] == 200
    assert get(f"{there.base_url}/sessions/rooms/porch/", cookie)[0] == 302


def test_making_the_demo_again_changes_nothing(make_site: MakeSite) -> None:
    site = make_site()
    everything = ("dumpdata", "members", "groups", "rooms", "live", "--exclude", "live.tick")
    before = site.manage(*everything)
    site.manage("seed_demo")
    assert site.manage(*everything) == before
    assert "porch" in before


def test_help_answers_signed_out(make_site: MakeSite) -> None:
    site = make_site(seeded=False)
    status, page = get(f"{site.base_url}/help/")
    assert status == 200
    assert "988" in page
