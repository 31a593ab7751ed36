"""One batch of letters on its way, one by one: what became of each is on record before the next leaves."""

import random
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta

import structlog

from pledgetracker.channels.base import ChannelDown, Outage, RecipientRefused, Session, TryLater
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Phase, Result
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.pause import Pause
from pledgetracker.services import pausing
from pledgetracker.services.leasing import Lease
from pledgetracker.services.office import DeliveryReport, PostOffice
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Database, Transaction, Unavailable

FIRST_RETRY = timedelta(minutes=1)
LONGEST_RETRY = timedelta(hours=2)
GIVES_UP_AFTER = timedelta(days=5)
# For what was claimed and could not be tried, though nothing is wrong with the channel.
NEXT_ROUND = timedelta(seconds=30)
# So many letters in a row without an answer, or refused in words that fit any letter, and it is the channel.
MOST_UNANSWERED = 3

Waiting = list[tuple[AlertEntry, Letter]]

log = structlog.get_logger(__name__)


class Halted(Exception):  # noqa: N818 -- it says what the round is
    """No further letter may leave in this round."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Round:
    """One batch of claimed alerts on its way.

    What became of a letter is committed while the next one is announced to the server, and before its content
    leaves: a process that is killed leaves at most one letter of which nobody knows what became.

    Args:
        pause: that which the one letter of this round may end, or None.
        report: where what happens is counted.
    """

    def __init__(
        self,
        database: Database,
        office: PostOffice,
        lease: Lease,
        pause: Pause | None,
        report: DeliveryReport,
    ) -> None:
        self._database = database
        self._office = office
        self._lease = lease
        self._pause = pause
        self._report = report
        self._commit: Future[str | None] | None = None

    def send(self, waiting: Waiting) -> bool:
        """Send letters in order; the attempt on the first has begun. False if others took the rest over.

        Raises:
            Unavailable: the database cannot be reached.
        """
        is_ours = True
        with ThreadPoolExecutor(1, "commit") as self._clerk:
            try:
                halt = self._send_all(waiting)
            except Unavailable:
                raise
            except Halted as halted:
                halt, is_ours = halted.reason, False
            except Exception as error:
                # Whatever this letter has met, it must not keep the others from leaving.
                log.exception("a letter could not be sent; it is tried again")
                self._settled()
                for alert, _ in waiting[:1]:
                    self._put_off(alert, Result(Outcome.PUT_OFF, None, None, unforeseen(error)), None)
                self._settled()
                del waiting[:1]
                halt = "The letter before it could not be sent."
            if waiting:
                self._give_back([alert for alert, _ in waiting], halt or "The round is over.")
        return is_ours

    def _send_all(self, waiting: Waiting) -> str | None:
        """Send letters, each leaving `waiting` when it is known what became of it; why not all, or None."""
        with self._office.channel.open() as session:
            while waiting:
                if self._office.is_stopping():
                    self._stop(waiting)
                    return None
                # Beyond its lease an alert may be somebody else's; half of it is left for the last letter.
                if self._lease.is_running_out():
                    return self._settled() or "The round took too long."
                try:
                    self._send(session, waiting)
                except ChannelDown as outage:
                    result = Result(Outcome.OUTAGE, Phase.BEFORE_FINAL_DOT, outage.code, outage.reason)
                    self._rest(waiting, outage.kind, result)
                    return None
                except TryLater as failure:
                    result = Result(Outcome.PUT_OFF, failure.phase, failure.code, failure.reason)
                    if self._is_outage(failure):
                        kind = Outage.RELAY if failure.is_general else Outage.CONNECTION
                        self._rest(waiting, kind, result)
                        return None
                    self._put_off(waiting[0][0], result, _following(waiting))
                waiting.pop(0)
            # Before the session parts from the server, which may take its time.
            return self._settled()

    def _send(self, session: Session, waiting: Waiting) -> None:
        """Send one letter and record at once, before the session is closed, what became of it.

        Raises:
            ChannelDown: no letter can leave now.
            TryLater: this one did not leave this time.
            Halted, Unavailable: it was not sent, because of what became of the one before.
        """
        alert, letter = waiting[0]
        try:
            reply = session.send(letter, self._go_ahead)
        except RecipientRefused as refusal:
            result = Result(Outcome.REFUSED, Phase.BEFORE_FINAL_DOT, refusal.code, refusal.reason)
            self._end(alert, AlertState.DEAD, refusal.reason, result, _following(waiting))
            self._report.dead += 1
        else:
            code, words = (None, None) if reply is None else (reply.code, reply.words)
            result = Result(Outcome.SENT, Phase.AFTER_FINAL_DOT, code, words)
            self._end(alert, AlertState.SENT, None, result, _following(waiting))
            self._report.sent += 1
        self._report.unanswered = 0

    def _is_outage(self, failure: TryLater) -> bool:
        """Whether what a letter met tells that no other would pass either."""
        counts = failure.code is None or failure.is_general
        self._report.unanswered = self._report.unanswered + 1 if counts else 0
        return self._report.unanswered >= (1 if self._pause else MOST_UNANSWERED)

    def _end(
        self,
        alert: AlertEntry,
        state: AlertState,
        reason: str | None,
        result: Result,
        following: AlertEntry | None,
    ) -> None:
        now, token = self._office.clock(), self._lease.token

        def settle(tx: Transaction) -> bool:
            return tx.deliveries.end(alert.id, state, reason, token=token, now=now, was_tried=True)

        self._note(alert, settle, result, following, now)

    def _put_off(self, alert: AlertEntry, result: Result, following: AlertEntry | None) -> None:
        now, token = self._office.clock(), self._lease.token
        first, reason = alert.first_attempt_at or now, result.words or ""
        verdict = given_up(alert, reason, now=now)
        # After a pause the time of the pause is yet to be taken off.
        if verdict is not None and self._pause is None:
            self._end(alert, AlertState.DEAD, verdict, result, following)
            self._report.dead += 1
            return
        until = now + backoff(alert.attempts + 1)

        def settle(tx: Transaction) -> bool:
            return tx.deliveries.put_off(alert.id, reason, token=token, until=until, begun_at=first)

        self._note(alert, settle, result, following, now)
        self._report.put_off += 1

    def _note(
        self,
        alert: AlertEntry,
        settle: Callable[[Transaction], bool],
        result: Result,
        following: AlertEntry | None,
        now: datetime,
    ) -> None:
        """Record in the background what became of an attempt, and that the following one begins."""

        def work(tx: Transaction) -> str | None:
            if settle(tx):
                tx.attempts.end(alert.id, result, now=now)
            if self._pause is not None:
                pausing.end(tx, now=now)
            elif following is not None and not pausing.begin(tx, following.id, self._lease.token, now=now):
                resting = pausing.pause(tx)
                return "The claim on it has passed to somebody else." if resting is None else resting.reason
            return None

        self._go_ahead()
        self._commit = self._clerk.submit(self._database.write, work)
        if self._pause is not None:
            self._settled()
            log.info("mail leaves again", rested_since=self._pause.since.isoformat())
            self._pause = None

    def _settled(self) -> str | None:
        """Wait until what became of the last letter is on record; why no further one may leave, or None.

        Raises:
            Unavailable: it could not be recorded.
        """
        commit, self._commit = self._commit, None
        return None if commit is None else commit.result()

    def _go_ahead(self) -> None:
        """See that what became of the last letter is on record.

        Raises:
            Halted: it is, and no further letter may leave.
            Unavailable: it could not be recorded.
        """
        if (reason := self._settled()) is not None:
            raise Halted(reason)

    def _rest(self, waiting: Waiting, kind: Outage, result: Result) -> None:
        """Begin a pause for all processes because of what the first of these met; all are given back."""
        self._settled()
        alert, *others = (alert for alert, _ in waiting)
        now, token, reason = self._office.clock(), self._lease.token, result.words or ""

        def work(tx: Transaction) -> Pause | None:
            before = pausing.pause(tx, is_locked=True)
            is_ours = before is None or self._pause is not None
            made = pausing.stop(tx, before, kind, reason, now=now) if is_ours else before
            # Behind the others, so that the next to be tried is another.
            later = now if made is None else made.until
            if result.outcome is Outcome.OUTAGE:
                is_mine = bool(tx.deliveries.give_back([alert.id], reason, token=token, until=later))
            else:
                first = alert.first_attempt_at or now
                until = max(later, now + backoff(alert.attempts + 1))
                is_mine = tx.deliveries.put_off(alert.id, reason, token=token, until=until, begun_at=first)
            if is_mine:
                tx.attempts.end(alert.id, result, now=now)
            tx.deliveries.give_back([other.id for other in others], reason, token=token, until=now)
            return made if before is None else None

        opened = self._database.write(work)
        if opened is not None:
            log.warning("mail rests; one letter after another tries again", kind=kind.value, reason=reason)
        if result.outcome is Outcome.PUT_OFF:
            self._report.put_off += 1
        self._report.outage = reason
        waiting.clear()

    def _stop(self, waiting: Waiting) -> None:
        """Give all back, for others to take up at once."""
        self._settled()
        told = "Whoever was to send it was told to stop."
        self._give_back([alert for alert, _ in waiting], told, timedelta(0))
        waiting.clear()

    def _give_back(self, alerts: Sequence[AlertEntry], reason: str, pause: timedelta = NEXT_ROUND) -> None:
        keys, until = [alert.id for alert in alerts], self._office.clock() + pause

        def work(tx: Transaction) -> None:
            tx.attempts.forget(tx.deliveries.give_back(keys, reason, token=self._lease.token, until=until))

        self._database.write(work)


def _following(waiting: Waiting) -> AlertEntry | None:
    return waiting[1][0] if len(waiting) > 1 else None


def unforeseen(error: Exception) -> str:
    """An error of ours as a reason."""
    return f"{type(error).__name__}: {error}"[:500]


def given_up(alert: AlertEntry, reason: str, *, now: datetime) -> str | None:
    """Why an alert that failed for that reason is tried no more, or None while it is."""
    if now - (alert.first_attempt_at or now) < GIVES_UP_AFTER:
        return None
    return f"Given up after {GIVES_UP_AFTER.days} days: {reason}"


def backoff(attempts: int) -> timedelta:
    """How long to wait after the given number of attempts: doubling, with jitter of half to once that."""
    # Beyond a few doublings the longest wait rules, so larger powers need not be formed.
    full: timedelta = min(FIRST_RETRY * 2 ** min(attempts - 1, 10), LONGEST_RETRY)
    return full * random.uniform(0.5, 1)  # noqa: S311 -- spreads retries, keeps no secret
