"""Progress updates: adding; reading them is for `records`."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, insert

from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.storage import documents
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import progress_updates

_ADD = Prepared(insert(progress_updates), columns=progress_updates.columns.keys())


class ProgressStore:
    """Writes progress updates."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, pledge: str, update: ProgressUpdate) -> None:
        """Store an update; the table keeps an update from being superseded twice."""
        _ADD.run(self._connection, _row(pledge, update))

    def add_many(self, updates: Iterable[tuple[str, ProgressUpdate]]) -> None:
        """Store updates, each with the id of its pledge, at once."""
        _ADD.run_many(self._connection, (_row(pledge, update) for pledge, update in updates))


def _row(pledge: str, update: ProgressUpdate) -> dict[str, Any]:
    return {
        "pledge": pledge,
        "number": update.number,
        "as_of": update.as_of,
        "reported_at": update.reported_at,
        "recorded_at": update.recorded_at,
        "value": update.value,
        "increment": update.increment,
        "no_change": update.no_change,
        "done": update.done,
        "milestone": update.milestone,
        "claim": update.claim.value,
        "note": update.note,
        "reported_by": update.reported_by,
        "evidence": [documents.source_to(source) for source in update.evidence],
        "supersedes": update.supersedes,
        "reason": update.reason and update.reason.value,
        "review": update.review.value,
    }
