"""Migrations lead from nothing to the tables as the program has them, and back."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from pledgetracker.storage import dialects, schema
from pledgetracker.storage.database import Database
from pledgetracker.storage.tables import metadata
from tests.servers import Databases

ALL = [script.revision for script in ScriptDirectory.from_config(schema._config()).walk_revisions()][::-1]


@pytest.fixture
def address(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """The addresses of databases without tables."""

    def address(name: str) -> str:
        if database_kind == "sqlite":
            return f"sqlite:///{tmp_path / name}.sqlite3"
        databases: Databases = request.getfixturevalue("postgresql")
        return databases.url(databases.new())

    return address


@pytest.fixture
def database(address: Callable[[str], str]) -> Iterator[Database]:
    opened = Database(address("new"))
    yield opened
    opened.close()


def version(database: Database) -> str | None:
    with database.read() as tx:
        return tx.schema_version()


def downgrade(database: Database, to: str) -> None:
    database.upgrade(lambda connection: command.downgrade(schema._config(connection), to))


def tables(database: Database) -> set[str]:
    with database.engine.connect() as connection:
        return set(inspect(connection).get_table_names())


def definitions(database: Database) -> dict[str, str]:
    """What the database was told of each table and index."""
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            return dict(map(tuple, connection.exec_driver_sql(TOLD).all()))
        rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").all()
    return {name: " ".join(sql.split()) for name, sql in rows}


# What SQLite keeps as one text lies in several places in PostgreSQL.
TOLD = """
SELECT c.relname || '.' || a.attname,
  concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, o.collname,
    pg_get_expr(d.adbin, d.adrelid))
FROM pg_attribute a
JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
LEFT JOIN pg_collation o ON o.oid = a.attcollation
LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
WHERE a.attnum > 0 AND NOT a.attisdropped
UNION ALL SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace
"""


def test_an_upgrade_from_nothing_gives_the_tables_of_the_program(database: Database) -> None:
    assert version(database) is None
    schema.upgrade(database)
    assert version(database) == schema.newest()

    def drift(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, metadata))

    with database.engine.connect() as connection:
        assert drift(connection) == []


def test_migrated_tables_hold_the_same_rules_as_declared_ones(
    database: Database, address: Callable[[str], str]
) -> None:
    """Comparing metadata looks at no CHECK, no partial index and no rowid: what a database was told does."""
    schema.upgrade(database)
    declared = Database(address("declared"))
    with declared.engine.begin() as connection:
        metadata.create_all(connection)
        dialects.of(connection).sort_by_bytes(connection)
    wanted, found = definitions(declared), definitions(database)
    declared.close()
    found = {name: sql for name, sql in found.items() if "alembic_version" not in name}
    assert {name: parts(sql) for name, sql in found.items()} == {
        name: parts(sql) for name, sql in wanted.items()
    }


def parts(sql: str) -> list[str]:
    """The words of a definition, in no order: constraints may be listed as they come."""
    return sorted(sql.replace("(", " ( ").replace(")", " ) ").replace(",", " ").replace('"', "").split())


def test_upgrading_twice_is_upgrading_once(database: Database) -> None:
    schema.upgrade(database)
    before = definitions(database)
    schema.upgrade(database)
    assert definitions(database) == before


@pytest.mark.parametrize("revision", ALL)
def test_every_migration_can_be_undone_and_done_again(database: Database, revision: str) -> None:
    database.upgrade(lambda connection: command.upgrade(schema._config(connection), revision))
    done = definitions(database)
    downgrade(database, "-1")
    assert version(database) != revision
    database.upgrade(lambda connection: command.upgrade(schema._config(connection), revision))
    assert definitions(database) == done


def test_undoing_everything_leaves_nothing(database: Database) -> None:
    schema.upgrade(database)
    downgrade(database, "base")
    assert tables(database) <= {"alembic_version"}
    assert version(database) is None


@pytest.mark.postgresql
def test_text_sorts_by_its_bytes_whatever_language_the_server_speaks(database: Database) -> None:
    schema.upgrade(database)
    query = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'"
    text = f"{query} AND data_type IN ('text', 'character varying') AND collation_name IS DISTINCT FROM 'C'"
    with database.engine.connect() as connection:
        assert connection.exec_driver_sql(text).all() == []


@pytest.mark.postgresql
def test_of_several_upgrades_at_once_one_is_done(address: Callable[[str], str]) -> None:
    url = address("new")
    several = [Database(url) for _ in range(3)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(schema.upgrade, several))
    assert [version(database) for database in several] == [schema.newest()] * 3
    for database in several:
        database.close()


def test_there_is_one_newest_version() -> None:
    heads = ScriptDirectory.from_config(schema._config()).get_heads()
    assert [schema.newest()] == list(heads)
    assert ALL[-1] == schema.newest()


def test_an_empty_or_older_database_is_to_be_upgraded() -> None:
    for found in (None, *ALL[:-1]):
        with pytest.raises(schema.OutOfDate, match="pledgetracker db upgrade"):
            schema.check(found)
    schema.check(schema.newest())


def test_a_database_from_the_future_asks_for_a_newer_program(database: Database) -> None:
    schema.upgrade(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    before = definitions(database)
    with pytest.raises(schema.FromTheFuture, match="Install the newer pledgetracker"):
        schema.upgrade(database)
    with pytest.raises(schema.FromTheFuture, match="9999"):
        schema.check(version(database))
    assert definitions(database) == before


def test_a_migration_that_fails_leaves_the_database_as_it_was(database: Database) -> None:
    with database.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE pledges (mine INTEGER)")
    before = definitions(database)
    with pytest.raises(Exception, match="already exists"):
        schema.upgrade(database)
    assert definitions(database) == before
