"""The README says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import get_commands
from pydantic_core import PydanticUndefined

from community.config.settings import BASE_DIR, Environment

README = (BASE_DIR / "README.md").read_text()


def rows_under(heading: str) -> list[list[str]]:
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| `")]
    assert rows
    return rows


def as_written(default: Any) -> str:
    match default:
        case Path():
            return f"`{default.relative_to(BASE_DIR)}/` in the project"
        case bool():
            return f"`{str(default).lower()}`"
        case None | "":
            return "empty"
        case _:
            return f"`{default}`"


def test_the_configuration_table_lists_every_variable_with_its_default() -> None:
    written = {cells[0].strip("`"): cells[1] for cells in rows_under("Configuration")}
    real = {}
    for field in Environment.model_fields.values():
        assert field.default is not PydanticUndefined
        real[str(field.validation_alias)] = as_written(field.default)
    assert written == real


def test_every_variable_has_a_meaning() -> None:
    assert all(len(cells) == 3 and len(cells[2]) > 10 for cells in rows_under("Configuration"))


def test_every_management_command_that_it_names_exists_and_each_of_ours_is_named() -> None:
    named = {cells[0].strip("`").split()[0] for cells in rows_under("Management commands")}
    commands = get_commands()
    assert named <= commands.keys()
    roots = ("community", "forums", "moderation", "sessions")
    ours = {name for name, app in commands.items() if str(app).startswith(roots)}
    assert ours <= named


def test_every_make_target_is_in_the_makefile() -> None:
    makefile = (BASE_DIR / "Makefile").read_text()
    targets = set(re.search(r"(?m)^\.PHONY: (.+)$", makefile)[1].split())  # type: ignore[index]
    named = set(re.findall(r"make (run|test|\w+)(?= |`|$)", " ".join(re.findall(r"`[^`]+`", README))))
    assert {"run", "test"} <= named <= targets
    for script in targets - {"help"}:
        assert (BASE_DIR / "scripts" / script).stat().st_mode & 0o111


def test_every_file_and_folder_that_it_names_is_there() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)
    folders = [
        cell
        for row in rows_under("The map of the code")
        for cell in re.findall(r"`([\w./]+/|[\w./]+\.py)`", row[0])
    ]
    assert folders
    assert [name for name in [*links, *folders] if not (BASE_DIR / name).exists()] == []


def test_every_app_is_on_the_map() -> None:
    named = " ".join(row[0] for row in rows_under("The map of the code"))
    for app in settings.INSTALLED_APPS:
        folder = app.replace(".", "/")
        if (BASE_DIR / folder).is_dir():
            assert f"`{folder}/`" in named, folder


def test_the_environment_example_sets_only_variables_that_exist() -> None:
    lines = (BASE_DIR / "deploy" / "environment.example").read_text().splitlines()
    named = {line.split("=")[0] for line in lines if line and not line.startswith("#")}
    assert "DATABASE_URL" in named
    assert named <= {str(field.validation_alias) for field in Environment.model_fields.values()}
