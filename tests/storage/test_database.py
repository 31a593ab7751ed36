"""Transactions see one state, settle or leave no trace, and say when the database cannot be had."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from pledgetracker.domain.errors import Contended
from pledgetracker.domain.record import Record
from pledgetracker.runtime import Runtime
from pledgetracker.services import pledging, reporting
from pledgetracker.services.rules import Rules
from pledgetracker.storage import records
from pledgetracker.storage.database import Database, Transaction, Unavailable
from pledgetracker.storage.dialects import sqlite
from tests.conftest import Clock
from tests.world import add_pledge, noon, report


@pytest.fixture
def second(runtime: Runtime) -> Iterator[Database]:
    """The same database, as another process has it; impatient."""
    database = Database(runtime.settings.database_url, busy_timeout_ms=50)
    yield database
    database.close()


def version_of(database: Database, key: str = "people") -> Record:
    with database.read() as tx:
        found = tx.records.get(key)
    assert found is not None
    return found


@pytest.mark.sqlite
def test_connections_are_as_safe_as_sqlite_can_be(runtime: Runtime) -> None:
    with runtime.database.engine.connect() as connection:
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout", "mmap_size")
        }
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "busy_timeout": 10_000,
        "mmap_size": 0,
    }
    assert runtime.database.description.endswith("journal WAL")


# Whether another process can lock the bytes by which SQLite says that a database is open.
LOCKS = """
import fcntl, sys
with open(sys.argv[1], "rb+") as file:
    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 510, 0x40000002)
"""


@pytest.mark.sqlite
def test_who_opens_a_database_a_second_time_keeps_the_locks_of_the_first(runtime: Runtime) -> None:
    add_pledge(runtime)
    Database(runtime.settings.database_url).close()
    tried = subprocess.run(
        [sys.executable, "-c", LOCKS, str(runtime.database.file)], check=False, capture_output=True, text=True
    )
    assert "BlockingIOError" in tried.stderr


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "TRUNCATE"), ((3, 51, 2), "TRUNCATE"), ((3, 51, 3), "WAL"), ((3, 53, 4), "WAL")],
)
def test_write_ahead_logging_is_for_versions_that_lose_nothing_by_it(
    version: tuple[int, int, int], mode: str
) -> None:
    module = cast("ModuleType", SimpleNamespace(sqlite_version_info=version))
    assert sqlite.journal_mode(module) == mode


@pytest.mark.sqlite
def test_writes_begin_immediately_reads_plainly_and_glances_not_at_all(runtime: Runtime) -> None:
    said: list[str] = []
    runtime.database.engine.dispose()
    event.listen(runtime.database.engine, "connect", lambda raw, _: raw.set_trace_callback(said.append))

    def begins() -> list[str]:
        found = [statement for statement in said if statement.startswith("BEGIN")]
        said.clear()
        return found

    runtime.database.write(lambda tx: tx.pledges.exists("x"))
    assert begins() == ["BEGIN IMMEDIATE"]
    with runtime.database.read() as tx:
        tx.pledges.exists("x")
    assert begins() == ["BEGIN"]
    with runtime.database.glance() as tx:
        tx.pledges.exists("x")
    assert begins() == []


def test_a_write_that_fails_leaves_no_trace(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime)
    before = version_of(runtime.database)

    def fail(tx: Transaction) -> None:
        reporting.record_progress(
            tx, "people", {"as_of": clock.now.date(), "no_change": True}, Rules(), now=clock.now
        )
        raise RuntimeError("after the fact")

    with pytest.raises(RuntimeError, match="after the fact"):
        runtime.database.write(fail)
    assert version_of(runtime.database) == before


def test_the_cache_never_serves_what_was_rolled_back(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime)
    rolled_back = reporting.ProgressFields(as_of=clock.now.date(), note="never happened", no_change=True)
    happened = reporting.ProgressFields(as_of=clock.now.date(), note="happened", no_change=True)

    def fail(tx: Transaction) -> None:
        reporting.record_progress(tx, "people", rolled_back, Rules(), now=clock.now)
        assert tx.records.get("people") is not None
        raise RuntimeError

    with pytest.raises(RuntimeError):
        runtime.database.write(fail)
    runtime.database.write(
        lambda tx: reporting.record_progress(tx, "people", happened, Rules(), now=clock.now)
    )
    found = version_of(runtime.database)
    assert (found.pledge.version, [update.note for update in found.updates]) == (2, ["happened"])


def test_the_cache_never_serves_what_another_process_has_overwritten(
    runtime: Runtime, clock: Clock, second: Database
) -> None:
    add_pledge(runtime)
    assert version_of(runtime.database).updates == ()
    report(replace(runtime, database=second), value=10)
    assert len(version_of(runtime.database).updates) == 1
    with runtime.database.glance() as tx:
        assert tx.records.remembered("people") is not None
        assert tx.records.remembered("nobody") is None


def test_the_cache_never_serves_a_pledge_that_another_process_deleted_and_recorded_anew(
    runtime: Runtime, clock: Clock, second: Database
) -> None:
    add_pledge(runtime, title="Old", contacts=())
    assert version_of(runtime.database).pledge.title == "Old"
    second.write(lambda tx: pledging.delete_pledge(tx, "people", now=clock.now))
    clock.now = noon("2026-11-24")
    add_pledge(replace(runtime, database=second), title="New", contacts=())
    found = version_of(runtime.database)
    assert (found.pledge.version, found.pledge.title) == (1, "New")
    with runtime.database.glance() as tx:
        remembered = tx.records.remembered("people")
    assert remembered is None or remembered.pledge.title == "New"


def test_a_deleted_pledge_is_gone_from_the_cache_too(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime, contacts=())
    version_of(runtime.database)
    runtime.database.write(lambda tx: pledging.delete_pledge(tx, "people", now=clock.now))
    with runtime.database.read() as tx:
        assert tx.records.get("people") is None
        assert tx.records.get_many(["people"]) == []
    runtime.database.write(lambda tx: gone(tx.records.lock("people")))


def gone(found: object) -> None:
    assert found is None


def test_the_cache_holds_no_more_than_it_should(
    runtime: Runtime, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(records, "CACHED_RECORDS", 2)
    for key in ("a", "b", "c"):
        add_pledge(runtime, key=key)
        version_of(runtime.database, key)
    with runtime.database.glance() as tx:
        held = [key for key in ("a", "b", "c") if tx.records.remembered(key) is not None]
    assert held == ["b", "c"]


def test_a_rehearsal_leaves_no_trace_even_if_it_fails(runtime: Runtime, clock: Clock) -> None:
    def work(tx: Transaction) -> None:
        tx.pledgers.add("one", {"name": "One"}, now=clock.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        runtime.database.rehearse(work)
    with runtime.database.read() as tx:
        assert not tx.pledgers.exists("one")


def test_a_database_that_stays_locked_is_unavailable(runtime: Runtime, second: Database) -> None:
    add_pledge(runtime)

    def while_locked(tx: Transaction) -> None:
        assert tx.records.lock("people") is not None
        with pytest.raises(Unavailable, match="lock"):
            second.write(lambda inner: inner.records.lock("people"))
        with pytest.raises(Unavailable, match="lock"):
            second.rehearse(lambda inner: inner.records.lock("people"))
        with second.read() as inner:  # readers need not wait
            assert inner.records.get("people") is not None

    runtime.database.write(while_locked)
    second.write(lambda tx: tx.records.lock("people"))


def test_a_file_that_is_no_database_is_unavailable(tmp_path: Path) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("Dear database, " * 100)
    database = Database(f"sqlite:///{path}")
    with pytest.raises(Unavailable, match="not a database"), database.read() as tx:
        tx.pledges.exists("x")
    database.close()


def test_when_all_connections_are_in_use_the_database_is_unavailable(runtime: Runtime) -> None:
    engine = runtime.database.engine
    pool = cast("Any", engine.pool)
    pool._timeout, pool._max_overflow = 0.01, 0
    held = [engine.connect() for _ in range(pool.size())]
    try:
        with pytest.raises(Unavailable, match="in use"):
            runtime.database.write(lambda tx: tx.pledges.exists("x"))
    finally:
        for connection in held:
            connection.close()


def test_our_own_mistakes_are_no_outages(runtime: Runtime, clock: Clock) -> None:
    def twice(tx: Transaction) -> None:
        for _ in range(2):
            tx.pledgers.add("one", {"name": "One"}, now=clock.now)

    # Where others may write meanwhile, a taken key is not known to be a mistake.
    with pytest.raises((IntegrityError, Contended)):
        runtime.database.write(twice)


def test_what_names_nothing_is_refused_by_the_database_itself(runtime: Runtime) -> None:
    with pytest.raises(IntegrityError), runtime.database.engine.begin() as connection:
        connection.execute(text("INSERT INTO heartbeats (name, at, detail) VALUES ('x', NULL, NULL)"))
    with pytest.raises(IntegrityError), runtime.database.engine.begin() as connection:
        connection.execute(
            text("INSERT INTO milestones (pledge, id, due, set_by) VALUES ('nobody', 'a', '2026', 'tracker')")
        )


def test_writers_of_one_process_queue_instead_of_failing(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime)
    failures: list[BaseException] = []

    def post() -> None:
        try:
            for _ in range(10):
                report(runtime, increment=1)
        except BaseException as error:  # noqa: BLE001 -- the thread's failure is the test's
            failures.append(error)

    threads = [threading.Thread(target=post) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [update.number for update in version_of(runtime.database).updates] == list(range(1, 61))


def test_a_reader_sees_one_state_while_others_write(runtime: Runtime, clock: Clock) -> None:
    add_pledge(runtime)
    with runtime.database.read() as tx:
        before = tx.records.get("people")
        report(runtime, value=10)
        assert tx.records.get("people") == before
    assert len(version_of(runtime.database).updates) == 1


def test_a_record_costs_a_statement_once_it_is_at_hand(runtime: Runtime) -> None:
    add_pledge(runtime)
    version_of(runtime.database)
    sent: list[str] = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *said: sent.append(said[2]))
    version_of(runtime.database)
    assert len(sent) == 1


@pytest.mark.postgresql
def test_a_postgresql_is_named_with_its_version(runtime: Runtime) -> None:
    with runtime.database.read():
        assert re.fullmatch(r"PostgreSQL \d+\.\d+", runtime.database.description)
