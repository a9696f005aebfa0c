"""A mail server of the tests: it takes mail over real SMTP (RFC 5321) and counts what it took, once for each time."""

from __future__ import annotations

import asyncio
import random
import threading
from collections import Counter
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType


@dataclass
class Moods:
    """How often it behaves badly, as chances between 0 and 1."""

    refuses_for_now: float = 0.0
    refuses_for_good: float = 0.0
    hangs_up_early: float = 0.0
    hangs_up_over_the_mail: float = 0.0
    takes_it_and_hangs_up: float = 0.0
    seed: int = 0
    random: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def strikes(self, chance: float) -> bool:
        return self.random.random() < chance


class HangUp(Exception):
    """The connection ends here, without a word."""


class MailServer:
    """`with MailServer() as server`: `server.taken` counts what was taken, by Message-ID; `server.mails` has them all.

    A mail counts as taken from the moment at which the server decides to answer 250, whether or not that is heard.
    """

    def __init__(self, moods: Moods | None = None) -> None:
        self.moods = moods or Moods()
        self.taken: Counter[str] = Counter()
        self.mails: list[EmailMessage] = []
        self.refused_for_good = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="mail-server", daemon=True)

    def __enter__(self) -> MailServer:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result(10)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _stop(self) -> None:
        self._server.close()
        mine = asyncio.current_task()
        talking = [task for task in asyncio.all_tasks() if task is not mine]
        for task in talking:
            task.cancel()
        await asyncio.gather(*talking, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._talk(reader, writer)
        except (HangUp, ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # over, by either side or by the end of the test
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())

        say("220 ready")
        while line := await reader.readline():
            match line.split()[0].upper() if line.split() else b"":
                case b"EHLO" | b"HELO":
                    say("250 here")
                case b"MAIL":
                    if self.moods.strikes(self.moods.hangs_up_early):
                        raise HangUp
                    say("250 yes")
                case b"RCPT":
                    say(self._answer_to_recipient())
                case b"DATA":
                    say("354 go on")
                    self._take(await reader.readuntil(b"\r\n.\r\n"))
                    say("250 taken")
                case b"QUIT":
                    say("221 bye")
                    return
                case _:
                    say("250 well")

    def _answer_to_recipient(self) -> str:
        if self.moods.strikes(self.moods.refuses_for_good):
            self.refused_for_good += 1
            return "550 nobody here"
        return "451 later" if self.moods.strikes(self.moods.refuses_for_now) else "250 yes"

    def _take(self, data: bytes) -> None:
        if self.moods.strikes(self.moods.hangs_up_over_the_mail):
            raise HangUp
        mail = message_from_bytes(data, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        self.taken[str(mail["Message-ID"])] += 1
        if self.moods.strikes(self.moods.takes_it_and_hangs_up):
            raise HangUp
