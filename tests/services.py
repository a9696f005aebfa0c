"""Real PostgreSQL and Redis servers for the tests: in a temporary folder, on free ports, gone when the tests end."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

READY_SECONDS = 60.0
STOP_SECONDS = 30.0
POSTGRES_USER = "postgres"


class ServiceFailed(RuntimeError):
    """A server did not come up or did not go down; the message holds the end of its log."""


def free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        port: int = door.getsockname()[1]
        return port


def answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def bound_to_us(signal_name: str) -> list[str]:
    """A command prefix: the kernel sends this signal to the server if the tests die without stopping it."""
    return ["setpriv", f"--pdeathsig={signal_name}"] if shutil.which("setpriv") else []


@dataclass
class Service:
    """A server process of the tests, known by its pid."""

    name: str
    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @classmethod
    def spawn(
        cls,
        name: str,
        port: int,
        command: Sequence[str | Path],
        *,
        log: Path,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Service:
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=cwd or log.parent,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return cls(name, port, process, log)

    def wait_until(self, ready: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Wait for the server to be ready, noticing at once if it dies. Raises ServiceFailed."""
        deadline = time.monotonic() + seconds
        while not ready():
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(timeout=0.02)
            if self.process.poll() is not None:
                raise ServiceFailed(f"{self.name} ended with {self.process.returncode}:\n{self.log_end()}")
            if time.monotonic() > deadline:
                self.kill()
                raise ServiceFailed(f"{self.name} was not ready after {seconds} s:\n{self.log_end()}")

    def log_end(self) -> str:
        return self.log.read_text(errors="replace")[-4000:]

    def stop(self) -> int:
        """SIGTERM, and wait. Raises ServiceFailed when the server is still there after half a minute."""
        return self._end(self.process.terminate)

    def kill(self) -> int:
        return self._end(self.process.kill)

    def _end(self, signal: Callable[[], None]) -> int:
        if self.process.poll() is None:
            signal()
        try:
            return self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise ServiceFailed(f"{self.name} did not stop:\n{self.log_end()}") from None


def postgres_programs() -> Path:
    """The folder of the newest PostgreSQL server programs: Debian keeps them off the PATH."""
    folders = list(Path("/usr/lib/postgresql").glob("*/bin"))
    on_path = shutil.which("postgres")
    if on_path:
        folders.append(Path(on_path).resolve().parent)
    folders = [folder for folder in folders if (folder / "initdb").exists()]
    if not folders:
        raise ServiceFailed("PostgreSQL's server is missing. Install it with: apt-get install postgresql")
    return max(folders, key=lambda folder: [int(number) for number in re.findall(r"\d+", folder.parent.name)])


def start_postgres(folder: Path) -> Service:
    """A cluster with a superuser `porchlight`. PostgreSQL refuses to run as root, so there it runs as `postgres`."""
    programs = postgres_programs()
    data = folder / "cluster"
    as_user: list[str] = []
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:
        shutil.chown(folder, POSTGRES_USER, POSTGRES_USER)
        as_user = ["setpriv", f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--clear-groups"]
    made = subprocess.run(
        [*as_user, programs / "initdb", "-D", data, "-U", "porchlight", "-A", "trust", "-E", "UTF8",
         "--no-locale", "--no-sync"],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if made.returncode:
        raise ServiceFailed(f"initdb failed:\n{made.stdout}{made.stderr}")
    port = free_port()
    settings = {
        "port": str(port),
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "fsync": "off",
        "full_page_writes": "off",
        "max_connections": "200",
        "shared_buffers": "64MB",
    }
    prefix = [*as_user, "--pdeathsig=INT"] if as_user else bound_to_us("INT")
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    log = folder / "postgres.log"
    service = Service.spawn(
        "PostgreSQL", port, [*prefix, programs / "postgres", "-D", data, *options], log=log
    )
    service.wait_until(lambda: b"database system is ready to accept connections" in log.read_bytes())
    return service


def start_redis(folder: Path, port: int | None = None) -> Service:
    program = shutil.which("redis-server")
    if program is None:
        raise ServiceFailed("Redis is missing. Install it with: apt-get install redis-server")
    folder.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    log = folder / "redis.log"
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    service = Service.spawn("Redis", port, [*bound_to_us("TERM"), program, *options], log=log)
    service.wait_until(lambda: b"Ready to accept connections" in log.read_bytes())
    return service


@dataclass
class Ground:
    """What one test process stands on. The first process makes the folder and PostgreSQL; xdist's workers share
    them, each with databases of its own, and each has its own Redis, since channels have no databases."""

    folder: Path
    owned: bool
    postgres: Service | None = None
    redis: Service | None = None

    def clear(self) -> None:
        for service in (self.redis, self.postgres):
            if service is not None:
                service.stop()
        self.redis = self.postgres = None
        if self.owned:
            shutil.rmtree(self.folder, ignore_errors=True)


FOLDER, CHOICE, SHARED = "PORCHLIGHT_TEST_FOLDER", "PORCHLIGHT_TEST_DATABASE", "PORCHLIGHT_TEST_POSTGRES_URL"


def chosen() -> str:
    choice = os.environ.get(CHOICE, "sqlite")
    if choice not in {"sqlite", "postgres"}:
        raise ServiceFailed(f"{CHOICE} must be sqlite or postgres; it is {choice}")
    return choice


def lay_ground() -> Ground:
    """Set the environment that the settings will read, with servers behind it when the run is the PostgreSQL one."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    kept = {FOLDER, CHOICE, SHARED}
    for name in [*os.environ]:
        if (name.startswith("PORCHLIGHT_") and name not in kept) or name in {
            "DATABASE_URL",
            "REDIS_URL",
            "EMAIL_URL",
        }:
            del os.environ[name]
    if worker:
        ground = Ground(Path(os.environ[FOLDER]), owned=False)
    else:
        ground = Ground(Path(tempfile.mkdtemp(prefix="porchlight-")), owned=True)
        ground.folder.chmod(0o711)
        os.environ[FOLDER] = str(ground.folder)
    os.environ["PORCHLIGHT_DATA"] = str(ground.folder / (worker or "main"))
    os.environ["PORCHLIGHT_SQLITE_SYNCHRONOUS"] = "NORMAL"
    if chosen() == "postgres":
        if not worker:
            ground.postgres = start_postgres(ground.folder / "postgres")
            os.environ[SHARED] = f"postgresql://porchlight@127.0.0.1:{ground.postgres.port}/postgres"
        ground.redis = start_redis(ground.folder / f"redis-{worker or 'main'}")
        os.environ["DATABASE_URL"] = os.environ[SHARED]
        os.environ["REDIS_URL"] = f"redis://127.0.0.1:{ground.redis.port}/0"
    return ground
