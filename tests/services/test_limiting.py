"""Limits over several processes: what is exact, what is not quite, and what stays in memory."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select

from pledgetracker.domain.allowance import Allowance, Deed, microseconds
from pledgetracker.domain.errors import TooMany
from pledgetracker.runtime import Runtime
from pledgetracker.services.limiting import MAX_ACCOUNTS, Account, Limiter
from pledgetracker.services.tidying import tidy
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.tables import rate_limits
from tests.conftest import Clock

BURST = 50
ALLOWANCES = {
    Deed.READ: Allowance(600, BURST),
    Deed.WRITE: Allowance(600, BURST),
    Deed.FAIL: Allowance(600, BURST),
}


@pytest.fixture
def processes() -> list[Limiter]:
    """What three processes count; what they do beside requests, they do at once."""
    return [Limiter(ALLOWANCES, launch=lambda work: work()) for _ in range(3)]


class Callers:
    """Calls that come to one process or another."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self.database, self.clock = runtime.database, clock

    def reads(self, limiter: Limiter, deed: Deed = Deed.READ, who: str = "ann") -> bool:
        try:
            account = limiter.admit(deed, who, now=self.clock.now)
        except TooMany:
            return False
        if account is not None and account.is_to_be_passed_on:
            limiter.pass_on_soon(account, self.database, now=self.clock.now)
        return True

    def writes(self, limiter: Limiter, *, fails: bool = False) -> bool:
        try:
            account = limiter.admit(Deed.WRITE, "ann", now=self.clock.now)
            assert account is not None
            if fails:
                limiter.end(account)
                if account.is_to_be_passed_on:
                    limiter.pass_on_soon(account, self.database, now=self.clock.now)
                return True
            counted = self.database.write(lambda tx: limiter.use(tx, account, now=self.clock.now))
            limiter.settle(account, counted, now=self.clock.now)
        except TooMany:
            return False
        return True

    def rows(self) -> int:
        with self.database.engine.connect() as connection:
            return connection.scalar(select(func.count()).select_from(rate_limits)) or 0


@pytest.fixture
def callers(runtime: Runtime, clock: Clock) -> Callers:
    return Callers(runtime, clock)


def in_turn(processes: list[Limiter], times: int) -> Iterator[Limiter]:
    return (processes[i % len(processes)] for i in range(times))


def test_writes_are_counted_exactly_over_all_processes(callers: Callers, processes: list[Limiter]) -> None:
    assert sum(callers.writes(limiter) for limiter in in_turn(processes, 4 * BURST)) == BURST
    callers.clock.now += timedelta(seconds=1)
    assert sum(callers.writes(limiter) for limiter in in_turn(processes, 4 * BURST)) == 10


class TestInLots:
    """Far from the limit one transaction counts several writes before they take place."""

    LOT, BURST = 4, 400

    @pytest.fixture
    def processes(self) -> list[Limiter]:
        allowance = Allowance(24_000, self.BURST)
        assert allowance.lot == self.LOT
        return [Limiter({Deed.WRITE: allowance}, launch=lambda work: work()) for _ in range(3)]

    @pytest.fixture
    def counts(self, callers: Callers) -> list[str]:
        """The statements that count."""
        heard: list[str] = []

        def listen(*said: Any) -> None:
            if "INSERT INTO rate_limits" in said[2]:
                heard.append(said[2])

        event.listen(callers.database.engine, "before_cursor_execute", listen)
        return heard

    def test_over_all_processes_no_more_are_let_in_than_one_by_one_and_no_fewer(
        self, callers: Callers, processes: list[Limiter], counts: list[str]
    ) -> None:
        assert sum(callers.writes(limiter) for limiter in in_turn(processes, self.BURST + 30)) == self.BURST
        half = self.BURST // 2
        assert half <= len(counts) <= half + half // self.LOT + self.LOT * len(processes) + 30

    def test_a_lot_is_counted_once_and_lost_after_a_second(
        self, callers: Callers, processes: list[Limiter], counts: list[str]
    ) -> None:
        assert all(callers.writes(processes[0]) for _ in range(self.LOT))
        assert len(counts) == 1
        assert callers.writes(processes[0])
        assert len(counts) == 2
        callers.clock.now += timedelta(seconds=1)
        assert callers.writes(processes[0])
        assert len(counts) == 3

    def test_what_others_have_left_is_had_to_the_last(
        self, callers: Callers, processes: list[Limiter]
    ) -> None:
        first, second = processes[:2]
        assert sum(callers.writes(first) for _ in range(self.BURST - 2)) == self.BURST - 2
        assert [callers.writes(second) for _ in range(3)] == [True, True, False]

    def test_a_write_that_fails_counts_beside_its_lot(
        self, callers: Callers, processes: list[Limiter]
    ) -> None:
        assert callers.writes(processes[0])
        assert callers.writes(processes[0], fails=True)
        assert sum(callers.writes(processes[0]) for _ in range(self.BURST)) == self.BURST - 2


def test_writes_that_fail_count_too_and_hardly_cost_a_transaction(
    callers: Callers, processes: list[Limiter]
) -> None:
    let_in = sum(callers.writes(limiter, fails=True) for limiter in in_turn(processes, 10 * BURST))
    # Each process may have let a lot of a tenth pass that the others did not know of.
    assert BURST <= let_in <= BURST + 3 * BURST // 10
    assert not any(callers.writes(limiter) for limiter in processes)


@pytest.mark.parametrize("deed", [Deed.READ, Deed.FAIL])
def test_what_is_counted_in_memory_may_exceed_the_limit_by_a_tenth_a_process(
    callers: Callers, processes: list[Limiter], deed: Deed
) -> None:
    let_in = sum(callers.reads(limiter, deed) for limiter in in_turn(processes, 10 * BURST))
    assert BURST <= let_in <= BURST + 3 * BURST // 10


def test_one_process_alone_is_exact_whatever_it_counts(callers: Callers, processes: list[Limiter]) -> None:
    assert sum(callers.reads(processes[0]) for _ in range(3 * BURST)) == BURST
    callers.clock.now += timedelta(seconds=1)
    assert sum(callers.reads(processes[0]) for _ in range(3 * BURST)) == 10


def test_far_from_the_limit_nothing_is_written(callers: Callers, processes: list[Limiter]) -> None:
    for _ in range(10 * BURST):
        assert callers.reads(processes[0])
        # Less than a tenth of the rate, which is ten a second.
        callers.clock.now += timedelta(seconds=1.1)
    for who in range(200):
        assert all(callers.reads(processes[0], who=f"caller {who}") for _ in range(4))
    assert callers.rows() == 0


def test_a_long_pause_is_not_saved_up(callers: Callers, processes: list[Limiter]) -> None:
    assert callers.reads(processes[0])
    callers.clock.now += timedelta(hours=1)
    assert sum(callers.reads(processes[0]) for _ in range(3 * BURST)) == BURST


def test_in_the_long_run_the_rate_holds_over_all_processes(
    callers: Callers, processes: list[Limiter]
) -> None:
    let_in = 0
    for _ in range(600):
        let_in += sum(callers.reads(limiter) for limiter in in_turn(processes, 9))
        callers.clock.now += timedelta(seconds=0.1)
    # A minute at ten a second, after a burst.
    assert 600 <= let_in <= 600 + BURST + 3 * BURST // 10


def test_callers_do_not_use_up_each_others_allowance(callers: Callers, processes: list[Limiter]) -> None:
    assert sum(callers.reads(processes[0], who="ann") for _ in range(2 * BURST)) == BURST
    assert sum(callers.reads(processes[0], who="bob") for _ in range(2 * BURST)) == BURST
    assert sum(callers.reads(processes[0], Deed.FAIL, who="ann") for _ in range(2 * BURST)) == BURST


def test_who_is_refused_is_told_how_long_to_wait_and_may_go_on_then(
    callers: Callers, processes: list[Limiter]
) -> None:
    for limiter in in_turn(processes, 2 * BURST):
        callers.writes(limiter)
    with pytest.raises(TooMany) as told:
        processes[0].admit(Deed.WRITE, "ann", now=callers.clock.now)
    assert told.value.wait_seconds == 1
    callers.clock.now += timedelta(seconds=told.value.wait_seconds)
    assert all(callers.writes(limiter) for limiter in processes)


def test_a_refusal_uses_up_nothing(callers: Callers, processes: list[Limiter]) -> None:
    for limiter in in_turn(processes, 20 * BURST):
        callers.writes(limiter)
    callers.clock.now += timedelta(seconds=BURST / 10)
    assert sum(callers.writes(limiter) for limiter in in_turn(processes, 2 * BURST)) == BURST


def test_a_clock_that_was_wrong_locks_nobody_out(callers: Callers, processes: list[Limiter]) -> None:
    right = callers.clock.now
    callers.clock.now += timedelta(days=3650)
    for limiter in in_turn(processes, 3 * BURST):
        callers.writes(limiter)
        callers.reads(limiter)
    callers.clock.now = right
    fresh = Limiter(ALLOWANCES, launch=lambda work: work())
    assert callers.writes(fresh)
    assert callers.writes(processes[0])
    assert callers.reads(processes[0])
    assert sum(callers.writes(limiter) for limiter in in_turn(processes, 2 * BURST)) == BURST - 2


def test_without_the_database_a_process_counts_alone(
    callers: Callers, processes: list[Limiter], runtime: Runtime
) -> None:
    with runtime.database.engine.begin() as connection:
        rate_limits.drop(connection)
    elsewhere = processes[:2]
    counted = [sum(callers.reads(limiter) for _ in range(3 * BURST)) for limiter in elsewhere]
    assert counted == [BURST, BURST]
    with runtime.database.engine.begin() as connection:
        rate_limits.create(connection)


def test_what_is_whole_again_is_tidied_away(callers: Callers, processes: list[Limiter]) -> None:
    assert callers.writes(processes[0])
    tidying: Callable[[Transaction], None] = lambda tx: tidy(tx, now=callers.clock.now)  # noqa: E731
    callers.database.write(tidying)
    assert callers.rows() == 1
    callers.clock.now += timedelta(seconds=1)
    callers.database.write(tidying)
    assert callers.rows() == 0


def test_a_process_remembers_so_many_callers_and_no_more(callers: Callers) -> None:
    limiter = Limiter(ALLOWANCES, launch=lambda work: work())
    for who in range(MAX_ACCOUNTS + 100):
        limiter.admit(Deed.READ, f"caller {who}", now=callers.clock.now)
    assert len(limiter._accounts) == MAX_ACCOUNTS


def test_while_one_lot_is_being_passed_on_no_second_one_is(callers: Callers) -> None:
    waiting: list[Callable[[], None]] = []
    limiter = Limiter(ALLOWANCES, launch=waiting.append)
    assert sum(callers.reads(limiter) for _ in range(3 * BURST)) == BURST
    assert len(waiting) == 1
    waiting.pop()()
    assert callers.rows() == 1
    assert not callers.reads(limiter)


def test_where_no_thread_is_to_be_had_the_request_goes_on(callers: Callers) -> None:
    launched: list[Callable[[], None]] = []

    def launch(work: Callable[[], None]) -> None:
        launched.append(work)
        raise RuntimeError("can't start new thread")

    limiter = Limiter(ALLOWANCES, launch=launch)
    assert sum(callers.reads(limiter) for _ in range(3 * BURST)) == BURST
    assert len(launched) > 1


def test_of_several_lots_all_are_passed_on_in_one_transaction(callers: Callers) -> None:
    waiting: list[Any] = []
    limiter = Limiter(ALLOWANCES, launch=waiting.append)
    for who in ("ann", "bob", "cem"):
        for _ in range(BURST):
            callers.reads(limiter, who=who)
    assert len(waiting) == 1
    waiting.pop()()
    assert callers.rows() == 3


def test_an_account_never_owes_less_than_nothing(callers: Callers) -> None:
    account = Account("x", ALLOWANCES[Deed.READ])
    account.fade(microseconds(callers.clock.now))
    assert (account.own, account.over) == (0, 0)
