"""Values as OCDS writes them."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from pledgetracker.domain.days import start_of

Object = dict[str, Any]


def instant(moment: datetime, zone: str) -> str:
    """`2027-12-31T23:59:59+01:00`, as in RFC 3339; it has no offsets of odd seconds, as Liberia's in 1970."""
    local = moment.astimezone(ZoneInfo(zone))
    if (local.utcoffset() or timedelta()) % timedelta(minutes=1):
        local = moment.astimezone(UTC)
    return local.isoformat(timespec="seconds").replace("+00:00", "Z")


def begin_of(day: date, zone: str) -> str:
    """The first instant of a local day."""
    return instant(start_of(day, zone), zone)


def end_of(day: date, zone: str) -> str:
    """The last second of a local day."""
    return instant(start_of(day + timedelta(days=1), zone) - timedelta(seconds=1), zone)


def without_nothing(content: Mapping[str, Any]) -> Object:
    """The content that there is."""
    return {name: value for name, value in content.items() if value is not None}
