"""Whether an owed alert is still called for, looked at once more just before it is sent."""

from collections.abc import Mapping
from datetime import datetime

from pledgetracker.domain.alert import NewsKind, urgency
from pledgetracker.domain.days import local_day
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.standing import Standing, standing
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Transaction


class Confirmer:
    """Judges alerts as at one instant, each pledge once.

    Args:
        records: those of all pledges that will be asked for; what is not among them is gone.
    """

    def __init__(self, records: Mapping[str, Record], rules: Rules, *, now: datetime) -> None:
        self._records = records
        self._rules = rules
        self._now = now
        self._standings: dict[str, Standing] = {}

    def standing(self, pledge: str) -> Standing:
        """Where a pledge stands today."""
        if pledge not in self._standings:
            record = self._records[pledge]
            today = local_day(self._now, record.pledge.time_zone)
            self._standings[pledge] = standing(record, self._rules.policy, today=today)
        return self._standings[pledge]

    def why_moot(self, alert: AlertEntry) -> str | None:
        """Why an alert is not called for any more, or None while it is."""
        record = self._records.get(alert.pledge)
        if record is None:
            return "The pledge is gone."
        if not isinstance(alert.kind, FlagKind):
            tells_of_update = alert.kind in {NewsKind.PROGRESS, NewsKind.CORRECTED, NewsKind.MET}
            return _why_stale(record, alert.step) if tells_of_update else None
        identity = (alert.kind, alert.milestone, alert.episode)
        is_open = any(flag.identity == identity for flag in self.standing(alert.pledge).flags)
        return None if is_open else "The flag was cleared before it could be sent."


def _why_stale(record: Record, update: int) -> str | None:
    """Why there is nothing to tell of an update any more, or None."""
    if update in record.successors:
        return "The update that it tells of has been corrected."
    is_accepted = any(u.number == update and u.review is Review.ACCEPTED for u in record.updates)
    return None if is_accepted else "The update that it tells of is not accepted any more."


def promote(tx: Transaction, cancelled: AlertEntry, rules: Rules, *, token: str, now: datetime) -> None:
    """Find another speaker for the alerts for which a cancelled one was to speak.

    One that is about to leave anyway, claimed under `token` or by nobody: its letter names all that is open.
    Without any, the most urgent of them speaks for itself.
    """
    spoken_for = tx.alerts.spoken_for_by(cancelled.id)
    records = tx.records.get_many(list({alert.pledge for alert in spoken_for}))
    confirmer = Confirmer({record.pledge.id: record for record in records}, rules, now=now)
    silent = [alert for alert in spoken_for if confirmer.why_moot(alert) is None]
    if not silent:
        return
    rivals = [
        a for a in tx.alerts.waiting(cancelled.pledge, token=token) if a.destination == cancelled.destination
    ]
    if rivals:
        tx.alerts.hand_over([alert.id for alert in silent], min(rivals, key=urgency).id)
        return
    leader, *others = sorted(silent, key=urgency)
    tx.alerts.revive(leader.id, now=now)
    tx.alerts.hand_over([alert.id for alert in others], leader.id)
