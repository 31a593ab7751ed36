"""Writers take turns in order of arrival."""

import threading

import pytest

from pledgetracker.storage.turns import NoTurn, Turns


class StuckError(Exception):
    pass


def turns_of(patience_seconds: float = 30) -> Turns:
    return Turns(patience_seconds, lambda error: isinstance(error, StuckError))


def wait_for(turns: Turns, number: int) -> None:
    """Until so many wait; their places in the queue are the event waited for."""
    nothing = threading.Event()
    while len(turns._waiting) < number:
        nothing.wait(0.001)


def test_whoever_comes_first_is_served_first() -> None:
    turns = turns_of()
    served: list[int] = []

    def work(n: int) -> None:
        with turns:
            served.append(n)

    with turns:
        threads = []
        for n in range(5):
            thread = threading.Thread(target=work, args=(n,))
            thread.start()
            threads.append(thread)
            wait_for(turns, n + 1)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]


def test_a_turn_that_fails_is_handed_on() -> None:
    turns = turns_of()
    with pytest.raises(RuntimeError), turns:
        raise RuntimeError
    with turns:
        pass


def test_whoever_has_waited_long_enough_goes_and_the_others_keep_their_places() -> None:
    turns = turns_of(0.01)
    with turns:
        with pytest.raises(NoTurn), turns:
            pass
        turns._patience_seconds = 30
        other = threading.Thread(target=turns.__enter__)
        other.start()
        wait_for(turns, 1)
    other.join()
    turns.__exit__(None, None, None)
    with turns:
        pass


def test_where_nothing_moves_all_who_wait_are_sent_away_and_one_at_a_time_tries_until_it_does() -> None:
    turns = turns_of()
    sent_away: list[int] = []

    def work(n: int) -> None:
        try:
            with turns:
                pass
        except NoTurn:
            sent_away.append(n)

    def stick() -> None:
        with turns:
            for thread in threads:
                thread.start()
            wait_for(turns, len(threads))
            raise StuckError

    threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
    with pytest.raises(StuckError):
        stick()
    for thread in threads:
        thread.join()
    assert sorted(sent_away) == [0, 1, 2]
    with turns:
        work(3)
        assert 3 in sent_away
    with turns:
        other = threading.Thread(target=work, args=(4,))
        other.start()
        wait_for(turns, 1)
    other.join()
    assert 4 not in sent_away
