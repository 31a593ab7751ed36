"""What stands in a cell: numbers and words as the API has them, and texts that no spreadsheet computes."""

import re
from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

from marshmallow import ValidationError, fields

from pledgetracker.api.fields import Number, Truth, Whole
from pledgetracker.domain.numbers import plain

# What a spreadsheet takes for a formula, and what this program puts an apostrophe before.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_GUARDED = re.compile(r"'+[=+\-@\t\r\n]")
_NUMBER = re.compile(r"[-+]?\d{1,100}(?:\.\d{1,100})?(?:[eE][-+]?\d{1,3})?", re.ASCII)
_WHOLE = re.compile(r"-?\d{1,20}", re.ASCII)
_TRUTHS = {"true": True, "false": False}


class DecimalSign(StrEnum):
    """What stands between the whole and the rest of a number."""

    POINT = "point"
    COMMA = "comma"


def guarded(text: str) -> str:
    """`text` as a cell that is a text everywhere: an apostrophe goes before what would be a formula."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(cell: str) -> str:
    """What `guarded` was given."""
    return cell[1:] if _GUARDED.match(cell) else cell


def written(value: Any) -> str:
    """A JSON value as a cell; what is not there is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return plain(value)
        case int():
            return str(value)
        case _:
            return guarded(str(value))


def reader(field: fields.Field[Any], decimal: DecimalSign) -> Callable[[str], Any]:
    """What makes the JSON value for `field` of a cell.

    It raises ValidationError where the field takes numbers, or true and false, and the cell holds none.
    """
    match field:
        case Number():
            return lambda cell: _number(cell, decimal)
        case Whole():
            return _whole
        case Truth():
            return _truth
        case _:
            return unguarded


def _whole(cell: str) -> int:
    if not _WHOLE.fullmatch(cell):
        raise ValidationError(f"Not a whole number: {cell[:40]!r}.")
    return int(cell)


def _truth(cell: str) -> bool:
    if cell.lower() not in _TRUTHS:
        raise ValidationError(f"Neither true nor false: {cell[:40]!r}.")
    return _TRUTHS[cell.lower()]


def _number(cell: str, decimal: DecimalSign) -> Decimal:
    said, is_comma = unguarded(cell), decimal is DecimalSign.COMMA
    if is_comma and "." in said:
        raise ValidationError(f"Not a number with a decimal comma: {said[:40]!r}; leave out other signs.")
    digits = said.replace(",", ".") if is_comma else said
    if not _NUMBER.fullmatch(digits):
        raise ValidationError(f"Not a number: {said[:40]!r}.{_cure(said, is_comma=is_comma)}")
    return Decimal(digits)


def _cure(said: str, *, is_comma: bool) -> str:
    """What would make a number of the cell, where that can be told."""
    if any(character.isspace() for character in said):
        return " Leave out the spaces."
    return " Numbers with a decimal comma need --decimal comma." if "," in said and not is_comma else ""
