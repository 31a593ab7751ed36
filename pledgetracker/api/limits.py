"""Limits at the door: every request is counted, or refused, before it is looked at."""

from collections.abc import Mapping
from typing import Any, cast

from flask import Flask, Response, after_this_request

from pledgetracker.api.access import caller
from pledgetracker.domain.addresses import owner_of
from pledgetracker.domain.allowance import Deed
from pledgetracker.domain.errors import TooMany
from pledgetracker.runtime import Runtime
from pledgetracker.services.limiting import Limiter
from pledgetracker.storage.database import Transaction
from pledgetracker.web import EXTENSION, client, visit

# What costs next to nothing, and must answer whatever happens.
FREE = frozenset({"health.alive", "dashboard.static"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def register(app: Flask) -> None:
    """Count every request of `app`."""
    limiter = cast("Runtime", app.extensions[EXTENSION]).limiter
    if limiter.is_idle:
        return
    app.before_request(lambda: _admit(limiter, app.view_functions))


def _admit(limiter: Limiter, views: Mapping[str, Any]) -> None:
    """Count the request for its key, or for its address where it has none.

    Raises:
        TooMany: it is one too many.
        KeyUnknown: the key is not valid.
    """
    asking = visit()
    asked = asking.request
    endpoint, method = asked.endpoint or "", asked.method
    if endpoint in FREE:
        return
    takes_keys = method != "OPTIONS" and hasattr(views.get(endpoint), "scope")
    key = caller() if takes_keys else None
    who = owner_of(client()) if key is None else f"key {key.id}"
    deed = Deed.READ if method in _READING else Deed.WRITE
    account = limiter.admit(deed, who, now=asking.now)
    if account is None:
        return
    if deed is Deed.WRITE:
        asking.account = account
        after_this_request(_end)
    if account.is_to_be_passed_on:
        limiter.pass_on_soon(account, asking.runtime.database, now=asking.now)


def count_write(tx: Transaction) -> None:
    """Count what this request changes in the transaction that changes it.

    Raises:
        TooMany: over all processes it is one too many.
    """
    asking = visit()
    if asking.account is None:
        return
    try:
        asking.counted = asking.runtime.limiter.use(tx, asking.account, now=asking.now)
    except TooMany:
        asking.account = None
        raise


def settle_write() -> None:
    """Note that the transaction in which `count_write` counted is committed."""
    asking = visit()
    if asking.account is not None and asking.counted is not None:
        asking.runtime.limiter.settle(asking.account, asking.counted, now=asking.now)
        asking.account = asking.counted = None


def _end(answer: Response) -> Response:
    """Count what was not counted in a transaction: the request was refused, or failed."""
    asking = visit()
    if (account := asking.account) is not None:
        limiter = asking.runtime.limiter
        limiter.end(account)
        if account.is_to_be_passed_on:
            limiter.pass_on_soon(account, asking.runtime.database, now=asking.now)
    return answer
