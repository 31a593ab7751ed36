"""A clock that many processes share and a campaign moves, so that days pass in seconds."""

import fcntl
import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

_OFFSET = struct.Struct("<q")  # microseconds: eight bytes in one piece, so that nobody reads half of a move


def real_clock() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)  # noqa: TID251 -- the one clock that the moved one is made of


class SharedClock:
    """The machine's clock and an offset kept in a file: the same instant for all who open the file.

    Time is moved only between ticks: a tick holds the gate open, and a move waits until nobody does. Else a
    move of a minute would end leases under the hands of who is sending, which no real clock does.
    """

    def __init__(self, folder: Path) -> None:
        self._gates = [folder / "clock-turnstile", folder / "clock-room"]
        path = folder / "clock"
        for each in (path, *self._gates):
            if not each.exists():
                each.write_bytes(_OFFSET.pack(0))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _OFFSET.size)

    def __call__(self) -> datetime:
        (offset,) = _OFFSET.unpack(self._map[: _OFFSET.size])
        return real_clock() + timedelta(microseconds=offset)

    def move_to(self, instant: datetime) -> None:
        """Make it that instant, once no tick is under way."""
        with self._locked(fcntl.LOCK_EX, through_both=True):
            self._map[: _OFFSET.size] = _OFFSET.pack((instant - real_clock()) // timedelta(microseconds=1))

    def move(self, by: timedelta) -> None:
        """Move it ahead, once no tick is under way."""
        self.move_to(self() + by)

    @contextmanager
    def standing_still(self) -> Iterator[None]:
        """While this lasts nobody moves it; a process that dies lets go."""
        with self._locked(fcntl.LOCK_SH, through_both=False):
            yield

    @contextmanager
    def _locked(self, how: int, *, through_both: bool) -> Iterator[None]:
        # Whoever moves the clock keeps the turnstile, so that new ticks queue behind the move.
        with self._gates[0].open("rb") as turnstile, self._gates[1].open("rb") as room:
            fcntl.flock(turnstile, how)
            fcntl.flock(room, how)
            if not through_both:
                fcntl.flock(turnstile, fcntl.LOCK_UN)
            yield
