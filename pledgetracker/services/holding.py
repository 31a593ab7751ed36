"""Holding delivery: alerts are planned and kept, and none leaves until somebody says that they may."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pledgetracker.domain.audit import Action
from pledgetracker.domain.uptime import Uptime
from pledgetracker.services import pausing
from pledgetracker.services.timekeeping import trust
from pledgetracker.storage.database import Transaction

PREFIX = "hold:"
RELEASED = "released"
REASON = "The record was restored from a backup: alerts sent since then would be sent again."
MASS_WITHIN = timedelta(days=1)
USUAL_DAYS = 30
# So many times the busiest day of late is no longer usual.
UNUSUAL = 10


class HoldName(StrEnum):
    """What delivery is held for."""

    RESTORED = "restored"
    MASS_FIRE = "mass_fire"
    CLOCK = "clock"
    BY_HAND = "by_hand"


@dataclass(frozen=True, slots=True)
class Hold:
    """One reason for which nothing leaves."""

    name: str
    since: datetime
    reason: str


def holds(tx: Transaction) -> Sequence[Hold]:
    """Every reason for which delivery is held."""
    found = tx.heartbeats.named(PREFIX)
    return [Hold(name, beat.at, str(beat.detail["reason"])) for name, beat in found]


def held(tx: Transaction) -> str | None:
    """Why delivery is held, or None if it is not."""
    return " ".join(hold.reason for hold in holds(tx)) or None


def hold(tx: Transaction, name: HoldName, reason: str, *, now: datetime, **detail: Any) -> None:
    """Let nothing leave until it is released."""
    tx.heartbeats.beat(PREFIX + name, {"reason": reason, **detail}, now=now)


def hold_restored(tx: Transaction, *, now: datetime) -> None:
    """Hold delivery because the record may not know of alerts that were sent."""
    hold(tx, HoldName.RESTORED, REASON, now=now)


def hold_clock(tx: Transaction, reason: str, uptime: Uptime, *, now: datetime) -> None:
    """Hold delivery because a machine's clock is in doubt."""
    hold(tx, HoldName.CLOCK, reason, now=now, machine=uptime.machine)


def end_clock(tx: Transaction, uptime: Uptime) -> bool:
    """Let alerts leave again if it was this machine's clock that was in doubt; False if not."""
    found = tx.heartbeats.get(PREFIX + HoldName.CLOCK)
    return (
        found is not None
        and found.detail["machine"] == uptime.machine
        and tx.heartbeats.end(PREFIX + HoldName.CLOCK)
    )


def hold_by_hand(tx: Transaction, reason: str, *, now: datetime) -> None:
    """Hold delivery because somebody says so."""
    hold(tx, HoldName.BY_HAND, reason, now=now)
    tx.audit.append(Action.RECORD_HOLD, "record", None, {"reason": reason}, now=now)


def is_held(tx: Transaction, name: HoldName) -> bool:
    """Whether delivery is held for that."""
    return tx.heartbeats.get(PREFIX + name) is not None


def release(
    tx: Transaction, uptime: Uptime | None = None, *, only: HoldName | None = None, now: datetime
) -> Sequence[Hold]:
    """Let alerts leave again; returns what held them.

    Of a mass, those owed by now are released. From the release of a clock on, the time that it is now counts
    as right. A pause after failures of the mail server ends with the holds.
    """
    ended = [hold for hold in holds(tx) if only in {None, hold.name}]
    for each in ended:
        tx.heartbeats.end(PREFIX + each.name)
    names = {each.name for each in ended}
    if HoldName.MASS_FIRE in names:
        tx.heartbeats.beat(RELEASED, {"alert": tx.alerts.latest()}, now=now)
    if HoldName.CLOCK in names:
        trust(tx, uptime, now=now)
    if only is None and (resting := pausing.pause(tx)) is not None:
        pausing.end(tx, now=now)
        ended.append(Hold(pausing.PAUSE, resting.since, resting.reason))
    if ended:
        told = {"holds": [each.name for each in ended]}
        tx.audit.append(Action.RECORD_RELEASE, "record", told, None, now=now)
    return ended


@dataclass(slots=True)
class MassGuard:
    """Holds delivery when far more is to be sent than usual.

    Attributes:
        above: from more alerts than these at once it may be a mass; 0 looks at none.
    """

    above: int
    _limit: int | None = None

    def check(self, tx: Transaction, *, now: datetime) -> str | None:
        """Hold delivery if there is a mass that nobody has released: why, or None."""
        released = tx.heartbeats.get(RELEASED)
        after = 0 if released is None else released.detail["alert"]
        if self.above == 0 or not self._exceeds(tx, self.above, after, now):
            return None
        if self._limit is None:
            self._limit = max(self.above, UNUSUAL * _busiest_day(tx, now))
        if not self._exceeds(tx, self._limit, after, now):
            return None
        reason = (
            f"More than {self._limit} alerts came to be owed within a day, far more than usual. If they are "
            "right (a first start on a large record, say), let them leave; what is moot by then is cancelled."
        )
        hold(tx, HoldName.MASS_FIRE, reason, now=now)
        return reason

    def _exceeds(self, tx: Transaction, limit: int, after: int, now: datetime) -> bool:
        return tx.alerts.pending_since(now - MASS_WITHIN, after=after, limit=limit + 1) > limit


def _busiest_day(tx: Transaction, now: datetime) -> int:
    sent = tx.alerts.sent_since(now - timedelta(days=USUAL_DAYS))
    return max(Counter(instant.date() for instant in sent).values(), default=0)
