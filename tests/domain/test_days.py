"""Partial due dates, and the instants at which local days begin."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.days import Due, local_day, start_of
from tests.domain.cases import day


@pytest.mark.parametrize(
    ("text", "precision", "last"),
    [
        ("2025", "year", "2025-12-31"),
        ("2025-Q1", "quarter", "2025-03-31"),
        ("2025-Q2", "quarter", "2025-06-30"),
        ("2025-Q4", "quarter", "2025-12-31"),
        ("2024-02", "month", "2024-02-29"),
        ("2025-02", "month", "2025-02-28"),
        ("2025-12-31", "day", "2025-12-31"),
        ("2024-02-29", "day", "2024-02-29"),
        ("1970-01-01", "day", "1970-01-01"),
        ("2200", "year", "2200-12-31"),
    ],
)
def test_a_due_date_resolves_to_the_last_day_of_its_period(text: str, precision: str, last: str) -> None:
    assert Due.parse(text) == Due(text, precision, day(last))  # type: ignore[arg-type] # a table's texts


@pytest.mark.parametrize(
    "text",
    [
        "",
        "25",
        "2025-Q5",
        "2025-q1",
        "2025-00",
        "2025-13",
        "2025-1",
        "2025-02-29",
        "2025-06-31",
        "2025-12-31T00:00",
        " 2025",
        "2025\n",
        "1969",
        "2201",
        "9999-12-31",
        "٢٠٢٥",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(Not a due date|Due dates lie|There is no (month|such day))"):
        Due.parse(text)


@pytest.mark.parametrize(
    ("zone", "local", "first_instant"),
    [
        ("UTC", "2025-12-31", "2025-12-31T00:00"),
        ("Europe/Paris", "2026-01-01", "2025-12-31T23:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),  # the clock went from 00:00 to 01:00
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),  # 23:00 to 24:00 came twice
        ("America/Havana", "2025-11-02", "2025-11-02T04:00"),  # 00:00 to 01:00 came twice
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),  # there was no 30 December
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
    ],
)
def test_a_day_begins_at_its_first_instant_also_without_a_midnight(
    zone: str, local: str, first_instant: str
) -> None:
    assert start_of(day(local), zone) == datetime.fromisoformat(first_instant).replace(tzinfo=UTC)


ZONES = ("America/Sao_Paulo", "Pacific/Apia", "Europe/Paris", "Africa/Cairo", "Asia/Beirut", "America/Havana")


@given(st.sampled_from(ZONES), st.dates(date(1990, 1, 1), date(2035, 1, 1)))
def test_the_instant_before_a_day_begins_belongs_to_an_earlier_day(zone: str, local: date) -> None:
    begins = start_of(local, zone)
    assert local_day(begins, zone) >= local
    assert local_day(begins - timedelta(seconds=1), zone) < local


def test_the_local_day_follows_the_zone() -> None:
    instant = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
    assert local_day(instant, "Europe/Paris") == date(2026, 1, 1)
    assert local_day(instant, "America/New_York") == date(2025, 12, 31)
    assert local_day(instant.astimezone(ZoneInfo("Asia/Tokyo")), "UTC") == date(2025, 12, 31)
