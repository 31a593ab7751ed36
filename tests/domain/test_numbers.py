"""What may enter the record as a number, and how exact results leave it."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.numbers import complaint, grouped, plain, rounded, trim


@pytest.mark.parametrize(
    "text",
    ["0", "-0", "0e-99999999999", "0.000001", "-0.000001", "999999999999999e3", "1e17", "1.500000000000"],
)
def test_a_number_within_the_limits_is_admitted(text: str) -> None:
    assert complaint(Decimal(text)) is None


@pytest.mark.parametrize(
    ("text", "because"),
    [
        ("NaN", "Not a finite number"),
        ("sNaN", "Not a finite number"),
        ("-Infinity", "Not a finite number"),
        ("1e18", "Too large"),
        ("-1000000000000000000", "Too large"),
        ("1e400", "Too large"),
        ("0.0000001", "Too precise"),
        ("1.0000005", "Too precise"),
        ("1." + "0" * 100 + "1", "Too precise"),
        ("1234567890123456", "Too many digits"),
        ("1234567890.123456", "Too many digits"),
    ],
)
def test_a_number_beyond_the_limits_is_refused_with_its_reason(text: str, because: str) -> None:
    assert (complaint(Decimal(text)) or "").startswith(because)


@pytest.mark.parametrize(
    ("text", "because"), [("1e99999999999", "Too large"), ("1e-99999999999", "Too precise")]
)
def test_an_exponent_out_of_reach_of_arithmetic_is_refused_like_any_other(text: str, because: str) -> None:
    assert (complaint(Decimal(text)) or "").startswith(because)


@pytest.mark.parametrize(
    ("exact", "text"),
    [
        (Fraction(5, 10**7), "0"),
        (Fraction(15, 10**7), "0.000002"),
        (Fraction(25, 10**7), "0.000002"),
        (Fraction(-25, 10**7), "-0.000002"),
        (Fraction(-1, 10**9), "0"),
        (Fraction(2, 3), "0.666667"),
        (Fraction(10) ** 18, "1000000000000000000"),
    ],
)
def test_results_are_rounded_half_to_even_to_six_decimals(exact: Fraction, text: str) -> None:
    assert plain(rounded(exact)) == text


@given(st.fractions())
def test_rounding_moves_a_number_by_at_most_half_a_millionth(exact: Fraction) -> None:
    assert abs(Fraction(rounded(exact)) - exact) <= Fraction(1, 2 * 10**6)


def test_a_number_is_written_without_trailing_zeros_sign_of_nothing_or_exponent() -> None:
    assert [plain(Decimal(text)) for text in ("250000.00", "-0.0", "1e3", "0.2500")] == [
        "250000",
        "0",
        "1000",
        "0.25",
    ]
    assert trim(Decimal("-0.00")).is_signed() is False


def test_sentences_set_thousands_apart_and_keep_two_decimals() -> None:
    assert grouped(Decimal("406932.931424")) == "406,932.93"
    assert grouped(Decimal(1000000)) == "1,000,000"
