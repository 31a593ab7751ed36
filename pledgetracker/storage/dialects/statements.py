"""Statements that every database knows, and each spells in its way."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table

from pledgetracker.storage.dialects.choosing import of


def insert_or_ignore(connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> int:
    """Insert rows, leaving out those whose unique key is taken; returns how many went in."""
    if not rows:
        return 0
    # Without the option the number is only kept for UPDATE and DELETE.
    statement = (
        of(connection).insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    )
    return connection.execute(statement, rows).rowcount


def upsert(connection: Connection, table: Table, row: dict[str, Any]) -> None:
    """Insert a row, or overwrite the one with its primary key."""
    keys = [column.name for column in table.primary_key]
    others = {name: value for name, value in row.items() if name not in keys}
    statement = of(connection).insert(table).values(row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=others))


def append_only(connection: Connection, table: str, *key: str) -> None:
    """Let rows of `table`, told apart by the columns of `key`, come in and never change or go."""
    same = " AND ".join(f"{column} = NEW.{column}" for column in key)
    for statement in of(connection).APPEND_ONLY:
        connection.exec_driver_sql(statement.format(table=table, same=same))


def drop_append_only(connection: Connection, table: str) -> None:
    """Take away what `append_only` made and the table itself will not take along."""
    for statement in of(connection).DROP_APPEND_ONLY:
        connection.exec_driver_sql(statement.format(table=table))
