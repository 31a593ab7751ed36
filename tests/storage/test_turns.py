"""Writers take turns in order of arrival."""

import threading

import pytest

from pledgetracker.storage.turns import Turns


def test_whoever_comes_first_is_served_first() -> None:
    turns = Turns()
    served: list[int] = []
    arrived = threading.Event()

    def work(n: int) -> None:
        with turns:
            served.append(n)

    with turns:
        threads = []
        for n in range(5):
            thread = threading.Thread(target=work, args=(n,))
            thread.start()
            threads.append(thread)
            while len(turns._waiting) <= n:  # its place in the queue is the event waited for
                arrived.wait(0.001)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_a_turn_that_fails_is_handed_on() -> None:
    turns = Turns()
    with pytest.raises(RuntimeError), turns:
        raise RuntimeError
    with turns:
        pass
