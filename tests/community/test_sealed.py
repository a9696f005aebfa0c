"""What is sealed can be read again with the same secret or an older one, and in no other way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import pytest
from django.core.exceptions import FieldError
from django.db import connection, models
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from community.sealed import SealedTextField, Unreadable, keyed_digest, reseal, seal, unseal

FIRST, SECOND, THIRD = "first" * 12, "second" * 12, "third" * 12


@pytest.fixture
def secrets(settings: Settings) -> Settings:
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = FIRST, []
    return settings


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    sealed = seal(text)
    assert unseal(sealed) == text
    assert sealed.isascii()
    assert len(text) < 4 or text not in sealed


def test_the_same_text_is_never_sealed_alike() -> None:
    assert seal("wren@example.org") != seal("wren@example.org")


def test_a_changed_secret_reads_what_was_sealed_before_only_while_the_old_one_is_kept(
    secrets: Settings,
) -> None:
    sealed = seal("a link")
    secrets.SECRET_KEY, secrets.SECRET_KEY_FALLBACKS = SECOND, [THIRD, FIRST]
    assert unseal(sealed) == "a link"
    secrets.SECRET_KEY_FALLBACKS = [THIRD]
    with pytest.raises(Unreadable):
        unseal(sealed)


def test_sealed_anew_it_no_longer_needs_the_old_secret(secrets: Settings) -> None:
    sealed = seal("a link")
    secrets.SECRET_KEY, secrets.SECRET_KEY_FALLBACKS = SECOND, [FIRST]
    renewed = reseal(sealed)
    secrets.SECRET_KEY_FALLBACKS = []
    assert unseal(renewed) == "a link"
    with pytest.raises(Unreadable):
        reseal(sealed)


@pytest.mark.parametrize("broken", ["", "never sealed", "gAAAAA", "nötig", "gAAAAABl" + "x" * 80])
def test_what_was_never_sealed_is_unreadable_and_is_not_shown(broken: str) -> None:
    with pytest.raises(Unreadable) as raised:
        unseal(broken)
    assert not broken or broken not in str(raised.value)


def test_one_changed_character_makes_it_unreadable() -> None:
    sealed = seal("a link")
    assert unseal(sealed) == "a link"
    for place in (10, 40, len(sealed) - 8):
        other = "A" if sealed[place] != "A" else "B"
        with pytest.raises(Unreadable):
            unseal(sealed[:place] + other + sealed[place + 1 :])


def test_a_digest_is_the_same_for_the_same_text_and_secret_only(secrets: Settings) -> None:
    digest = keyed_digest("wren@example.org")
    assert digest == keyed_digest("wren@example.org")
    assert digest != keyed_digest("wren@example.net")
    assert len(digest) == 64
    secrets.SECRET_KEY = SECOND
    assert digest != keyed_digest("wren@example.org")


class Note(models.Model):
    words = SealedTextField(null=True)

    objects: ClassVar[models.Manager[Note]] = models.Manager()

    class Meta:
        app_label = "sealed_in_tests"


@pytest.fixture
def notes(transactional_db: None) -> Iterator[None]:
    with connection.schema_editor() as editor:
        editor.create_model(Note)
    yield
    with connection.schema_editor() as editor:
        editor.delete_model(Note)


def stored(note: Note) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT words FROM {Note._meta.db_table} WHERE id = %s", [note.pk])  # noqa: S608
        value: str | None = cursor.fetchone()[0]
        return value


@pytest.mark.usefixtures("notes")
def test_a_field_is_plain_in_python_and_sealed_in_the_database() -> None:
    note = Note.objects.create(words="call me")
    assert Note.objects.get().words == "call me"
    in_table = stored(note)
    assert in_table is not None
    assert "call" not in in_table
    assert unseal(in_table) == "call me"


@pytest.mark.usefixtures("notes")
def test_a_field_can_be_updated_and_wiped() -> None:
    note = Note.objects.create(words="call me")
    Note.objects.update(words="later")
    assert Note.objects.get().words == "later"
    Note.objects.bulk_update([Note(pk=note.pk, words="at night")], ["words"])
    assert Note.objects.get().words == "at night"
    Note.objects.update(words=None)
    assert stored(note) is None
    assert Note.objects.filter(words__isnull=True).count() == 1


@pytest.mark.usefixtures("notes")
@pytest.mark.parametrize("lookup", ["words", "words__contains", "words__in", "words__startswith"])
def test_a_field_refuses_to_be_searched(lookup: str) -> None:
    with pytest.raises(FieldError):
        Note.objects.filter(**{lookup: "call me"}).exists()


@pytest.mark.usefixtures("notes")
def test_a_row_whose_secret_is_gone_says_so(secrets: Settings) -> None:
    Note.objects.create(words="call me")
    secrets.SECRET_KEY = SECOND
    with pytest.raises(Unreadable):
        Note.objects.get()
