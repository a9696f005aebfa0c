"""Running Porchlights: the real program, in processes of its own, each on its own data."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests import services
from tests.services import Service, bound_to_us, free_port, start_redis

ROOT = Path(__file__).resolve().parent.parent


class CommandFailed(AssertionError):
    """A management command ended with an error; the message is what it printed."""


class Site:
    """One Porchlight: a data folder, a database and, after `start`, a `manage.py serve` on a port of its own."""

    def __init__(self, folder: Path, environment: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.port = free_port()
        self.serving: Service | None = None
        self.redis: Service | None = None
        self._extra = dict(environment or {})
        self._database_url = ""

    @property
    def base_url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        house = ("PORCHLIGHT_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "PYTEST_")
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(house)}
        own = {"PORCHLIGHT_DATA": str(self.folder), "PORCHLIGHT_SQLITE_SYNCHRONOUS": "NORMAL"}
        if self._database_url:
            own["DATABASE_URL"] = self._database_url
        if self.redis is not None:
            own["REDIS_URL"] = f"redis://127.0.0.1:{self.redis.port}/0"
        return inherited | own | self._extra

    def lay(self, like: Site | None = None) -> Site:
        """Make the data folder and the database, empty or as `like` has them (`like` must not be running)."""
        if like is None:
            self.folder.mkdir(parents=True)
        else:
            shutil.copytree(like.folder, self.folder)
        if services.chosen() == "postgres":
            self._database_url = _make_database(self.folder.name, like._database_url if like else "")
            self.redis = start_redis(self.folder / "redis")
        return self

    def manage(self, *arguments: str, **environment: str) -> str:
        """Run a management command and return what it printed. Raises CommandFailed."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT, env=self.environment | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            raise CommandFailed(f"manage.py {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def start(self, *options: str) -> Site:
        """Serve, and return when `/healthz` answers. A stopped site starts again on the same port."""
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(self.port)]
        self.serving = Service.spawn(
            "manage.py serve",
            self.port,
            [*bound_to_us("TERM"), *command, *options],
            log=self.folder / "serve.log",
            cwd=ROOT,
            environment=self.environment,
        )
        self.serving.wait_until(self.is_healthy)
        return self

    def is_healthy(self) -> bool:
        host = self._extra.get("PORCHLIGHT_HOSTS", "localhost").split(",")[0]
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/healthz", headers={"Host": host})
        with (
            suppress(URLError, ConnectionError, TimeoutError),
            urllib.request.urlopen(request, timeout=5) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def stop(self) -> int:
        """SIGTERM the server; its exit code."""
        serving, self.serving = self.serving, None
        return serving.stop() if serving else 0

    def kill(self) -> None:
        """SIGKILL the server, as a crash would."""
        serving, self.serving = self.serving, None
        if serving:
            serving.kill()

    def clear(self) -> None:
        self.kill()
        if self.redis is not None:
            self.redis.stop()
            self.redis = None
        shutil.rmtree(self.folder, ignore_errors=True)


def _make_database(name: str, template_url: str) -> str:
    """Create a database on the tests' PostgreSQL, a copy of the template's when there is one; its URL."""
    server = os.environ[services.SHARED]
    copied = urlsplit(template_url).path.lstrip("/") or "template1"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(copied))
        )
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
