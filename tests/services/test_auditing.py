"""The audit log cannot be rewritten unnoticed, and writers that come together chain."""

import hashlib
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from pledgetracker.domain.access import Scope
from pledgetracker.domain.audit import BEGINNING, Action, Actor, ActorKind
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing
from pledgetracker.services.auditing import Verification, verify
from pledgetracker.services.keyring import create_key, revoke_key
from pledgetracker.storage import audit as audit_store
from pledgetracker.storage.canonical import canonical
from pledgetracker.storage.database import Database, Transaction
from tests.conftest import Clock
from tests.world import add_pledge, report

ANN = Actor(ActorKind.CLI, "ann")


def entries(database: Database) -> list[Any]:
    with database.read() as tx:
        return list(tx.audit.entries())


def look(database: Database, noted: str | None = None) -> Verification:
    with database.read() as tx:
        return verify(tx, noted=noted)


def run(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def unguard(database: Database) -> None:
    """Take the guards away, as somebody who owns the database can."""
    with database.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            for name in ("update", "delete", "replace"):
                connection.execute(text(f"DROP TRIGGER audit_entries_{name}"))
        else:
            connection.execute(text("ALTER TABLE audit_entries DISABLE TRIGGER ALL"))


@pytest.fixture
def log(runtime: Runtime, clock: Clock) -> Database:
    """A log of six entries."""
    add_pledge(runtime)
    for value in (1, 2, 3, 4):
        report(runtime, value=value)
    assert len(entries(runtime.database)) == 6
    return runtime.database


def test_a_log_as_it_was_written_holds(log: Database) -> None:
    found = look(log)
    assert (found.entries, found.broken) == (6, None)
    assert found.head == entries(log)[-1].hash


def test_an_empty_log_holds(runtime: Runtime) -> None:
    assert look(runtime.database, BEGINNING) == Verification(0, BEGINNING, None, 0)


def test_anybody_can_recompute_an_entry_from_what_is_documented(log: Database) -> None:
    entry = entries(log)[2]
    deed = entry.deed
    content = {
        "number": 3,
        "previous": entries(log)[1].hash,
        "at": f"{deed.at:%Y-%m-%dT%H:%M:%S.%fZ}",
        "actor": "system",
        "actor_key": None,
        "actor_name": "pledgetracker",
        "request": None,
        "action": "progress.record",
        "subject": "people",
        "before": None,
        "after": deed.after,
    }
    told = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(told.encode()).hexdigest() == entry.hash


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET subject = 'other' WHERE number = 2",
        "DELETE FROM audit_entries WHERE number = 6",
        "DELETE FROM audit_entries",
        "INSERT INTO audit_entries SELECT * FROM audit_entries WHERE number = 2",
        "REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE number = 2",
    ],
)
def test_the_database_refuses_to_rewrite_the_log(log: Database, statement: str) -> None:
    if statement.startswith("REPLACE") and log.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite knows REPLACE")
    before = entries(log)
    with pytest.raises(DatabaseError, match=r"append-only|duplicate"):
        run(log, statement)
    assert entries(log) == before


TAMPERING = {
    "at": "'2020-01-01T00:00:00.000000Z'",
    "actor": "'cli'",
    "actor_key": "'x'",
    "actor_name": "'nobody'",
    "request": "'r'",
    "action": "'pledge.change'",
    "subject": "'other'",
    "before": "'{}'",
    "after": "NULL",
    "hash": f"'{'1' * 64}'",
    "previous": f"'{'1' * 64}'",
}


@pytest.mark.parametrize("column", TAMPERING)
def test_a_changed_entry_is_found_and_named(log: Database, column: str) -> None:
    unguard(log)
    run(log, f"UPDATE audit_entries SET {column} = {TAMPERING[column]} WHERE number = 4")
    found = look(log)
    assert found.broken is not None
    assert "4" in found.broken
    assert found.entries == 3


@pytest.mark.parametrize("rows_at_a_time", [2, 500])
@pytest.mark.parametrize("tampering", ["at = 'yesterday'", "after = x'ff00'", "number = -4"])
def test_an_entry_that_cannot_even_be_read_is_named(
    log: Database, tampering: str, rows_at_a_time: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if log.engine.dialect.name != "sqlite":
        pytest.skip("only SQLite takes anything anywhere")
    monkeypatch.setattr(audit_store, "ROWS_AT_A_TIME", rows_at_a_time)
    unguard(log)
    run(log, f"UPDATE audit_entries SET {tampering} WHERE number = 4")
    found = look(log)
    assert found.broken is not None
    assert "ntry 4 " in found.broken
    assert found.entries == 3


def test_a_rewritten_entry_with_a_hash_that_fits_breaks_the_next(log: Database) -> None:
    unguard(log)
    run(log, "UPDATE audit_entries SET previous = 'x' WHERE number = 5")
    assert "Entry 5 does not follow from entry 4" in str(look(log).broken)


def test_a_missing_entry_is_found(log: Database) -> None:
    unguard(log)
    run(log, "DELETE FROM audit_entries WHERE number = 3")
    assert look(log).broken == "Entry 3 is missing; entry 4 follows."


def test_a_log_cut_off_at_its_end_is_found_by_its_head(log: Database) -> None:
    unguard(log)
    run(log, "DELETE FROM audit_entries WHERE number > 4")
    assert "ends with entry 4" in str(look(log).broken)


def test_a_log_cut_off_with_its_head_is_found_by_a_hash_noted_elsewhere(log: Database) -> None:
    last, fourth = entries(log)[-1].hash, entries(log)[3].hash
    assert look(log, last) == Verification(6, last, None, 6)
    assert look(log, fourth) == Verification(6, last, None, 4)
    unguard(log)
    run(
        log,
        "DELETE FROM audit_entries WHERE number > 4",
        f"UPDATE audit_head SET number = 4, hash = '{fourth}'",
    )
    assert look(log).broken is None
    assert look(log, fourth).broken is None
    assert "cut off" in str(look(log, last).broken)


def test_a_log_without_its_head_does_not_hold(log: Database) -> None:
    run(log, "DELETE FROM audit_head")
    assert look(log).broken is not None


def test_what_fails_leaves_no_entry(log: Database, clock: Clock) -> None:
    before = entries(log)

    def fail(tx: Transaction) -> None:
        cataloguing.add_pledger(tx, {"name": "Gone"}, now=clock.now)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        log.write(fail)
    log.rehearse(lambda tx: cataloguing.add_pledger(tx, {"name": "Rehearsed"}, now=clock.now))
    assert entries(log) == before
    assert look(log).broken is None


def test_the_actor_of_the_transaction_is_the_actor_of_its_entries(runtime: Runtime, clock: Clock) -> None:
    def work(tx: Transaction) -> None:
        key = create_key(tx, "k", Scope.READ, b"x", now=clock.now)
        revoke_key(tx, key.split("_")[1], now=clock.now)

    runtime.database.write(work, actor=ANN)
    made, revoked = entries(runtime.database)
    assert {made.deed.actor, revoked.deed.actor} == {ANN}
    assert (made.deed.action, revoked.deed.action) == ("key.create", "key.revoke")
    assert "revoked_at" not in json.loads(revoked.deed.before)
    assert "revoked_at" in json.loads(revoked.deed.after)


@pytest.fixture
def others(runtime: Runtime) -> Iterator[list[Database]]:
    """The same database, as three other processes have it."""
    url = runtime.settings.database_url
    opened = [Database(url) for _ in range(3)]
    yield opened
    for database in opened:
        database.close()


def add_two(tx: Transaction, *, name: str, now: datetime) -> None:
    for j in range(2):
        cataloguing.add_pledger(tx, {"id": f"{name}-{j}", "name": "P"}, now=now)


def test_writers_that_come_together_chain(runtime: Runtime, others: list[Database], clock: Clock) -> None:
    databases = [runtime.database, *others]
    failures: list[BaseException] = []

    def work(database: Database, name: str) -> None:
        try:
            for i in range(10):
                database.write(partial(add_two, name=f"{name}-{i}", now=clock.now))
        except BaseException as error:  # noqa: BLE001 -- told to the test's own thread
            failures.append(error)

    threads = [
        threading.Thread(target=work, args=(database, f"w{n}{m}"))
        for n, database in enumerate(databases)
        for m in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    found = look(runtime.database)
    assert (found.entries, found.broken) == (160, None)


def test_every_action_names_a_sort_of_thing() -> None:
    assert all(action.kind.value == action.value.partition(".")[0] for action in Action)


def test_a_contact_by_itself_is_never_written() -> None:
    with pytest.raises(TypeError):
        canonical([Contact("ann@example.org")])
