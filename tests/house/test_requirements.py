"""Both lock files are whole, agree with each other, and name no place to fetch from."""

from __future__ import annotations

import re

import pytest
from django.conf import settings

LOCKS = ["requirements.txt", "requirements-dev.txt"]
PINNED = re.compile(r"^([a-z0-9-]+)==(\S+)(?: ; (.+?))? \\$")


def read(name: str) -> str:
    text: str = (settings.BASE_DIR / name).read_text()
    return text


def pinned(name: str) -> dict[tuple[str, str], str]:
    """{(package, marker): version}."""
    found = filter(None, map(PINNED.match, read(name).splitlines()))
    return {(match[1], match[3] or ""): match[2] for match in found}


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_is_pinned_and_hashed(name: str) -> None:
    entries = re.split(r"(?m)^(?=[a-z0-9])", read(name))[1:]
    assert len(entries) > 20
    for entry in entries:
        assert PINNED.match(entry.splitlines()[0]), entry.splitlines()[0]
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


@pytest.mark.parametrize("name", [*LOCKS, "requirements.in", "requirements-dev.in"])
def test_no_file_names_a_host(name: str) -> None:
    assert not re.search(r"https?://|file:|--(extra-)?index|--find-links", read(name))


def test_the_tests_run_on_the_very_versions_that_people_run() -> None:
    run, dev = pinned("requirements.txt"), pinned("requirements-dev.txt")
    # Where the tests need a package on more platforms than Porchlight does, its marker is wider there.
    versions: dict[str, set[str]] = {}
    for (package, _), version in dev.items():
        versions.setdefault(package, set()).add(version)
    for (package, _), version in run.items():
        assert version in versions[package], package


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_each_wish_is_in_the_lock(name: str) -> None:
    wishes = re.findall(r"(?m)^([A-Za-z][\w-]*)", read(f"{name}.in"))
    locked = {package for package, _ in pinned(f"{name}.txt")}
    assert wishes
    assert {wish.lower() for wish in wishes} <= locked
