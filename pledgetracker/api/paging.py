"""Lists over HTTP: limit, sort and cursor in the query; the cursor is opaque and checked when it returns."""

import json
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, post_load

from pledgetracker.api.fields import Documented, Line, QueryWhole
from pledgetracker.api.parsing import UNSTORABLE
from pledgetracker.storage.paging import PageRequest, Position, SortValue

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 4_000


class Sort(Line, Documented):
    """One of the sort names of a list, with a hyphen before it for the other way round."""

    def __init__(self, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._known = [*names, *(f"-{name}" for name in names)]
        self.openapi = {"type": "string", "enum": self._known}

    def check(self, text: str) -> str:
        """Refuse other names."""
        if text not in self._known:
            raise ValidationError(f"Must be one of {', '.join(self._known)}.")
        return text


class PageQuery(Schema):
    """The query of a list; a list adds its filters and its `sort`.

    Attributes:
        types: for each sort name the type of its values.
        key: the type of the list's keys.
    """

    types: Mapping[str, type] = {"id": str}
    key: type = str

    class Meta:
        """Nothing unknown passes."""

        unknown = RAISE

    limit = QueryWhole(
        1, MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "How many items at most."}
    )
    cursor = Line(
        max_length=MAX_CURSOR_LENGTH,
        metadata={"description": "`next_cursor` of the page before, with the same sort."},
    )

    @post_load
    def place(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put what concerns the page into one value."""
        sort = data.pop("sort", "id")
        name, descending = sort.removeprefix("-"), sort.startswith("-")
        cursor = data.pop("cursor", None)
        after = None if cursor is None else self._read(cursor, sort, name)
        data["page"] = PageRequest(name, descending, after, data.pop("limit"))
        return data

    def _read(self, cursor: str, sort: str, name: str) -> Position:
        refusal = ValidationError("Not a cursor of this list with this sort; begin without one.", "cursor")
        try:
            said_sort, value, key = json.loads(b64decode(cursor, altchars=b"-_", validate=True))
        except (ValueError, TypeError, RecursionError):
            raise refusal from None
        position = _position(value, key, self.types[name], self.key)
        if said_sort != sort or position is None:
            raise refusal
        return position


def _position(value: Any, key: Any, value_type: type, key_type: type) -> Position | None:
    """The position that a cursor tells of, or None if its parts are not of the list's types."""
    read = _value(value, value_type)
    found = _value(key, key_type)
    if read is None or not isinstance(found, str | int):
        return None
    return Position(read, found)


def _value(value: Any, kind: type) -> SortValue | None:
    if kind is int:
        return (
            value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63 else None
        )
    if not isinstance(value, str) or UNSTORABLE.search(value):
        return None
    if kind is str:
        return value
    try:
        return _day_or_instant(value, kind)
    except (ValueError, OverflowError):
        return None


def _day_or_instant(text: str, kind: type) -> date | datetime | None:
    if kind is date:
        return date.fromisoformat(text)
    instant = datetime.fromisoformat(text)
    return None if instant.tzinfo is None else instant.astimezone(UTC)


def next_cursor(request: PageRequest, after: Position | None) -> str | None:
    """The cursor of the page after `after`."""
    if after is None:
        return None
    sort = f"-{request.sort}" if request.descending else request.sort
    value = after.value.isoformat() if isinstance(after.value, date) else after.value
    return urlsafe_b64encode(json.dumps([sort, value, after.key], ensure_ascii=False).encode()).decode()
