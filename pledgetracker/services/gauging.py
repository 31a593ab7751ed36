"""Taking the figures by which an operator sees from afar whether all is well."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pledgetracker.services.checking import SCHEDULER
from pledgetracker.services.holding import held
from pledgetracker.storage import schema
from pledgetracker.storage.database import Database, Transaction

# What is asked every few seconds must stay cheap even when everything is due at once.
MOST_COUNTED = 100_000


@dataclass(frozen=True, slots=True)
class Work:
    """How far the work has come.

    Attributes:
        tick_age_seconds: since the last tick ended; None if there never was one.
        tick_seconds: how long it took.
        pledges_due: how many pledges are due for a look, counted no further than `MOST_COUNTED`.
        pending: how many pending alerts may leave, are being sent, and wait for a later attempt.
        dead: how many alerts were given up.
        oldest_seconds: how long the longest-waiting pending alert has waited; 0 if none is pending.
        is_held: whether delivery is held.
    """

    tick_age_seconds: float | None
    tick_seconds: float | None
    pledges_due: int
    pending: Mapping[str, int]
    dead: int
    oldest_seconds: float
    is_held: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found at one instant.

    Attributes:
        schema: the version of the schema found, or None for an empty database.
        work: the rest, which can only be read from a schema of ours.
    """

    schema: str | None
    work: Work | None


def read(database: Database, *, now: datetime) -> Reading:
    """Take all figures that the database has.

    Raises:
        Unavailable: it cannot be reached.
    """
    with database.read() as tx:
        found = tx.schema_version()
        return Reading(found, _work(tx, now) if found == schema.newest() else None)


def _work(tx: Transaction, now: datetime) -> Work:
    beat, oldest = tx.heartbeats.get(SCHEDULER), tx.alerts.oldest_pending()
    return Work(
        tick_age_seconds=None if beat is None else (now - beat.at).total_seconds(),
        tick_seconds=None if beat is None else beat.detail.get("seconds"),
        pledges_due=tx.pledges.due_for_check(now=now, most=MOST_COUNTED),
        pending=tx.alerts.pending(now=now),
        dead=tx.alerts.queue()["dead"],
        oldest_seconds=0 if oldest is None else (now - oldest).total_seconds(),
        is_held=held(tx) is not None,
    )
