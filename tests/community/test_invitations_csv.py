"""The file of people to invite: read as spreadsheets write it, all or nothing, and written so that none runs it."""

from __future__ import annotations

import csv
import io
from contextlib import suppress
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from hypothesis import assume, given
from hypothesis import strategies as st

from community.groups.models import Group
from community.invitations import csvfile
from community.invitations.access import UPLOAD_LASTS
from community.invitations.actions import making
from community.invitations.actions.making import Offer
from community.invitations.csvfile import FORMULA, LINES_MAX, NotReadable, harmless, read, write
from community.invitations.models import Invitation, Upload
from community.notifications.models import Delivery
from moderation.audit.models import AuditEntry
from tests.desk import client_of
from tests.desk import steward as a_steward
from tests.factories import GroupFactory, MemberFactory
from tests.letters import letters

ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]
LOCAL = st.text("abcxyzäé.+-=_'0189", min_size=1, max_size=12)
ADDRESSES = st.builds("{}@{}.example".format, LOCAL, st.text("abcxyz", min_size=1, max_size=8))
# What cp1252 knows, without what a lone carriage return would make of a line.
CELLS = st.text(st.characters(codec="cp1252", exclude_categories=["Cc"]), max_size=20)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def spreadsheet(rows: list[list[str]], separator: str, quoting: Any, ends: str) -> str:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, quoting=quoting, lineterminator=ends).writerows(rows)
    return out.getvalue()


@given(
    people=st.lists(st.tuples(ADDRESSES, CELLS, CELLS), min_size=1, max_size=20),
    encoding=st.sampled_from(ENCODINGS),
    separator=st.sampled_from(",;\t"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_spreadsheet_wrote_is_read_back_whatever_its_habits(
    people: list[tuple[str, str, str]], encoding: str, separator: str, quoting: Any, ends: str
) -> None:
    rows = [["E-Mail", "Role", "First name", "Groups"]]
    rows += [[address, role, "not kept", groups] for address, role, groups in people]
    data = spreadsheet(rows, separator, quoting, ends).encode(encoding)
    # Windows-1252 that happens to be good UTF-8 is read as UTF-8: nobody could tell.
    assume(encoding != "cp1252" or _is_no_utf8(data) or data.isascii())
    table = read(data)
    assert [(line.address, line.role, line.groups) for line in table.lines] == [
        (address.strip(), role.strip(), groups.strip()) for address, role, groups in people
    ]
    assert table.unused == ["First name"]


def _is_no_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return False


@given(rows=st.lists(st.lists(ANYTHING, min_size=1, max_size=4), min_size=1, max_size=20))
def test_no_cell_that_we_write_is_a_formula_to_any_spreadsheet(rows: list[list[str]]) -> None:
    read_back = list(csv.reader(io.StringIO(write(rows).decode("utf-8-sig"), newline="")))
    assert len(read_back) == len(rows)
    for written, cells in zip(read_back, rows, strict=True):
        for cell, meant in zip(written, cells, strict=True):
            assert not cell.lstrip(" ").startswith(FORMULA)
            assert cell in {meant, f"'{meant}"}


@pytest.mark.parametrize("cell", ['=HYPERLINK("x")', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "  =1", "＝1"])
def test_what_would_run_gets_an_apostrophe_before_it(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert harmless("wren@example.org") == "wren@example.org"


@given(data=st.binary(max_size=300))
def test_no_file_at_all_makes_it_stumble(data: bytes) -> None:
    with suppress(NotReadable):
        assert read(data).lines


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "nothing in that file"),
        (b"\n \n", "nothing in that file"),
        (b"email\n", "nobody in that file"),
        (b"name,town\nWren,Dale\n", "name the columns"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "text file"),
        (b'email\n"wren@example.org\n', "Line 2 can’t be read"),
        (b"email\n" + b"a@b.example\n" * (LINES_MAX + 1), "more than 10,000 lines"),
        (b"e" * (csvfile.BYTES_MAX + 1), "larger than 2 MB"),
    ],
)
def test_a_file_that_can_t_be_read_says_why(data: bytes, why: str) -> None:
    with pytest.raises(NotReadable, match=why):
        read(data)


def test_a_file_without_names_of_columns_is_taken_in_their_usual_order() -> None:
    [one, two] = read(b"wren@example.org;family\n\nfern@example.org;;porch\n").lines
    assert (one.number, one.address, one.role) == (1, "wren@example.org", "family")
    assert (two.number, two.address, two.groups) == (3, "fern@example.org", "porch")


def test_a_line_is_called_by_where_it_begins_also_after_one_with_breaks_in_it() -> None:
    table = read(b'email,note\r\na@x.example,"two\r\nlines"\r\nb@x.example,\r\n')
    assert [line.number for line in table.lines] == [2, 4]


# --- on the desk


@pytest.fixture
def porch(db: None) -> Group:
    return GroupFactory(slug="porch", name="The porch")


@pytest.fixture
def steward(db: None) -> Client:
    return client_of(a_steward(), confirmed=True)


def bring(client: Client, text: str | bytes, **fields: Any) -> Any:
    data = text.encode() if isinstance(text, str) else text
    file = SimpleUploadedFile("people.csv", data, "text/csv")
    usual = {"role": "alumnus", "days": 14, "file": file}
    return client.post("/desk/invitations/files/new/", usual | fields, follow=True)


def result_of(client: Client) -> list[list[str]]:
    answer = client.get(f"/desk/invitations/files/{Upload.objects.latest('pk').pk}/result.csv")
    assert answer["Content-Disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def confirm(client: Client) -> Any:
    pk = Upload.objects.latest("pk").pk
    return client.post(f"/desk/invitations/files/{pk}/confirmation/", follow=True)


def test_a_good_file_is_looked_at_confirmed_and_taken_along(steward: Client, porch: Group) -> None:
    GroupFactory(slug="family", name="Our families", audience="family")
    lines = [
        "wren@x.example,,",
        "Fern@x.example,family,family",
        "alder@x.example,,porch:moderator|Our Families",
    ]
    text = "\n".join(["email,role,groups", *lines])
    preview = bring(steward, text, groups=[porch.pk])
    assert "Invite 3 people" in preview.text
    assert not Invitation.objects.exists()
    assert not Delivery.objects.exists()
    done = confirm(steward)
    assert "3 invitations are on the way" in done.text
    got = {one.address: one for one in Invitation.objects.all()}
    assert set(got) == {"wren@x.example", "fern@x.example", "alder@x.example"}
    assert got["fern@x.example"].role == "family"
    places = {one.group.slug: one.role for one in got["alder@x.example"].places.all()}
    assert places == {"porch": "moderator", "family": "member"}
    assert [one.group for one in got["wren@x.example"].places.all()] == [porch]
    assert sorted(message.to[0] for message in letters()) == sorted(got)
    assert result_of(steward) == [
        ["line", "email", "result"],
        ["2", "wren@x.example", "Invited"],
        ["3", "Fern@x.example", "Invited"],
        ["4", "alder@x.example", "Invited"],
    ]


def test_one_wrong_line_stops_the_whole_file_and_each_says_why(steward: Client, porch: Group) -> None:
    lines = [
        "good@x.example,,", "no address,,", ",alumnus,", "a@x.example,captain,", "b@x.example,,nowhere",
        "c@x.example,,porch:captain", "d@x.example,family,porch", "e@x.example,,porch|porch:moderator",
    ]  # fmt: skip
    page = bring(steward, "email,role,groups\n" + "\n".join(lines)).text
    assert "7 lines are wrong" in page
    for why in (
        "That is no e-mail address", "The address is missing", "“captain” is no role; there are",
        "There is no group “nowhere”",
        "“captain” is no role in a group", "“The porch” is not for family", "“porch” stands there twice",
    ):  # fmt: skip
        assert why in page, why
    assert "Invite 1" not in page
    confirm(steward)
    assert not Invitation.objects.exists()
    assert not Delivery.objects.exists()
    assert result_of(steward)[1] == ["2", "good@x.example", "Will be invited"]
    assert bring(steward, "email\ngood@x.example\n").text.count("Invite 1 person") == 1


def test_who_is_here_was_invited_or_stands_there_twice_is_left_out(steward: Client) -> None:
    MemberFactory(email="here@x.example")
    making.invite(offer=Offer(address="asked@x.example"), by=None, at=timezone.now())
    bring(steward, "email\nnew@x.example\nNEW@x.example\nHere@x.example\nasked@x.example\n")
    confirm(steward)
    assert [row[2] for row in result_of(steward)[1:]] == [
        "Invited",
        "The same address as in line 2",
        "Someone here signs in with it already",
        "An invitation to it is still open",
    ]
    assert Invitation.objects.count() == 2


def test_a_file_that_makes_someone_a_keeper_is_confirmed_by_who_shows_that_it_is_still_them(
    porch: Group,
) -> None:
    client = client_of(a_steward())
    bring(client, "email,groups\nnew@x.example,porch:facilitator\n")
    pk = Upload.objects.get().pk
    answer = client.post(f"/desk/invitations/files/{pk}/confirmation/")
    assert answer["Location"].startswith("/accounts/reauthenticate/")
    assert not Invitation.objects.exists()


def test_a_file_is_confirmed_once(steward: Client) -> None:
    bring(steward, "email\nnew@x.example\n")
    confirm(steward)
    confirm(steward)
    assert Invitation.objects.count() == 1
    assert AuditEntry.objects.filter(verb="invitation.uploaded").count() == 1


def test_what_became_impossible_since_the_preview_invites_nobody(steward: Client, porch: Group) -> None:
    bring(steward, "email,groups\none@x.example,\ntwo@x.example,porch\n")
    Group.objects.update(closed_at=timezone.now())
    assert "Nobody was invited" in confirm(steward).text
    assert not Invitation.objects.exists()


def test_a_line_that_a_spreadsheet_would_run_comes_back_harmless(steward: Client) -> None:
    bring(steward, "email\n=1+1@x.example\n@SUM(A1)\n")
    assert [row[1] for row in result_of(steward)[1:]] == ["'=1+1@x.example", "'@SUM(A1)"]


def test_ten_thousand_lines_are_looked_at_without_a_query_each(
    steward: Client, porch: Group, django_assert_max_num_queries: Any
) -> None:
    text = "email\n" + "".join(f"person{number}@x.example\n" for number in range(LINES_MAX))
    with django_assert_max_num_queries(60):
        page = bring(steward, text, groups=[porch.pk])
    assert "Invite 10000 people" in page.text
    assert len(page.content) < 100_000
    assert len(result_of(steward)) == LINES_MAX + 1


def test_a_file_is_its_steward_s_alone_and_unconfirmed_for_a_day(steward: Client) -> None:
    bring(steward, "email\nnew@x.example\n")
    upload = Upload.objects.get()
    path = f"/desk/invitations/files/{upload.pk}/"
    assert steward.get(path).status_code == 200
    other = client_of(a_steward("Clover"))
    assert other.get(path).status_code == 404
    Upload.objects.update(made_at=timezone.now() - UPLOAD_LASTS)
    assert steward.get(path).status_code == 404
