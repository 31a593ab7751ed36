"""By which thresholds standings were judged, from when on."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, bindparam, case, delete, insert, select

from pledgetracker.domain.numbers import plain
from pledgetracker.domain.policy import Policy
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import policies

_LATEST = Prepared(select(policies.c.number, policies.c.document).order_by(policies.c.number.desc()).limit(1))
# The last by then, else of those that came later the first: few that they are, in one question.
_KNOWN = Prepared(
    select(policies.c.document)
    .order_by(
        case(
            (policies.c.recorded_at <= bindparam("instant"), policies.c.number), else_=-policies.c.number
        ).desc()
    )
    .limit(1)
)


class PolicyStore:
    """Reads and writes policies."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def known_at(self, instant: datetime) -> Policy | None:
        """The one in force at `instant`, else the first on record; None if there is none at all."""
        row = _KNOWN.first(self._connection, {"instant": instant})
        return None if row is None else _policy(row.document)

    def is_latest(self, policy: Policy) -> bool:
        """Whether `policy` is the last on record."""
        latest = _LATEST.first(self._connection, {})
        return latest is not None and _policy(latest.document) == policy

    def add(self, policy: Policy, *, now: datetime) -> None:
        """Record that `policy` is in force from now on."""
        latest = _LATEST.first(self._connection, {})
        row = {
            "number": 1 if latest is None else latest.number + 1,
            "recorded_at": now,
            "document": _document(policy),
        }
        self._connection.execute(insert(policies).values(row))

    def all(self) -> Sequence[tuple[datetime, Policy]]:
        """Every one, with the instant from which it was in force, in order."""
        rows = self._connection.execute(select(policies).order_by(policies.c.number)).mappings()
        return [(row["recorded_at"], _policy(row["document"])) for row in rows]

    def replace(self, found: Sequence[tuple[datetime, Policy]]) -> None:
        """Put those of another installation in the place of what is here, by which nothing was judged yet."""
        self._connection.execute(delete(policies))
        for number, (recorded_at, policy) in enumerate(found, 1):
            row = {"number": number, "recorded_at": recorded_at, "document": _document(policy)}
            self._connection.execute(insert(policies).values(row))


def _document(policy: Policy) -> dict[str, Any]:
    return {
        name: plain(value) if isinstance(value, Decimal) else value for name, value in asdict(policy).items()
    }


def _policy(document: Mapping[str, Any]) -> Policy:
    return _made(tuple(document.items()))


@lru_cache(maxsize=64)
def _made(said: tuple[tuple[str, Any], ...]) -> Policy:
    """The policy made of names and values; of few that there are each is asked for again and again."""
    known = {field.name for field in fields(Policy)}
    content: dict[str, Any] = {
        name: Decimal(value) if isinstance(value, str) else value for name, value in said if name in known
    }
    return Policy(**content)
