"""Reading one pledge: where it stands, and what was reported on it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from pledgetracker.domain.because import because
from pledgetracker.domain.conflict import Conflict, conflicts
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus
from pledgetracker.domain.pledge import FINAL_MILESTONE, Pledge, SetBy
from pledgetracker.domain.quality import Finding, quality
from pledgetracker.domain.record import Moved, Record
from pledgetracker.domain.review import Decision, Review
from pledgetracker.domain.standing import Delivery, Standing, standing
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.domain.vantage import Vantage
from pledgetracker.domain.verdict import Verdict, in_force, retractions
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position, paged


@dataclass(frozen=True, slots=True)
class DueView:
    """The deadline in force, the one first promised, and the zone whose days they are."""

    text: str
    precision: str
    time_zone: str
    original_date: date | None
    date: date


@dataclass(frozen=True, slots=True)
class FigureView:
    """The latest figure, and the share of the way that it is."""

    value: Decimal
    as_of: date
    completion: Decimal | None


@dataclass(frozen=True, slots=True)
class ClaimedView:
    """What the figures would say if all that waits for a reviewer were accepted."""

    delivery: Delivery
    value: Decimal | None
    as_of: date | None
    completion: Decimal | None


@dataclass(frozen=True, slots=True)
class MilestoneView:
    """A milestone, where it stands, and the flags open on it."""

    id: str
    title: str | None
    set_by: SetBy
    due: DueView
    target: Decimal | None
    status: MilestoneStatus
    flags: Sequence[Flag]


@dataclass(frozen=True, slots=True)
class VerdictView:
    """A row of the ledger of verdicts, and whether it still counts.

    Attributes:
        retracted_by: the number of the row that takes it back.
    """

    verdict: Verdict
    retracted_by: int | None


@dataclass(frozen=True, slots=True)
class PledgeView:
    """A pledge and where it stands.

    Attributes:
        alleged: where it would stand if all that waits for a reviewer were accepted.
    """

    record: Record
    standing: Standing
    because: str
    alleged: Standing

    @property
    def pledge(self) -> Pledge:
        """The promise itself."""
        return self.record.pledge

    @property
    def due(self) -> DueView | None:
        """The deadline."""
        due, original = self.standing.due, self.pledge.due
        if due is None:
            return None
        return DueView(
            due.text,
            due.precision,
            self.pledge.time_zone,
            None if original is None else original.date,
            due.date,
        )

    @property
    def figure(self) -> FigureView | None:
        """The latest figure."""
        figure = self.standing.figure
        if figure is None:
            return None
        return FigureView(figure.value, figure.as_of, self.standing.progress.completion)

    @property
    def claimed(self) -> ClaimedView:
        """What is claimed, apart from what counts."""
        stands = self.alleged
        figure = stands.figure
        if figure is None:
            return ClaimedView(stands.delivery, None, None, None)
        return ClaimedView(stands.delivery, figure.value, figure.as_of, stands.progress.completion)

    @property
    def conflicts(self) -> Sequence[Conflict]:
        """The days about which accepted updates differ, as long as nobody has chosen."""
        return [found for found in conflicts(self.record, today=self.standing.today) if found.is_open]

    @property
    def quality(self) -> Sequence[Finding]:
        """What the promise leaves open."""
        return quality(self.record)

    @property
    def milestones(self) -> Sequence[MilestoneView]:
        """The milestones, the pledge's own target last."""
        return [
            MilestoneView(
                stage.id,
                stage.milestone.title,
                stage.milestone.set_by,
                self._due_of(stage),
                stage.milestone.target,
                stage.status,
                [flag for flag in self.standing.flags if flag.milestone == stage.id],
            )
            for stage in self.standing.milestones
        ]

    @property
    def reschedules(self) -> Sequence[Moved]:
        """The moves of the deadline, in order of their numbers."""
        return sorted(self.record.moved, key=lambda moved: moved.move.number)

    @property
    def verdicts(self) -> Sequence[VerdictView]:
        """The verdict in force under each version of each rubric."""
        ruled = in_force(self.record.verdicts, self.standing.today)
        return [view_verdict(self.record, verdict) for verdict in ruled]

    def _due_of(self, stage: MilestoneStanding) -> DueView:
        if stage.id == FINAL_MILESTONE and self.due is not None:
            return self.due
        due = stage.milestone.due
        return DueView(due.text, due.precision, self.pledge.time_zone, due.date, due.date)


@dataclass(frozen=True, slots=True)
class UpdateView:
    """A progress update and what came of it.

    Attributes:
        superseded_by: the number of the accepted update that corrects it.
        counts: whether it can make a figure or say that something was done: it is accepted, stands, and is
            no figure of a day before the baseline.
        decisions: what reviewers decided about it, in order.
    """

    update: ProgressUpdate
    superseded_by: int | None
    counts: bool
    decisions: Sequence[Decision]


def view_update(record: Record, update: ProgressUpdate) -> UpdateView:
    """An update as its record sees it."""
    by = record.successors.get(update.number)
    is_in_force = by is None and update.review is Review.ACCEPTED and not update.is_retraction
    return UpdateView(
        update,
        by,
        is_in_force and not record.is_too_early(update),
        [decision for decision in record.decisions if decision.update == update.number],
    )


def view_verdict(record: Record, verdict: Verdict) -> VerdictView:
    """A row of the ledger as its record sees it."""
    return VerdictView(verdict, retractions(record.verdicts).get(verdict.number))


def get_update(tx: Transaction, key: str, number: int, vantage: Vantage) -> UpdateView:
    """One update of pledge `key`.

    Raises:
        NotFound: there is no such pledge, or no such update.
    """
    record = known(get_record(tx, key), vantage)
    update = record.update(number)
    if update is None:
        raise NotFound("update", f"{key}/{number}")
    return view_update(record, update)


def list_updates(tx: Transaction, key: str, request: PageRequest, vantage: Vantage) -> Page[UpdateView]:
    """One page of the updates of pledge `key`, superseded ones too.

    Raises:
        NotFound: there is no such pledge.
    """
    record = known(get_record(tx, key), vantage)
    placed = {
        Position(u.as_of if request.sort == "as_of" else u.number, u.number): u
        for u in record.updates
        if vantage.as_of is None or u.as_of <= vantage.as_of
    }
    page = paged(placed, request)
    return Page([view_update(record, placed[place]) for place in page.items], page.positions, page.has_more)


def view(record: Record, rules: Rules, vantage: Vantage) -> PledgeView:
    """Judge a record as it is on the day that `vantage` asks about."""
    today = vantage.today(record.pledge.time_zone)
    stands = standing(record, rules.policy, today=today)
    alleged = standing(record.claimed, rules.policy, today=today)
    return PledgeView(record, stands, because(record, stands, rules.policy), alleged)


def known(record: Record, vantage: Vantage) -> Record:
    """The record as `vantage` may know it.

    Raises:
        NotFound: it was begun later.
    """
    if vantage.known_at is None:
        return record
    found = record.known_at(vantage.known_at)
    if found is None:
        raise NotFound("pledge", record.pledge.id)
    return found


def rules_known(tx: Transaction, rules: Rules, vantage: Vantage) -> Rules:
    """The rules, with the thresholds that were in force at the instant whose knowledge is asked for."""
    if vantage.known_at is None:
        return rules
    policy = tx.policies.known_at(vantage.known_at)
    return rules if policy is None else replace(rules, policy=policy)


def get_record(tx: Transaction, key: str) -> Record:
    """The record of pledge `key`.

    Raises:
        NotFound: there is none.
    """
    record = tx.records.get(key)
    if record is None:
        raise NotFound("pledge", key)
    return record


def fetch_known(database: Database, key: str, rules: Rules, vantage: Vantage) -> tuple[Record, Rules]:
    """The record of pledge `key` and the rules to judge it by, both as `vantage` may know them.

    As cheaply as can be: most are asked for again before they change. Where there is a standby it answers,
    and may be behind.

    Raises:
        NotFound: there is no such pledge, or it was begun later.
        Unavailable: the database cannot be reached.
    """
    with database.glance(may_lag=True) as tx:
        record = tx.records.remembered(key)
        # Of the past, so that it makes no difference that the two are seen one after the other.
        rules = rules_known(tx, rules, vantage)
    if record is None:
        with database.read(may_lag=True) as tx:
            record = get_record(tx, key)
    return known(record, vantage), rules
