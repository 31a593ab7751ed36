"""Tables of what pledges refer to: who promises, on which occasion, and how money converts."""

from sqlalchemy import Column, Date, ForeignKey, Index, Integer, String, Table, Text

from pledgetracker.storage.dialects import CLUSTERED, Document, Instant, Number
from pledgetracker.storage.tables.base import edited, keep_entries, metadata, recorded_at, slug

pledgers = Table(
    "pledgers",
    metadata,
    Column("id", slug(), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(40)),
    Column("url", Text),
    *edited(),
)

initiatives = Table(
    "initiatives",
    metadata,
    Column("id", slug(), primary_key=True),
    Column("title", Text, nullable=False),
    Column("parent", slug(), ForeignKey("initiatives.id"), index=True),
    Column("description", Text),
    Column("url", Text),
    *edited(),
)

# What pledgers and initiatives said before they came here from another installation, each from an instant on
# until the next; nothing where they were gone. What they said here, the audit log tells.
earlier_entries = Table(
    "earlier_entries",
    metadata,
    Column("kind", String(10), primary_key=True),
    Column("id", slug(), primary_key=True),
    Column("recorded_at", Instant, primary_key=True),
    Column("document", Document),
    **CLUSTERED,
)

exchange_rates = Table(
    "exchange_rates",
    metadata,
    Column("id", slug(), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("base", String(3), nullable=False),
    Column("quote", String(3), nullable=False),
    Column("date", Date, nullable=False),
    Column("rate", Number),
    Column("source", Document, nullable=False),
    Column("reason", Text),
    recorded_at(),
    Index("ix_exchange_rates_date", "date", "id"),  # the rates of one day; lists by day
)
keep_entries(exchange_rates)
