"""What holds of the stored record whatever was promised and reported, and whenever somebody looked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st
from sqlalchemy import select

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.days import Due
from pledgetracker.domain.errors import Refusal
from pledgetracker.domain.pledge import Contact, Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.services import cataloguing, monitoring, pledging, reporting, rescheduling, withdrawing
from pledgetracker.services.rules import Rules
from pledgetracker.settings import load
from pledgetracker.storage import tables
from pledgetracker.storage.database import Database, Transaction
from tests import histories
from tests.conftest import Install
from tests.examples import times
from tests.world import ANN, alerts, flags, noon

DAY = timedelta(days=1)
DAYS = 60
SAID = ("value", "increment", "no_change", "done", "milestone")

randomness = st.randoms(use_true_random=False)
# Databases are made by the template that the session's fixture holds; nothing of it changes.
lasting: dict[str, Any] = {
    "suppress_health_check": [HealthCheck.function_scoped_fixture],
    # Draws from a random source hardly shrink, and each example replays two months.
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}
few, many = times(0.04, **lasting), times(0.3, **lasting)


@dataclass(frozen=True)
class History:
    """A random record, and what of it comes to be recorded on each day."""

    record: Record
    rules: Rules
    reported: dict[date, list[int]]

    @classmethod
    def of(cls, rng: Random) -> "History":
        record = histories.record(rng)
        record = replace(record, pledge=replace(record.pledge, contacts=(Contact(ANN),)))
        reported: dict[date, list[int]] = {}
        at = record.pledge.announced_on
        for update in record.updates:
            at = max(at, update.as_of, update.reported_at) + timedelta(days=rng.choice((0, 0, 1)))
            reported.setdefault(at, []).append(update.number)
        return cls(record, Rules(histories.policy(rng), tells_news=False), reported)

    @property
    def days(self) -> list[date]:
        first = self.record.pledge.announced_on
        return [first + timedelta(days=n) for n in range(DAYS)]

    def begin(self, database: Database) -> None:
        """Record the pledge on the day of its announcement."""
        now = noon(self.days[0])
        fields = {
            name: getattr(self.record.pledge, name)
            for name in Pledge.__dataclass_fields__
            if name not in {"version", "created_at", "updated_at", "baseline"}
        }
        base = self.record.pledge.baseline
        fields["baseline"] = {"value": base.value, "date": base.date}

        def work(tx: Any) -> None:
            cataloguing.add_pledger(tx, {"id": self.record.pledge.pledger, "name": "Acme"}, now=now)
            pledging.add_pledge(tx, cast("pledging.PledgeFields", fields), self.rules, now=now)

        database.write(work)

    def record_day(self, database: Database, day: date) -> None:
        """Record what is said on `day`; what the record refuses was never said."""
        key, now = self.record.pledge.id, noon(day)
        for number in self.reported.get(day, ()):
            update = self.record.updates[number - 1]
            fields: Any = {name: getattr(update, name) for name in SAID}
            fields |= {"as_of": update.as_of, "reported_at": update.reported_at}
            fields["no_change"] = update.no_change or None
            fields["supersedes"] = update.supersedes
            _unless_refused(database, partial(_report, key=key, fields=fields, rules=self.rules, now=now))
        for move in self.record.reschedules:
            if move.announced_on == day:
                _unless_refused(database, partial(_move, key=key, due=move.due, rules=self.rules, now=now))
        withdrawal = self.record.withdrawal
        if withdrawal is not None and withdrawal.on - 3 * DAY == day:
            _unless_refused(
                database,
                lambda tx: withdrawing.withdraw(tx, key, {"on": withdrawal.on}, self.rules, now=now),
            )


def _report(tx: Transaction, *, key: str, fields: Any, rules: Rules, now: datetime) -> None:
    reporting.record_progress(tx, key, fields, rules, now=now)


def _move(tx: Transaction, *, key: str, due: Due | None, rules: Rules, now: datetime) -> None:
    rescheduling.reschedule(tx, key, {"due": due}, rules, now=now)


def _unless_refused(database: Database, work: Callable[[Transaction], object]) -> None:
    with suppress(Refusal):
        database.write(work)


@contextmanager
def fresh(install: Install) -> Iterator[Database]:
    """A database of its own for one example."""
    with TemporaryDirectory() as folder:
        environ, done = install(Path(folder))
        database = Database(load(environ).database_url)
        try:
            yield database
        finally:
            database.close()
            done()


def tick_at(database: Database, rules: Rules, now: datetime) -> None:
    monitoring.tick(database, rules, now=now)


def owed(database: Database) -> set[str]:
    return {alert.dedup_key for alert in alerts(database)}


def flagged(database: Database) -> list[tuple[str, str, date, date, bool]]:
    return sorted(
        (f.kind.value, f.milestone or "", f.episode, f.opened_on, f.cleared_at is None)
        for f in flags(database)
    )


def stored_status(database: Database) -> str:
    """The headline by which lists find the only pledge."""
    with database.engine.connect() as connection:
        return str(connection.scalar(select(tables.pledges.c.status)))


def check_settled(database: Database, history: History, day: date) -> None:
    """After a tick the stored status, flags and alerts are those of the day; another tick changes nothing."""
    with database.read() as tx:
        record = tx.records.get(history.record.pledge.id)
    assert record is not None
    stands = standing(record, history.rules.policy, today=day)
    assert stored_status(database) == stands.status.value
    with database.read() as tx:
        kept = {flag.identity for flag in tx.flags.open_on(record.pledge.id)}
    assert kept == {flag.identity for flag in stands.flags}
    before = alerts(database), flags(database)
    tick_at(database, history.rules, noon(day) + timedelta(hours=1))
    looked = database.rehearse(lambda tx: monitoring.look(tx, record, history.rules, now=noon(day)))
    assert (alerts(database), flags(database)) == before
    assert (looked.opened, looked.cleared, looked.planned, looked.superseded) == ([], [], [], [])


def every_day_is_settled(install: Install, rng: Random) -> None:
    history = History.of(rng)
    with fresh(install) as database:
        history.begin(database)
        for day in history.days:
            tick_at(database, history.rules, noon(day))
            check_settled(database, history, day)
            history.record_day(database, day)
            check_settled(database, history, day)


def downtime_loses_nothing(install: Install, rng: Random) -> None:
    history = History.of(rng)
    looked = {day for day in history.days if rng.random() < rng.choice((0.0, 0.2))}
    with fresh(install) as daily, fresh(install) as seldom:
        for database in (daily, seldom):
            history.begin(database)
        for day in history.days:
            tick_at(daily, history.rules, noon(day))
            if day in looked or day == history.days[-1]:
                before = {alert.id for alert in alerts(seldom)}
                tick_at(seldom, history.rules, noon(day))
                new = [alert for alert in alerts(seldom) if alert.id not in before]
                assert len([a for a in new if a.state is AlertState.PENDING]) <= 1
            for database in (daily, seldom):
                history.record_day(database, day)
        assert owed(seldom) == owed(daily)
        assert flagged(seldom) == flagged(daily)
        # Every alert that is not waiting says what became of it.
        assert all(a.reason and a.ended_at for a in alerts(seldom) if a.state is not AlertState.PENDING)


@few
@given(rng=randomness)
def test_between_appointments_the_clock_changes_nothing_and_a_second_tick_neither(
    install: Install, rng: Random
) -> None:
    every_day_is_settled(install, rng)


@few
@given(rng=randomness)
def test_a_scheduler_that_was_down_records_the_same_flags_and_alerts_as_one_that_ticked_daily(
    install: Install, rng: Random
) -> None:
    downtime_loses_nothing(install, rng)


# The rules are the same everywhere; on PostgreSQL this would take half an hour, and the few do.
@pytest.mark.sqlite
@pytest.mark.slow
@many
@given(rng=randomness)
def test_between_appointments_nothing_changes_in_many_histories(install: Install, rng: Random) -> None:
    every_day_is_settled(install, rng)


# The rules are the same everywhere; on PostgreSQL this would take half an hour, and the few do.
@pytest.mark.sqlite
@pytest.mark.slow
@many
@given(rng=randomness)
def test_downtime_loses_nothing_in_many_histories(install: Install, rng: Random) -> None:
    downtime_loses_nothing(install, rng)
