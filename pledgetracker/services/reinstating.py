"""Reinstating a record where nothing was ever recorded: with its instants, as it was where it came from.

What an installation knows from its own past is never touched: elsewhere files are merged, by `merging`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from pledgetracker.domain.audit import Action, SubjectKind
from pledgetracker.domain.catalogue import Former, Initiative, Pledger
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import AlreadyExists, FieldProblem, Invalid
from pledgetracker.domain.money import rate_id
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.services import exchanging, grading, linking, monitoring, pledging
from pledgetracker.services.collecting import told_of
from pledgetracker.services.exchanging import RateChange, RateFields
from pledgetracker.services.grading import RubricFields
from pledgetracker.services.merging import Kind, Outcome
from pledgetracker.services.replaying import PastRecord, check_past, check_span, replay
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.flags import FlagEntry
from pledgetracker.storage.rates import RateFilter

# What a record consists of; keys, holds and heartbeats are the installation's.
_OF_A_RECORD = frozenset(
    {
        SubjectKind.PLEDGER,
        SubjectKind.INITIATIVE,
        SubjectKind.PLEDGE,
        SubjectKind.PROGRESS,
        SubjectKind.CONFLICT,
        SubjectKind.VERDICT,
        SubjectKind.RUBRIC,
        SubjectKind.RATE,
    }
)
FLAGS_AT_A_TIME = 500


def is_untouched(tx: Transaction) -> bool:
    """Whether nothing was ever recorded: neither is anything there, nor does the log tell that it was."""
    if tx.audit.tells_of(_OF_A_RECORD):
        return False
    there = (tx.pledgers.keys(), tx.initiatives.keys(), tx.pledges.keys(), tx.rubrics.all())
    return not any((*there, tx.rates.all(RateFilter())))


class Reinstating:
    """One record on its way in, in one transaction; `settle` ends it.

    Whatever comes must come behind what it names, but for links between pledges. The audit log tells that it
    came, and when; no news is told of it, and every pledge is due for a look at once.

    Attributes:
        counts: how many entries were added.
    """

    def __init__(self, tx: Transaction, rules: Rules, *, now: datetime) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._linked: dict[str, Pledge] = {}
        self._flags: list[FlagEntry] = []
        self._open: set[tuple[str, str, str | None, object]] = set()
        self._last_flag = 0
        self._formers: set[tuple[SubjectKind, str, datetime]] = set()
        self.counts: Counter[tuple[Kind, Outcome]] = Counter()

    def initiative(self, entry: Initiative) -> None:
        """Add an initiative.

        Raises:
            AlreadyExists: it came before.
            Invalid: its parent did not come, or its instants are impossible.
        """
        check_span(entry.created_at, entry.updated_at, self._now)
        if self._tx.initiatives.exists(entry.id):
            raise AlreadyExists("initiative", entry.id)
        if entry.parent is not None and not self._tx.initiatives.exists(entry.parent):
            raise Invalid.field("/parent", f"There is no initiative {entry.parent!r}.")
        self._tx.initiatives.restore(entry)
        self._tx.audit.append(Action.INITIATIVE_CREATE, entry.id, None, entry, now=self._now)
        self._count(Kind.INITIATIVES)

    def pledger(self, entry: Pledger) -> None:
        """Add a pledger.

        Raises:
            AlreadyExists: it came before.
            Invalid: its instants are impossible.
        """
        check_span(entry.created_at, entry.updated_at, self._now)
        if self._tx.pledgers.exists(entry.id):
            raise AlreadyExists("pledger", entry.id)
        self._tx.pledgers.restore(entry)
        self._tx.audit.append(Action.PLEDGER_CREATE, entry.id, None, entry, now=self._now)
        self._count(Kind.PLEDGERS)

    def former(self, former: Former) -> None:
        """Add what a pledger or an initiative said once.

        Raises:
            Invalid: it said two things at one instant, or does so in the future.
        """
        check_past("/recorded_at", former.recorded_at, self._now)
        said = (former.kind, former.id, former.recorded_at)
        if said in self._formers:
            raise Invalid.field("/recorded_at", "It says something else at this instant already.")
        self._formers.add(said)
        self._tx.earlier.add(former)

    def rubric(self, fields: RubricFields, recorded_at: datetime) -> None:
        """Add a rubric.

        Raises:
            Invalid, VersionTaken: see `grading.add_rubric`.
        """
        check_past("/recorded_at", recorded_at, self._now)
        rubric = grading.draft_rubric(self._tx, fields, now=recorded_at)
        grading.keep_rubric(self._tx, rubric, now=self._now)

    def rate(self, fields: RateFields, reason: str | None, recorded_at: datetime) -> None:
        """Add an exchange rate, or, if it is there already, what it was corrected to.

        Raises:
            Invalid: see `exchanging.add_rate` and `correct_rate`; or it is no later than what it corrects.
        """
        check_past("/recorded_at", recorded_at, self._now)
        before = self._tx.rates.get(rate_id(fields["base"], fields["quote"], fields["date"]))
        if before is None:
            if reason is not None:
                raise Invalid.field("/reason", "Corrects nothing: the first version of a rate has none.")
            exchanging.keep_rate(self._tx, exchanging.draft_rate(fields, now=recorded_at), now=self._now)
            self._count(Kind.RATES)
            return
        if recorded_at <= before.recorded_at:
            raise Invalid.field("/recorded_at", f"Not later than the one before it, {before.recorded_at}.")
        change: RateChange = {**fields, "reason": reason}
        changed = exchanging.draft_correction(before, change, now=recorded_at)
        if changed is before:
            raise Invalid.field("/rate", "Says the same as the version before it.")
        exchanging.keep_correction(self._tx, before, changed, now=self._now)

    def policies(self, found: Sequence[tuple[datetime, Policy]]) -> None:
        """Put those that standings were judged by in the place of what is here, by which none was yet.

        Raises:
            Invalid: they are in no order.
        """
        for place, ((before, _), (instant, _)) in enumerate(pairwise(found), 1):
            if instant < before:
                raise Invalid.field(f"/policies/{place}/recorded_at", "Out of order.")
        if found:
            check_past(f"/policies/{len(found) - 1}/recorded_at", found[-1][0], self._now)
            self._tx.policies.replace(found)
            if not self._tx.policies.is_latest(self._rules.policy):
                self._tx.policies.add(self._rules.policy, now=self._now)

    def pledge(self, said: PastRecord) -> None:
        """Add a pledge with everything that hangs on it.

        Raises:
            AlreadyExists: it came before.
            Invalid, AlreadySuperseded, AlreadyRetracted: see `replaying.replay`.
        """
        record = replay(self._tx, said, self._rules, now=self._now)
        pledge = record.pledge
        if self._tx.pledges.exists(pledge.id):
            raise AlreadyExists("pledge", pledge.id)
        if found := list(self._missing(pledge)):
            raise Invalid(found)
        if pledge.links:
            self._linked[pledge.id] = pledge
        self._store(record)
        collected = told_of(record.updates)
        self._tx.audit.append(
            Action.PLEDGE_LOAD, pledge.id, None, replace(record, updates=(), editions=()), now=self._now
        )
        if collected is not None:
            self._tx.audit.append(Action.PROGRESS_IMPORT, pledge.id, None, collected, now=self._now)
        self._count(Kind.PLEDGES)
        self.counts[Kind.UPDATES, Outcome.ADDED] += len(record.updates)

    def link(self, key: str) -> None:
        """Link pledge `key` to those that it names, once all are there.

        Raises:
            Invalid: they never came, or lead back to the pledge.
        """
        pledge = self._linked[key]
        if found := list(linking.problems(self._tx, pledge, None)):
            raise Invalid(found)
        self._tx.links.add(replace(pledge, tags=()))

    @property
    def linked(self) -> Sequence[str]:
        """The pledges that have links."""
        return list(self._linked)

    def flag(self, flag: FlagEntry) -> None:
        """Add a flag as it stood.

        Raises:
            Invalid: there is no such pledge, the flag is open twice, or its instants are impossible.
        """
        check_past("/opened_at", flag.opened_at, self._now)
        if flag.cleared_at is not None:
            check_past("/cleared_at", flag.cleared_at, self._now)
            if flag.cleared_at < flag.opened_at:
                raise Invalid.field("/cleared_at", "Before it was opened.")
        if flag.id <= self._last_flag:
            raise Invalid.field("/id", f"Out of order: not above {self._last_flag}.")
        if not self._tx.pledges.exists(flag.pledge):
            raise Invalid.field("/pledge", f"There is no pledge {flag.pledge!r}.")
        identity = (flag.pledge, flag.kind.value, flag.milestone, flag.episode)
        if flag.cleared_at is None and identity in self._open:
            raise Invalid.field("", "It is open already.")
        if flag.cleared_at is None:
            self._open.add(identity)
        self._last_flag = flag.id
        self._flags.append(flag)
        if len(self._flags) == FLAGS_AT_A_TIME:
            self._store_flags()

    def settle(self) -> None:
        """Store what waits to be stored, and have the audit log tell what this was."""
        self._store_flags()
        told = {kind.value: self.counts[kind, Outcome.ADDED] for kind in Kind}
        self._tx.audit.append(Action.RECORD_REINSTATE, "record", None, told, now=self._now)

    def _store(self, record: Record) -> None:
        """Store every row of a record; the links of the pledge wait for `link`."""
        stands = standing(record, self._rules.policy, today=local_day(self._now, record.pledge.time_zone))
        found = replace(monitoring.outlook(record, stands, (), self._rules), next_check_at=self._now)
        unlinked = replace(record, pledge=replace(record.pledge, restates=(), part_of=None))
        pledging.keep(self._tx, unlinked, found)

    def _store_flags(self) -> None:
        self._tx.flags.restore(self._flags)
        self._flags.clear()

    def _missing(self, pledge: Pledge) -> Sequence[FieldProblem]:
        found = []
        if not self._tx.pledgers.exists(pledge.pledger):
            found.append(FieldProblem("/pledger", f"There is no pledger {pledge.pledger!r}."))
        if pledge.initiative is not None and not self._tx.initiatives.exists(pledge.initiative):
            found.append(FieldProblem("/initiative", f"There is no initiative {pledge.initiative!r}."))
        return found

    def _count(self, kind: Kind) -> None:
        self.counts[kind, Outcome.ADDED] += 1
