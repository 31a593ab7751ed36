"""A record that moves to another database arrives whole, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from pledgetracker.cli import main
from pledgetracker.domain.access import Scope
from pledgetracker.domain.days import Due
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing
from pledgetracker.storage.database import Database
from pledgetracker.storage.tables import metadata
from tests.conftest import Clock, Install, key_of
from tests.world import add_pledge, day, flags, noon, report, send, stone, tick


@pytest.fixture
def elsewhere(install: Install, tmp_path: Path) -> Iterator[str]:
    """The address of another database, of the same kind and empty."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    settings, done = install(folder)
    yield settings.get("PLEDGETRACKER_DATABASE_URL", f"sqlite:///{folder}/pledgetracker.sqlite3")
    done()


@pytest.fixture
def command(environ: dict[str, str]) -> Callable[..., Result]:
    """Runs a command on the record of the test."""

    def command(*words: str, **said: str) -> Result:
        return CliRunner().invoke(main, words, env=environ | said)

    return command


@pytest.fixture
def filled(runtime: Runtime, clock: Clock) -> Runtime:
    """A record with something in every table, and rows that point forwards and backwards."""

    def families(tx: Any) -> None:
        cataloguing.add_initiative(tx, {"id": "z-over", "title": "Over, “quoted”, naïve"}, now=clock.now)
        under: Any = {"id": "a-under", "title": "Under", "parent": "z-over"}
        cataloguing.add_initiative(tx, under, now=clock.now)

    clock.now = noon("2026-01-02")
    runtime.database.write(families)
    add_pledge(runtime, initiative="a-under", milestones=(stone("half", "2026-06-30", 50),))
    add_pledge(runtime, key="trees", title="Trees 🌳", unit=None)
    key_of(runtime, Scope.PROGRESS, pledger="acme")
    for value in ("10.000001", "999999999999999"):
        report(runtime, value=value)
    report(runtime, value=20, supersedes=1)
    clock.now = noon("2026-12-05")
    tick(runtime)
    send(runtime)
    runtime.database.write(lambda tx: tx.heartbeats.beat("scheduler", {"seconds": 0.125}, now=clock.now))
    clock.now += timedelta(days=40)
    tick(runtime)
    return runtime


def content(url: str) -> dict[str, set[str]]:
    """Every row of every table, as the program reads them."""
    database = Database(url)
    with database.engine.connect() as connection:
        found = {
            table.name: {repr(sorted(row.items())) for row in connection.execute(select(table)).mappings()}
            for table in metadata.sorted_tables
        }
    database.close()
    return found


def test_everything_arrives_and_goes_on_from_there(
    filled: Runtime, elsewhere: str, command: Callable[..., Result]
) -> None:
    before = content(filled.settings.database_url)
    assert {"pledges", "letters", "alerts", "flags", "progress_updates", "initiatives", "api_keys"} <= {
        table for table, rows in before.items() if rows
    }
    copied = command("db", "copy", "--to", elsewhere)
    assert copied.exit_code == 0, copied.output
    assert content(elsewhere) == before
    assert f"{sum(map(len, before.values()))} rows, the same on both sides." in copied.output
    # New rows get numbers that none of the copied ones has.
    moved = replace(filled, database=Database(elsewhere))
    highest = max(flag.id for flag in flags(moved))
    add_pledge(moved, key="later", announced_on=day("2025-01-01"), due=Due.parse("2025-12-31"))
    assert next(flag.id for flag in flags(moved, "later")) == highest + 1
    moved.database.close()


@pytest.mark.postgresql
def test_sqlite_to_postgresql_and_back_is_where_it_began(
    filled: Runtime, tmp_path: Path, elsewhere: str, command: Callable[..., Result]
) -> None:
    """The record of the test lies in PostgreSQL; by way of a file it comes to another one."""
    file = f"sqlite:///{tmp_path}/between.sqlite3"
    before = content(filled.settings.database_url)
    there = command("db", "copy", "--to", file)
    assert (there.exit_code, content(file)) == (0, before)
    back = command("db", "copy", "--to", elsewhere, PLEDGETRACKER_DATABASE_URL=file)
    assert (back.exit_code, content(elsewhere)) == (0, before)
    rows = [line for line in there.output.splitlines() if line.split()[0] in before]
    assert len(rows) == len(before)
    assert rows == [line for line in back.output.splitlines() if line.split()[0] in before]


def test_a_target_with_content_is_refused(
    filled: Runtime, elsewhere: str, command: Callable[..., Result]
) -> None:
    assert command("db", "copy", "--to", elsewhere).exit_code == 0
    before = content(elsewhere)
    again = command("db", "copy", "--to", elsewhere)
    assert (again.exit_code, content(elsewhere)) == (1, before)
    assert "The target is not empty" in again.output
    itself = command("db", "copy", "--to", filled.settings.database_url)
    assert (itself.exit_code, "not empty" in itself.output) == (1, True)


def test_what_arrives_changed_is_not_kept(
    filled: Runtime, elsewhere: str, database_kind: str, command: Callable[..., Result]
) -> None:
    database = Database(elsewhere)
    with database.engine.begin() as connection:
        for statement in CHANGES_TITLES[database_kind]:
            connection.execute(text(statement))
    differing = command("db", "copy", "--to", elsewhere)
    with database.engine.begin() as connection:
        connection.execute(text(STOPS_IT[database_kind]))
    database.close()
    assert differing.exit_code == 1
    assert "differs in pledges" in differing.output
    assert not any(content(elsewhere).values())


MEDDLE = """
CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.title = 'x'; RETURN NEW; END $$
"""
CHANGES_TITLES = {
    "sqlite": ["CREATE TRIGGER meddles AFTER INSERT ON pledges BEGIN UPDATE pledges SET title = 'x'; END"],
    "postgresql": [
        MEDDLE,
        "CREATE TRIGGER meddles BEFORE INSERT ON pledges FOR EACH ROW EXECUTE FUNCTION meddle()",
    ],
}
STOPS_IT = {"sqlite": "DROP TRIGGER meddles", "postgresql": "DROP FUNCTION meddle CASCADE"}


def test_an_address_that_is_none_is_refused(runtime: Runtime, command: Callable[..., Result]) -> None:
    refused = command("db", "copy", "--to", "mysql://somewhere")
    assert refused.exit_code == 1
    assert "neither an SQLite file nor a PostgreSQL database" in refused.output
