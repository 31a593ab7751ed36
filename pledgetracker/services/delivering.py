"""Handing owed alerts to the mail server: claimed, confirmed, composed once, sent, ended."""

import random
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from pledgetracker.channels.base import Channel, ChannelDown, RecipientRefused, Session, TryLater
from pledgetracker.domain.alert import AlertState, NewsKind, message_id, urgency
from pledgetracker.domain.days import local_day
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Links, Notice
from pledgetracker.domain.standing import standing
from pledgetracker.services.holding import held
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Database, Transaction, Unavailable

BATCH = 50
# Short, so that the alerts of a process that was killed soon leave by another; kept while the process lives.
LEASE = timedelta(seconds=30)
RENEWAL = timedelta(seconds=5)
LONGEST_ROUND = timedelta(minutes=10)
FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
GIVES_UP_AFTER = timedelta(days=5)
OUTAGE_RETRY = timedelta(seconds=30)

Clock = Callable[[], datetime]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What delivering needs besides the record.

    Attributes:
        channel: how letters leave.
        compose: turns a notice into a letter; (notice, now) to letter.
        links: where a recipient can read of the pledge with that id, and report.
        mail_domain: the domain of Message-IDs; the same on every machine of an installation.
        clock: tells the time anew at each step, because sending takes some.
        is_stopping: whether no further letter is to be sent, asked before each one.
    """

    channel: Channel
    compose: Callable[[Notice, datetime], Letter]
    links: Callable[[str], Links]
    mail_domain: str
    clock: Clock
    is_stopping: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class DeliveryReport:
    """What became of the alerts that one round took up; `outage` tells why it ended early."""

    sent: int = 0
    cancelled: int = 0
    put_off: int = 0
    dead: int = 0
    outage: str | None = None


def deliver(database: Database, office: PostOffice, rules: Rules) -> DeliveryReport:
    """Deliver everything that is pending and due for an attempt, until nothing is or the channel is down.

    Told to stop, it ends after the letter under way and gives back what it has claimed.

    While delivery is held nothing leaves, and the reason stands in the report as its outage.

    Raises:
        Unavailable: the database cannot be reached; leases run out and others take over.
    """
    with database.glance() as tx:
        report = DeliveryReport(outage=held(tx))
    while report.outage is None and not office.is_stopping():
        lease = _Lease(database, office.clock)
        with lease.kept():
            if not _Round(database, office, rules, lease, report).deliver():
                break
    return report


class _Lease:
    """The claim on a batch of alerts, renewed until the round is over, hangs, or its process is no more.

    Attributes:
        token: what marks the alerts as claimed by this round.
        until: when others may take them over.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self.token = secrets.token_hex(16)
        self.until = clock() + LEASE
        self._database = database
        self._clock = clock

    def is_running_out(self) -> bool:
        """Whether too little of it is left to send one more letter."""
        return self._clock() >= self.until - LEASE / 2

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Renew it in the background: one letter to a slow mail server may take minutes."""
        is_over = threading.Event()
        keeper = threading.Thread(target=self._keep, args=(is_over,), name="lease", daemon=True)
        keeper.start()
        try:
            yield
        finally:
            is_over.set()
            keeper.join()

    def _keep(self, is_over: threading.Event) -> None:
        for _ in range(LONGEST_ROUND // RENEWAL):
            if is_over.wait(RENEWAL.total_seconds()):
                return
            try:
                self.renew()
            except Unavailable as outage:
                log.warning("a lease could not be renewed; it is tried again", reason=str(outage))

    def renew(self) -> None:
        """Hold the claimed alerts for another while.

        Raises:
            Unavailable: the database cannot be reached.
        """
        until = self._clock() + LEASE
        self._database.write(lambda tx: tx.alerts.renew(token=self.token, until=until))
        self.until = until


@dataclass(frozen=True, slots=True)
class _Round:
    """One batch of claimed alerts on its way."""

    database: Database
    office: PostOffice
    rules: Rules
    lease: _Lease
    report: DeliveryReport

    def deliver(self) -> bool:
        """Claim a batch and deliver it; False if there was nothing to claim."""
        now = self.office.clock()
        claims = self.database.write(
            lambda tx: tx.alerts.claim(now=now, until=self.lease.until, token=self.lease.token, limit=BATCH)
        )
        if claims:
            letters = self._prepare(claims)
            self._deliver([(alert, letters[alert.id]) for alert in claims if alert.id in letters])
        return bool(claims)

    def _deliver(self, waiting: list[tuple[AlertEntry, Letter]]) -> None:
        try:
            self._send_all(waiting)
        except Unavailable:
            raise
        except Exception as error:
            # Whatever this letter has met, it must not keep the others from leaving.
            log.exception("a letter could not be sent; it is tried again")
            for alert, _ in waiting[:1]:
                self._put_off(alert, _unforeseen(error))
            self._give_back(waiting[1:], "The letter before it could not be sent.")

    def _send_all(self, waiting: list[tuple[AlertEntry, Letter]]) -> None:
        """Send letters in order, each leaving `waiting` when it is known what became of it."""
        with self.office.channel.open() as session:
            while waiting:
                if self.office.is_stopping():
                    self._give_back(waiting, "Whoever was to send it was told to stop.", timedelta(0))
                    return
                # Beyond its lease an alert may be somebody else's; half of it is left for the last letter.
                if self.lease.is_running_out():
                    self._give_back(waiting, "The round took too long.")
                    return
                try:
                    self._send(session, *waiting[0])
                except ChannelDown as outage:
                    self.report.outage = outage.reason
                    self._give_back(waiting, outage.reason)
                    return
                waiting.pop(0)

    def _prepare(self, claims: Sequence[AlertEntry]) -> dict[int, Letter]:
        """The letter of each alert that is to be sent; the others end here."""
        now = self.office.clock()
        letters: dict[int, Letter] = {}
        composed: dict[int, Letter] = {}
        ends: list[tuple[AlertEntry, AlertState, str]] = []
        failed: list[tuple[AlertEntry, Exception]] = []
        with self.database.read() as tx:
            for alert in claims:
                if (reason := why_moot(tx, alert, self.rules, now=now)) is not None:
                    ends.append((alert, AlertState.CANCELLED, reason))
                elif (letter := tx.alerts.letter(alert.id)) is not None:
                    letters[alert.id] = letter
                else:
                    try:
                        composed[alert.id] = self.office.compose(self._notice(tx, alert, now), now)
                    except RecipientRefused as refusal:
                        ends.append((alert, AlertState.DEAD, refusal.reason))
                    except Exception as error:
                        # Whatever this alert has met, it must not keep the others from leaving.
                        log.exception("a letter could not be composed; it is tried again", alert=alert.id)
                        failed.append((alert, error))
        if ends or composed:
            letters |= self.database.write(lambda tx: self._keep(tx, composed, ends, now))
        for alert, cause in failed:
            self._put_off(alert, _unforeseen(cause))
        self.report.cancelled += sum(state is AlertState.CANCELLED for _, state, _ in ends)
        self.report.dead += sum(state is AlertState.DEAD for _, state, _ in ends)
        return letters

    def _keep(
        self,
        tx: Transaction,
        composed: dict[int, Letter],
        ends: list[tuple[AlertEntry, AlertState, str]],
        now: datetime,
    ) -> dict[int, Letter]:
        """Store letters and ends; returns the letters that count."""
        for alert, state, reason in ends:
            is_mine = tx.alerts.end(alert.id, state, reason, token=self.lease.token, now=now)
            if is_mine and state is AlertState.CANCELLED:
                promote(tx, alert, self.rules, now=now)
        return {key: tx.alerts.keep_letter(key, letter, now=now) for key, letter in composed.items()}

    def _notice(self, tx: Transaction, alert: AlertEntry, now: datetime) -> Notice:
        record = tx.records.get(alert.pledge)
        assert record is not None
        pledge = record.pledge
        pledger = tx.pledgers.get(pledge.pledger)
        initiative = tx.initiatives.get(pledge.initiative) if pledge.initiative else None
        return Notice(
            message_id=message_id(alert.dedup_key, self.office.mail_domain),
            recipient=alert.recipient,
            kind=alert.kind,
            milestone=alert.milestone,
            episode=alert.episode,
            step=alert.step,
            record=record,
            standing=standing(record, self.rules.policy, today=local_day(now, pledge.time_zone)),
            pledger=pledger.name if pledger else pledge.pledger,
            initiative=initiative.title if initiative else None,
            links=self.office.links(pledge.id),
        )

    def _send(self, session: Session, alert: AlertEntry, letter: Letter) -> None:
        """Send one letter and record at once, before the session is closed, what became of it.

        Raises:
            ChannelDown: no letter can leave now.
        """
        try:
            session.send(letter)
        except RecipientRefused as refusal:
            self._end(alert, AlertState.DEAD, refusal.reason)
            self.report.dead += 1
        except TryLater as failure:
            self._put_off(alert, failure.reason)
        else:
            self._end(alert, AlertState.SENT, None)
            self.report.sent += 1

    def _end(self, alert: AlertEntry, state: AlertState, reason: str | None) -> None:
        now = self.office.clock()
        self.database.write(
            lambda tx: tx.alerts.end(alert.id, state, reason, token=self.lease.token, now=now)
        )

    def _put_off(self, alert: AlertEntry, reason: str) -> None:
        now = self.office.clock()
        if now - (alert.first_attempt_at or now) >= GIVES_UP_AFTER:
            self._end(alert, AlertState.DEAD, f"Given up after {GIVES_UP_AFTER.days} days: {reason}")
            self.report.dead += 1
            return
        until = now + backoff(alert.attempts)
        self.database.write(
            lambda tx: tx.alerts.put_off(alert.id, reason, token=self.lease.token, until=until)
        )
        self.report.put_off += 1

    def _give_back(
        self, waiting: Sequence[tuple[AlertEntry, Letter]], reason: str, pause: timedelta = OUTAGE_RETRY
    ) -> None:
        keys, until = [alert.id for alert, _ in waiting], self.office.clock() + pause
        self.database.write(lambda tx: tx.alerts.give_back(keys, reason, token=self.lease.token, until=until))


def _unforeseen(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]


def backoff(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: doubling, with jitter of half to once that."""
    # Beyond a few doublings the longest wait rules, so larger powers need not be formed.
    full: timedelta = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), LONGEST_RETRY)
    return full * random.uniform(0.5, 1)  # noqa: S311 -- spreads retries, keeps no secret


def why_moot(tx: Transaction, alert: AlertEntry, rules: Rules, *, now: datetime) -> str | None:
    """Why an alert is not called for any more, or None while it is."""
    record = tx.records.get(alert.pledge)
    if record is None:
        return "The pledge is gone."
    if not isinstance(alert.kind, FlagKind):
        tells_of_update = alert.kind in {NewsKind.PROGRESS, NewsKind.CORRECTED, NewsKind.MET}
        is_corrected = tells_of_update and alert.step in record.successors
        return "The update that it tells of has been corrected." if is_corrected else None
    stands = standing(record, rules.policy, today=local_day(now, record.pledge.time_zone))
    identity = (alert.kind, alert.milestone, alert.episode)
    is_open = any(flag.identity == identity for flag in stands.flags)
    return None if is_open else "The flag was cleared before it could be sent."


def promote(tx: Transaction, cancelled: AlertEntry, rules: Rules, *, now: datetime) -> None:
    """Let the most urgent of the alerts for which a cancelled one was to speak, speak for itself."""
    silent = [a for a in tx.alerts.spoken_for_by(cancelled.id) if why_moot(tx, a, rules, now=now) is None]
    if not silent:
        return
    leader, *others = sorted(silent, key=urgency)
    tx.alerts.revive(leader.id, now=now)
    tx.alerts.hand_over([alert.id for alert in others], leader.id)
