"""Taking turns: a lock that serves in order of arrival."""

import threading
from collections import deque
from types import TracebackType


class Turns:
    """A lock under which nobody starves.

    `threading.Lock` goes to whoever is quickest, which is often the thread that has just let it go: under
    load some writers waited for seconds.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._is_taken = False

    def __enter__(self) -> None:
        with self._guard:
            if not self._is_taken:
                self._is_taken = True
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        # Whoever holds the turn now hands it on by releasing this.
        mine.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False
