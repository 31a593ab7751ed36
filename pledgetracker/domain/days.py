"""Local days and the instants at which they begin; partial dates and the day each ends on."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import lru_cache
from typing import Literal
from zoneinfo import ZoneInfo

FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2200, 12, 31)

# Where every day begins first.
_FIRST_ZONE = "Pacific/Kiritimati"

Precision = Literal["year", "quarter", "month", "day"]

_PARTIAL = re.compile(
    r"(?P<year>\d{4})(?:-Q(?P<quarter>[1-4])|-(?P<month>\d\d)(?:-(?P<day>\d\d))?)?", re.ASCII
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+ -]\d\d:\d\d)", re.ASCII)


def read_day(text: str) -> date:
    """The full date in `text`, as `2025-12-31`.

    Raises:
        ValueError: it is written otherwise, there is no such day, or it lies outside 1970 to 2200.
    """
    if not _DAY.fullmatch(text):
        raise ValueError("Must be a full date without a time, as 2025-12-31.")
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError("There is no such day.") from None
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError(f"Dates lie between {FIRST_DAY} and {LAST_DAY}.")
    return day


def read_instant(text: str) -> datetime:
    """The instant (UTC) in `text`, as `2025-12-31T23:00:00Z` or with an offset.

    Raises:
        ValueError: it is written otherwise, there is no such instant, or it lies outside 1970 to 2200.
    """
    if not _INSTANT.fullmatch(text):
        raise ValueError("Must be an instant, as 2025-12-31T23:00:00Z or 2025-12-31T23:00:00+01:00.")
    try:
        # A plus in an address means a space, which is how most offsets arrive.
        instant = datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("There is no such instant.") from None
    if not FIRST_DAY <= instant.date() <= LAST_DAY:
        raise ValueError(f"Instants lie between {FIRST_DAY} and {LAST_DAY}.")
    return instant


def local_day(now: datetime, zone: str) -> date:
    """The date on the calendar of `zone` at the instant `now`."""
    return now.astimezone(_zone(zone)).date()


def latest_day(now: datetime) -> date:
    """The date at the instant `now` on the first calendar to reach it."""
    return local_day(now, _FIRST_ZONE)


def start_of(day: date, zone: str) -> datetime:
    """The first instant (UTC) whose local date is `day`, also where that day has no midnight."""
    # fold=0 in a gap takes the offset before it, which is the instant of the change itself.
    return datetime.combine(day, time(), tzinfo=_zone(zone)).astimezone(UTC)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@dataclass(frozen=True, slots=True)
class Due:
    """A due date as it was said ("2025-Q4") and the last day of the period it names.

    Attributes:
        text: as it was said.
        precision: year, quarter, month or day.
        date: the last day of the period.
    """

    text: str
    precision: Precision
    date: date

    @classmethod
    def parse(cls, text: str) -> "Due":
        """Read `2025`, `2025-Q4`, `2025-12` or `2025-12-31`.

        Raises:
            ValueError: it is none of these, no such day exists, or it lies outside 1970 to 2200.
        """
        match = _PARTIAL.fullmatch(text)
        if match is None:
            raise ValueError(f"Not a due date: {text[:40]!r}. Use 2025, 2025-Q4, 2025-12 or 2025-12-31.")
        year = int(match["year"])
        if not FIRST_DAY.year <= year <= LAST_DAY.year:
            raise ValueError("Due dates lie in the years 1970 to 2200.")
        if match["day"]:
            return cls(text, "day", _day_of(text))
        if match["month"]:
            return cls(text, "month", _last_of(year, int(match["month"])))
        if match["quarter"]:
            return cls(text, "quarter", _last_of(year, 3 * int(match["quarter"])))
        return cls(text, "year", date(year, 12, 31))


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"There is no such day: {text}.") from None


def _last_of(year: int, month: int) -> date:
    try:
        return date(year, month, monthrange(year, month)[1])
    except ValueError:
        raise ValueError(f"There is no month {month:02d}; months are 01 to 12.") from None
