"""Cells: what a spreadsheet would compute is a text, and comes back as it was."""

import csv
import io
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from pledgetracker.api.fields import Number, Text, Truth, Whole
from pledgetracker.api.files.cells import DecimalSign, guarded, reader, unguarded, written

hostile = st.text(st.sampled_from("'=+-@\t\r\n1.,;\"a é|") | st.characters(codec="utf-8"), max_size=12)


@given(hostile)
def test_every_text_comes_back_as_it_was(text: str) -> None:
    assert unguarded(guarded(text)) == text


@given(hostile, hostile)
def test_no_two_texts_share_a_cell(one: str, other: str) -> None:
    assert (guarded(one) == guarded(other)) is (one == other)


@given(hostile)
def test_no_cell_begins_as_a_formula_unless_it_is_a_number(text: str) -> None:
    cell = guarded(text)
    if cell[:1] in tuple("=+-@\t\r\n"):
        Decimal(cell)


@given(st.lists(hostile.filter(bool), min_size=1, max_size=4))
def test_rows_come_back_through_the_library_as_they_were(texts: list[str]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\r\n").writerow(map(guarded, texts))
    [row] = csv.reader(io.StringIO(buffer.getvalue(), newline=""), strict=True)
    assert [unguarded(cell) for cell in row] == texts


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, ""),
        (True, "true"),
        (False, "false"),
        (Decimal("-5.50"), "-5.5"),
        (7, "7"),
        ("=1+1", "'=1+1"),
        ("-5", "-5"),
        ("-5 people", "'-5 people"),
        ("'=1", "''=1"),
        ("'quoted'", "'quoted'"),
        ("@home", "'@home"),
    ],
)
def test_values_as_cells(value: Any, cell: str) -> None:
    assert written(value) == cell


POINT, COMMA = DecimalSign


@pytest.mark.parametrize(
    ("decimal", "cell", "number"),
    [
        (POINT, "1.5", "1.5"),
        (POINT, "-2", "-2"),
        (POINT, "1E+9", "1000000000"),
        (POINT, "'-2", "-2"),
        (COMMA, "1,5", "1.5"),
        (COMMA, "-2", "-2"),
    ],
)
def test_numbers_in_cells(decimal: DecimalSign, cell: str, number: str) -> None:
    assert reader(Number(), decimal)(cell) == Decimal(number)


@pytest.mark.parametrize(
    ("field", "decimal", "cell", "complaint"),
    [
        (Number(), POINT, "1,5", "--decimal comma"),
        (Number(), POINT, "1 000", "Not a number"),
        (Number(), COMMA, "1.000,5", "decimal comma"),
        (Number(), COMMA, "1,000,5", "Not a number"),
        (Number(), POINT, "NaN", "Not a number"),
        (Number(), POINT, "٣", "Not a number"),
        (Whole(1, 9), POINT, "1.0", "Not a whole number"),
        (Truth(), POINT, "yes", "Neither true nor false"),
    ],
)
def test_what_is_no_number_and_no_truth_is_told(
    field: Any, decimal: DecimalSign, cell: str, complaint: str
) -> None:
    with pytest.raises(ValidationError, match=complaint):
        reader(field, decimal)(cell)


@pytest.mark.parametrize(("cell", "value"), [("TRUE", True), ("False", False)])
def test_truths_as_spreadsheets_write_them(cell: str, value: object) -> None:
    assert reader(Truth(), POINT)(cell) is value


def test_a_text_is_taken_as_it_is() -> None:
    assert reader(Text(), POINT)("'=1+1") == "=1+1"
