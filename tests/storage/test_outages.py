"""Whatever goes wrong with a file or a server is an outage, and over once the cause is gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, text

from pledgetracker.runtime import Runtime
from pledgetracker.storage.database import Database, Transaction, Unavailable
from tests.conftest import Clock
from tests.world import add_pledge

PAGES = "PRAGMA max_page_count = {}"


def add(tx: Transaction, runtime: Runtime, name: str) -> None:
    tx.pledgers.add(name, {"name": "x" * 20_000}, now=runtime.clock())


def names(database: Database) -> set[str]:
    with database.read() as tx:
        return {name for name in ("one", "two", "three") if tx.pledgers.exists(name)}


def limit(database: Database, pages: int) -> None:
    """Let the file grow to so many pages, as on a disk with that much room."""
    database.engine.dispose()
    event.listen(database.engine, "connect", lambda raw, _: raw.execute(PAGES.format(pages)))


@pytest.mark.sqlite
def test_a_file_that_can_grow_no_further_is_an_outage_until_it_can(runtime: Runtime) -> None:
    database = runtime.database
    database.write(lambda tx: add(tx, runtime, "one"))
    limit(database, 1)
    with pytest.raises(Unavailable, match="full"):
        database.write(lambda tx: add(tx, runtime, "two"))
    assert names(database) == {"one"}
    limit(database, 1_000_000)
    database.write(lambda tx: add(tx, runtime, "three"))
    assert names(database) == {"one", "three"}


@pytest.mark.sqlite
def test_a_file_that_turns_into_something_else_is_an_outage_until_it_is_back(
    runtime: Runtime, clock: Clock
) -> None:
    add_pledge(runtime)
    file = runtime.database.file
    assert file is not None
    runtime.database.close()
    kept = file.read_bytes()
    file.write_bytes(b"Dear database, " * 1000)
    for _ in range(2):
        with pytest.raises(Unavailable, match="not a database"):
            runtime.database.write(lambda tx: tx.pledges.exists("people"))
        with pytest.raises(Unavailable, match="not a database"), runtime.database.read() as tx:
            tx.pledges.exists("people")
    file.write_bytes(kept)
    assert runtime.database.write(lambda tx: tx.pledges.exists("people"))


@pytest.fixture
def beside(runtime: Runtime) -> Iterator[Database]:
    """The same database, as somebody has it who looks after the server."""
    database = Database(runtime.settings.database_url)
    yield database
    database.close()


@pytest.mark.postgresql
def test_a_server_that_only_reads_for_a_while_is_an_outage_until_it_writes_again(
    runtime: Runtime, beside: Database
) -> None:
    """Connections made meanwhile would go on only to read."""
    name = beside.engine.url.database

    def set_read_only(value: str) -> None:
        with beside.glance() as tx:
            tx._connection.execute(text(f"ALTER DATABASE {name} SET default_transaction_read_only = {value}"))

    set_read_only("on")
    runtime.database.engine.dispose()
    for _ in range(2):
        with pytest.raises(Unavailable, match="read-only"):
            runtime.database.write(lambda tx: add(tx, runtime, "one"))
    set_read_only("off")
    runtime.database.write(lambda tx: add(tx, runtime, "one"))
    assert names(runtime.database) == {"one"}


@pytest.mark.postgresql
@pytest.mark.parametrize(
    "code",
    [
        "25006",  # only reads
        "40001",  # collides, each time anew
        "42501",  # may not
        "53100",  # disk full
        "53200",  # out of memory
        "53300",  # too many connections
        "55P03",  # locked for too long
        "57014",  # took too long
        "57P01",  # is being stopped
        "58030",  # a file that cannot be read
        "XX001",  # damaged
    ],
)
def test_what_a_server_cannot_help_is_an_outage(runtime: Runtime, code: str) -> None:
    def work(tx: Transaction) -> None:
        tx._connection.execute(text(f"DO $$ BEGIN RAISE 'no' USING ERRCODE = '{code}'; END $$"))

    with pytest.raises(Unavailable, match="no"):
        runtime.database.write(work)
    assert names(runtime.database) == set()


def test_a_folder_that_is_gone_is_an_outage_until_it_is_back(tmp_path: Path) -> None:
    place = tmp_path / "there"
    database = Database(f"sqlite:///{place}/x.sqlite3")
    with database.read() as tx:
        assert tx.schema_version() is None
    database.engine.dispose()
    place.rename(tmp_path / "elsewhere")
    for _ in range(2):
        with pytest.raises(Unavailable, match="open"):
            database.write(lambda tx: tx.schema_version())
    (tmp_path / "elsewhere").rename(place)
    assert database.write(lambda tx: tx.schema_version()) is None
    database.close()
