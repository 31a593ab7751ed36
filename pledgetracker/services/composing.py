"""Turning claimed alerts into letters: confirmed, composed once, stored; those that are moot end here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import structlog

from pledgetracker.channels.base import RecipientRefused
from pledgetracker.domain.alert import AlertState, message_id
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Notice
from pledgetracker.domain.record import Record
from pledgetracker.services.confirming import Confirmer, promote
from pledgetracker.services.office import PostOffice
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Transaction

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Drafts:
    """What a look at claimed alerts gave.

    Attributes:
        letters: stored before, by alert.
        composed: new.
        ends: alerts that are not sent, their last state and why.
        failed: alerts whose letter could not be composed.
    """

    letters: dict[int, Letter] = field(default_factory=dict)
    composed: dict[int, Letter] = field(default_factory=dict)
    ends: list[tuple[AlertEntry, AlertState, str]] = field(default_factory=list)
    failed: list[tuple[AlertEntry, Exception]] = field(default_factory=list)

    def count(self, state: AlertState) -> int:
        """How many alerts end in that state."""
        return sum(ended is state for _, ended, _ in self.ends)


def draft(tx: Transaction, claims: Sequence[AlertEntry], office: PostOffice, rules: Rules) -> Drafts:
    """Confirm claimed alerts and compose the letters that are missing; nothing is stored yet."""
    now = office.judging_at()
    made = Drafts()
    records = {record.pledge.id: record for record in tx.records.get_many(list({a.pledge for a in claims}))}
    confirmer = Confirmer(records, rules, now=now)
    names = _Names(tx)
    stored = tx.letters.get_many([alert.id for alert in claims])
    for alert in claims:
        if (reason := confirmer.why_moot(alert)) is not None:
            made.ends.append((alert, AlertState.CANCELLED, reason))
        elif alert.id in stored:
            made.letters[alert.id] = stored[alert.id]
        else:
            try:
                notice = _notice(alert, records[alert.pledge], confirmer, names, office)
                made.composed[alert.id] = office.compose(notice, now)
            except RecipientRefused as refusal:
                made.ends.append((alert, AlertState.DEAD, refusal.reason))
            except Exception as error:
                # Whatever this alert has met, it must not keep the others from leaving.
                log.exception("a letter could not be composed; it is tried again", alert=alert.id)
                made.failed.append((alert, error))
    return made


def keep(
    tx: Transaction, made: Drafts, office: PostOffice, rules: Rules, *, token: str, now: datetime
) -> dict[int, Letter]:
    """Store drafts and ends under the claim `token`; returns the letters that count."""
    for alert, state, reason in made.ends:
        is_mine = tx.deliveries.end(alert.id, state, reason, token=token, now=now)
        if is_mine and state is AlertState.CANCELLED:
            promote(tx, alert, rules, token=token, now=office.judging_at())
    return made.letters | tx.letters.keep(made.composed, now=now)


class _Names:
    """What pledgers and initiatives are called, each asked for once."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx
        self._pledgers: dict[str, str] = {}
        self._initiatives: dict[str, str | None] = {}

    def pledger(self, key: str) -> str:
        if key not in self._pledgers:
            found = self._tx.pledgers.get(key)
            self._pledgers[key] = found.name if found else key
        return self._pledgers[key]

    def initiative(self, key: str | None) -> str | None:
        if key is None:
            return None
        if key not in self._initiatives:
            found = self._tx.initiatives.get(key)
            self._initiatives[key] = found.title if found else None
        return self._initiatives[key]


def _notice(
    alert: AlertEntry, record: Record, confirmer: Confirmer, names: _Names, office: PostOffice
) -> Notice:
    pledge = record.pledge
    return Notice(
        message_id=message_id(alert.dedup_key, office.mail_domain),
        recipient=alert.recipient,
        kind=alert.kind,
        milestone=alert.milestone,
        episode=alert.episode,
        step=alert.step,
        record=record,
        standing=confirmer.standing(pledge.id),
        pledger=names.pledger(pledge.pledger),
        initiative=names.initiative(pledge.initiative),
        links=office.links(pledge.id),
    )
