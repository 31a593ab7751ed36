"""Alerts: what is owed to whom, and which speaks for which."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from pledgetracker.domain.alert import AlertKind, AlertState, Channel, Owed, Recipient, alert_kind
from pledgetracker.domain.flag import FlagKind
from pledgetracker.storage.dialects import insert_or_ignore
from pledgetracker.storage.paging import Page, PageRequest, fetch
from pledgetracker.storage.tables import alerts


@dataclass(frozen=True, slots=True)
class AlertEntry:
    """An owed alert as it stands in the record.

    Attributes:
        due_at: the instant at which it fell due.
        reason: why it is in that state, for states that need one.
        superseded_by: the id of the alert that spoke for it.
        attempts: how often it was handed to the channel so far.
        next_attempt_at: when a pending one is tried next.
        ended_at: when it reached its last state.
    """

    id: int
    pledge: str
    milestone: str | None
    kind: AlertKind
    episode: date
    step: int
    recipient: Recipient
    channel: Channel
    due_at: datetime
    planned_at: datetime
    state: AlertState
    reason: str | None
    superseded_by: int | None
    attempts: int
    first_attempt_at: datetime | None
    next_attempt_at: datetime
    ended_at: datetime | None
    dedup_key: str

    @property
    def destination(self) -> tuple[str, str, str]:
        """As that of what was owed."""
        return self.pledge, self.recipient.email, self.channel.value


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are wanted; None asks for all."""

    pledge: str | None = None
    state: AlertState | None = None


# Given back without having been tried, an alert has no attempt either, though its letter may be composed.
_OF_FLAGS = (
    alerts.c.state == AlertState.PENDING.value,
    alerts.c.attempts == 0,
    alerts.c.kind.in_([kind.value for kind in FlagKind]),
)
_UNCLAIMED = alerts.c.lease_until.is_(None)
_UNTRIED = (*_OF_FLAGS, _UNCLAIMED)


class AlertStore:
    """Plans and reads alerts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recorded(self, keys: Collection[str]) -> set[str]:
        """Which of these dedup keys are recorded already."""
        query = select(alerts.c.dedup_key).where(alerts.c.dedup_key.in_(keys))
        return set(self._connection.scalars(query))

    def keys_of(self, pledge: str) -> frozenset[str]:
        """The dedup keys of all alerts of a pledge that are recorded."""
        query = select(alerts.c.dedup_key).where(alerts.c.pledge == pledge)
        return frozenset(self._connection.scalars(query))

    def planned_of(self, pledge: str, *, by: datetime) -> Sequence[AlertEntry]:
        """The alerts of a pledge that were on record at `by`, as far as they have come since."""
        query = select(alerts).where(alerts.c.pledge == pledge, alerts.c.planned_at <= by)
        return [entry_from(row) for row in self._connection.execute(query.order_by(alerts.c.id)).mappings()]

    def plan(self, owed: Owed, *, now: datetime) -> int:
        """Record an alert that is to be sent; returns its id."""
        row = _row(owed, AlertState.PENDING, now)
        query = insert(alerts).values(row).returning(alerts.c.id)
        return int(self._connection.execute(query).scalar_one())

    def plan_news(self, owed: Iterable[Owed], *, now: datetime) -> None:
        """Record alerts that are to be sent; what is on record already stays as it is."""
        rows = [_row(alert, AlertState.PENDING, now) for alert in owed]
        insert_or_ignore(self._connection, alerts, rows)

    def plan_superseded(self, owed: Iterable[Owed], by: int, *, now: datetime) -> None:
        """Record alerts for which another one speaks."""
        reason = "A more urgent alert of the same turn speaks for it."
        ended = {"superseded_by": by, "reason": reason, "ended_at": now}
        rows = [_row(alert, AlertState.SUPERSEDED, now) | ended for alert in owed]
        insert_or_ignore(self._connection, alerts, rows)

    def plan_over(self, owed: Iterable[Owed], *, now: datetime) -> None:
        """Record alerts that fell due while nobody looked, and whose flags were gone before somebody did."""
        ended = {"reason": "The flag was cleared before anybody looked.", "ended_at": now}
        rows = [_row(alert, AlertState.CANCELLED, now) | ended for alert in owed]
        insert_or_ignore(self._connection, alerts, rows)

    def waiting(self, pledge: str, *, token: str | None = None) -> Sequence[AlertEntry]:
        """What flags of a pledge owe and nobody has tried to send yet, nor claimed but under `token`."""
        free = _UNCLAIMED if token is None else or_(_UNCLAIMED, alerts.c.lease_token == token)
        query = select(alerts).where(alerts.c.pledge == pledge, *_OF_FLAGS, free)
        return [entry_from(row) for row in self._connection.execute(query.order_by(alerts.c.id)).mappings()]

    def fold(self, keys: Collection[int], into: int, *, now: datetime) -> None:
        """Record that the alert `into` speaks for waiting ones, and for those they were to speak for."""
        if not keys:
            return
        reason = "A more urgent alert, owed before it could be sent, speaks for it."
        ended = {
            "state": AlertState.SUPERSEDED.value,
            "superseded_by": into,
            "reason": reason,
            "ended_at": now,
        }
        self._connection.execute(update(alerts).where(alerts.c.id.in_(keys), *_UNTRIED).values(ended))
        spoken_for = (alerts.c.superseded_by.in_(keys), alerts.c.state == AlertState.SUPERSEDED.value)
        self._connection.execute(update(alerts).where(*spoken_for).values(superseded_by=into))

    def spoken_for_by(self, key: int) -> Sequence[AlertEntry]:
        """The alerts that the alert `key` was to speak for."""
        query = select(alerts).where(
            alerts.c.superseded_by == key, alerts.c.state == AlertState.SUPERSEDED.value
        )
        return [entry_from(row) for row in self._connection.execute(query.order_by(alerts.c.id)).mappings()]

    def revive(self, key: int, *, now: datetime) -> None:
        """Record that a superseded alert must speak for itself after all."""
        pending = {
            "state": AlertState.PENDING.value,
            "reason": None,
            "superseded_by": None,
            "ended_at": None,
            "next_attempt_at": now,
        }
        self._connection.execute(update(alerts).where(alerts.c.id == key).values(pending))

    def hand_over(self, keys: Collection[int], to: int) -> None:
        """Record that another alert now speaks for superseded ones."""
        self._connection.execute(update(alerts).where(alerts.c.id.in_(keys)).values(superseded_by=to))

    def get(self, key: int) -> AlertEntry | None:
        """The alert with that id, or None."""
        row = self._connection.execute(select(alerts).where(alerts.c.id == key)).mappings().first()
        return None if row is None else entry_from(row)

    def dead(self) -> Sequence[int]:
        """The ids of all that were given up."""
        query = select(alerts.c.id).where(alerts.c.state == AlertState.DEAD.value)
        return list(self._connection.scalars(query.order_by(alerts.c.id)))

    def latest(self) -> int:
        """The id of the newest alert, 0 if there is none."""
        return self._connection.scalar(select(func.max(alerts.c.id))) or 0

    def pending_since(self, since: datetime, *, after: int, limit: int) -> int:
        """How many pending alerts newer than `after` were planned since then; counted up to `limit`."""
        chosen = select(alerts.c.id).where(
            alerts.c.state == AlertState.PENDING.value, alerts.c.planned_at > since, alerts.c.id > after
        )
        return self._connection.scalar(select(func.count()).select_from(chosen.limit(limit).subquery())) or 0

    def sent_since(self, since: datetime) -> Sequence[datetime]:
        """When each alert was sent that was sent since then."""
        sent = (alerts.c.state == AlertState.SENT.value, alerts.c.ended_at > since)
        return list(self._connection.scalars(select(alerts.c.ended_at).where(*sent)))

    def page(self, wanted: AlertFilter, request: PageRequest) -> Page[AlertEntry]:
        """One page of the stored record."""
        query = select(alerts)
        if wanted.pledge is not None:
            query = query.where(alerts.c.pledge == wanted.pledge)
        if wanted.state is not None:
            query = query.where(alerts.c.state == wanted.state.value)
        sort = alerts.c[request.sort]
        return fetch(self._connection, query, request, sort=sort, key=alerts.c.id, read=entry_from)

    def queue(self) -> dict[str, int]:
        """How many alerts are pending and how many dead."""
        counted = select(alerts.c.state, func.count()).group_by(alerts.c.state)
        unfinished = (AlertState.PENDING.value, AlertState.DEAD.value)
        rows = self._connection.execute(counted.where(alerts.c.state.in_(unfinished)))
        found: dict[str, int] = dict(iter(rows))
        return {state: found.get(state, 0) for state in unfinished}

    def pending(self, *, now: datetime) -> dict[str, int]:
        """How many pending alerts may leave now, are being sent, and wait for a later attempt."""
        stage = case(
            (alerts.c.lease_until > now, "claimed"), (alerts.c.next_attempt_at > now, "later"), else_="due"
        )
        counted = (
            select(stage, func.count()).where(alerts.c.state == AlertState.PENDING.value).group_by(stage)
        )
        found: dict[str, int] = dict(iter(self._connection.execute(counted)))
        return {name: found.get(name, 0) for name in ("due", "claimed", "later")}

    def oldest_pending(self) -> datetime | None:
        """Since when the longest-waiting alert that is still pending waits."""
        # Not since it fell due: that may lie long before anybody could record it.
        query = select(func.min(alerts.c.planned_at)).where(alerts.c.state == AlertState.PENDING.value)
        oldest: datetime | None = self._connection.scalar(query)
        return oldest


def _row(owed: Owed, state: AlertState, now: datetime) -> dict[str, Any]:
    return {
        "dedup_key": owed.dedup_key,
        "pledge": owed.pledge,
        "milestone": owed.milestone,
        "kind": owed.kind.value,
        "episode": owed.episode,
        "step": owed.step,
        "recipient": owed.recipient.email,
        "recipient_name": owed.recipient.name,
        "language": owed.recipient.language,
        "channel": owed.channel.value,
        "due_at": owed.due_at,
        "planned_at": now,
        "state": state.value,
        "attempts": 0,
        "next_attempt_at": now,
    }


def entry_from(row: RowMapping) -> AlertEntry:
    """The alert kept as `row`."""
    return AlertEntry(
        id=row["id"],
        pledge=row["pledge"],
        milestone=row["milestone"],
        kind=alert_kind(row["kind"]),
        episode=row["episode"],
        step=row["step"],
        recipient=Recipient(row["recipient"], row["recipient_name"], row["language"]),
        channel=Channel(row["channel"]),
        due_at=row["due_at"],
        planned_at=row["planned_at"],
        state=AlertState(row["state"]),
        reason=row["reason"],
        superseded_by=row["superseded_by"],
        attempts=row["attempts"],
        first_attempt_at=row["first_attempt_at"],
        next_attempt_at=row["next_attempt_at"],
        ended_at=row["ended_at"],
        dedup_key=row["dedup_key"],
    )
