"""Rate limits that hold across processes: for each caller, from when the whole allowance is there again."""

from sqlalchemy import Connection, delete, select, text

from pledgetracker.domain.allowance import Allowance
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import rate_limits

# One statement decides and counts, so that callers at the same moment cannot all see the last place free.
# What lies beyond `farthest` was written by a clock that was wrong.
_ADD = Prepared(
    text("""
INSERT INTO rate_limits (name, whole_at) VALUES (:name, :base + :cost)
ON CONFLICT (name) DO UPDATE SET whole_at = :cost + CASE
  WHEN rate_limits.whole_at > :base AND rate_limits.whole_at <= :farthest THEN rate_limits.whole_at ELSE :base
END
WHERE rate_limits.whole_at <= :latest OR rate_limits.whole_at > :farthest
RETURNING whole_at
""").columns(rate_limits.c.whole_at)
)


class RateLimitStore:
    """Reads and writes what was used; instants are in microseconds since 1970."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def use(self, name: str, allowance: Allowance, *, times: int = 1, now: int) -> tuple[int, bool]:
        """Count uses if all are allowed: the instant from which all is there again, and whether they were."""
        cost = times * allowance.interval
        return self._add(name, now, cost, now + allowance.whole - cost, allowance.farthest(now))

    def charge(self, name: str, times: int, allowance: Allowance, *, since: int, now: int) -> int:
        """Count uses that took place since an instant; returns the one from which all is there again.

        They may lead beyond what is allowed, so that what too many processes let pass is waited for later.
        """
        cost = min(times, allowance.burst) * allowance.interval
        farthest = allowance.farthest(now)
        return self._add(name, since, cost, farthest - cost, farthest)[0]

    def _add(self, name: str, base: int, cost: int, latest: int, farthest: int) -> tuple[int, bool]:
        said = {"name": name, "base": base, "cost": cost, "latest": latest, "farthest": farthest}
        added = _ADD.first(self._connection, said)
        if added is not None:
            return added.whole_at, True
        stored = self._connection.scalar(select(rate_limits.c.whole_at).where(rate_limits.c.name == name))
        # What was tidied away since stood in nobody's way.
        return (latest if stored is None else stored), False

    def forget(self, *, before: int) -> int:
        """Drop those whose whole allowance was there again by an instant; returns how many went."""
        return self._connection.execute(delete(rate_limits).where(rate_limits.c.whole_at <= before)).rowcount
