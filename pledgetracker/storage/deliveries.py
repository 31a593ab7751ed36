"""Deliveries: who is trying to send which alerts, how far each has come, and how it ended."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    update,
)

from pledgetracker.domain.alert import AlertState
from pledgetracker.storage.alerts import AlertEntry, entry_from
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import alerts

# Nothing is put off for so long: an instant beyond it was written by a clock that was wrong.
FARTHEST_AHEAD = timedelta(days=1)


class DeliveryStore:
    """Hands alerts out to be sent, and keeps what became of that."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(
        self, *, now: datetime, until: datetime, token: str, limit: int, due_by: datetime | None = None
    ) -> Sequence[AlertEntry]:
        """Take pending alerts that are due for an attempt, by now unless said, for as long as the lease runs.

        One conditional UPDATE is the whole lock. A lease that has run out belongs to a dispatcher that
        died: taking its alerts over is part of the claim.
        """
        far = now + FARTHEST_AHEAD
        free = and_(
            alerts.c.state == AlertState.PENDING.value,
            or_(alerts.c.next_attempt_at <= (due_by or now), alerts.c.next_attempt_at > far),
            or_(alerts.c.lease_until.is_(None), alerts.c.lease_until <= now, alerts.c.lease_until > far),
        )
        chosen = (
            select(alerts.c.id)
            .where(free)
            .order_by(alerts.c.next_attempt_at, alerts.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
            # By itself, so that it is chosen once: inside the condition it might be run for each row.
            .cte("chosen")
        )
        # `free` stands again outside: a row may have been taken between choosing and updating.
        taken = (
            update(alerts)
            .where(alerts.c.id.in_(select(chosen.c.id)), free)
            .values(lease_until=until, lease_token=token)
            .returning(alerts)
        )
        rows = self._connection.execute(taken).mappings().all()
        return sorted((entry_from(row) for row in rows), key=lambda alert: (alert.next_attempt_at, alert.id))

    def count_lost(self, key: int, begun_at: datetime) -> None:
        """Count an attempt on an alert whose maker was killed."""
        counted = {"attempts": alerts.c.attempts + 1, "first_attempt_at": _first_attempt(begun_at)}
        self._connection.execute(update(alerts).where(alerts.c.id == key).values(counted))

    def renew(self, *, token: str, until: datetime) -> None:
        """Hold what is claimed under `token` for longer; what has ended or passed on is not touched."""
        mine = (alerts.c.state == AlertState.PENDING.value, alerts.c.lease_token == token)
        self._connection.execute(update(alerts).where(*mine).values(lease_until=until))

    def end(
        self,
        key: int,
        state: AlertState,
        reason: str | None,
        *,
        token: str,
        now: datetime,
        was_tried: bool = False,
    ) -> bool:
        """Record how an alert ended; False if its claim has passed to somebody else."""
        ended = {"key": key, "token": token, "now": now, "new_state": state.value, "new_reason": reason}
        return _END.count(self._connection, ended | {"tried": int(was_tried)}) == 1

    def put_off(self, key: int, reason: str, *, token: str, until: datetime, begun_at: datetime) -> bool:
        """Record that an attempt failed, and when the next one is; False if the claim has passed on."""
        tried = {"attempts": alerts.c.attempts + 1, "first_attempt_at": _first_attempt(begun_at)}
        return self._settle(key, token, {"reason": reason, "next_attempt_at": until} | tried)

    def give_back(self, keys: Collection[int], reason: str, *, token: str, until: datetime) -> list[int]:
        """Record that claimed alerts were not tried, or failed through no fault of theirs; it counts not.

        Returns those whose claims had not passed to somebody else.
        """
        values = {"reason": reason, "next_attempt_at": until}
        return [key for key in keys if self._settle(key, token, values)]

    def _settle(self, key: int, token: str, values: dict[str, Any]) -> bool:
        mine = (alerts.c.id == key, alerts.c.state == AlertState.PENDING.value, alerts.c.lease_token == token)
        return self._connection.execute(update(alerts).where(*mine).values(values | _FREE)).rowcount == 1

    def spare(self, time: timedelta, *, now: datetime) -> None:
        """Let so much time not count among that for which alerts are tried."""
        tried = (alerts.c.state == AlertState.PENDING.value, alerts.c.first_attempt_at.is_not(None))
        for key, first in self._connection.execute(
            select(alerts.c.id, alerts.c.first_attempt_at).where(*tried)
        ):
            later = {"first_attempt_at": min(first + time, now)}
            self._connection.execute(update(alerts).where(alerts.c.id == key).values(later))

    def requeue(self, key: int, *, now: datetime) -> bool:
        """Let a dead alert be tried anew, from the beginning of its time; False if it is not dead."""
        anew = {
            "state": AlertState.PENDING.value,
            "reason": None,
            "ended_at": None,
            "first_attempt_at": None,
            "next_attempt_at": now,
        }
        dead = (alerts.c.id == key, alerts.c.state == AlertState.DEAD.value)
        return self._connection.execute(update(alerts).where(*dead).values(anew | _FREE)).rowcount == 1

    def suppress(self, key: int, reason: str, *, now: datetime) -> bool:
        """Record that a pending alert is not to be sent; False if it is not pending, or is on its way."""
        ended = {"state": AlertState.SUPPRESSED.value, "reason": reason, "ended_at": now}
        waiting = (
            alerts.c.id == key,
            alerts.c.state == AlertState.PENDING.value,
            or_(alerts.c.lease_until.is_(None), alerts.c.lease_until <= now),
        )
        return self._connection.execute(update(alerts).where(*waiting).values(ended | _FREE)).rowcount == 1


def _first_attempt(begun_at: datetime) -> ColumnElement[datetime]:
    return func.coalesce(alerts.c.first_attempt_at, literal(begun_at, alerts.c.first_attempt_at.type))


_FREE = {"lease_until": None, "lease_token": None}
_END = Prepared(
    update(alerts)
    .where(
        alerts.c.id == bindparam("key"),
        alerts.c.state == AlertState.PENDING.value,
        alerts.c.lease_token == bindparam("token"),
    )
    .values(
        state=bindparam("new_state"),
        reason=bindparam("new_reason"),
        ended_at=bindparam("now"),
        attempts=alerts.c.attempts + bindparam("tried"),
        **_FREE,
    )
)
