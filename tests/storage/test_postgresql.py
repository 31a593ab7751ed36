"""What PostgreSQL does that SQLite does not: many writers at once, and a line that can break."""

import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import IntegrityError

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.domain.errors import AlreadyExists, Invalid, StillReferenced
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, pledging
from pledgetracker.storage import dialects
from pledgetracker.storage.database import CommitUnknown, Database, Transaction, Unavailable
from pledgetracker.storage.paging import PageRequest
from tests.conftest import Clock, client_of, key_of
from tests.servers import Databases, Wire
from tests.world import add_pledge, noon, report

pytestmark = pytest.mark.postgresql

Open = Callable[..., Database]


@pytest.fixture
def opened(runtime: Runtime) -> Iterator[Open]:
    """Opens the same database again, as another process has it."""
    made: list[Database] = []

    def opened(*parameters: str, **said: Any) -> Database:
        url = "&".join([runtime.settings.database_url, *parameters])
        made.append(Database(url, **said))
        return made[-1]

    yield opened
    for database in made:
        database.close()


@pytest.fixture
def second(opened: Open) -> Database:
    return opened()


@pytest.fixture
def wire(runtime: Runtime) -> Iterator[Wire]:
    made = Wire(runtime.settings.database_url)
    yield made
    made.close()


def show(tx: Transaction, name: str) -> str:
    return str(tx._connection.scalar(text(f"SHOW {name}")))


def once_before(database: Database, beginning: str, do: Callable[[], object]) -> None:
    """Let `do` happen before the first statement that begins like this, and only then."""
    waiting = [do]

    @event.listens_for(database.engine, "before_cursor_execute")
    def look(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if waiting and statement.startswith(beginning):
            waiting.pop()()


# How it is set up


def test_reads_see_one_state_and_change_nothing_writes_see_what_is_committed(runtime: Runtime) -> None:
    with runtime.database.read() as tx:
        assert show(tx, "transaction_isolation") == "repeatable read"
        assert show(tx, "transaction_read_only") == "on"
    assert runtime.database.write(lambda tx: show(tx, "transaction_isolation")) == "read committed"
    assert runtime.database.write(lambda tx: show(tx, "transaction_read_only")) == "off"


def test_a_glance_opens_no_transaction(runtime: Runtime) -> None:
    with runtime.database.glance() as tx:
        tx.pledges.exists("x")
        raw = cast("Any", tx._connection.connection.dbapi_connection)
        assert raw.info.transaction_status.name == "IDLE"


@pytest.mark.parametrize("value", ["off", "local", "remote_write"])
def test_a_server_that_could_lose_what_it_acknowledged_is_refused(opened: Open, value: str) -> None:
    database = opened(f"options=-c%20synchronous_commit%3D{value}")
    told = f"synchronous_commit = {value} .* Set synchronous_commit = on"
    with pytest.raises(Unavailable, match=told), database.read():
        pass
    with pytest.raises(Unavailable, match=told):
        database.write(lambda tx: tx.pledges.exists("x"))


def test_a_server_that_waits_for_its_standby_too_is_taken(opened: Open) -> None:
    with opened("options=-c%20synchronous_commit%3Dremote_apply").read() as tx:
        assert show(tx, "synchronous_commit") == "remote_apply"


def test_nobody_waits_for_ever(runtime: Runtime) -> None:
    with runtime.database.read() as tx:
        found = {name: show(tx, name) for name in ("statement_timeout", "lock_timeout", "TimeZone")}
        assert show(tx, "idle_in_transaction_session_timeout") == "1min"
    assert found == {"statement_timeout": "30s", "lock_timeout": "10s", "TimeZone": "UTC"}


def test_the_address_may_say_otherwise(opened: Open) -> None:
    database = opened("options=-c%20statement_timeout%3D7s", "prepare_threshold=none")
    with database.read() as tx:
        assert show(tx, "statement_timeout") == "7s"
        raw = cast("Any", tx._connection.connection.dbapi_connection)
        assert raw.prepare_threshold is None
    with opened("prepare_threshold=3").read() as tx:
        assert cast("Any", tx._connection.connection.dbapi_connection).prepare_threshold == 3


@pytest.mark.parametrize("parameter", ["prepare_threshold=often", "colour=red"])
def test_a_parameter_that_means_nothing_is_refused_at_the_start(opened: Open, parameter: str) -> None:
    with pytest.raises(dialects.AddressRefused, match=parameter.split("=", maxsplit=1)[0]):
        opened(parameter)


def test_without_its_driver_the_message_tells_the_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(dialects.DriverMissing, match=r"pip install 'pledgetracker\[postgres\]'"):
        Database("postgresql://localhost/x")


def test_a_server_that_only_reads_is_an_outage(runtime: Runtime, opened: Open) -> None:
    add_pledge(runtime)
    standby = opened("options=-c%20default_transaction_read_only%3Don")
    with pytest.raises(Unavailable, match="read-only"):
        standby.write(lambda tx: tx.records.lock("people"))


def test_ids_and_titles_sort_by_their_bytes(runtime: Runtime, clock: Clock) -> None:
    def add(tx: Transaction) -> None:
        for key, name in {"a-1": "b", "a": "Zoë", "a1": "ä", "b-": "a"}.items():
            tx.pledgers.add(key, {"name": name}, now=clock.now)

    runtime.database.write(add)
    for sort, wanted in {"id": ["a", "a-1", "a1", "b-"], "name": ["a", "b-", "a-1", "a1"]}.items():
        with runtime.database.read() as tx:
            page = tx.pledgers.page(PageRequest(sort, descending=False, after=None, limit=9), {})
        assert [entry.id for entry in page.items] == wanted


# Several writers at once


def test_a_deadlock_is_run_anew(runtime: Runtime, second: Database, clock: Clock) -> None:
    for key in ("a", "b"):
        add_pledge(runtime, key=key)
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []
    failures: list[BaseException] = []

    def lock(database: Database, first: str, then: str) -> None:
        def work(tx: Transaction) -> None:
            tx.records.lock(first)
            runs.append(first)
            if runs.count(first) == 1:
                both_hold_one.wait(10)
            tx.records.lock(then)

        try:
            database.write(work)
        except BaseException as error:  # noqa: BLE001 -- the thread's failure is the test's
            failures.append(error)

    threads = [
        threading.Thread(target=lock, args=(runtime.database, "a", "b")),
        threading.Thread(target=lock, args=(second, "b", "a")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(runs) >= 3


def serialized(tx: Transaction) -> Connection:
    tx._connection.execute(text("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE"))
    return tx._connection


def test_a_serialisation_failure_is_run_anew(runtime: Runtime, second: Database) -> None:
    add_pledge(runtime)
    titles: list[str] = []

    def work(tx: Transaction) -> None:
        connection = serialized(tx)
        titles.append(str(connection.scalar(text("SELECT title FROM pledges"))))
        if len(titles) == 1:
            second.write(lambda other: other._connection.execute(text("UPDATE pledges SET title = 'theirs'")))
        connection.execute(text("UPDATE pledges SET title = title || ' and ours'"))

    runtime.database.write(work)
    assert titles == ["People trained", "theirs"]
    with second.read() as tx:
        record = tx.records.get("people")
    assert record is not None
    assert record.pledge.title == "theirs and ours"


def test_transactions_that_always_collide_give_up_in_the_end(runtime: Runtime, second: Database) -> None:
    add_pledge(runtime)
    runs: list[int] = []

    def work(tx: Transaction) -> None:
        connection = serialized(tx)
        connection.scalar(text("SELECT title FROM pledges"))
        runs.append(1)
        second.write(lambda other: other._connection.execute(text("UPDATE pledges SET title = title || '!'")))
        connection.execute(text("UPDATE pledges SET title = 'ours'"))

    with pytest.raises(Unavailable, match="could not serialize"):
        runtime.database.write(work)
    assert len(runs) == 7


def test_a_scheduler_passes_over_what_another_one_is_looking_at(
    runtime: Runtime, second: Database, clock: Clock
) -> None:
    clock.now = noon("2026-01-02")
    for key in ("a", "b", "c"):
        add_pledge(runtime, key=key)
    clock.now = noon("2026-12-05")

    def batch(tx: Transaction) -> list[str]:
        return [record.pledge.id for record, _ in tx.records.due_for_check(now=clock.now, limit=2)]

    def both(tx: Transaction) -> tuple[list[str], list[str]]:
        return batch(tx), second.write(batch)

    mine, theirs = runtime.database.write(both)
    assert (len(mine), sorted(mine + theirs)) == (2, ["a", "b", "c"])


def test_two_who_take_one_id_at_once_are_told_apart(runtime: Runtime, second: Database, clock: Clock) -> None:
    def take(database: Database, key: str | None) -> str:
        fields: Any = {"id": key, "name": "Acme"}
        return database.write(lambda tx: cataloguing.add_pledger(tx, fields, now=clock.now).id)

    once_before(runtime.database, "INSERT INTO pledgers", lambda: take(second, "one"))
    with pytest.raises(AlreadyExists):
        take(runtime.database, "one")
    once_before(runtime.database, "INSERT INTO pledgers", lambda: take(second, None))
    assert take(runtime.database, None) == "acme-2"


def test_a_pledge_of_a_pledger_who_is_being_deleted_is_refused(
    runtime: Runtime, second: Database, clock: Clock
) -> None:
    add_pledge(runtime, key="other", pledger="else")
    runtime.database.write(lambda tx: tx.pledgers.add("acme", {"name": "Acme"}, now=clock.now))
    once_before(
        runtime.database,
        "INSERT INTO pledges",
        lambda: second.write(lambda tx: cataloguing.delete_pledger(tx, "acme", now=runtime.clock())),
    )
    fields = {"id": "people", "title": "People", "pledger": "acme", "announced_on": clock.now.date()}
    fields["comparator"] = add_pledge(runtime, key="third", pledger="else").pledge.comparator
    with pytest.raises(Invalid, match="no pledger 'acme'"):
        runtime.database.write(
            lambda tx: pledging.add_pledge(tx, cast("Any", dict(fields)), runtime.rules, now=clock.now)
        )


def test_a_pledger_who_is_promising_cannot_be_deleted(
    runtime: Runtime, second: Database, clock: Clock
) -> None:
    runtime.database.write(lambda tx: tx.pledgers.add("acme", {"name": "Acme"}, now=clock.now))
    once_before(
        runtime.database, "DELETE FROM pledgers", lambda: add_pledge(replace(runtime, database=second))
    )
    with pytest.raises(StillReferenced):
        runtime.database.write(lambda tx: cataloguing.delete_pledger(tx, "acme", now=runtime.clock()))


def test_two_moves_of_initiatives_make_no_ring(runtime: Runtime, opened: Open, clock: Clock) -> None:
    runtime.database.write(lambda tx: tx.initiatives.add("a", {"title": "A"}, now=clock.now))
    runtime.database.write(lambda tx: tx.initiatives.add("b", {"title": "B"}, now=clock.now))
    second = opened(busy_timeout_ms=50)

    def move(database: Database, key: str, parent: str) -> None:
        database.write(lambda tx: cataloguing.change_initiative(tx, key, {"parent": parent}, now=clock.now))

    def meanwhile() -> None:
        with pytest.raises(Unavailable, match="lock"):
            move(second, "b", "a")

    once_before(runtime.database, "UPDATE initiatives", meanwhile)
    move(runtime.database, "a", "b")
    with pytest.raises(Invalid, match="stands under"):
        move(second, "b", "a")


def test_an_error_that_was_passed_over_is_not_taken_for_a_commit(runtime: Runtime, clock: Clock) -> None:
    def work(tx: Transaction) -> None:
        tx.pledgers.add("one", {"name": "One"}, now=clock.now)
        with pytest.raises(IntegrityError):
            tx.pledgers.add("one", {"name": "One"}, now=clock.now)

    with pytest.raises(RuntimeError, match="nothing is committed"):
        runtime.database.write(work)


# A line that breaks


@pytest.mark.parametrize(("cut", "stored"), [("before", False), ("after", True)])
def test_a_line_that_breaks_in_the_commit_leaves_it_open_whether_it_is_stored(
    runtime: Runtime, wire: Wire, clock: Clock, cut: str, stored: bool
) -> None:
    add_pledge(runtime)
    database = Database(wire.address)
    with database.read() as tx:
        before = tx.records.get("people")
    assert before is not None
    wire.cuts = cut
    with pytest.raises(CommitUnknown):
        report(replace(runtime, database=database), value=10)
    with database.read() as tx:
        after = tx.records.get("people")
    assert after is not None
    assert len(after.updates) == int(stored)
    database.close()


def test_a_line_that_breaks_before_the_commit_has_changed_nothing(
    runtime: Runtime, second: Database, clock: Clock
) -> None:
    def work(tx: Transaction) -> None:
        tx.pledgers.add("one", {"name": "One"}, now=clock.now)
        pid = tx._connection.scalar(text("SELECT pg_backend_pid()"))
        with second.glance() as other:
            other._connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
        tx.pledgers.add("two", {"name": "Two"}, now=clock.now)

    with pytest.raises(Unavailable) as caught:
        runtime.database.write(work)
    assert type(caught.value) is Unavailable
    with runtime.database.read() as tx:
        assert not tx.pledgers.exists("one")


def test_connections_that_died_while_unused_are_replaced(runtime: Runtime, second: Database) -> None:
    with runtime.database.read() as tx:
        pid = tx._connection.scalar(text("SELECT pg_backend_pid()"))
    with second.glance() as other:
        other._connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    with runtime.database.read() as tx:
        assert not tx.pledges.exists("x")


def test_a_client_is_told_to_ask_again_with_the_same_key(runtime: Runtime, wire: Wire) -> None:
    add_pledge(runtime)
    database = Database(wire.address)
    app = application.create(replace(runtime, database=database))
    client = client_of(app, key_of(runtime, Scope.WRITE))
    wire.cuts = "after"
    answer = client.post("/v1/pledges/people/progress", json={"value": 10, "as_of": "2026-11-01"})
    assert (answer.status_code, answer.get_json()["type"]) == (503, "/docs#problem-outcome-unknown")
    assert "same Idempotency-Key" in answer.get_json()["detail"]
    assert int(answer.headers["Retry-After"]) > 0
    assert client.get("/v1/pledges/people/progress").get_json()["items"][0]["value"] == 10
    database.close()


# A standby


@pytest.fixture
def behind(postgresql: Databases) -> Iterator[str]:
    """The address of a standby that has not yet heard of anything."""
    name = postgresql.take()
    yield postgresql.url(name)
    postgresql.give_back(name)


def test_the_api_reads_from_the_standby_and_nothing_else_does(runtime: Runtime, behind: str) -> None:
    database = Database(runtime.settings.database_url, standby_url=behind)
    both = replace(runtime, database=database)
    client = client_of(application.create(both), key_of(both, Scope.WRITE))
    add_pledge(both)
    for address in ("pledges/people", "pledges/people/progress", "pledgers/acme"):
        assert client.get(f"/v1/{address}").status_code == 404, address
    assert client.get("/v1/pledges").get_json()["items"] == []
    posted = client.post("/v1/pledges/people/progress", json={"value": 10, "as_of": "2026-11-01"})
    assert posted.status_code == 201
    with database.read() as tx:
        assert tx.records.get("people") is not None
    database.close()


def test_while_the_standby_is_away_one_does_without_it(runtime: Runtime) -> None:
    database = Database(runtime.settings.database_url, standby_url="postgresql://127.0.0.1:1/nowhere")
    both = replace(runtime, database=database)
    add_pledge(both)
    client = client_of(application.create(both), None)
    assert client.get("/v1/pledges/people").status_code == 200
    assert client.get("/v1/pledges").get_json()["items"][0]["id"] == "people"
    database.close()
