"""Exchange rates can be corrected: each has versions, and none of them is ever changed."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

from pledgetracker.storage import dialects

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make what is on record the first version of each."""
    rows = _taken_out(_before())
    _make(_after(), "id", "version")
    _put_back(_after(), [row | {"version": 1, "reason": None} for row in rows])
    dialects.append_only(op.get_bind(), "exchange_rates", "id", "version")


def downgrade() -> None:
    """Keep of each rate its last version, if it was not taken back."""
    rows = sorted(_taken_out(_after()), key=lambda row: (row["id"], row["version"]))
    dialects.drop_append_only(op.get_bind(), "exchange_rates")
    _make(_before(), "id")
    last = {row["id"]: {column.name: row[column.name] for column in _before()} for row in rows}
    _put_back(_before(), [row for row in last.values() if row["rate"] is not None])


def _before() -> list[sa.Column[Any]]:
    return [
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("base", sa.String(length=3), nullable=False),
        sa.Column("quote", sa.String(length=3), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("rate", dialects.Number(), nullable=False),
        sa.Column("source", dialects.Document, nullable=False),
        sa.Column("recorded_at", dialects.Instant(), nullable=False),
    ]


def _after() -> list[sa.Column[Any]]:
    key, base, quote, day, _, source, recorded_at = _before()
    return [
        key,
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        *(base, quote, day),
        sa.Column("rate", dialects.Number(), nullable=True),
        source,
        sa.Column("reason", sa.Text(), nullable=True),
        recorded_at,
    ]


def _taken_out(columns: Sequence[sa.Column[Any]]) -> list[dict[str, Any]]:
    """All rows of the table, which is gone then: what identifies a row is not changed in place everywhere."""
    rows = [dict(row) for row in op.get_bind().execute(sa.select(_table(columns))).mappings()]
    op.drop_table("exchange_rates")
    return rows


def _make(columns: Sequence[sa.Column[Any]], *key: str) -> None:
    primary = sa.PrimaryKeyConstraint(*key, name=op.f("pk_exchange_rates"))
    op.create_table("exchange_rates", *columns, primary)
    op.create_index("ix_exchange_rates_date", "exchange_rates", ["date", "id"], unique=False)


def _put_back(columns: Sequence[sa.Column[Any]], rows: list[dict[str, Any]]) -> None:
    op.bulk_insert(_table(columns), rows)


def _table(columns: Sequence[sa.Column[Any]]) -> sa.TableClause:
    return sa.table("exchange_rates", *(sa.column(c.name, c.type) for c in columns))
