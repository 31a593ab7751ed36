"""Prepared statements do what SQLAlchemy does with them, and connections for glances outlast their use."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from sqlalchemy import bindparam, event, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from pledgetracker.runtime import Runtime
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import audit_head, heartbeats, progress_updates
from tests.world import add_pledge, report

UPDATES = select(progress_updates).where(progress_updates.c.pledge == bindparam("on"))
EVERYTHING: dict[str, Any] = {
    "pledge": "people",
    "number": 1,
    "as_of": date(2026, 2, 1),
    "reported_at": date(2026, 2, 2),
    "recorded_at": datetime(2026, 2, 3, 4, 5, 6, 7, UTC),
    "value": Decimal("-12345678.900001"),
    "increment": None,
    "no_change": False,
    "done": None,
    "milestone": None,
    "claim": "audited",
    "note": "déjà vu",
    "reported_by": None,
    "evidence": [{"url": "https://example.org/1", "title": "ß"}],
    "supersedes": None,
    "reason": "typo",
    "review": "submitted",
}


def test_what_goes_in_by_one_way_comes_out_by_the_other(runtime: Runtime) -> None:
    add_pledge(runtime)
    with runtime.database.engine.begin() as connection:
        Prepared(insert(progress_updates), columns=progress_updates.columns.keys()).run(
            connection, EVERYTHING
        )
        usual = connection.execute(UPDATES, {"on": "people"}).one()
        prepared = Prepared(UPDATES)
        assert prepared.first(connection, {"on": "people"}) == tuple(usual)
        assert prepared.all(connection, {"on": "people"}) == [tuple(usual)]
        assert prepared.first(connection, {"on": "nobody"}) is None
    assert prepared._compiled  # the statement was not compiled anew
    assert usual._asdict() == EVERYTHING


def test_values_that_stand_in_the_statement_are_kept_and_names_follow_the_columns(runtime: Runtime) -> None:
    add_pledge(runtime)
    moved = update(audit_head).where(audit_head.c.id == 1).values(hash=bindparam("as"))
    with runtime.database.engine.begin() as connection:
        Prepared(moved).run(connection, {"as": "f" * 64})
        found = Prepared(select(audit_head.c.number, audit_head.c.hash).where(audit_head.c.id == 1)).first(
            connection, {}
        )
    assert found.hash == "f" * 64
    assert found.number > 0


def test_a_complaint_of_the_driver_is_one_of_sqlalchemys(runtime: Runtime) -> None:
    add_pledge(runtime)
    add = Prepared(insert(progress_updates), columns=progress_updates.columns.keys())
    with runtime.database.engine.connect() as connection:
        add.run(connection, EVERYTHING)
        with pytest.raises(IntegrityError) as caught:
            add.run(connection, EVERYTHING)
    assert "INSERT INTO progress_updates" in str(caught.value)


def test_whoever_listens_for_statements_hears_of_prepared_ones(runtime: Runtime) -> None:
    heard: list[str] = []
    event.listen(runtime.database.engine, "before_cursor_execute", lambda *said: heard.append(said[2]))
    with runtime.database.engine.connect() as connection:
        Prepared(UPDATES).all(connection, {"on": "people"})
    assert [text.split()[0] for text in heard] == ["SELECT"]


@pytest.mark.postgresql
def test_a_connection_that_broke_is_not_used_again(runtime: Runtime) -> None:
    lookup = Prepared(select(heartbeats.c.at).where(heartbeats.c.name == bindparam("name")))
    with runtime.database.engine.connect() as connection:
        lookup.first(connection, {"name": "x"})
        cast("Any", connection.connection.dbapi_connection).close()
        with pytest.raises(OperationalError) as caught:
            lookup.first(connection, {"name": "x"})
        assert caught.value.connection_invalidated
        assert connection.invalidated
    with runtime.database.engine.connect() as connection:
        assert lookup.first(connection, {"name": "x"}) is None


def test_a_glance_sees_what_was_committed_since_the_last_one(runtime: Runtime) -> None:
    add_pledge(runtime)
    for number in (1, 2, 3):
        with runtime.database.glance() as tx:
            assert tx.records.remembered("people") is None
        report(runtime, value=number)
        with runtime.database.read() as tx:
            assert len(tx.records._load(["people"])["people"].updates) == number
        with runtime.database.glance() as tx:
            seen = tx.records.remembered("people")
            assert seen is not None
            assert len(seen.updates) == number
        runtime.database._cache.forget("people")


@pytest.mark.sqlite
def test_the_connection_of_a_glance_is_lent_again_unless_something_went_wrong_with_it(
    runtime: Runtime,
) -> None:
    def lent() -> object:
        with runtime.database.glance() as tx:
            return tx._connection

    first = lent()
    assert lent() is first
    with pytest.raises(ZeroDivisionError), runtime.database.glance():
        _ = 1 / 0
    assert lent() is not first
    runtime.database.close()
