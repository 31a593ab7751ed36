"""What the tables share: their register, and columns that several of them have."""

from typing import Any

from sqlalchemy import Column, Connection, ForeignKey, Integer, MetaData, String, Table, event

from pledgetracker.domain.slug import MAX_LENGTH
from pledgetracker.storage.dialects import Instant, append_only

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Alembic's own, and so no part of what it migrates.
alembic_version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def slug() -> String:
    """The kind of column that holds an id."""
    return String(MAX_LENGTH)


def edited() -> tuple[Column[Any], ...]:
    """How often something was changed, when first and when last."""
    return (
        Column("version", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    )


def recorded_at() -> Column[Any]:
    """The instant since which a row has been there."""
    return Column("recorded_at", Instant, nullable=False)


def part_of_pledge() -> Column[Any]:
    """The pledge that a row belongs to, and goes with."""
    return Column("pledge", slug(), ForeignKey("pledges.id", ondelete="CASCADE"), primary_key=True)


def numbered(*constraints: ForeignKey) -> tuple[Column[Any], ...]:
    """A ledger's key: the pledge, held to by `constraints`, and a number that counts its rows from 1."""
    return (
        Column("pledge", slug(), *constraints, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
    )


def keep_entries(ledger: Table) -> None:
    """Have the rows of a ledger come in and never change or go."""
    event.listen(ledger, "after_create", _add_only)


def _add_only(table: Table, connection: Connection, **_: object) -> None:
    append_only(connection, table.name, *table.primary_key.columns.keys())
