"""Who has a database file: anybody may share it, and one may have it alone."""

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SUFFIX = "-inuse"


class Taken(Exception):  # noqa: N818 -- it says what the file is, not what went wrong in us
    """Somebody has the file alone, or somebody shares it where it was wanted alone."""


class Occupancy:
    """This process's share in a database file, by an advisory lock on a file beside it.

    A server that has not yet had a request has no connection, so SQLite's own locks do not tell of it. The
    lock is on a file of its own: closing any handle on the database file would drop SQLite's locks. It ends
    with the process, however that ends.
    """

    def __init__(self, file: Path | None) -> None:
        self._place = None if file is None else file.with_name(file.name + SUFFIX)
        self._handle: int | None = None
        self._guard = threading.Lock()

    def enter(self) -> None:
        """Share the file; again is once.

        Raises:
            Taken: somebody has it alone.
        """
        with self._guard:
            if self._handle is not None or self._place is None or sys.platform == "win32":
                return
            try:
                handle = os.open(self._place, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            except OSError:
                # Where this cannot be made, nobody can put another database in place either.
                return
            if not _lock(handle, alone=False):
                os.close(handle)
                raise Taken
            self._handle = handle

    def leave(self) -> None:
        """Give the share back."""
        with self._guard:
            if self._handle is not None:
                os.close(self._handle)
                self._handle = None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Have the file alone.

        Raises:
            Taken: somebody else shares it.
        """
        self.enter()
        if self._handle is not None and not _lock(self._handle, alone=True):
            # Asking for more has let go of the share.
            self.leave()
            raise Taken
        try:
            yield
        finally:
            self.leave()


def _lock(handle: int, *, alone: bool) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(handle, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
