"""Whose ways they are: those of the database at hand."""

from typing import Final

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url

from pledgetracker.storage.dialects import postgresql, sqlite
from pledgetracker.storage.dialects.base import Dialect

_DIALECTS: Final[dict[str, Dialect]] = {"sqlite": sqlite, "postgresql": postgresql}


def of(bind: Connection | Engine) -> Dialect:
    """The ways of the database that one is connected to."""
    return _DIALECTS[bind.dialect.name]


def named_in(url: str) -> Dialect:
    """The ways of the database that an address names."""
    return _DIALECTS[make_url(url).get_backend_name()]
