"""`manage.py invite`: by mail, by a printed link, and everyone in a file."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from community.invitations.models import Invitation, Upload
from tests.factories import GroupFactory, MemberFactory
from tests.letters import letters

pytestmark = pytest.mark.django_db

LINK = re.compile(r"/join/[a-z0-9-]+/")


def invite(*arguments: str) -> str:
    printed = io.StringIO()
    call_command("invite", *arguments, stdout=printed)
    return printed.getvalue()


def opens(text: str) -> bool:
    found = LINK.search(text)
    return found is not None and Client().get(found[0]).status_code == 200


@pytest.fixture
def file(tmp_path: Path) -> Path:
    GroupFactory(slug="porch")
    path = tmp_path / "people.csv"
    path.write_text("email,groups\none@x.example,porch\n=two@x.example,\n")
    return path


def test_without_an_address_the_link_is_printed_and_opens() -> None:
    GroupFactory(slug="porch")
    assert opens(invite("--group=porch", "--uses=5"))
    made = Invitation.objects.get()
    assert (made.uses, made.places.get().role) == (5, "member")
    assert letters() == []


def test_with_an_address_it_goes_by_mail_and_nothing_is_printed() -> None:
    GroupFactory(slug="porch")
    assert not LINK.search(invite("--email=New@x.example", "--role=clinician", "--group=porch:facilitator"))
    [mail] = letters()
    assert mail.to == ["new@x.example"]
    assert opens(str(mail.body))
    assert Invitation.objects.get().places.get().role == "facilitator"


def test_a_file_is_invited_by_mail(file: Path) -> None:
    printed = invite(f"--csv={file}")
    assert printed.splitlines() == ["2,one@x.example,Invited", "3,'=two@x.example,Invited"]
    assert len(letters()) == 2


def test_a_file_s_links_can_be_printed_instead(file: Path) -> None:
    lines = invite(f"--csv={file}", "--print").splitlines()
    assert all(opens(line) for line in lines)
    assert letters() == []
    assert not Invitation.objects.filter(mailed=True).exists()


def test_a_dry_run_says_what_each_line_comes_to_and_leaves_nothing(file: Path) -> None:
    assert invite(f"--csv={file}", "--dry-run").count("Will be invited") == 2
    assert not Invitation.objects.exists()
    assert not Upload.objects.exists()


def test_a_file_with_a_wrong_line_invites_nobody(file: Path) -> None:
    file.write_text("email\none@x.example\nnonsense\n")
    with pytest.raises(CommandError, match="Nobody was invited"):
        invite(f"--csv={file}")
    assert not Invitation.objects.exists()
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--role=steward"], "invited by mail"),
        (["--group=porch:moderator"], "invited by mail"),
        (["--email=a@x.example", "--uses=2"], "for one"),
        (["--email=nonsense"], "no e-mail address"),
        (["--email=here@x.example"], "signs in with this address"),
        (["--group=nowhere"], "There is no group"),
        (["--group=porch:captain"], "no role in a group"),
        (["--csv=/nowhere.csv"], "No such file"),
    ],
)
def test_what_can_t_be_is_refused_in_words(arguments: list[str], why: str) -> None:
    GroupFactory(slug="porch")
    MemberFactory(email="here@x.example")
    with pytest.raises(CommandError, match=why):
        invite(*arguments)
    assert not Invitation.objects.exists()
