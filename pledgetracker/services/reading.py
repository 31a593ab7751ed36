"""Reading pledges: each with where it stands, alone or in lists."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal

from pledgetracker.domain.because import because
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus
from pledgetracker.domain.pledge import FINAL_MILESTONE, Pledge, SetBy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, Status, standing
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position
from pledgetracker.storage.pledges import PledgeFilter

CHUNK = 200


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
class PledgeView:
    """A pledge and where it stands."""

    record: Record
    standing: Standing
    because: str

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

    def _due_of(self, stage: MilestoneStanding) -> DueView:
        if stage.id == FINAL_MILESTONE and self.due is not None:
            return self.due
        due = stage.milestone.due
        return DueView(due.text, due.precision, self.pledge.time_zone, due.date, due.date)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which pledges are wanted; None asks for all.

    Attributes:
        initiative: this one and all that stand under it.
        text: words that must all occur.
        due_from, due_to: range of the deadline in force, both ends included.
    """

    pledger: str | None = None
    initiative: str | None = None
    status: Status | None = None
    text: str | None = None
    due_from: date | None = None
    due_to: date | None = None


@dataclass(frozen=True, slots=True)
class UpdateView:
    """A progress update and what came of it.

    Attributes:
        superseded_by: the number of the update that corrects it.
        counts: whether it can make a figure; what describes a day before the baseline is kept and does not.
    """

    update: ProgressUpdate
    superseded_by: int | None
    counts: bool


def view_update(record: Record, update: ProgressUpdate) -> UpdateView:
    """An update as its record sees it."""
    by = record.successors.get(update.number)
    return UpdateView(update, by, by is None and update.as_of >= record.pledge.baseline.date)


def get_update(tx: Transaction, key: str, number: int) -> UpdateView:
    """One update of pledge `key`.

    Raises:
        NotFound: there is no such pledge, or no such update.
    """
    record = get_record(tx, key)
    if not 1 <= number <= len(record.updates):
        raise NotFound("update", f"{key}/{number}")
    return view_update(record, record.updates[number - 1])


def list_updates(tx: Transaction, key: str, request: PageRequest) -> Page[UpdateView]:
    """One page of the updates of pledge `key`, superseded ones too.

    Raises:
        NotFound: there is no such pledge.
    """
    record = get_record(tx, key)
    places = {
        u.number: Position(u.as_of if request.sort == "as_of" else u.number, u.number) for u in record.updates
    }
    in_order = sorted(record.updates, key=lambda u: _order(places[u.number]), reverse=request.descending)
    if request.after is not None:
        edge = _order(request.after)
        in_order = [
            u
            for u in in_order
            if (_order(places[u.number]) < edge if request.descending else _order(places[u.number]) > edge)
        ]
    shown = in_order[: request.limit]
    items = [view_update(record, update) for update in shown]
    return Page(items, [places[u.number] for u in shown], len(in_order) > len(shown))


def _order(position: Position) -> tuple[int, int]:
    value = position.value.toordinal() if isinstance(position.value, date) else int(position.value)
    return value, int(position.key)


def view(record: Record, rules: Rules, *, now: datetime, as_of: date | None = None) -> PledgeView:
    """Judge a record as at `now`, or as at the last instant of the local day `as_of`."""
    today = as_of or local_day(now, record.pledge.time_zone)
    stands = standing(record, rules.policy, today=today)
    return PledgeView(record, stands, because(record, stands, rules.policy))


def get_record(tx: Transaction, key: str) -> Record:
    """The record of pledge `key`.

    Raises:
        NotFound: there is none.
    """
    record = tx.records.get(key)
    if record is None:
        raise NotFound("pledge", key)
    return record


def fetch_record(database: Database, key: str) -> Record:
    """The record of pledge `key`, as cheaply as can be: most are asked for again before they change.

    Where there is a standby it answers, and may be behind.

    Raises:
        NotFound: there is none.
        Unavailable: the database cannot be reached.
    """
    with database.glance(may_lag=True) as tx:
        record = tx.records.remembered(key)
    if record is None:
        with database.read(may_lag=True) as tx:
            record = get_record(tx, key)
    return record


def list_pledges(
    tx: Transaction, wanted: Wanted, request: PageRequest, rules: Rules, *, now: datetime, as_of: date | None
) -> Page[PledgeView]:
    """One page of pledges, each judged as `view` does.

    A status asked for is the status shown: stored ones only narrow the search, and only where they are
    known to hold.
    """
    sought = _filter(tx, wanted, now, as_of)
    chunk = request if wanted.status is None else replace(request, limit=CHUNK)
    found: list[PledgeView] = []
    positions: list[Position] = []
    while True:
        page = tx.pledges.page(sought, chunk)
        records = {record.pledge.id: record for record in tx.records.get_many(page.items)}
        for key, position in zip(page.items, page.positions, strict=True):
            seen = view(records[key], rules, now=now, as_of=as_of)
            if wanted.status not in {None, seen.standing.status}:
                continue
            if len(found) == request.limit:
                return Page(found, positions, has_more=True)
            found.append(seen)
            positions.append(position)
        if page.after is None or wanted.status is None:
            return Page(found, positions, page.has_more)
        chunk = replace(chunk, after=page.after)


def _filter(tx: Transaction, wanted: Wanted, now: datetime, as_of: date | None) -> PledgeFilter:
    family: Sequence[str] | None = None
    if wanted.initiative is not None:
        family = tx.initiatives.family(wanted.initiative)
    return PledgeFilter(
        now=now,
        pledger=wanted.pledger,
        initiatives=family,
        status=None if as_of or wanted.status is None else wanted.status.value,
        text=wanted.text,
        due_from=wanted.due_from,
        due_to=wanted.due_to,
    )
