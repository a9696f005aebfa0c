"""Wrong settings stop the start, by name; production can't be started unsafe."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from community.config.settings import BASE_DIR, Environment, embedded_secret, read_environment

PRODUCTION = {
    "PORCHLIGHT_MODE": "production",
    "PORCHLIGHT_SECRET_KEY": "q" * 64,
    "PORCHLIGHT_HOSTS": "porch.example.org",
    "DATABASE_URL": "postgresql://porchlight@localhost/porchlight",
    "REDIS_URL": "redis://localhost:6379/0",
}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Environment.model_fields.values():
        monkeypatch.delenv(str(field.validation_alias), raising=False)


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_without_any_variable_it_is_the_embedded_default() -> None:
    environment = read_environment()
    assert (environment.mode, environment.debug, environment.database_url) == ("embedded", False, "")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORCHLIGHT_MODE", "staging"),
        ("PORCHLIGHT_DEBUG", "perhaps"),
        ("DATABASE_URL", "mysql://localhost/porchlight"),
        ("PORCHLIGHT_DATABASE_POOL_MAX", "1"),
        ("REDIS_URL", "http://localhost:6379"),
        ("EMAIL_URL", "mailto:porch@example.org"),
        ("PORCHLIGHT_EMAIL_FROM", "Porchlight"),
        ("PORCHLIGHT_TIME_ZONE", "Mountain"),
        ("PORCHLIGHT_COUNTRY", "USA"),
        ("PORCHLIGHT_EXIT_URL", "http://example.org"),
        ("PORCHLIGHT_URL", "porch.example.org"),
        ("PORCHLIGHT_SENDS_PER_MIN", "0"),
        ("PORCHLIGHT_BEHIND_PROXY", "nginx"),
        ("PORCHLIGHT_ALLOW_LOADTEST", "maybe"),
        ("PORCHLIGHT_SQLITE_SYNCHRONOUS", "OFF"),
        ("PORCHLIGHT_LOG_LEVEL", "LOUD"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    read_environment()
    monkeypatch.setenv(name, value)
    with pytest.raises(ImproperlyConfigured, match=rf"(?m)^  {name}: "):
        read_environment()


def test_two_wrong_values_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, {"PORCHLIGHT_COUNTRY": "USA", "PORCHLIGHT_LOG_LEVEL": "LOUD"})
    with pytest.raises(ImproperlyConfigured) as refusal:
        read_environment()
    assert "PORCHLIGHT_COUNTRY: " in str(refusal.value)
    assert "PORCHLIGHT_LOG_LEVEL: " in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "unsafe"),
    [
        ("PORCHLIGHT_SECRET_KEY", None),
        ("PORCHLIGHT_SECRET_KEY", "short"),
        ("PORCHLIGHT_DEBUG", "true"),
        ("PORCHLIGHT_HOSTS", None),
        ("PORCHLIGHT_HOSTS", "*"),
        ("PORCHLIGHT_HOSTS", "*.example.org"),
        ("DATABASE_URL", None),
        ("DATABASE_URL", "sqlite:////tmp/porchlight.sqlite3"),
        ("REDIS_URL", None),
    ],
)
def test_production_refuses_what_is_unsafe_and_starts_without_it(
    monkeypatch: pytest.MonkeyPatch, name: str, unsafe: str | None
) -> None:
    set_all(monkeypatch, PRODUCTION)
    assert read_environment().mode == "production"
    if unsafe is None:
        monkeypatch.delenv(name)
    else:
        monkeypatch.setenv(name, unsafe)
    with pytest.raises(ImproperlyConfigured, match=name):
        read_environment()


def test_the_command_line_says_which_variable_is_wrong(tmp_path: Path) -> None:
    clean = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [sys.executable, "manage.py", "check"]
    own = {"PORCHLIGHT_DATA": str(tmp_path), "DJANGO_SETTINGS_MODULE": "community.config.settings"}
    good = subprocess.run(command, cwd=BASE_DIR, env=clean | own, capture_output=True, text=True)
    assert good.returncode == 0, good.stderr
    unsafe = own | PRODUCTION | {"PORCHLIGHT_SECRET_KEY": ""}
    bad = subprocess.run(command, cwd=BASE_DIR, env=clean | unsafe, capture_output=True, text=True)
    assert bad.returncode != 0
    assert "PORCHLIGHT_SECRET_KEY" in bad.stderr


def test_an_instance_makes_its_secret_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first = embedded_secret(tmp_path)
    assert len(first) >= 50
    assert embedded_secret(tmp_path) == first
    assert embedded_secret(tmp_path / "another") != first
    (file,) = [path for path in tmp_path.iterdir() if path.is_file()]
    assert file.stat().st_mode & 0o077 == 0
