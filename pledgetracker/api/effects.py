"""The one way by which a request changes something: effect and answer in one transaction."""

from collections.abc import Callable

from flask import Response

from pledgetracker.api.access import actor
from pledgetracker.storage.database import Transaction
from pledgetracker.web import runtime


def effect(work: Callable[[Transaction], Response]) -> Response:
    """Do `work` in a write transaction; the answer that it makes is part of it, and leaves after the commit.

    Raises:
        Unavailable: the database cannot be reached; nothing was changed.
    """
    return runtime().database.write(work, actor=actor())
