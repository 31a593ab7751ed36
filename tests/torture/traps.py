"""Moments at which a process dies: before and after each statement, commit and SMTP verb, below SQLAlchemy.

The drivers themselves are wrapped, so that no way of sending a statement gets round it. Only for processes
that do nothing else: what is wrapped stays wrapped.
"""

import os
import signal
import smtplib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import psycopg


@dataclass(slots=True)
class Traps:
    """Counts moments, and dies at one of them.

    Attributes:
        dies_at: the number of the moment, from 1; None for never.
        confess: told what the moment is, just before the end.
        moments: how many there were.
        dots: how many letters were sent up to their final dot.
    """

    dies_at: int | None
    confess: Callable[[str], None]
    moments: int = 0
    dots: int = 0

    def moment(self, what: str) -> None:
        """One moment; perhaps the last."""
        self.moments += 1
        if self.moments == self.dies_at:
            self.confess(what)
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        """A moment before and one after, where what is inside succeeds."""
        self.moment(f"before {what}")
        yield
        self.moment(f"after {what}")

    def set(self, sqlite: ModuleType) -> None:
        """Wrap the drivers of both databases, and the SMTP client."""
        _wrap_sqlite(sqlite, self)
        for owner, names in _PSYCOPG.items():
            for name in names:
                _wrap(owner, name, self)
        for name in ("connect", "getreply"):
            _wrap(smtplib.SMTP, name, self)
        _wrap_sending(self)


_PSYCOPG: dict[type, tuple[str, ...]] = {
    psycopg.Cursor: ("execute", "executemany"),
    psycopg.Connection: ("commit", "rollback"),
}


def _wrap(owner: Any, name: str, traps: Traps) -> None:
    original = getattr(owner, name)

    def trapped(self: Any, *arguments: Any, **named: Any) -> Any:
        with traps.around(_described(name, arguments)):
            return original(self, *arguments, **named)

    setattr(owner, name, trapped)


def _wrap_sqlite(module: ModuleType, traps: Traps) -> None:
    """Let every connection be one of ours; its own `execute` would make cursors that are not."""

    class Cursor(module.Cursor):  # type: ignore[name-defined,misc] # a class of whichever module it is
        pass

    class Connection(module.Connection):  # type: ignore[name-defined,misc] # the same
        def cursor(self, factory: Any = Cursor) -> Any:
            return super().cursor(factory)

        def execute(self, *arguments: Any) -> Any:
            return self.cursor().execute(*arguments)

        def executemany(self, *arguments: Any) -> Any:
            return self.cursor().executemany(*arguments)

    for name in ("execute", "executemany", "executescript"):
        _wrap(Cursor, name, traps)
    for name in ("commit", "rollback"):
        _wrap(Connection, name, traps)
    connect = module.connect
    module.__dict__["connect"] = lambda *arguments, **named: connect(
        *arguments, **{**named, "factory": Connection}
    )


def _wrap_sending(traps: Traps) -> None:
    original = smtplib.SMTP.send

    def send(self: smtplib.SMTP, data: Any) -> None:
        sent = data if isinstance(data, bytes) else str(data).encode()
        is_letter = sent.endswith(b"\r\n.\r\n")
        with traps.around("sending a letter and its final dot" if is_letter else f"sending {sent[:40]!r}"):
            original(self, data)
            traps.dots += is_letter

    smtplib.SMTP.send = send  # type: ignore[method-assign,assignment] # that is what this module is for


def _described(name: str, arguments: tuple[Any, ...]) -> str:
    return f"{name} {' '.join(str(arguments[0]).split())[:80]}" if arguments else name
