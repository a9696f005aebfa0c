"""The paper: it says what the row says and nothing else, and prints whatever people are called."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from pypdf import PdfReader
from pytest_django.fixtures import Settings

from community.house import access as house_access
from community.house.models import House
from sessions.attendance import lettering, wording
from sessions.attendance.models import Certificate
from sessions.attendance.notice import NOTICE
from sessions.attendance.printing import as_pdf
from tests.attendance.holding import a_certificate
from tests.factories import MemberFactory

pytestmark = pytest.mark.django_db


def read(certificate: Certificate) -> tuple[str, PdfReader]:
    """Its words, blanks as one, and the whole."""
    reader = PdfReader(io.BytesIO(as_pdf(certificate)))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split()), reader


def named(name: str, purpose: str = "for my employer") -> Certificate:
    made = a_certificate(MemberFactory(time_zone="America/Denver"))
    made.name, made.purpose = name, purpose
    return made


def test_it_says_what_was_confirmed_and_how_to_check_it(settings: Settings) -> None:
    settings.PORCHLIGHT_URL = "https://porch.example.org"
    house_access.remember(House(name="The Landing"), seconds=float("inf"))
    made = named("Łucja Ñandú-O’Brien")
    said, reader = read(made)
    assert len(reader.pages) == 1
    for words in ("The Landing confirms that Łucja Ñandú-O’Brien took part in a group session.", made.code):
        assert words in said
    for label, words in wording.facts(made)[1:]:
        assert f"{label} {words}" in said
    assert "60 of its 60 minutes" in said
    assert "by the clock of Denver" in said
    assert "https://porch.example.org/check/" in said


def test_it_carries_the_notice_of_the_law_and_what_was_agreed_to() -> None:
    made = named("Wren")
    said, _ = read(made)
    for words in (*NOTICE, wording.agreed(made), wording.not_checked("Porchlight")):
        assert words in said
    assert "42 CFR 2.32" in said


def test_it_names_no_group_no_room_no_handle_and_nobody_else() -> None:
    made = named("Łucja")
    said, reader = read(made)
    assert made.meeting is not None
    meeting = made.meeting
    told = said + str(reader.metadata)
    for secret in (
        meeting.group.name,
        meeting.room.name,
        meeting.room.slug,
        made.member.handle,
        made.member.email,
    ):
        assert secret not in told
    assert reader.metadata is not None
    assert reader.metadata.author is None
    assert reader.metadata.title == "Certificate of attendance"


def test_a_booked_hour_is_not_called_a_group() -> None:
    made = named("Wren")
    made.one_to_one = True
    assert "took part in a one-to-one session." in read(made)[0]


@pytest.mark.parametrize(
    "name",
    [
        "Nguyễn Thị Hương", "Łukasz Żółć", "Þórdís Ævarsdóttir", "Ольга Ивановна", "Γιώργος Παπαδόπουλος", "გიორგი",
        "Գրիգոր", "王小明", "田中さくら", "김철수", "’Aukai Kāne", "D'Angelo Smith-Jones Jr.",
    ],
)  # fmt: skip
def test_a_name_is_printed_as_it_is_written(name: str) -> None:
    assert lettering.unprintable(name) == []
    assert name in read(named(name))[0]


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("דוד לוי", "יול דוד"),
        ("دار", "\ufead\ufe8d\ufea9"),
        ("محمد", "\ufeaa\ufee4\ufea4\ufee3"),
        ("علي", "\ufef2\ufee0\ufecb"),
        ("لا", "\ufefb"),
        ("بلا", "\ufefc\ufe91"),
        ("Ali علي 12", "Ali 12 \ufef2\ufee0\ufecb"),
        ("Wren", "Wren"),
    ],
)
def test_letters_that_run_from_right_to_left_are_joined_and_ordered(written: str, drawn: str) -> None:
    assert lettering.unprintable(written) == []
    assert lettering.as_seen(lettering.joined(written)) == drawn


def test_a_mark_above_a_letter_joins_nothing_and_parts_nothing() -> None:
    plain, marked = "محمد", "م\u064eحمد"
    assert lettering.joined(marked).replace("\u064e", "") == lettering.joined(plain)


def test_what_our_fonts_lack_is_named_and_nothing_else() -> None:
    assert lettering.unprintable("Anil अनिल") == list("अनिल")
    assert lettering.unprintable("Wren, Łucja & 김") == []


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Wren \t of\nthe  porch ", "Wren of the porch"),
        ("Zoe\u0308", "Zoë"),
        ("Wren\u202e\u200b\x00nerW", "Wren nerW"),
    ],
)
def test_a_name_is_kept_composed_and_without_what_isn_t_seen(written: str, kept: str) -> None:
    assert lettering.tidy(written) == kept


def test_a_long_name_and_purpose_stay_on_one_page() -> None:
    said, reader = read(
        named("Wolfeschlegelsteinhausen " * 3 + "Jones", "for the court of the county " * 4 + "Clark")
    )
    assert len(reader.pages) == 1
    assert said.count("Wolfeschlegelsteinhausen") == 3


def test_only_the_letters_that_are_used_go_into_the_file() -> None:
    assert len(as_pdf(named("Wren"))) < 60_000
    assert len(as_pdf(named("王小明 김철수"))) < 80_000


def test_the_paper_is_the_one_of_the_country(settings: Settings) -> None:
    settings.PORCHLIGHT_COUNTRY = "US"
    letter = read(named("Wren"))[1].pages[0].mediabox
    settings.PORCHLIGHT_COUNTRY = "IE"
    a4 = read(named("Wren"))[1].pages[0].mediabox
    assert (round(letter.width), round(letter.height)) == (612, 792)
    assert (round(a4.width), round(a4.height)) == (595, 842)


@pytest.mark.parametrize("font", lettering.EVERY, ids=lambda font: font.name)
def test_every_font_stands_beside_its_licence(font: Path) -> None:
    family = re.sub("Sans|Serif", "", font.stem)
    assert font.name in (font.parent / f"{family}-LICENSE.txt").read_text()
