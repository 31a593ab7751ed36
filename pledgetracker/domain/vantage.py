"""From where a record is looked at: as of which day, knowing what."""

from dataclasses import dataclass
from datetime import date, datetime

from pledgetracker.domain.days import local_day


@dataclass(frozen=True, slots=True)
class Vantage:
    """The day that is asked about, and the instant whose knowledge the answer may use.

    Attributes:
        now: the instant of asking.
        as_of: answer as if it were the last instant of this local day; None for that of `known_at`, or today.
        known_at: leave out whatever was recorded after this instant; None for nothing.
    """

    now: datetime
    as_of: date | None = None
    known_at: datetime | None = None

    @property
    def is_now(self) -> bool:
        """Whether it is here and now, and no other day or knowledge was asked for."""
        return self.as_of is None and self.known_at is None

    @property
    def instant(self) -> datetime:
        """The one whose knowledge the answer uses: `known_at`, or now."""
        return self.known_at or self.now

    def today(self, time_zone: str) -> date:
        """The local day, in `time_zone`, as at whose end to answer."""
        return self.as_of or local_day(self.instant, time_zone)
