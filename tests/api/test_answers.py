"""JSON that loses nothing."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pledgetracker.api.answers import dumper, nothing, to_json
from pledgetracker.api.schemas.sources import StatementDocument


@pytest.mark.parametrize(
    ("number", "spelled"),
    [("0.1", "0.1"), ("1E+6", "1000000"), ("1E-6", "0.000001"), ("-0", "0"), ("250000.000", "250000")],
)
def test_decimals_are_spelled_out_exactly(number: str, spelled: str) -> None:
    assert to_json([Decimal(number)]) == f"[{spelled}]".encode()


def test_instants_are_in_utc() -> None:
    assert to_json(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == b'"2026-01-02T03:04:05Z"'


def test_what_has_no_place_in_json_is_an_error_and_not_a_guess() -> None:
    with pytest.raises(TypeError, match="JSON"):
        to_json({1, 2})


def test_a_dumper_is_made_once() -> None:
    assert dumper(StatementDocument) is dumper(StatementDocument)
    assert dumper(StatementDocument)(None) is None


def test_nothing_has_no_body() -> None:
    assert (nothing().status_code, nothing().data) == (204, b"")
