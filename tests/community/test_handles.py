"""Which handles may be had, and which two are the same."""

from __future__ import annotations

import string
import tomllib
import unicodedata

import pytest
from django.conf import settings
from hypothesis import assume, example, given
from hypothesis import strategies as st

from community.members import unicode
from community.members.handles import (
    BIDI,
    IMPERSONATING,
    MAX,
    RESERVED,
    SEPARATORS,
    SKELETON_MAX,
    HandleRefused,
    check,
    is_reserved,
    skeleton,
    tidy,
)

DEMO = tomllib.loads((settings.BASE_DIR / "sessions/rooms/demo/people.toml").read_text())["member"]
LATIN = st.text(string.ascii_letters, min_size=1, max_size=10)
ANYTHING = st.text(st.characters(codec="utf-8"), max_size=MAX)
LETTERS = st.text(st.characters(categories=["Lu", "Ll", "Lo", "Lm", "Mn", "Nd"]), min_size=1, max_size=MAX)
INVISIBLE = [
    char for char in map(chr, range(0x110000)) if unicodedata.category(char) == "Cf" and char not in BIDI
]
INVISIBLE += list("\u034f\u115f\u1160\u17b4\u2800\u3164\ufe0f\uffa0\U000e0100\u2028\x00\n\t")
# Cyrillic, Greek and other letters that look like a Latin one in most typefaces.
LOOK_ALIKES = {
    "a": "аɑα", "c": "с", "d": "ԁ", "e": "е", "h": "һ", "i": "іılI1", "j": "јϳ", "l": "Ӏ1I|ӏ", "n": "ո",
    "o": "оοօ0",
    "p": "рρ", "q": "ԛ", "s": "ѕ", "u": "սυ", "v": "ѵν", "w": "ԝѡ", "x": "х", "y": "у",
}  # fmt: skip


def refusal(handle: str, house: str = "Porchlight") -> str:
    """The code of the rule that a handle breaks; empty if it may be had."""
    try:
        check(tidy(handle), house=house)
    except HandleRefused as error:
        return str(error.code) if error.message else "without words"
    return ""


NAMES = [
    "José", "Дмитрий", "山田", "山田 太郎", "Taro 山田", "예진 Ye", "محمد", "שרה", "Νίκος", "สมชาย", "한별", "ᏣᎳᎩ",
    "ʻOhana", "O'Brien", "Anne-Marie",
    "J.R. Smith", "St.John", "Wren 1", "Łukasz", "Trần Văn Đức", "अनिल", "Nguyễn", "Stafford",
    "Badminton", "Helper", "Modesty", "Nursery Rhyme",
    "Mo", "山", "Old 8", "カタカナ ひらがな 漢字", "مها 3", "Ada Lovelace", "ქეთი", "Այա", "தமிழ்", "ᐃᓄᒃ",
]  # fmt: skip


@pytest.mark.parametrize("handle", [*NAMES, *(person["handle"] for person in DEMO)])
def test_names_of_any_alphabet_are_welcome(handle: str) -> None:
    assert refusal(handle) == ""


REFUSED = {
    "empty": ["", "   "],
    "long": ["a" * 31],
    "bidi": ["\u202eabc", "ab\u2066c", "a\u200fb"],
    "invisible": [
        "a\u200bb", "a\u200db", "a\ufeffb", "a\u00adb", "a\u3164b", "a\tb", "a\x00b", "a\u2028b",
        "a\ufe0fb", "a\U000e0041b",
    ],
    "email": ["anna@x.org", "anna＠x.org", "anna at gmail", "my e-mail anna"],
    "web": ["foo.com", "www foo", "https foo", "river.org page", "anna.me"],
    "number": ["555 123 4567", "Anna 5551234"],
    "letter": ["1234", "1 2"],
    "signs": ["a_b", "🙂", "a/b", "<b>", "𝐀nna", "Ａnna", "ℝiver", "½ moon", "a\u00a0b", "ﷺ"],
    "ends": ["-abc", "abc-", ".abc", "abc.", "'abc", "\u0301abc"],
    "marks": ["a\u0301\u0302\u0303\u0304", "Zo\u0308\u0308e", "Z\u0335\u0336\u0337\u0338algo"],
    "mixed": ["Hеllo", "Аnna", "Slоw River", "山Дa", "a٣3", "שa", "Ωmega"],
    "reserved": [
        "admin", "Admin Anna", "bobadmin", "admin2", "m0derator", "rnoderator", "5taff", "st3ward",
        "ADM1N", "Steward Bob", "the-house", "Crisis Line",
        "Porchlight", "PorchIight", "Porchlight Help", "porchlightgang", "Support 2", "988", "Call 988",
        "S.t.a.f.f", "Someone who left",
        "s0meone who Ieft", "Clinician Jo", "you", "ᴀdmin", "ᴍᴏᴅ", "Nurse Ann", "Mod-3", "facilitators",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("code", "handle"), [(code, one) for code, many in REFUSED.items() for one in many])
def test_each_rule_has_its_own_refusal(code: str, handle: str) -> None:
    assert refusal(handle) == code


def test_the_name_of_the_house_is_its_own_whatever_it_is() -> None:
    assert refusal("Lantern", house="Porchlight") == ""
    assert refusal("Lantern", house="Lantern") == "reserved"
    assert refusal("The Lantern", house="Lantern") == "reserved"
    assert refusal("Lanterna", house="Lantern") == ""


SAME = [
    ("Slow River", "slow  river"), ("SlowRiver", "Slow-River"), ("Iris", "lris"), ("iris", "Iris"),
    ("Вова", "вова"), ("ВОВ", "BOB"), ("сосо", "coco"),
    ("Rnia", "mia"), ("Oda", "0da"), ("Νίκος", "νίκος"), ("Straße", "STRASSE"), ("José", "JOSE\u0301"),
    ("Ａnna", "anna"), ("рау", "pay"), ("vv", "VV"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_two_that_read_alike_are_the_same(one: str, other: str) -> None:
    assert skeleton(one) == skeleton(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("José", "Jose"), ("vera", "nera"), ("Wren 1", "Wren 11"), ("山", "田"), ("Fern", "Ferns")],
)
def test_two_that_read_differently_are_two(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_everyone_of_the_demo_keeps_a_handle_of_their_own() -> None:
    assert len({skeleton(person["handle"]) for person in DEMO}) == len(DEMO)


# Properties


@given(ANYTHING)
@example("ŉ\u0301ẞİ")
def test_a_skeleton_is_its_own_skeleton(text: str) -> None:
    assert skeleton(skeleton(text)) == skeleton(text)


@given(LETTERS, st.sampled_from([str.upper, str.lower, str.casefold, str.title]))
def test_case_makes_no_other_handle(text: str, change: object) -> None:
    # Letters whose capital folds to another small letter are few, and none of them are joined by this rule.
    assert callable(change)
    assume(change(text).casefold() == text.casefold())
    assert skeleton(change(text)) == skeleton(text)


@given(LATIN, st.lists(st.sampled_from(SEPARATORS), max_size=5), st.randoms(use_true_random=False))
def test_separators_make_no_other_handle(text: str, put: list[str], random: object) -> None:
    padded = list(text)
    for char in put:
        padded.insert(random.randint(0, len(padded)), char)  # type: ignore[attr-defined]
    assert skeleton("".join(padded)) == skeleton(text)


@given(LATIN, st.data())
def test_letters_that_look_alike_make_no_other_handle(text: str, data: st.DataObject) -> None:
    text = text.casefold()
    disguised = "".join(data.draw(st.sampled_from(LOOK_ALIKES.get(char, char) + char)) for char in text)
    assert skeleton(disguised) == skeleton(text)


@given(st.lists(st.sampled_from(sorted(unicode.confusables())), min_size=1, max_size=MAX))
def test_what_stands_in_the_table_reads_like_what_it_says(codes: list[int]) -> None:
    for code in codes:
        assert skeleton(chr(code)) == skeleton(unicode.confusables()[code])


@given(LATIN, st.sampled_from(sorted(BIDI)), st.integers(0, 10))
def test_a_control_of_direction_is_refused_wherever_it_stands(text: str, control: str, place: int) -> None:
    assert refusal(text[:place] + control + text[place:]) == "bidi"


@given(LATIN, st.sampled_from(INVISIBLE), st.integers(0, 10))
def test_what_nobody_sees_is_refused_wherever_it_stands_and_makes_no_other_handle(
    text: str, char: str, place: int
) -> None:
    hidden = text[:place] + char + text[place:]
    assert refusal(hidden) == "invisible"
    assert skeleton(hidden) == skeleton(text)


@given(st.sampled_from(sorted({*RESERVED, *IMPERSONATING})), st.data())
def test_a_reserved_word_is_refused_in_any_disguise(word: str, data: st.DataObject) -> None:
    assert is_reserved(word)
    disguised = "".join(
        data.draw(st.sampled_from([*LOOK_ALIKES.get(char, char), char, char.upper()])) for char in word
    )
    assert is_reserved(disguised)
    assert refusal(disguised) != ""
    assert is_reserved(f"{disguised} {data.draw(st.integers(0, 99))}")


@given(ANYTHING)
def test_whatever_is_typed_is_either_had_or_refused_with_words(text: str) -> None:
    if refusal(text) == "":
        handle = tidy(text)
        assert 0 < len(handle) <= MAX
        assert 0 < len(skeleton(handle)) <= SKELETON_MAX
        assert handle == unicodedata.normalize("NFKC", handle)
        assert handle.isprintable()
        assert not set(handle) & (BIDI | set('@<>&"/\\'))
        assert refusal(handle) == ""


ALPHABETS = [
    "abcdefgh",
    "абвгдежз",
    "αβγδεζηθ",
    "אבגדהוזח",
    "ابتثجحخد",
    "กขคงจฉชซ",
    "ᎠᎡᎢᎣᎤᎥᎦᎧ",
    "가나다라마바사아",
    "अआइईउऊएऐ",
]
WRITTEN_TOGETHER = [{"abcdefgh", "가나다라마바사아"}]


@given(st.permutations(ALPHABETS), st.data())
def test_letters_of_two_alphabets_are_refused_but_where_they_are_written_together(
    alphabets: list[str], data: st.DataObject
) -> None:
    one, other = (data.draw(st.text(letters, min_size=2, max_size=8)) for letters in alphabets[:2])
    assume(refusal(one) == "" and refusal(other) == "")
    together = set(alphabets[:2]) in WRITTEN_TOGETHER
    assert refusal(f"{one} {other}") == ("" if together else "mixed")
    assert refusal(one + other) == ("" if together else "mixed")
