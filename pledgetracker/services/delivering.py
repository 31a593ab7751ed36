"""Handing owed alerts to the mail server: claimed, confirmed, composed once, sent, ended."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Result
from pledgetracker.domain.pause import Pause
from pledgetracker.services import composing, pausing
from pledgetracker.services.composing import Drafts
from pledgetracker.services.holding import MassGuard, held
from pledgetracker.services.leasing import Lease
from pledgetracker.services.office import DeliveryReport, PostOffice
from pledgetracker.services.rules import Rules
from pledgetracker.services.sending import Round, Waiting, backoff, given_up, unforeseen
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Database, Transaction

BATCH = 50

log = structlog.get_logger(__name__)


def deliver(database: Database, office: PostOffice, rules: Rules) -> DeliveryReport:
    """Deliver everything that is pending and due for an attempt, until nothing is or the channel is down.

    Told to stop, it ends after the letter under way and gives back what it has claimed.

    While delivery is held or rests, nothing leaves, and the reason stands in the report as its outage.

    Raises:
        Unavailable: the database cannot be reached; leases run out and others take over.
    """
    delivery = _Delivery(database, office, rules)
    while delivery.report.outage is None and not office.is_stopping():
        lease = Lease(database, office.clock)
        with lease.kept():
            if not delivery.batch(lease):
                break
    return delivery.report


@dataclass(frozen=True, slots=True)
class _Claim:
    """Claimed alerts; where delivery rests, the one that may end that."""

    alerts: Sequence[AlertEntry] = ()
    pause: Pause | None = None
    outage: str | None = None
    is_new_hold: bool = False


class _Delivery:
    """One batch after another."""

    def __init__(self, database: Database, office: PostOffice, rules: Rules) -> None:
        self.report = DeliveryReport()
        self._database = database
        self._office = office
        self._rules = rules
        self._guard = MassGuard(office.hold_above)

    def batch(self, lease: Lease) -> bool:
        """Claim a batch and deliver it; False if there was nothing to claim, or others took it over."""
        claim = self._database.write(lambda tx: self._claim(tx, lease))
        self.report.outage = claim.outage
        if claim.is_new_hold:
            log.error("alerts are held; 'pledgetracker release' lets them leave", reason=claim.outage)
        if not claim.alerts:
            return False
        waiting = self._prepare(claim, lease)
        if not waiting:
            return waiting is not None
        return Round(self._database, self._office, lease, claim.pause, self.report).send(waiting)

    def _claim(self, tx: Transaction, lease: Lease) -> _Claim:
        now = self._office.clock()
        if (reason := held(tx)) is not None:
            return _Claim(outage=reason)
        if (reason := self._guard.check(tx, now=now)) is not None:
            return _Claim(outage=reason, is_new_hold=True)
        pause = pausing.pause(tx, is_locked=True)
        if pause is not None and not pause.is_over(now=now):
            is_waited_for = tx.alerts.oldest_pending() is not None
            return _Claim(outage=pausing.described(pause, now=now) if is_waited_for else None)
        limit = BATCH if pause is None else 1
        due_by = max(now, self._office.judging_at())
        claims = tx.deliveries.claim(
            now=now, due_by=due_by, until=lease.until, token=lease.token, limit=limit
        )
        if pause is not None and claims:
            pausing.probe(tx, pause, now=now)
        elif pause is not None and tx.alerts.oldest_pending() is None:
            # Nothing is left by which to find out whether mail leaves again.
            pausing.end(tx, now=now)
        lost = tx.attempts.lose([alert.id for alert in claims], now=now) if claims else {}
        for key, begun_at in lost.items():
            tx.deliveries.count_lost(key, begun_at)
        return _Claim([_counted(alert, lost.get(alert.id)) for alert in claims], pause)

    def _prepare(self, claim: _Claim, lease: Lease) -> Waiting | None:
        """The letters to send, in order; the other alerts end here, or are put off.

        None if the claims have passed to somebody else.
        """
        now = self._office.clock()
        with self._database.read() as tx:
            drafts = composing.draft(tx, claim.alerts, self._office, self._rules)
        waiting = self._database.write(lambda tx: self._store(tx, claim, drafts, lease.token, now))
        self.report.cancelled += drafts.count(AlertState.CANCELLED)
        self.report.dead += drafts.count(AlertState.DEAD)
        self.report.put_off += len(drafts.failed)
        return waiting

    def _store(
        self, tx: Transaction, claim: _Claim, drafts: Drafts, token: str, now: datetime
    ) -> Waiting | None:
        """Record what was found and composed, and that the first attempt begins."""
        letters = composing.keep(tx, drafts, self._office, self._rules, token=token, now=now)
        for alert, error in drafts.failed:
            _put_off(tx, alert, unforeseen(error), token, now)
        waiting = [(alert, letters[alert.id]) for alert in claim.alerts if alert.id in letters]
        if not waiting and claim.pause is not None:
            pausing.unprobed(tx, claim.pause, now=now)
        if waiting and not tx.attempts.begin(waiting[0][0].id, token=token, now=now):
            return None
        return waiting


def _put_off(tx: Transaction, alert: AlertEntry, reason: str, token: str, now: datetime) -> None:
    tx.attempts.begin(alert.id, token=token, now=now)
    if (verdict := given_up(alert, reason, now=now)) is not None:
        is_mine = tx.deliveries.end(alert.id, AlertState.DEAD, verdict, token=token, now=now, was_tried=True)
    else:
        until = now + backoff(alert.attempts + 1)
        is_mine = tx.deliveries.put_off(alert.id, reason, token=token, until=until, begun_at=now)
    if is_mine:
        tx.attempts.end(alert.id, Result(Outcome.PUT_OFF, words=reason), now=now)


def _counted(alert: AlertEntry, begun_at: datetime | None) -> AlertEntry:
    """An alert after an attempt was counted whose maker was killed; as it is if there was none."""
    if begun_at is None:
        return alert
    first = alert.first_attempt_at or begun_at
    return replace(alert, attempts=alert.attempts + 1, first_attempt_at=first)
