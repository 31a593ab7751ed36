"""What API and pages share: the runtime and instant of a request, and cursors, opaque and checked."""

import json
import re
import uuid
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, cast

from flask import current_app, g, request

from pledgetracker.runtime import Runtime
from pledgetracker.storage.paging import PageRequest, Position, SortValue

# U+0000 cannot be stored everywhere; half a surrogate pair is no character at all.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

# What a caller or a proxy calls a request; anything else would not be found again in logs.
REQUEST_ID = "X-Request-Id"
_REQUEST_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# Names of what the application carries for its handlers.
EXTENSION = "pledgetracker"
DOCUMENT = "pledgetracker.document"
PROBLEMS = "pledgetracker.problems"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """One kind of problem, as its documentation needs it.

    Attributes:
        name: as in `/docs#problem-<name>`.
        cure: what to do about it, where that is always the same.
    """

    status: int
    name: str
    title: str
    cure: str | None = None


def runtime() -> Runtime:
    """The runtime of the application that answers."""
    return cast("Runtime", current_app.extensions[EXTENSION])


def now() -> datetime:
    """The instant of this request: read once, the same to its end."""
    if "now" not in g:
        g.now = runtime().clock()
    return cast("datetime", g.now)


def request_id() -> str:
    """What this request is called: as its caller says, else a name of its own."""
    if "request_id" not in g:
        said = request.headers.get(REQUEST_ID, "")
        g.request_id = said if _REQUEST_NAME.fullmatch(said) else uuid.uuid4().hex
    return cast("str", g.request_id)


@dataclass(frozen=True, slots=True)
class Cursors:
    """How the cursors of one list are written and read.

    Attributes:
        types: for each sort name the type of its values.
        key: the type of the list's keys.
    """

    types: Mapping[str, type] = field(default_factory=lambda: {"id": str})
    key: type = str

    def page(self, sort: str, cursor: str | None, limit: int) -> PageRequest:
        """The page that `cursor` begins, or the first; a hyphen before `sort` turns the order round.

        Raises:
            ValueError: it is no cursor of this list with this sort.
        """
        name = sort.removeprefix("-")
        after = None if cursor is None else self._read(cursor, sort, name)
        return PageRequest(name, sort.startswith("-"), after, limit)

    def _read(self, cursor: str, sort: str, name: str) -> Position:
        refusal = ValueError("Not a cursor of this list with this sort; begin without one.")
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
