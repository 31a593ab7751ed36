"""What differs between databases: the only package that names one.

`sqlite` and `postgresql` do the same things, each in its way; `base` says which things, and `of` whose way it
is. What `files` does only SQLite can do.
"""

from pledgetracker.storage.dialects.base import Dialect
from pledgetracker.storage.dialects.choosing import named_in, of
from pledgetracker.storage.dialects.columns import (
    CLUSTERED,
    Document,
    Instant,
    Number,
    RowId,
    partial_index,
)
from pledgetracker.storage.dialects.postgresql import AddressRefused, DriverMissing, NotDurable
from pledgetracker.storage.dialects.statements import (
    append_only,
    drop_append_only,
    insert_or_ignore,
    upsert,
)

__all__ = [
    "CLUSTERED",
    "AddressRefused",
    "Dialect",
    "Document",
    "DriverMissing",
    "Instant",
    "NotDurable",
    "Number",
    "RowId",
    "append_only",
    "drop_append_only",
    "insert_or_ignore",
    "named_in",
    "of",
    "partial_index",
    "upsert",
]
