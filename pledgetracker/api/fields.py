"""Strict fields: each takes one kind of JSON value, says what is wrong with another, and documents itself."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from marshmallow import ValidationError, fields, validate

from pledgetracker.api.wording import UNKNOWN
from pledgetracker.domain import numbers, slug
from pledgetracker.domain.days import Due, read_day, read_instant
from pledgetracker.domain.rubric import MAX_RATING_ID, RATING_ID

MAX_LINE = 500
MAX_TEXT = 20_000
MAX_URL = 2_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SPACE = re.compile(r"\s")
# What most addresses look like, and nothing else: taking one apart costs four times as much.
_PLAIN_URL = re.compile(r"https?://[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?(?:[/?#][!-~]*)?", re.ASCII)
_DUE_PATTERN = r"^\d{4}(-Q[1-4]|-\d\d(-\d\d)?)?$"
# Names that mean something else on each machine, or nothing.
_NO_ZONES = {"localtime", "Factory", "posixrules"}
# What bounds input says nothing of what is only shown.
_BOUNDS = {"minLength", "maxLength"}

Choices = TypeVar("Choices", bound=StrEnum)


@cache
def _time_zones() -> frozenset[str]:
    """Every IANA zone; finding them takes some milliseconds."""
    return frozenset(available_timezones() - _NO_ZONES)


class Documented:
    """A field that carries its own OpenAPI description."""

    openapi: Mapping[str, Any]


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValidationError("Must be a text.")
    return value


class Line(fields.Field[str], Documented):
    """One line of text, not blank."""

    def __init__(self, *, max_length: int = MAX_LINE, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._max_length = max_length
        self.openapi = {"type": "string", "minLength": 1, "maxLength": max_length}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        text = _text(value)
        if not text.strip():
            raise ValidationError("Must not be blank.")
        if len(text) > self._max_length:
            raise ValidationError(f"Too long: {len(text):,} characters; at most {self._max_length:,} fit.")
        if _CONTROL.search(text):
            raise ValidationError("Holds control characters; leave them out.")
        return self.check(text)

    def check(self, text: str) -> str:
        """Refuse what has no place on one line."""
        # What splits a line elsewhere (U+2028, say) would split the subject of a mail.
        if text.splitlines() != [text] or "\t" in text:
            raise ValidationError("Must be one line, without tabs.")
        return text


class Text(Line):
    """Any number of lines of text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_TEXT, **kwargs)

    def check(self, text: str) -> str:
        """Take lines as they are."""
        return text


class Slug(Line):
    """An id."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=slug.MAX_LENGTH, **kwargs)
        self.openapi = {
            "type": "string",
            "pattern": f"^{slug.PATTERN.pattern}$",
            "minLength": 1,
            "maxLength": slug.MAX_LENGTH,
        }

    def check(self, text: str) -> str:
        """Refuse what cannot be an id."""
        if not slug.is_slug(text):
            raise ValidationError("Not an id: lower-case letters, digits and single hyphens between them.")
        return text


class RatingId(Line):
    """The id of a rating, which may be the code of a standard."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_RATING_ID, **kwargs)
        self.openapi = {
            "type": "string",
            "pattern": f"^{RATING_ID.pattern}$",
            "minLength": 1,
            "maxLength": MAX_RATING_ID,
        }

    def check(self, text: str) -> str:
        """Refuse what cannot be an id."""
        if not RATING_ID.fullmatch(text):
            raise ValidationError(
                "Not an id: letters, digits and single hyphens or underscores between them."
            )
        return text


class Url(Line):
    """A web address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MAX_URL, **kwargs)
        self.openapi = {"type": "string", "format": "uri", "maxLength": MAX_URL}

    def check(self, text: str) -> str:
        """Refuse what a browser would not open, or would run."""
        if _PLAIN_URL.fullmatch(text):
            return text
        try:
            parts = urlsplit(text)
            is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
        except ValueError:
            is_web = False
        if not is_web or _SPACE.search(text):
            raise ValidationError("Must be an address that begins with http:// or https://.")
        return text


class Email(Line):
    """An e-mail address."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, **kwargs)
        self.openapi = {"type": "string", "format": "email", "maxLength": 254}
        self._is_email = validate.Email(error="Must be an e-mail address.")

    def check(self, text: str) -> str:
        """Refuse what no mail server would take."""
        return self._is_email(super().check(text))


class TimeZone(Line):
    """An IANA time zone."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=64, **kwargs)
        self.openapi = {"type": "string", "examples": ["Europe/Paris"], "maxLength": 64}

    def check(self, text: str) -> str:
        """Refuse zones that nobody knows."""
        if text not in _time_zones():
            raise ValidationError("Not an IANA time zone, such as Europe/Paris or UTC.")
        return text


class Day(fields.Field[date], Documented):
    """A full date."""

    openapi = {"type": "string", "format": "date"}

    def _serialize(self, value: date | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.isoformat()

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> date:
        try:
            return read_day(_text(value))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Moment(fields.Field[datetime], Documented):
    """An instant, in a query."""

    openapi = {"type": "string", "format": "date-time"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        try:
            return read_instant(_text(value))
        except ValueError as error:
            raise ValidationError(str(error)) from None


class Number(fields.Field[Decimal], Documented):
    """An exact decimal number."""

    openapi = {
        "type": "number",
        "description": (
            f"At most {numbers.MAX_SIGNIFICANT_DIGITS} significant digits"
            f" and {numbers.MAX_DECIMALS} decimals."
        ),
        "exclusiveMinimum": -(10**numbers.MAX_INTEGER_DIGITS),
        "exclusiveMaximum": 10**numbers.MAX_INTEGER_DIGITS,
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("Must be a number, without quotation marks.")
        number = Decimal(value)
        if (complaint := numbers.complaint(number)) is not None:
            raise ValidationError(complaint)
        return numbers.trim(number)


class Share(Number):
    """A number from 0 up to, but not including, 1."""

    openapi = {"type": "number", "minimum": 0, "exclusiveMaximum": 1}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Decimal:
        number = super()._deserialize(value, attr, data, **kwargs)
        if not 0 <= number < 1:
            raise ValidationError("Must be a share: 0 or more, and less than 1.")
        return number


class Whole(fields.Field[int], Documented):
    """A whole number within bounds."""

    def __init__(self, low: int, high: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._low, self._high = low, high
        self.openapi = {"type": "integer", "minimum": low, "maximum": high}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        whole = self.read(value)
        if whole is None or not self._low <= whole <= self._high:
            raise ValidationError(f"Must be a whole number from {self._low:,} to {self._high:,}.")
        return whole

    def read(self, value: Any) -> int | None:
        """The number in a JSON value."""
        return value if isinstance(value, int) and not isinstance(value, bool) else None


class QueryWhole(Whole):
    """A whole number within bounds, in a query."""

    def read(self, value: Any) -> int | None:
        """The number in a text."""
        return int(value) if re.fullmatch(r"\d{1,9}", value, re.ASCII) else None


class Truth(fields.Field[bool], Documented):
    """true or false."""

    openapi = {"type": "boolean"}

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


class QueryTruth(Truth):
    """true or false, in a query."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        return super()._deserialize({"true": True, "false": False}.get(value, value), attr, data, **kwargs)


class Choice(fields.Field[Choices], Documented, Generic[Choices]):
    """One of a few words."""

    def __init__(self, choices: type[Choices], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._choices = choices
        self.openapi = {"type": "string", "enum": [choice.value for choice in choices]}

    def _serialize(self, value: Choices | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else value.value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Choices:
        try:
            return self._choices(_text(value))
        except ValueError:
            words = ", ".join(choice.value for choice in self._choices)
            raise ValidationError(f"Must be one of {words}.") from None


class DueField(fields.Field[Any]):
    """A due date: bare text, or an object with `text` and, at the pledge itself, `time_zone`.

    Loads as a pair of `Due` and the zone (None where none is named).
    """

    # Answers have the object alone.
    bare = {"type": "string", "pattern": _DUE_PATTERN, "examples": ["2025-Q4"], "writeOnly": True}

    def __init__(self, shown: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shown = shown
        self._zone = TimeZone()
        self._day = Day()

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else self.shown.dump(value)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> tuple[Due, str | None]:
        zone = None
        if isinstance(value, dict):
            text, zone = self._of_object(value)
        else:
            text = _text(value)
        try:
            return Due.parse(text), zone
        except ValueError as error:
            raise ValidationError(str(error)) from None

    def _of_object(self, value: dict[str, Any]) -> tuple[str, str | None]:
        unknown = value.keys() - self.shown.fields.keys()
        if unknown:
            raise ValidationError({name: [UNKNOWN] for name in sorted(unknown)})
        # What GET shows may come back: of the resolved days only one that stands alone says something.
        text = value.get("text") or value.get("date")
        if text is None:
            raise ValidationError({"text": ["Say when: 2025, 2025-Q4, 2025-12 or 2025-12-31."]})
        zone = value.get("time_zone")
        try:
            return _text(text), None if zone is None else self._zone.deserialize(zone)
        except ValidationError as error:
            raise ValidationError(
                {"time_zone" if isinstance(text, str) else "text": error.messages}
            ) from None


class Kept(fields.Field[str], Documented):
    """A document kept as JSON text, shown as it stands."""

    openapi = {"type": "object", "additionalProperties": True}

    def _serialize(self, value: str | None, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return None if value is None else json.loads(value, parse_float=Decimal)


def openapi_of(field: fields.Field[Any]) -> dict[str, Any]:
    """What a field adds to the OpenAPI document."""
    described: Mapping[str, Any] | None = getattr(field, "openapi", None)
    if described is None:
        return {}
    added = {name: value for name, value in described.items() if name not in _BOUNDS or not field.dump_only}
    if field.allow_none and isinstance(added.get("type"), str):
        added["type"] = [added["type"], "null"]
        if "enum" in added:
            added["enum"] = [*added["enum"], None]
    return added
