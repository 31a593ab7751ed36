"""The pause that delivery makes after a failure which concerns every letter, and who may end it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=15)
# So long nobody else tries while one letter does; should its process be killed, so long nobody tries.
PROBE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Pause:
    """Nobody tries to send until it is over; then one letter does, and ends it or makes it longer.

    Attributes:
        since: when delivery stopped.
        until: when the next letter may be tried.
        failures: how often it was tried since, in vain.
        kind: what is wrong with the channel.
        reason: in the words of whoever said no.
    """

    since: datetime
    until: datetime
    failures: int
    kind: str
    reason: str

    def is_over(self, *, now: datetime) -> bool:
        """Whether one letter may be tried; an end further ahead than any pause was set by a wrong clock."""
        return not now < self.until <= now + LONGEST_PAUSE + PROBE

    def probed(self, *, now: datetime) -> "Pause":
        """The same while one letter is on its way."""
        return replace(self, until=now + PROBE)


def paused(before: Pause | None, kind: str, reason: str, *, now: datetime) -> Pause:
    """The pause after one more failure: doubling up to the longest."""
    failures = 1 if before is None else before.failures + 1
    # Beyond a few doublings the longest pause rules, so larger powers need not be formed.
    length = min(FIRST_PAUSE * 2 ** min(failures - 1, 10), LONGEST_PAUSE)
    since = now if before is None else min(before.since, now)
    return Pause(since, now + length, failures, kind, reason)
