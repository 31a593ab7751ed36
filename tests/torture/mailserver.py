"""A mail server that misbehaves as it is told, in a process of its own, and writes down all that happens.

It takes its orders as lines of JSON on standard input, one fault at a time, and confirms each with a line.
A letter is in its log before the answer to it leaves: what was answered was logged, whoever dies when.
"""

import asyncio
import base64
import contextlib
import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from email.parser import BytesHeaderParser
from pathlib import Path
from typing import Any

from tests.sinks import free_port
from tests.torture.clock import SharedClock

USER, PASSWORD = "pledges", "a password for the mail server"
# Whose mailbox there never was; everybody else's exists.
NOBODY = "nobody-"
GREYLISTED_FOR = timedelta(minutes=4)

# Where in a conversation a fault may strike, in order.
STAGES = ("banner", "ehlo", "auth", "mail", "rcpt", "data", "body", "dot", "quit")


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to misbehave.

    Attributes:
        mode: refuse (connections), hang, drop, defer (4xx), reject (5xx, to all), greylist.
        stage: where; for drop and hang at `dot` the letter is taken and the answer kept back.
        share: of how many conversations or letters that come so far.
    """

    mode: str
    stage: str = "banner"
    share: float = 1.0

    def __str__(self) -> str:
        return f"{self.mode} at {self.stage}"


FAULTS = (
    Fault("refuse"),
    *(Fault("hang", stage) for stage in STAGES),
    *(Fault("drop", stage) for stage in STAGES),
    *(Fault("defer", stage) for stage in ("banner", "mail", "rcpt", "data", "dot")),
    *(Fault("reject", stage) for stage in ("auth", "mail", "rcpt")),
    *(Fault("drop", stage, 0.3) for stage in ("data", "body", "dot")),
    Fault("defer", "dot", 0.5),
    Fault("greylist", "rcpt"),
)

_DEFERRAL = "451 4.3.0 try again later"
_REJECTION = "550 5.7.1 relaying denied"
_BAD_PASSWORD = "535 5.7.8 authentication credentials invalid"
_USUAL = {"banner": "220 sink", "mail": "250 ok", "rcpt": "250 ok", "data": "354 go on", "quit": "221 bye"}


class MailServer:
    """The process, seen from the campaign."""

    def __init__(self, process: subprocess.Popen[str], port: int, log: Path) -> None:
        self._process = process
        self.port = port
        self._log = log

    def misbehave(self, fault: Fault | None, *, seconds: float = 0) -> None:
        """Have that fault from now on, or none; `seconds` is how long it thinks about each letter.

        Conversations that hang are cut when their fault ends.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"fault": None if fault is None else asdict(fault), "seconds": seconds}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._process.stdout.readline()

    def log(self) -> list[str]:
        """The lines that it wrote down so far."""
        return self._log.read_text().splitlines()


@contextmanager
def serving(folder: Path, *, seed: int = 0) -> Iterator[MailServer]:
    """A mail server that shares the clock and keeps its log in `folder`."""
    port, log = free_port(), folder / "mail.jsonl"
    log.touch()
    words = [sys.executable, "-m", "tests.torture.mailserver", str(port), str(folder), str(seed)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            server = MailServer(process, port, log)
            server.misbehave(None)
            yield server
        finally:
            process.kill()


class _Cut(Exception):  # noqa: N818 -- a way out, not an error
    """This conversation is over."""


class _Server:
    def __init__(self, port: int, folder: Path, seed: int) -> None:
        self.clock = SharedClock(folder)
        self.rng = random.Random(seed)
        self.fault: Fault | None = None
        self.seconds = 0.0
        self.first_seen: dict[str, datetime] = {}
        self.released = asyncio.Event()
        self._port = port
        self._log = os.open(folder / "mail.jsonl", os.O_WRONLY | os.O_APPEND)
        self._listener: asyncio.Server | None = None

    def write(self, event: str, **said: Any) -> None:
        line = {"event": event, "at": self.clock().isoformat(), "fault": str(self.fault), **said}
        os.write(self._log, json.dumps(line).encode() + b"\n")

    def strikes(self, stage: str) -> str | None:
        """How the fault of the moment strikes there, if it does."""
        fault = self.fault
        if fault is None or fault.stage != stage or self.rng.random() >= fault.share:
            return None
        return fault.mode

    async def obey(self) -> None:
        """Take orders until there are none any more."""
        orders = asyncio.StreamReader()
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(orders), sys.stdin)
        while line := await orders.readline():
            order = json.loads(line)
            self.released.set()
            self.released = asyncio.Event()
            self.fault = None if order["fault"] is None else Fault(**order["fault"])
            self.seconds = order["seconds"]
            await self._listen(is_open=self.fault is None or self.fault.mode != "refuse")
            print("done", flush=True)

    async def _listen(self, *, is_open: bool) -> None:
        if is_open and self._listener is None:
            self._listener = await asyncio.start_server(self._meet, "127.0.0.1", self._port, limit=2**24)
        elif not is_open and self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(_Cut, OSError, asyncio.IncompleteReadError):
            await _Conversation(self, reader, writer).run()
        writer.transport.abort()


class _Conversation:
    def __init__(self, server: _Server, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._reader = reader
        self._writer = writer
        self._recipient = ""

    async def run(self) -> None:
        await self._answer("banner", _USUAL["banner"])
        while line := await self._reader.readline():
            verb, _, rest = line.decode().strip().partition(" ")
            await self._take(verb.upper(), rest)

    async def _take(self, verb: str, rest: str) -> None:
        match verb:
            case "EHLO":
                await self._answer("ehlo", "250-sink\r\n250-AUTH PLAIN\r\n250 SMTPUTF8")
            case "AUTH":
                await self._answer("auth", "235 welcome" if _is_right(rest) else _BAD_PASSWORD)
            case "MAIL":
                await self._answer("mail", _USUAL["mail"])
            case "RCPT":
                self._recipient = rest.partition("<")[2].partition(">")[0]
                await self._judge_recipient()
            case "DATA":
                await self._take_letter()
            case "QUIT":
                await self._answer("quit", _USUAL["quit"])
                raise _Cut
            case _:
                await self._say("250 ok")

    async def _judge_recipient(self) -> None:
        recipient, server = self._recipient.lower(), self._server
        if recipient.startswith(NOBODY):
            server.write("refused", recipient=recipient, answer="550 5.1.1 no such mailbox")
            await self._say("550 5.1.1 no such mailbox")
            return
        seen = server.first_seen.setdefault(recipient, server.clock())
        if server.strikes("rcpt") == "greylist" and server.clock() - seen < GREYLISTED_FOR:
            await self._say("451 4.7.1 greylisted, come back later")
            return
        await self._answer("rcpt", _USUAL["rcpt"])

    async def _take_letter(self) -> None:
        if not await self._answer("data", _USUAL["data"]):
            return
        strike = self._server.strikes("body")
        if strike is not None:
            await self._reader.read(200)
            await self._misbehave(strike)
        content = (await self._reader.readuntil(b"\r\n.\r\n"))[:-3]
        await asyncio.sleep(self._server.seconds)
        strike = self._server.strikes("dot")
        if strike == "defer":
            await self._say(_DEFERRAL)
            return
        # Whoever has lost patience hears no answer.
        self._log_taken(content, is_answered=strike is None and not self._reader.at_eof())
        if strike is not None:
            await self._misbehave(strike)
        await self._say("250 ok")

    def _log_taken(self, content: bytes, *, is_answered: bool) -> None:
        headers = BytesHeaderParser().parsebytes(content)
        self._server.write(
            "taken",
            recipient=self._recipient.lower(),
            message_id=headers["Message-ID"],
            alert=" ".join(str(headers["X-Pledgetracker-Alert"]).split()),
            digest=hashlib.sha256(content).hexdigest(),
            is_answered=is_answered,
        )

    async def _answer(self, stage: str, usual: str) -> bool:
        """Answer as usual or as the fault will have it; whether it was as usual."""
        strike = self._server.strikes(stage)
        if strike in {None, "greylist", "refuse"}:
            await self._say(usual)
            return True
        if strike == "defer":
            await self._say(_DEFERRAL)
        elif strike == "reject":
            await self._say(_BAD_PASSWORD if stage == "auth" else _REJECTION)
        else:
            await self._misbehave(str(strike))
        return False

    async def _misbehave(self, mode: str) -> None:
        """Hang until the other side goes or the fault ends, or cut the line at once."""
        if mode == "hang":
            gone = asyncio.ensure_future(self._reader.read())
            released = asyncio.ensure_future(self._server.released.wait())
            await asyncio.wait([gone, released], return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            released.cancel()
        raise _Cut

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()


def _is_right(said: str) -> bool:
    try:
        return base64.b64decode(said.partition(" ")[2]).split(b"\0")[1:] == [USER.encode(), PASSWORD.encode()]
    except ValueError:
        return False


async def _main() -> None:
    port, folder, seed = sys.argv[1:]
    await _Server(int(port), Path(folder), int(seed)).obey()


if __name__ == "__main__":
    asyncio.run(_main())
