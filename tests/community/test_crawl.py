"""Nobody's e-mail address, network address or browser ever reaches another member: every page, looked at as everyone.

A page that is new is looked at without being named here; one that no link leads to needs an example or a reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.db.models import F
from django.test import Client

from community.groups.models import Group
from community.invitations.models import Acceptance, Invitation, SignUp, Upload
from community.members.models import Member
from sessions.rooms.models import Room
from tests.crawled_house import furnish
from tests.crawling import ADDRESS, NETWORK, Answer, Crawl, parameters, routes

pytestmark = pytest.mark.django_db

# Whom one looks as: the demo's people, by the part of their address before the @; nobody for signed out.
LOOKERS = {
    "signed out": "",
    "alumnus": "juniper",
    "family": "goldfinch",
    "moderator": "nine-pines",
    "facilitator": "alder",
    "clinician": "linden",
    "steward": "marigold",
    "just come in": "fresh",
}
# Who also leaves every form empty: between them they come to all.
SENDERS = {"signed out", "alumnus", "facilitator", "steward", "just come in"}
BROWSER = "Zq7xBrowser"

# No page of ours answers there.
LEADS_AWAY = {
    "exit/": "leaves this site, and signs out: tests/moderation/test_quick_exit.py",
}
# What no link and no form leads to, and why it shows nothing of anybody.
EXEMPT: dict[str, str] = {
    "live/<slug:slug>/events/": "answers a frame with a frame: tests/community/test_crawl_frames.py",
    "accounts/app/remove/": "about one's own app: tests/community/test_signin_factors.py",
    "accounts/recovery-codes/file/": "one's own codes: tests/community/test_signin_factors.py",
    "accounts/passkeys/<int:pk>/name/": "one's own passkey: tests/flows/test_signing_in.py",
    "accounts/passkeys/<int:pk>/remove/": "one's own passkey: tests/flows/test_signing_in.py",
    "sessions/formats/events/<int:pk>/script/": "the words of a format for whoever leads: no people in it",
    "accounts/inactive/": "a page without a person, shown while signing in",
}
# Sent from pages that the demo has none of: answered with the way back to one that is looked at.
LEADS_BACK = {
    "desk/groups/<slug:slug>/rooms/<slug:room_slug>/opening/",
    "desk/people/<slug:public_id>/death/undone/",
    "sessions/formats/<slug:slug>/retirement/",
    "desk/recoveries/<int:pk>/resend/",
    "meetings/elsewhere/sources/<int:pk>/end/",
}
# Where a steward looks up one member's address, which is on record: tests/moderation/test_audit_desk.py.
REVEALS = {"desk/people/<slug:public_id>/address/"}
# How to reach somebody who lost every way in: what they left, and where a steward lets them in anew.
RECOVERED = {"zq7x-call@leak.example", "zq7x-anew@leak.example"}
# What the house itself prints.
PRINTED = {"first@example.org", "second@example.org", "third@example.org"}


def planted(member: Member) -> list[str]:
    """What must never be shown to anyone else."""
    return [f"zq7x-{member.pk}@leak.example", f"198.51.100.{member.pk % 250}", f"{BROWSER}/{member.pk}."]


def plant() -> dict[int, list[str]]:
    """Give everyone an address and a browser that can't be mistaken, and let each come here once with them."""
    found, visits = {}, 0
    for member in Member.objects.order_by("pk"):
        address, network, browser = found[member.pk] = planted(member)
        Member.objects.filter(pk=member.pk).update(email=address)
        EmailAddress.objects.filter(user=member).update(email=address)
        for came in Acceptance.objects.filter(member=member, invitation__address_digest__gt=""):
            came.invitation.address = address
            came.invitation.save()
        visit = Client(headers={"User-Agent": browser}, REMOTE_ADDR=network)
        visit.force_login(member, backend="django.contrib.auth.backends.ModelBackend")
        visits += visit.get("/groups/").status_code == HTTPStatus.OK
    assert visits > len(found) * 0.8
    return found


@pytest.fixture
def people() -> dict[str, Member]:
    """The demo community, its people by the part of their address before the @."""
    call_command("seed_demo", verbosity=0)
    return {member.email.split("@")[0]: member for member in Member.objects.all()}


def beginnings(examples: list[str]) -> Iterator[str]:
    """The examples, and every address without something in it that changes."""
    yield from examples
    for route in routes():
        if not parameters(route) and not route.startswith("^"):
            yield f"/{route}"
    for member in Member.objects.order_by("pk")[:3]:
        yield f"/members/{member.public_id}/"
    for group in Group.objects.all()[:4]:
        yield f"/groups/{group.slug}/"
    for room in Room.objects.all()[:4]:
        yield f"/sessions/rooms/{room.slug}/"


def invited() -> set[str]:
    """Whom stewards invited or shall answer: no members yet, and on the desk because a steward wrote them there."""
    nobody_yet = Invitation.objects.filter(spent__lt=F("uses"))
    asking = SignUp.objects.filter(answered_at__isnull=True)
    brought = {address for upload in Upload.objects.all() for address in ADDRESS.findall(upload.kept)}
    return brought | {one.address for one in [*nobody_yet, *asking] if one.address} | RECOVERED


def look_around(who: Member | None, examples: list[str], *, sends: bool = True) -> Crawl:
    client = Client(
        raise_request_exception=False, headers={"User-Agent": "Looking around"}, REMOTE_ADDR="127.0.0.1"
    )
    if who is not None:
        client.force_login(who, backend="django.contrib.auth.backends.ModelBackend")
    return Crawl(client, skipped=set(LEADS_AWAY)).walk(beginnings(examples), sends=sends)


def leaks(answer: Answer, own: list[str], secrets: dict[int, list[str]]) -> Iterator[str]:
    """What stands in an answer and must not: what was planted, and all that looks like it."""
    looks_like = {*ADDRESS.findall(answer.said), *NETWORK.findall(answer.said)} - PRINTED - {*own}
    told = {secret for of_one in secrets.values() for secret in of_one if secret in answer.said} - {*own}
    for found in sorted(looks_like | told):
        if not (answer.method == "POST" and answer.route in REVEALS):
            yield f"{answer}: {found}"


def test_no_page_shows_anyones_address_network_or_browser_to_anyone_else(people: dict[str, Member]) -> None:
    examples = furnish(people)
    secrets = plant()
    found: list[str] = []
    seen: set[str] = set()
    broken: list[str] = []
    for looker, name in LOOKERS.items():
        who = people[name] if name else None
        crawl = look_around(who, examples, sends=looker in SENDERS)
        own = secrets[who.pk] if who else []
        if looker == "steward":
            own = [*own, *invited()]
        found += [f"{looker}: {leak}" for answer in crawl.answers for leak in leaks(answer, own, secrets)]
        broken += [f"{looker}: {answer}" for answer in crawl.answers if answer.status >= 500]
        assert len(crawl.answers) > 20, f"{looker} got nowhere"
        seen |= crawl.seen
    unseen = sorted(set(routes()) - seen - set(EXEMPT) - set(LEADS_AWAY) - LEADS_BACK)
    assert not found, "shown to others:\n" + "\n".join(found)
    assert not broken, "broken:\n" + "\n".join(broken)
    assert not unseen, "nobody looked there; link to it, or give an example or a reason:\n" + "\n".join(
        unseen
    )
    assert (set(EXEMPT) | set(LEADS_AWAY) | LEADS_BACK) <= set(routes()), "exempt is what isn't there"


def test_the_crawl_would_find_what_is_planted(people: dict[str, Member]) -> None:
    """The control: one's own address is on one's own page, and found there when it counts as another's."""
    secrets = plant()
    juniper = people["juniper"]
    crawl = look_around(juniper, [], sends=False)
    found = [leak for answer in crawl.answers for leak in leaks(answer, [], secrets)]
    assert any("/you/" in leak and secrets[juniper.pk][0] in leak for leak in found)


def test_signed_out_nothing_says_who_is_here_or_what_for(people: dict[str, Member]) -> None:
    answers = look_around(None, furnish(people)).answers
    names = [*Member.objects.values_list("handle", flat=True), *Group.objects.values_list("name", flat=True)]
    distinct = [name for name in names if len(name) > 5]
    telling = re.compile(r"recover|addict|treatment|sober|alumn|rehab|porchlight|clean time", re.IGNORECASE)
    for answer in answers:
        assert [name for name in distinct if name in answer.said] == [], answer
        assert not telling.search(answer.title), answer
