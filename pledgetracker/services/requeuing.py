"""What people decide about single alerts: to try dead ones anew, not to send waiting ones."""

from collections.abc import Sequence
from datetime import datetime

from pledgetracker.domain.audit import Action
from pledgetracker.domain.errors import Invalid, NotDead, NotFound, NotWaiting
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Transaction

MAX_REASON_CHARACTERS = 500


def get_alert(tx: Transaction, key: int) -> AlertEntry:
    """The alert with that id.

    Raises:
        NotFound: there is none.
    """
    found = tx.alerts.get(key)
    if found is None:
        raise NotFound("alert", str(key))
    return found


def requeue(tx: Transaction, key: int, *, now: datetime) -> AlertEntry:
    """Have a dead alert tried anew, under the same Message-ID and for as long as a new one.

    Raises:
        NotFound: there is no such alert.
        NotDead: it was not given up.
    """
    before = get_alert(tx, key)
    if not tx.deliveries.requeue(key, now=now):
        raise NotDead(key, before.state.value)
    return _told(tx, Action.ALERT_REQUEUE, before, now)


def requeue_all(tx: Transaction, *, now: datetime) -> Sequence[AlertEntry]:
    """Have every dead alert tried anew."""
    return [requeue(tx, key, now=now) for key in tx.alerts.dead()]


def suppress(tx: Transaction, key: int, reason: str, *, now: datetime) -> AlertEntry:
    """See that an alert which waits is not sent.

    Raises:
        NotFound: there is no such alert.
        NotWaiting: it has ended, or is on its way just now.
        Invalid: no reason is given, or an endless one.
    """
    reason = reason.strip()
    if not 0 < len(reason) <= MAX_REASON_CHARACTERS:
        raise Invalid.field("/reason", f"Say why, in at most {MAX_REASON_CHARACTERS} characters.")
    before = get_alert(tx, key)
    if not tx.deliveries.suppress(key, reason, now=now):
        raise NotWaiting(key, before.state.value)
    return _told(tx, Action.ALERT_SUPPRESS, before, now)


def _told(tx: Transaction, action: Action, before: AlertEntry, now: datetime) -> AlertEntry:
    """The alert as it is now, after an entry in the log of what was changed."""
    after = get_alert(tx, before.id)
    shown = [
        {"state": alert.state.value, "reason": alert.reason, "ended_at": alert.ended_at}
        for alert in (before, after)
    ]
    tx.audit.append(action, str(before.id), *shown, now=now)
    return after
