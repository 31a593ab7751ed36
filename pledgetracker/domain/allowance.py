"""How often somebody may do something: so many times at once, and so many a minute in the long run.

What was used is one number: the instant from which the whole allowance is there again (GCRA, the generic
cell rate algorithm). Each use moves it on by one interval; who would move it further ahead than the burst
allows has to wait. Instants and durations are in microseconds, instants counted from 1970.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

MICROSECONDS = 1_000_000


class Deed(StrEnum):
    """What is counted."""

    READ = "read"
    WRITE = "write"
    FAIL = "fail"  # a key that is not valid


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one caller may do.

    Attributes:
        per_minute: how often in the long run; 0 for as often as they like.
        burst: how often at once.
        interval: how long it takes until one more use is there again.
        whole: how long it takes until all that was used is there again.
        lot: how many uses may be counted at once, before they take place: those of a second, and no more than
            a hundredth of the burst.
    """

    per_minute: int
    burst: int
    interval: int = field(init=False)
    whole: int = field(init=False)
    lot: int = field(init=False)

    def __post_init__(self) -> None:
        """Work out once what every request needs."""
        # The class is frozen for everyone else.
        object.__setattr__(self, "interval", 60 * MICROSECONDS // self.per_minute if self.per_minute else 0)
        object.__setattr__(self, "whole", self.burst * self.interval)
        object.__setattr__(self, "lot", max(1, min(self.per_minute // 60, self.burst // 100)))

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit."""
        return self.per_minute > 0

    def wait(self, whole_at: int, *, now: int) -> int:
        """How long until one more use is allowed; 0 if it is now."""
        return max(0, whole_at + self.interval - self.whole - now)

    def is_far(self, whole_at: int, *, now: int) -> bool:
        """Whether less than half of the burst was used."""
        return 2 * (whole_at - now) < self.whole

    def farthest(self, now: int) -> int:
        """How far ahead use can lead; what lies beyond came of a clock that was wrong, and is ignored."""
        return now + 2 * self.whole


def microseconds(instant: datetime) -> int:
    """An instant as it is counted here."""
    return int(instant.timestamp() * MICROSECONDS)
