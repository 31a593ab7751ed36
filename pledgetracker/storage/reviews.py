"""What reviewers decided, and what waits for them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Select, String, Table, cast, func, insert, select, update

from pledgetracker.domain.review import Decision, Resolution, Review
from pledgetracker.storage import documents
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.tables import (
    WAITS_FOR_REVIEW,
    decisions,
    pledges,
    progress_updates,
    resolutions,
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An update that waits for a reviewer, by the pledge and its number."""

    pledge: str
    number: int
    recorded_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingFilter:
    """What is wanted of what waits; None asks for all."""

    review: Review | None = None
    pledge: str | None = None
    pledger: str | None = None


class ReviewStore:
    """Writes decisions and choices, and lists what waits for them; reading them is for `records`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def decide(self, pledge: str, decision: Decision) -> None:
        """Store a decision, and with the update what it is from now on."""
        row = {
            "pledge": pledge,
            "number": decision.number,
            "update": decision.update,
            "before": decision.before.value,
            "review": decision.review.value,
            "decided_on": decision.decided_on,
            "decided_by": decision.decided_by,
            "reason": decision.reason,
            "counter_claim": documents.counter_claim_to(decision.counter_claim),
            "recorded_at": decision.recorded_at,
        }
        self._connection.execute(insert(decisions).values(row))
        table = progress_updates.c
        one = (table.pledge == pledge, table.number == decision.update)
        self._connection.execute(update(progress_updates).where(*one).values(review=decision.review.value))

    def resolve(self, pledge: str, choice: Resolution) -> None:
        """Store which of several updates was chosen."""
        row = {
            "pledge": pledge,
            "number": choice.number,
            "as_of": choice.as_of,
            "milestone": choice.milestone,
            "chosen": choice.chosen,
            "among": list(choice.among),
            "decided_on": choice.decided_on,
            "decided_by": choice.decided_by,
            "reason": choice.reason,
            "recorded_at": choice.recorded_at,
        }
        self._connection.execute(insert(resolutions).values(row))

    def decided(self, pledge: str) -> int:
        """How many decisions about updates of a pledge are on record."""
        return self._count(decisions, pledge)

    def resolved(self, pledge: str) -> int:
        """How many choices between updates of a pledge are on record."""
        return self._count(resolutions, pledge)

    def _count(self, table: Table, pledge: str) -> int:
        return self._connection.scalar(select(func.count()).where(table.c.pledge == pledge)) or 0

    def waiting(self, wanted: WaitingFilter, request: PageRequest) -> Page[Waiting]:
        """One page of what was submitted or is disputed; the sort name is `recorded_at`."""
        table = progress_updates.c
        query: Select[tuple[str, int, datetime]] = select(table.pledge, table.number, table.recorded_at)
        query = query.where(WAITS_FOR_REVIEW)
        if wanted.review is not None:
            query = query.where(table.review == wanted.review.value)
        if wanted.pledge is not None:
            query = query.where(table.pledge == wanted.pledge)
        if wanted.pledger is not None:
            query = query.join(pledges, pledges.c.id == table.pledge).where(
                pledges.c.pledger == wanted.pledger
            )
        # One text for both parts of the key: rows of the same instant stay in one order.
        key = table.pledge.concat("/").concat(cast(table.number, String))
        return fetch(self._connection, query, request, sort=table.recorded_at, key=key, read=_waiting)


def _waiting(row: RowMapping) -> Waiting:
    return Waiting(row["pledge"], row["number"], row["recorded_at"])
