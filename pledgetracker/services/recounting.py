"""Telling the whole story of a pledge: what was said and decided, and what the scheduler found and sent."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import local_day
from pledgetracker.domain.history import Entry, Happening, happenings
from pledgetracker.domain.phrases import day_of
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.reading import get_record, known
from pledgetracker.storage.alerts import AlertEntry, AlertFilter
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.flags import FlagEntry, FlagFilter
from pledgetracker.storage.paging import Page, PageRequest, Position, paged

# Nothing is left out of a history; so many rows at a time keep the statements small.
CHUNK = 500
_TOLD = {
    AlertState.SENT: "was sent",
    AlertState.DEAD: "was given up",
    AlertState.SUPPRESSED: "was suppressed",
}


def history(tx: Transaction, key: str, request: PageRequest, vantage: Vantage) -> Page[Entry]:
    """One page of the history of pledge `key`; the sort name is `at`.

    Raises:
        NotFound: there is no such pledge, or it was begun later.
    """
    record = known(get_record(tx, key), vantage)
    entries = [*happenings(record), *_flags(tx, record.pledge), *_alerts(tx, key)]
    told = {
        Position(entry.at, entry.order): entry
        for entry in entries
        if vantage.known_at is None or entry.at <= vantage.known_at
    }
    page = paged(told, request)
    return Page([told[place] for place in page.items], page.positions, page.has_more)


def _flags(tx: Transaction, pledge: Pledge) -> Iterator[Entry]:
    request: PageRequest | None = PageRequest("id", descending=False, after=None, limit=CHUNK)
    while request is not None:
        page = tx.flags.page(FlagFilter(pledge=pledge.id), request)
        for flag in page.items:
            yield from _flag(flag, pledge.time_zone)
        request = _next(request, page.after)


def _flag(flag: FlagEntry, zone: str) -> Iterator[Entry]:
    of = f" of milestone {flag.milestone}" if flag.milestone else ""
    name = f"{flag.kind.value.replace('_', ' ')}{of}, {day_of(flag.episode)}"
    yield Entry(flag.opened_at, Happening.FLAGGED, flag.id, flag.opened_on, f"Flag opened: {name}.")
    if flag.cleared_at is not None:
        day = local_day(flag.cleared_at, zone)
        yield Entry(flag.cleared_at, Happening.CLEARED, flag.id, day, f"Flag cleared: {name}.")


def _alerts(tx: Transaction, key: str) -> Iterator[Entry]:
    """The alerts that came to an end of their own; those that another spoke for are told by it."""
    request: PageRequest | None = PageRequest("id", descending=False, after=None, limit=CHUNK)
    while request is not None:
        page = tx.alerts.page(AlertFilter(pledge=key), request)
        for alert in page.items:
            if alert.state in _TOLD:
                yield _alert(alert, alert.ended_at or alert.planned_at, _TOLD[alert.state])
        yield from _requeued(tx, {str(alert.id): alert for alert in page.items})
        request = _next(request, page.after)


def _requeued(tx: Transaction, alerts: Mapping[str, AlertEntry]) -> Iterator[Entry]:
    """That dead alerts were given up, and then tried anew, which only the log of changes still tells."""
    for told in tx.audit.of(Action.ALERT_REQUEUE, alerts.keys()):
        alert, before = alerts[told.deed.subject], json.loads(told.deed.before or "{}")
        ended_at = before.get("ended_at")
        if ended_at is not None:
            yield _alert(alert, datetime.fromisoformat(ended_at), _TOLD[AlertState.DEAD])
        yield _alert(alert, told.deed.at, "is tried anew")


def _alert(alert: AlertEntry, at: datetime, what: str) -> Entry:
    # To whom is nobody's business.
    kind = alert.kind.value.replace("_", " ")
    said = f"An alert ({kind}, {day_of(alert.episode)}) {what}."
    return Entry(at, Happening.ALERTED, alert.id, alert.episode, said)


def _next(request: PageRequest, after: Position | None) -> PageRequest | None:
    return None if after is None else PageRequest(request.sort, request.descending, after, request.limit)
