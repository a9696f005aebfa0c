"""Imports point one way, and the contracts in pyproject.toml would notice if one didn't."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

PACKAGES = ["community", "forums", "moderation", "sessions"]


@pytest.fixture
def copy_of_the_code(tmp_path: Path) -> Path:
    ignored = shutil.ignore_patterns("static", "__pycache__", "*.html")
    for package in PACKAGES:
        shutil.copytree(settings.BASE_DIR / package, tmp_path / package, ignore=ignored)
    shutil.copy(settings.BASE_DIR / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).parent / "lint-imports"
    environment = {**os.environ, "PYTHONPATH": str(folder), "COLUMNS": "200"}
    return subprocess.run(
        [program, "--no-logo", "--no-cache"], cwd=folder, env=environment, capture_output=True, text=True
    )


def test_the_contracts_are_kept(copy_of_the_code: Path) -> None:
    result = lint(copy_of_the_code)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("community/members/models.py", "import community.groups.models", "The house"),
        ("community/live/models.py", "import sessions.rooms.models", "The house"),
        ("moderation/sanctions/models.py", "import community.members.models", "The house"),
        ("community/groups/models.py", "import community.groups.access", "Inside an app"),
        ("sessions/rooms/models.py", "import redis", "Only community.live"),
        ("community/groups/access.py", "import channels", "Only community.live"),
    ],
)
def test_an_import_the_wrong_way_is_noticed(
    copy_of_the_code: Path, module: str, line: str, contract: str
) -> None:
    file = copy_of_the_code / module
    file.write_text(f"{file.read_text()}\n{line}\n")
    result = lint(copy_of_the_code)
    assert result.returncode != 0
    (broken,) = [text for text in result.stdout.splitlines() if text.endswith("BROKEN")]
    assert broken.startswith(contract)


def test_there_is_no_package_that_the_contracts_have_not_heard_of() -> None:
    """A new app must be given its place in the house."""
    rules = (settings.BASE_DIR / "pyproject.toml").read_text()
    apps = [
        ".".join(file.parent.relative_to(settings.BASE_DIR).parts)
        for package in PACKAGES
        for file in (settings.BASE_DIR / package).rglob("apps.py")
    ]
    assert "community.members" in apps
    for app in apps:
        assert f'"{app}",' in rules, f"{app} is missing from the container list of the contract inside an app"
