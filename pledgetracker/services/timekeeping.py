"""Doubting the clock: one that jumped ahead would flag and mail years of silence, and not take it back."""

from datetime import datetime, timedelta

from pledgetracker.domain.uptime import Uptime
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.heartbeats import Heartbeat

CLOCK = "clock"
FARTHEST_AHEAD = timedelta(hours=48)
FARTHEST_BACK = timedelta(minutes=5)
# By how much the clock and the uptime of a machine may differ about the same time.
DRIFT = timedelta(hours=1)


def trust(tx: Transaction, uptime: Uptime | None, *, now: datetime) -> None:
    """Note what time it is, for the next look at the clock to go by."""
    told = {} if uptime is None else {"boot": uptime.boot, "seconds": uptime.seconds}
    tx.heartbeats.beat(CLOCK, told, now=now)


def doubt(tx: Transaction, uptime: Uptime, *, now: datetime) -> str | None:
    """Why the clock cannot be right, or may not be; None while there is no reason to doubt it."""
    last = tx.heartbeats.get(CLOCK)
    if last is None:
        return None
    if now < last.at - FARTHEST_BACK:
        return (
            f"The clock went back: it is {_told(now)}, and the last tick was at {_told(last.at)}. Nothing is "
            "flagged or sent until it has caught up. If the earlier time is the wrong one, release."
        )
    if now > last.at + FARTHEST_AHEAD and not _was_running(last, uptime, now):
        return (
            f"It is {_told(now)}, and the last tick was at {_told(last.at)}: the machine was off for "
            f"{(now - last.at).days} days, or its clock jumped. Nothing is flagged or sent. If the clock is "
            "right, release; if not, set it right, and all goes on by itself."
        )
    return None


def _was_running(last: Heartbeat, uptime: Uptime, now: datetime) -> bool:
    """Whether the machine itself counted that much time since then, so that only nobody ticked."""
    if uptime.boot is None or last.detail.get("boot") != uptime.boot:
        return False
    counted = timedelta(seconds=uptime.seconds - last.detail["seconds"])
    return abs((now - last.at) - counted) <= DRIFT


def _told(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M} UTC"
