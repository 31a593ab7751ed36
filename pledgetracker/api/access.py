"""Who may call what: every route names the scope it needs, and is asked before its body is read."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from pledgetracker.domain.access import ApiKey, Scope
from pledgetracker.domain.addresses import owner_of
from pledgetracker.domain.allowance import Deed
from pledgetracker.domain.audit import Actor, ActorKind
from pledgetracker.domain.errors import (
    FieldProblem,
    Invalid,
    KeyMissing,
    KeyUnknown,
    OtherPledger,
    ScopeTooSmall,
)
from pledgetracker.services.keyring import authenticate
from pledgetracker.services.reading import get_record
from pledgetracker.storage.database import Transaction
from pledgetracker.web import client, now, runtime, visit

View = TypeVar("View", bound=Callable[..., Any])
# A key is some 90 characters long.
MAX_KEY_LENGTH = 200
# Not every database takes every character, not even to look it up.
_PRINTABLE = re.compile("[!-~]+")


def needs(scope: Scope) -> Callable[[View], View]:
    """Let only callers with `scope` in; reading needs no key where reads are public."""

    def guard(view: View) -> View:
        reads_query = getattr(view, "reads_query", False)

        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            check(scope)
            if not reads_query:
                _check_no_query()
            return view(*args, **kwargs)

        # Read by the document and by the permission tests.
        guarded.scope = scope  # type: ignore[attr-defined]
        return cast("View", guarded)

    return guard


def check(scope: Scope) -> None:
    """Let the caller pass, or refuse.

    Raises:
        KeyMissing: a key is needed and there is none.
        KeyUnknown: the key sent is not valid, even where none is needed.
        ScopeTooSmall: the key does not reach that far.
    """
    key = caller()
    if key is None:
        if scope is Scope.READ and runtime().settings.public_reads:
            return
        raise KeyMissing(scope.value)
    if not key.scope.includes(scope):
        raise ScopeTooSmall(key.scope.value, scope.value)


def _check_no_query() -> None:
    """Refuse a query where nobody would look at it.

    Raises:
        Invalid: there is one.
    """
    asking = visit()
    if asking.environ.get("QUERY_STRING") and (unknown := asking.request.args):
        detail = "This address takes no parameters; leave it out."
        raise Invalid(FieldProblem(f"?{name}", detail) for name in unknown)


def caller() -> ApiKey | None:
    """The key of this request, or None if it brought none.

    Raises:
        KeyUnknown: it brought one that is not valid.
        TooMany: from where it comes too many such keys have come.
    """
    asking = visit()
    if not asking.has_identified:
        header = asking.environ.get("HTTP_AUTHORIZATION")
        asking.caller = None if header is None else _sender(header)
        asking.has_identified = True
    return asking.caller


def _sender(header: str) -> ApiKey:
    """Whose key it is; who guesses keys is soon not listened to any more, whether they are right or not."""
    limiter = runtime().limiter
    if limiter.is_idle:
        return _holder(header)
    origin = owner_of(client())
    limiter.check(Deed.FAIL, origin, now=now())
    try:
        return _holder(header)
    except KeyUnknown:
        account = limiter.admit(Deed.FAIL, origin, now=now())
        if account is not None and account.is_to_be_passed_on:
            limiter.pass_on_soon(account, runtime().database, now=now())
        raise


def _holder(header: str) -> ApiKey:
    scheme, _, spelled = header.partition(" ")
    spelled = spelled.strip()
    if scheme.lower() != "bearer" or len(spelled) > MAX_KEY_LENGTH or not _PRINTABLE.fullmatch(spelled):
        raise KeyUnknown
    with runtime().database.glance() as tx:
        return authenticate(tx, spelled, runtime().pepper, now=now())


def actor() -> Actor:
    """Who the audit log says did what this request does."""
    key = caller()
    if key is None:
        raise KeyMissing(Scope.PROGRESS.value)
    return Actor(ActorKind.KEY, key.name, key.id, visit().name)


def may(scope: Scope) -> bool:
    """Whether the caller has a key that reaches as far as `scope`."""
    key = caller()
    return key is not None and key.scope.includes(scope)


def check_may_report_for(tx: Transaction, pledge: str) -> None:
    """Refuse a key that is tied to another pledger than the one whose pledge it is.

    Raises:
        OtherPledger: it is.
        NotFound: there is no such pledge.
    """
    key = caller()
    if key is None or key.pledger is None:
        return
    pledger = get_record(tx, pledge).pledge.pledger
    if pledger != key.pledger:
        raise OtherPledger(key.pledger, pledger)
