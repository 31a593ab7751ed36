"""The breaker: after a failure that concerns every letter no process tries another until the pause is over.

Kept in the database, so that all processes heed it; the first to come after its end tries one letter.
"""

from datetime import datetime, timedelta

from pledgetracker.domain.pause import Pause, paused
from pledgetracker.storage.database import Transaction

PAUSE = "pause"


def pause(tx: Transaction, *, is_locked: bool = False) -> Pause | None:
    """The pause that delivery makes, or None; `is_locked` keeps others from deciding on it meanwhile."""
    found = tx.heartbeats.get(PAUSE, is_locked=is_locked)
    if found is None:
        return None
    told = found.detail
    return Pause(
        since=datetime.fromisoformat(told["since"]),
        until=datetime.fromisoformat(told["until"]),
        failures=told["failures"],
        kind=told["kind"],
        reason=told["reason"],
    )


def probe(tx: Transaction, resting: Pause, *, now: datetime) -> None:
    """Keep everybody else from trying while one letter is on its way."""
    _keep(tx, resting.probed(now=now), now)


def unprobed(tx: Transaction, resting: Pause, *, now: datetime) -> None:
    """Let another letter be tried in the place of one that turned out not to be sent at all."""
    _keep(tx, resting, now)


def stop(tx: Transaction, before: Pause | None, kind: str, reason: str, *, now: datetime) -> Pause:
    """Begin a pause, or make it longer after one more failure."""
    made = paused(before, kind, reason, now=now)
    _keep(tx, made, now)
    return made


def begin(tx: Transaction, alert: int, token: str, *, now: datetime) -> bool:
    """Record that an attempt begins; False if delivery rests, or if the claim has passed to somebody else."""
    return tx.attempts.begin(alert, token=token, now=now, unless=PAUSE)


def end(tx: Transaction, *, now: datetime) -> None:
    """End the pause, if there is one; its time does not count among that for which alerts are tried."""
    resting = pause(tx)
    if resting is not None:
        tx.heartbeats.end(PAUSE)
        tx.deliveries.spare(max(now - resting.since, timedelta(0)), now=now)


def _keep(tx: Transaction, resting: Pause, now: datetime) -> None:
    told = {
        "since": resting.since.isoformat(),
        "until": resting.until.isoformat(),
        "failures": resting.failures,
        "kind": resting.kind,
        "reason": resting.reason,
    }
    tx.heartbeats.beat(PAUSE, told, now=now)


def described(resting: Pause, *, now: datetime) -> str:
    """What a person should know of it, in a sentence or two."""
    seconds = max(int((resting.until - now).total_seconds()), 0)
    return f"resting after {resting.failures} failures, next try in {seconds} s. {resting.reason}"
