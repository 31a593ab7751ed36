"""A real mail server for tests: it takes what it is told to take, and remembers."""

import asyncio
import os
import random
import socket
import threading
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from itertools import cycle, islice
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

OK = "250 OK"
# Below those that the system gives to connections, and to whoever asks for any port.
PORTS = range(10_000, 32_768)
# Processes of one run that choose ports at the same time choose different ones.
SHARES = 32


@dataclass(frozen=True)
class Arrived:
    """One message that was handed over up to its final dot."""

    recipient: str
    content: bytes

    @property
    def message_id(self) -> str:
        return str(message_from_bytes(self.content)["Message-ID"])

    @property
    def alert(self) -> str:
        """What the message says it is about."""
        return str(message_from_bytes(self.content)["X-Pledgetracker-Alert"])


def _take(_: Any) -> str:
    return OK


@dataclass
class Sink:
    """A handler for aiosmtpd; answers are decided by `at_rcpt` and `at_data`, which see what came.

    Attributes:
        arrived: all that came up to the final dot, whatever was answered.
        taken: what was answered with 250.
        seconds: how long it thinks before it answers the final dot.
        is_busy: set while it thinks.
    """

    at_rcpt: Callable[[str], str] = _take
    at_data: Callable[[Arrived], str] = _take
    password: str | None = None
    seconds: float = 0
    arrived: list[Arrived] = field(default_factory=list)
    taken: list[Arrived] = field(default_factory=list)
    is_busy: threading.Event = field(default_factory=threading.Event)

    async def handle_RCPT(  # noqa: N802 -- aiosmtpd's name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        answer = self.at_rcpt(address)
        if answer.startswith("2"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 -- its name
        [recipient] = envelope.rcpt_tos
        letter = Arrived(recipient, envelope.content)
        self.arrived.append(letter)
        self.is_busy.set()
        await asyncio.sleep(self.seconds)
        self.is_busy.clear()
        answer = self.at_data(letter)
        if answer.startswith("2"):
            self.taken.append(letter)
        return answer

    def log_in(self, server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
        is_right = isinstance(said, LoginPassword) and said.password.decode() == self.password
        return AuthResult(success=is_right, handled=False)

    @property
    def ids(self) -> Counter[str]:
        """How often each Message-ID was taken."""
        return Counter(letter.message_id for letter in self.taken)

    @property
    def recipients(self) -> list[str]:
        return [letter.recipient for letter in self.taken]


def _ports() -> Iterator[int]:
    """Ports for this process of the run, none twice before all have been given."""
    ours = PORTS[int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % SHARES :: SHARES]
    # Another run on the same machine is unlikely to be at the same place.
    first = random.randrange(len(ours))
    return cycle([*ours[first:], *ours[:first]])


_given = _ports()


def free_port() -> int:
    """A port that nothing listens on, and that nobody else takes before the test has it listened on."""
    for port in islice(_given, len(PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("All ports are taken.")


@contextmanager
def listening(sink: Sink, port: int) -> Iterator[None]:
    """Let `sink` serve on `port`."""
    settings: dict[str, Any] = {}
    if sink.password is not None:
        settings = {"authenticator": sink.log_in, "auth_require_tls": False, "auth_required": True}
    with warnings.catch_warnings():
        # It warns of passwords in the clear, which on this one machine nobody overhears.
        warnings.simplefilter("ignore", UserWarning)
        controller = Controller(sink, hostname="127.0.0.1", port=port, **settings)
        controller.start()
        try:
            yield
        finally:
            controller.stop()
