"""Kinds of columns and indexes: what they hold is the same in every database, how it is kept is not."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, cast

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    Numeric,
    String,
    TextClause,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import JSON, TypeDecorator, TypeEngine

from pledgetracker.domain.numbers import MAX_DECIMALS, plain, trim

RowId = BigInteger().with_variant(Integer(), "sqlite")
Document = JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# Rows that lie in the order of their primary key; elsewhere SQLite keeps that key a second time.
CLUSTERED: dict[str, Any] = {"sqlite_with_rowid": False}


class Number(TypeDecorator[Decimal]):
    """An exact decimal; SQLite would turn it into binary floating point, so there it is text."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(Numeric(24, MAX_DECIMALS))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        """Write it."""
        return plain(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Read it back without trailing zeros."""
        del dialect
        return None if value is None else trim(Decimal(value))


class Instant(TypeDecorator[datetime]):
    """An instant in UTC; SQLite forgets time zones, so there it is text that sorts by time."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Choose the column type."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(27))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Write it, in UTC."""
        if value is None:
            return None
        utc = value.astimezone(UTC)
        if dialect.name != "sqlite":
            return utc
        return f"{utc.replace(tzinfo=None).isoformat(timespec='microseconds')}Z"

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Read it, in UTC."""
        if value is None:
            return None
        if dialect.name == "sqlite":
            return datetime.fromisoformat(value)
        return cast("datetime", value).astimezone(UTC)


def json_of(document: Any) -> str:
    """A document as it is kept."""
    return orjson.dumps(document).decode()


def partial_index(
    name: str, *columns: Column[Any], unique: bool, where: ColumnElement[bool] | TextClause
) -> Index:
    """An index over the rows that match `where`."""
    return Index(name, *columns, unique=unique, sqlite_where=where, postgresql_where=where)
