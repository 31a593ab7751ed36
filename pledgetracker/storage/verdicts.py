"""Verdicts: adding; reading them with the rest of a record is for `records`."""

from sqlalchemy import Connection, RowMapping, insert

from pledgetracker.domain.verdict import Verdict
from pledgetracker.storage import documents
from pledgetracker.storage.tables import verdicts


class VerdictStore:
    """Writes the ledger of verdicts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, pledge: str, verdict: Verdict) -> None:
        """Store a row; the table keeps a verdict from being taken back twice."""
        row = {
            "pledge": pledge,
            "number": verdict.number,
            "rubric": verdict.rubric,
            "rubric_version": verdict.rubric_version,
            "rating": verdict.rating,
            "ruled_on": verdict.ruled_on,
            "ruled_by": verdict.ruled_by,
            "reason": verdict.reason,
            "evidence": documents.sources_to(verdict.evidence),
            "recorded_at": verdict.recorded_at,
            "retracts": verdict.retracts,
        }
        self._connection.execute(insert(verdicts).values(row))


def verdict_from(row: RowMapping) -> Verdict:
    """The verdict kept as `row`."""
    return Verdict(
        number=row["number"],
        rubric=row["rubric"],
        rubric_version=row["rubric_version"],
        rating=row["rating"],
        ruled_on=row["ruled_on"],
        ruled_by=row["ruled_by"],
        reason=row["reason"],
        recorded_at=row["recorded_at"],
        evidence=documents.sources_from(row["evidence"]),
        retracts=row["retracts"],
    )
