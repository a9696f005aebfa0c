"""Where the machine lacks something, the commands say what it is and how to get it, and install it where they may."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings

NEEDED = ["bash", "cat", "dirname", "env", "printf", "rm", "sed", "sh", "sort"]


class Machine:
    """A copy of the scripts, and a PATH that holds only what the test puts there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        shutil.copytree(settings.BASE_DIR / "scripts", folder / "scripts")
        for name in NEEDED:
            found = shutil.which(name)
            assert found
            (self.programs / name).symlink_to(found)
        self.has("id", "echo 1000")

    def has(self, name: str, script: str) -> None:
        program = self.programs / name
        program.unlink(missing_ok=True)
        program.write_text(f"#!{shutil.which('sh')}\n{script}\n")
        program.chmod(0o755)

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.folder,
            env={"PATH": str(self.programs), **environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_an_old_python_is_refused_with_the_version_that_is_needed(machine: Machine) -> None:
    machine.has("python3", "exit 1")
    result = machine.run("scripts/run")
    assert result.returncode == 1
    assert "Porchlight needs Python 3.11 or newer" in result.stderr


def test_a_python_without_venv_is_refused_with_the_package_to_install(machine: Machine) -> None:
    machine.has("python3", 'case "$2" in *ensurepip*) exit 1;; esac')
    result = machine.run("scripts/run")
    assert result.returncode == 1
    assert "apt-get install python3-venv" in result.stderr


def test_a_port_that_is_no_number_is_refused(machine: Machine) -> None:
    result = machine.run("scripts/run", PORT="porch")
    assert result.returncode == 1
    assert "PORT must be a number" in result.stderr


def test_the_demo_does_not_run_in_productions_settings(machine: Machine) -> None:
    result = machine.run("scripts/run", PORCHLIGHT_MODE="production")
    assert result.returncode == 1
    assert "make run is the demo" in result.stderr


def test_missing_servers_are_named_with_the_command_that_installs_them(machine: Machine) -> None:
    machine.has("postgres", "echo 'postgres (PostgreSQL) 15.4'")
    machine.has("systemd-analyze", "exit 0")
    check = "source scripts/lib.sh; need_system; echo ready"
    result = machine.run(check)
    assert result.returncode == 1
    assert "sudo apt-get install redis-server chromium" in result.stderr
    machine.has("redis-server", "exit 0")
    machine.has("chromium", "exit 0")
    assert machine.run(check).stdout == "ready\n"


def test_an_old_postgresql_counts_as_missing(machine: Machine) -> None:
    lib = machine.folder / "scripts" / "lib.sh"
    lib.write_text(lib.read_text().replace("/usr/lib/postgresql/", f"{machine.folder}/none/"))
    machine.has("postgres", "echo 'postgres (PostgreSQL) 14.9 (Debian 14.9-1)'")
    check = "source scripts/lib.sh; find_postgres && echo found"
    assert machine.run(check).stdout == ""
    machine.has("postgres", "echo 'postgres (PostgreSQL) 16.1 (Debian 16.1-1)'")
    assert machine.run(check).stdout == "found\n"


def test_root_on_debian_gets_what_is_missing_installed(machine: Machine) -> None:
    machine.has("postgres", "echo 'postgres (PostgreSQL) 15.4'")
    machine.has("systemd-analyze", "exit 0")
    machine.has("id", "echo 0")
    machine.has("apt-get", f'echo "$@" >>"{machine.folder}/asked"')
    result = machine.run("source scripts/lib.sh; need_system; echo ready")
    assert result.stdout == "ready\n", result.stderr
    update, install = (machine.folder / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert install.endswith("redis-server chromium")


def test_an_installation_that_fails_stops_with_the_names(machine: Machine) -> None:
    machine.has("id", "echo 0")
    machine.has("apt-get", "exit 100")
    machine.has("systemd-analyze", "exit 0")
    result = machine.run("source scripts/lib.sh; need_system; echo ready")
    assert result.returncode == 1
    assert "could not install" in result.stderr
    assert "chromium" in result.stderr
