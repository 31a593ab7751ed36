"""Limiting how often callers may do things: in memory where that will do, in the database where it must hold.

A write is counted in its own transaction, and so exactly, over all processes; far from the limit, that
transaction counts a few more in advance, which have their places then if they come within a second. What has
no transaction of its own (reads, keys that are not valid, writes that are refused) each process counts in its
memory, and passes on to the database in lots of a tenth of the burst, beside the requests; a process that
alone sees less than a tenth of the rate keeps that to itself. A process that knows of a limit as reached
refuses without asking.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from pledgetracker.domain.allowance import MICROSECONDS, Allowance, Deed, microseconds
from pledgetracker.domain.errors import Contended, TooMany
from pledgetracker.storage.database import Database, Transaction, Unavailable

# Of the burst: how much is passed on at once. Of the rate: what a process may keep to itself.
SHARE = 10
# How many callers a process remembers; those who came first are forgotten first.
MAX_ACCOUNTS = 20_000

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Account:
    """What a process knows of one caller's use of one allowance.

    Attributes:
        whole_at: from when the whole allowance is there again, as the database last said.
        own: uses that the database does not know of.
        over: those of them that wait for nothing and may be passed on.
        since: the instant of the first of its own.
        places: uses that the database has counted already, and that have not taken place.
        places_until: the instant at which they are lost.
    """

    name: str
    allowance: Allowance
    whole_at: int = 0
    own: int = 0
    over: int = 0
    since: int = 0
    is_refusing: bool = False
    places: int = 0
    places_until: int = 0

    def reckoned(self, now: int) -> int:
        """From when the whole allowance is there again, by all that is known here."""
        known = self.whole_at
        if known <= self.since or known > self.allowance.farthest(now):
            known = self.since
        return known + self.own * self.allowance.interval

    @property
    def is_to_be_passed_on(self) -> bool:
        """Whether so much has come together that others should know."""
        return self.over >= max(1, self.allowance.burst // SHARE)

    def fade(self, now: int) -> None:
        """Forget uses so few and so long ago that nobody else needs to know of them."""
        if self.own * self.allowance.interval * SHARE <= now - self.since or self.since > now:
            self.own -= self.over
            self.over = 0
            self.since = now

    def learn(self, whole_at: int, *, now: int) -> None:
        """Note what the database says; of several answers the latest instant is the newest."""
        if self.whole_at > self.allowance.farthest(now):
            self.whole_at = 0
        self.whole_at = max(self.whole_at, whole_at)

    def drop(self, times: int, now: int) -> None:
        """Forget so many uses of its own, which the database knows of now."""
        self.own -= times
        self.since = now


@dataclass(frozen=True, slots=True)
class Counted:
    """What the transaction of a write said of its count.

    Attributes:
        whole_at: from when the whole allowance is there again.
        places: how many more uses it counted than the one that took place.
    """

    whole_at: int
    places: int = 0


@dataclass(slots=True)
class Debt:
    """Uses that are being passed on."""

    account: Account
    times: int
    since: int


class Limiter:
    """Counts what callers do, in one process.

    Args:
        allowances: what each may do.
        launch: starts work beside the requests.
    """

    def __init__(
        self, allowances: Mapping[Deed, Allowance], *, launch: Callable[[Callable[[], None]], None]
    ) -> None:
        self._allowances = {deed: allowance for deed, allowance in allowances.items() if allowance.is_limited}
        self._launch = launch
        self._accounts: dict[str, Account] = {}
        self._lock = threading.Lock()
        self._waiting: dict[str, Account] = {}
        self._is_passing_on = False

    @property
    def is_idle(self) -> bool:
        """Whether nothing is limited."""
        return not self._allowances

    def check(self, deed: Deed, who: str, *, now: datetime) -> None:
        """Refuse who may not do this at present, without counting.

        Raises:
            TooMany: they may not.
        """
        if deed not in self._allowances:
            return
        with self._lock:
            account = self._accounts.get(f"{deed.value} {who}")
            if account is not None:
                self._refuse_if_over(account, deed, microseconds(now))

    def admit(self, deed: Deed, who: str, *, now: datetime) -> Account | None:
        """Count one use, or refuse it; None where nothing is limited.

        A write is to be counted by `use`, `settle` and, whatever became of it, `end`.

        Raises:
            TooMany: it is one too many.
        """
        allowance = self._allowances.get(deed)
        if allowance is None:
            return None
        moment = microseconds(now)
        with self._lock:
            account = self._account(f"{deed.value} {who}", allowance)
            account.fade(moment)
            self._refuse_if_over(account, deed, moment)
            account.is_refusing = False
            account.own += 1
            if deed is not Deed.WRITE:
                account.over += 1
        return account

    def _account(self, name: str, allowance: Allowance) -> Account:
        account = self._accounts.get(name)
        if account is None:
            account = self._accounts[name] = Account(name, allowance)
            if len(self._accounts) > MAX_ACCOUNTS:
                del self._accounts[next(iter(self._accounts))]
        return account

    @staticmethod
    def _refuse_if_over(account: Account, deed: Deed, now: int) -> None:
        wait = account.allowance.wait(account.reckoned(now), now=now)
        if wait > 0:
            if not account.is_refusing:
                log.warning("limit reached", caller=account.name, seconds=-(-wait // MICROSECONDS))
            account.is_refusing = True
            raise _too_many(deed, account.allowance, wait)

    def use(self, tx: Transaction, account: Account, *, now: datetime) -> Counted:
        """Count a write in its own transaction; returns what `settle` wants to know.

        Raises:
            TooMany: over all processes it is one too many; it is not counted, and needs no `end`.
        """
        moment, allowance = microseconds(now), account.allowance
        with self._lock:
            if account.places and moment < account.places_until:
                account.places -= 1
                return Counted(account.whole_at)
            times = allowance.lot if allowance.is_far(account.whole_at, now=moment) else 1
        whole_at, is_allowed = tx.rate_limits.use(account.name, allowance, times=times, now=moment)
        if not is_allowed and times > 1:
            times = 1
            whole_at, is_allowed = tx.rate_limits.use(account.name, allowance, now=moment)
        if not is_allowed:
            with self._lock:
                account.learn(whole_at, now=moment)
                account.drop(1, moment)
            raise _too_many(Deed.WRITE, allowance, allowance.wait(whole_at, now=moment))
        return Counted(whole_at, times - 1)

    def settle(self, account: Account, counted: Counted, *, now: datetime) -> None:
        """Note that a write was counted, and committed."""
        moment = microseconds(now)
        with self._lock:
            account.learn(counted.whole_at, now=moment)
            account.drop(1, moment)
            if counted.places:
                account.places, account.places_until = counted.places, moment + MICROSECONDS

    def end(self, account: Account) -> None:
        """Note that a write ended without being counted: it is passed on with others."""
        with self._lock:
            account.over += 1

    def pass_on_soon(self, account: Account, database: Database, *, now: datetime) -> None:
        """Have the database told of its uses, beside the requests."""
        with self._lock:
            self._waiting[account.name] = account
            if self._is_passing_on:
                return
            self._is_passing_on = True
        try:
            self._launch(lambda: self.pass_on(database, now=now))
        except RuntimeError:
            # There is no thread to be had, as when the process is about to end: the next request tries again.
            self._is_passing_on = False

    def pass_on(self, database: Database, *, now: datetime) -> None:
        """Tell the database what has come together; while it is away, that counts here alone."""
        moment = microseconds(now)
        debts = self._collect()

        def charge(tx: Transaction) -> Sequence[int]:
            return [
                tx.rate_limits.charge(
                    debt.account.name, debt.times, debt.account.allowance, since=debt.since, now=moment
                )
                for debt in debts
            ]

        try:
            told = database.write(charge) if debts else ()
        except (Unavailable, Contended) as outage:
            log.warning("limits hold for this process alone", reason=str(outage))
            told = [
                max(debt.account.whole_at, debt.since) + debt.times * debt.account.allowance.interval
                for debt in debts
            ]
        finally:
            self._is_passing_on = False
        with self._lock:
            for debt, whole_at in zip(debts, told, strict=True):
                debt.account.learn(whole_at, now=moment)
                debt.account.drop(debt.times, moment)

    def _collect(self) -> Sequence[Debt]:
        """What is to be passed on, in an order in which no two processes can wait for each other."""
        with self._lock:
            accounts = [self._waiting[name] for name in sorted(self._waiting)]
            self._waiting.clear()
            debts = [Debt(account, account.over, account.since) for account in accounts]
            for account in accounts:
                account.over = 0
        return debts


def _too_many(deed: Deed, allowance: Allowance, wait: int) -> TooMany:
    seconds = max(1, -(-wait // MICROSECONDS))
    return TooMany(_WORDS[deed], allowance.per_minute, allowance.burst, seconds)


_WORDS = {Deed.READ: "reads", Deed.WRITE: "changes", Deed.FAIL: "keys that are not valid"}
