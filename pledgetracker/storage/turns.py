"""Taking turns: a lock that serves in order of arrival, and lets nobody wait for what does not move."""

import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType


class NoTurn(Exception):  # noqa: N818 -- it says what did not come
    """Those before did not come to an end."""


class Turns:
    """A lock under which nobody starves.

    `threading.Lock` goes to whoever is quickest, which is often the thread that has just let it go: under
    load some writers waited for seconds.

    A turn that ended because somebody outside keeps everybody waiting sends away all who wait, and until a
    turn ends otherwise one at a time tries while others are sent away at once: each would wait as long, one
    after the other, and hold a thread that could answer readers.

    Args:
        patience_seconds: how long to wait for a turn.
        is_stuck: whether a turn that ended with this error found somebody outside in its way.
    """

    def __init__(self, patience_seconds: float, is_stuck: Callable[[BaseException], bool]) -> None:
        self._patience_seconds = patience_seconds
        self._stuck_by = is_stuck
        self._guard = threading.Lock()
        self._waiting: deque[_Place] = deque()
        self._is_taken = False
        self._is_stuck = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            if self._is_stuck:
                raise NoTurn
            mine = _Place()
            self._waiting.append(mine)
        # Whoever holds the turn now hands it on by calling this place.
        mine.is_called.wait(self._patience_seconds)
        with self._guard:
            if not mine.is_called.is_set():
                self._waiting.remove(mine)
            if not mine.has_turn:
                raise NoTurn

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            self._is_stuck = error is not None and self._stuck_by(error)
            if self._is_stuck:
                for place in self._waiting:
                    place.is_called.set()
                self._waiting.clear()
            if self._waiting:
                first = self._waiting.popleft()
                first.has_turn = True
                first.is_called.set()
            else:
                self._is_taken = False


class _Place:
    """A place in the queue: called either to take its turn, or to go away."""

    def __init__(self) -> None:
        self.is_called = threading.Event()
        self.has_turn = False
