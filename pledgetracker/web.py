"""What API and pages share: the runtime and instant of a request, and cursors, opaque and checked."""

import os
import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, cast

import structlog
from flask import Request
from itsdangerous import BadData, URLSafeSerializer

from pledgetracker.domain.access import ApiKey
from pledgetracker.domain.addresses import client_of
from pledgetracker.runtime import Runtime
from pledgetracker.services.limiting import Account, Counted
from pledgetracker.storage.paging import PageRequest, Position

# U+0000 cannot be stored everywhere; half a surrogate pair is no character at all.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

log = structlog.get_logger(__name__)

# What a caller or a proxy calls a request; anything else would not be found again in logs.
REQUEST_ID = "X-Request-Id"
_REQUEST_NAME = re.compile(r"[A-Za-z0-9._:-]{1,64}")

# Answers with one of these have no content.
BODILESS = frozenset({204, 304})

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


@dataclass(slots=True, eq=False)
class Visit:
    """One request from its arrival to its answer, and what has been found out about it.

    The framework keeps such things too, and each look at one of them costs a microsecond.

    Attributes:
        environ: the request as the server gave it.
        name: what it is called: as its caller says, else a name of its own.
        now: the instant at which it is answered; of a change, the one at which its turn to write came.
        has_identified: whether it is known whose key it brought.
        caller: the holder of that key; None if it brought none, or none that is valid.
        account: what a change that is under way is to be counted on.
        counted: what the transaction that counted it said.
    """

    environ: dict[str, Any]
    runtime: Runtime
    name: str = field(init=False)
    now: datetime = field(init=False)
    has_identified: bool = False
    caller: ApiKey | None = None
    account: Account | None = None
    counted: Counted | None = None

    def __post_init__(self) -> None:
        """Name it, and note when it came."""
        said = self.environ.get("HTTP_X_REQUEST_ID")
        self.name = said if said and _REQUEST_NAME.fullmatch(said) else os.urandom(16).hex()
        self.now = self.runtime.clock()

    @property
    def request(self) -> Request:
        """The request as the framework sees it, while it is at work on it."""
        return cast("Request", self.environ["werkzeug.request"])

    @property
    def address(self) -> str:
        """Where it was sent to, without its query."""
        return self.request.root_path + self.request.path

    @property
    def client(self) -> str:
        """The address that it comes from, as far as it can be known."""
        forwarded = self.environ.get("HTTP_X_FORWARDED_FOR", "")
        return client_of(self.environ.get("REMOTE_ADDR"), forwarded, self.runtime.settings.trusted_proxies)


# The request that is being answered.
VISIT: ContextVar[Visit] = ContextVar("visit")
visit = VISIT.get


def runtime() -> Runtime:
    """The runtime of the application that answers."""
    return visit().runtime


def now() -> datetime:
    """The instant of this request: read once, the same to its end."""
    return visit().now


def client() -> str:
    """The address that this request comes from, as far as it can be known."""
    asking = visit()
    if "HTTP_X_FORWARDED_FOR" in asking.environ and not asking.runtime.settings.trusted_proxies:
        _warn_of_proxy()
    return asking.client


@cache
def _warn_of_proxy() -> None:
    """Say, once, what will be wrong if there is a proxy that the settings do not know of."""
    log.warning(
        "X-Forwarded-For is ignored: behind a proxy of your own, set trusted_proxies; "
        "all who come through it count as one address"
    )


@dataclass(frozen=True, slots=True)
class Cursors:
    """How the cursors of one list are written and read.

    Attributes:
        types: for each sort name the type of its values.
    """

    types: Mapping[str, type] = field(default_factory=lambda: {"id": str})

    def page(self, sort: str, cursor: str | None, limit: int) -> PageRequest:
        """The page that `cursor` begins, or the first; a hyphen before `sort` turns the order round.

        Raises:
            ValueError: it is no cursor of this list with this sort.
        """
        name = sort.removeprefix("-")
        after = None if cursor is None else self._read(cursor, sort, name)
        return PageRequest(name, sort.startswith("-"), after, limit)

    def _read(self, cursor: str, sort: str, name: str) -> Position:
        try:
            said_sort, value, key = _signer().loads(cursor)
        except BadData:
            said_sort = value = key = None
        if said_sort != sort:
            raise ValueError("Not a cursor of this list with this sort; begin without one.")
        # Signed by us, so of the types that the list has.
        kind = self.types[name]
        return Position(kind.fromisoformat(value) if issubclass(kind, date) else value, key)


def next_cursor(page: PageRequest, after: Position | None) -> str | None:
    """The cursor of the page after `after`."""
    if after is None:
        return None
    sort = f"-{page.sort}" if page.descending else page.sort
    value = after.value.isoformat() if isinstance(after.value, date) else after.value
    return str(_signer().dumps([sort, value, after.key]))


def _signer() -> URLSafeSerializer:
    """Signs the cursors of the list that is asked for; those of another list, or of nobody, do not pass."""
    return URLSafeSerializer(runtime().pepper, salt=str(visit().request.endpoint))
