"""A certificate on paper: one page that says what the row says, how it is checked, and what the law has it say."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from django.conf import settings
from django.urls import reverse
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos

from community.house.access import house
from sessions.attendance import lettering, wording
from sessions.attendance.models import Certificate
from sessions.attendance.notice import NOTICE

LETTER_PAPER = frozenset({"US", "CA", "MX", "PH"})
# Millimetres; points for the size of letters.
MARGIN, ABOVE, BELOW = 24.0, 20.0, 12.0
LABEL = 38.0
LINE = 1.45
POINT = 25.4 / 72
INK, FAINT = 20, 90


class Paper(FPDF):
    """Writes what people wrote as it is read: joined, in its direction, from the first font that has the letter."""

    def __init__(self) -> None:
        super().__init__(format="letter" if settings.PORCHLIGHT_COUNTRY in LETTER_PAPER else "a4")
        self.set_margins(MARGIN, ABOVE)
        self.c_margin = 0
        self.set_auto_page_break(auto=True, margin=BELOW)
        self.fonts_in_use: list[Path] = []
        self.add_page()

    def use(self, first: Path, words: str, size: float, ink: int) -> None:
        """Only fonts with a letter of these words are read from disk, and only those letters go into the file."""
        wanted = [first, *lettering.fonts_for(words, first)]
        for font in wanted:
            if font not in self.fonts_in_use:
                self.add_font(font.stem, fname=str(font))
                self.fonts_in_use.append(font)
        self.set_font(first.stem, size=size)
        self.set_fallback_fonts([font.stem for font in wanted[1:]], exact_match=False)
        self.set_text_color(ink)

    def words(self, words: str, *, size: float, font: Path = lettering.SANS, ink: int = INK) -> None:
        """A paragraph from here to the right margin; then below it."""
        words = lettering.joined(words)
        self.use(font, words, size, ink)
        height, left = size * POINT * LINE, self.x
        lines = self.multi_cell(0, height, words, align=Align.L, dry_run=True, output=MethodReturnValue.LINES)
        for line in cast(list[str], lines):
            self.set_x(left)
            self.cell(0, height, lettering.as_seen(line), new_x=XPos.LEFT, new_y=YPos.NEXT)
        self.set_x(self.l_margin)

    def fact(self, label: str, words: str) -> None:
        self.use(lettering.SANS, label, 11, FAINT)
        top = self.y
        self.cell(LABEL, 11 * POINT * LINE, label)
        self.set_xy(self.l_margin + LABEL, top)
        self.words(words, size=11)
        self.ln(1.6)

    def rule(self) -> None:
        self.ln(4)
        self.set_draw_color(190)
        self.set_line_width(0.2)
        self.line(self.l_margin, self.y, self.w - self.r_margin, self.y)
        self.ln(5)


def as_pdf(certificate: Certificate) -> bytes:
    """One page. It names nobody but whom it is about, and of the session no more than its time."""
    paper, issuer = Paper(), house().name
    paper.set_title("Certificate of attendance")
    paper.set_lang("en")
    paper.set_creation_date(certificate.issued_at)
    paper.words("Certificate of attendance", size=22, font=lettering.SERIF)
    paper.ln(5)
    paper.words(f"{issuer} confirms that", size=11, ink=FAINT)
    paper.ln(1.5)
    paper.words(certificate.name, size=19, font=lettering.SERIF)
    paper.ln(1.5)
    paper.words(f"took part in {wording.session(certificate)}.", size=11, ink=FAINT)
    paper.rule()
    for label, words in [*wording.facts(certificate)[1:], *how_to_check(certificate)]:
        paper.fact(label, words)
    paper.rule()
    small(paper, certificate, issuer)
    return bytes(paper.output())


def how_to_check(certificate: Certificate) -> list[tuple[str, str]]:
    address = settings.PORCHLIGHT_URL.rstrip("/") + reverse("attendance:check")
    return [("Code", certificate.code), ("Check it at", address)]


def small(paper: Paper, certificate: Certificate, issuer: str) -> None:
    told = (
        "Whoever types the code at that address is told whether this certificate stands, and what is printed here; "
        "nothing else. It may be revoked before its day by the person whom it is about."
    )
    for head, paragraphs in (
        ("What it says, and what not", (told, wording.not_checked(issuer))),
        ("What was agreed to", (wording.agreed(certificate),)),
        ("Notice to whoever receives this (42 CFR 2.32)", NOTICE),
    ):
        paper.words(head, size=9)
        paper.ln(0.8)
        for words in paragraphs:
            paper.words(words, size=7.5, ink=FAINT)
            paper.ln(1)
        paper.ln(2.5)
