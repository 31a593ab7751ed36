"""Replaying how the record of a pledge came about elsewhere, each row at its instant."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import Any, TypedDict

from pledgetracker.domain.days import latest_day, local_day
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.pledge import Edition, Pledge, in_order, problems
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Decision, Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.services import ruling
from pledgetracker.services.adopting import adopt_choice, adopt_decision, reviewed
from pledgetracker.services.pledging import PledgeFields, composed, nested
from pledgetracker.services.reporting import Corrected, compose
from pledgetracker.services.rescheduling import draft_move
from pledgetracker.services.rules import Rules
from pledgetracker.services.withdrawing import draft_withdrawal
from pledgetracker.storage.database import Transaction

# So far the clocks of two machines may be apart.
CLOCKS_DIFFER = timedelta(minutes=5)

# What is said of a row as its kind has it, and beside that its `recorded_at`.
Row = dict[str, Any]


class PastEdition(TypedDict):
    """What a pledge said from an instant on until the next."""

    pledge: PledgeFields
    recorded_at: datetime


class PastRecord(TypedDict):
    """A pledge with everything that hangs on it, and the instants at which all of it was recorded.

    `earlier` are the editions before the present one, which is of `edited_at`; `rescinded` the withdrawals
    that were, with `rescinded_at`. Updates have their `id`, `review` and `decisions`, and decisions their
    `number`.
    """

    pledge: PledgeFields
    version: int
    created_at: datetime
    updated_at: datetime
    edited_at: datetime
    earlier: Sequence[PastEdition]
    reschedules: Sequence[Row]
    rescinded: Sequence[Row]
    withdrawal: Row | None
    progress: Sequence[Row]
    verdicts: Sequence[Row]
    resolutions: Sequence[Row]


@dataclass(frozen=True, slots=True)
class _Course:
    """When what was said.

    Attributes:
        begun, ended: the first and the last instant of the record.
        editions: what the pledge said, in order.
    """

    begun: datetime
    ended: datetime
    editions: Sequence[Edition]

    def then(self, instant: datetime) -> Pledge:
        """What the pledge said at an instant."""
        place = bisect_right(self.editions, instant, key=attrgetter("recorded_at"))
        return self.editions[max(0, place - 1)].pledge

    def check(self, at: str, instants: Iterable[datetime]) -> None:
        """Refuse rows at the pointer `at` that were not recorded in order, and in the time of the record.

        Raises:
            Invalid: they were not.
        """
        last = self.begun
        for place, instant in enumerate(instants):
            if not last <= instant <= self.ended:
                raise Invalid.field(
                    f"{at}/{place}/recorded_at", f"Out of order: not from {last} to {self.ended}."
                )
            last = instant


def replay(tx: Transaction, said: PastRecord, rules: Rules, *, now: datetime) -> Record:
    """The record that `said` tells of, each row of it as it was made.

    Earlier editions need only be well-formed; the present one must be a promise that could be made now.

    Raises:
        Invalid: it does not fit together, or lies ahead of `now`.
        AlreadySuperseded, AlreadyRetracted: something was taken back twice.
    """
    pledge = composed(str(said["pledge"]["id"]), said["pledge"], rules)
    pledge = replace(
        pledge,
        milestones=in_order(pledge.milestones),
        version=said["version"],
        created_at=said["created_at"],
        updated_at=said["updated_at"],
    )
    check_span(pledge.created_at, pledge.updated_at, now)
    course = _Course(said["created_at"], said["updated_at"], _editions(pledge, said, rules))
    updates = _updates(course, said["progress"])
    record = Record(
        pledge,
        updates,
        decisions=_decisions(course, updates, said["progress"]),
        editions=tuple(course.editions),
    )
    record = _moved(course, record, said["reschedules"])
    record = _withdrawn(course, record, said)
    record = _resolved(course, record, said["resolutions"])
    record = _ruled(tx, course, record, said["verdicts"])
    due = record.due_on(local_day(now, pledge.time_zone))
    if found := list(problems(replace(pledge, due=due))):
        raise Invalid(found)
    return record


def check_span(begun: datetime | None, ended: datetime | None, now: datetime) -> None:
    """Refuse a span of time that runs backwards or into the future.

    Raises:
        Invalid: it does.
    """
    if begun is None or ended is None or not begun <= ended:
        raise Invalid.field("/updated_at", "Before it was created.")
    check_past("/updated_at", ended, now)


def check_past(at: str, instant: datetime, now: datetime) -> None:
    """Refuse an instant that lies ahead by more than clocks differ.

    Raises:
        Invalid: it does.
    """
    if instant > now + CLOCKS_DIFFER:
        raise Invalid.field(at, f"Lies ahead: the clock of this machine stands at {now}.")


def _editions(pledge: Pledge, said: PastRecord, rules: Rules) -> Sequence[Edition]:
    found = []
    last: datetime | None = None
    for place, earlier in enumerate(said["earlier"]):
        with nested(f"/earlier/{place}"):
            then = composed(pledge.id, earlier["pledge"], rules)
            then = replace(then, milestones=in_order(then.milestones), created_at=pledge.created_at)
            found.append(Edition.of(place + 1, then, earlier["recorded_at"]))
            last = _later(last or pledge.created_at, earlier["recorded_at"], is_first=last is None)
    with nested("/edited_at"):
        _later(last or pledge.created_at, said["edited_at"], is_first=last is None)
    return [*found, Edition.of(len(found) + 1, pledge, said["edited_at"])]


def _later(last: datetime | None, instant: datetime, *, is_first: bool) -> datetime:
    """The instant, which is later than `last`, or for the first edition no earlier.

    Raises:
        Invalid: it is not.
    """
    if last is None or instant < last or (instant == last and not is_first):
        raise Invalid.field("", "Out of order: each edition is later than the one before.")
    return instant


def _updates(course: _Course, rows: Sequence[Row]) -> tuple[ProgressUpdate, ...]:
    course.check("/progress", (row["recorded_at"] for row in rows))
    made: list[ProgressUpdate] = []
    taken: dict[int, int] = {}
    for place, row in enumerate(rows):
        with nested(f"/progress/{place}"):
            made.append(_update(course, row, made, taken))
    return tuple(made)


def _update(
    course: _Course, row: Row, before: Sequence[ProgressUpdate], taken: dict[int, int]
) -> ProgressUpdate:
    """The update of a row; `taken` are those that have been corrected, each with its correction's number."""
    fields: Any = {name: value for name, value in row.items() if name not in OF_UPDATE}
    number, at, supersedes = row["id"], row["recorded_at"], fields.get("supersedes")
    if number != len(before) + 1:
        raise Invalid.field("/id", f"Out of order: expected {len(before) + 1}.")
    corrected = None
    if supersedes is not None and supersedes <= len(before):
        corrected = Corrected(before[supersedes - 1], taken.get(supersedes))
    review = reviewed(row.get("review"), row.get("decisions", ()))
    if supersedes is not None and review is not Review.RETURNED:
        taken[supersedes] = number
    today = latest_day(at)
    return compose(course.then(at), fields, number, corrected, today=today, now=at, review=review)


# What a row says of an update beside what was reported.
OF_UPDATE = frozenset({"id", "recorded_at", "review", "decisions"})


def _decisions(
    course: _Course, updates: Sequence[ProgressUpdate], rows: Sequence[Row]
) -> tuple[Decision, ...]:
    """The decisions about all updates, in the order in which they were taken."""
    made = []
    for update, row in zip(updates, rows, strict=True):
        at = f"/progress/{update.number - 1}/decisions"
        course.check(at, (said["recorded_at"] for said in row.get("decisions", ())))
        for place, said in enumerate(row.get("decisions", ())):
            with nested(f"{at}/{place}"):
                if said["recorded_at"] < update.recorded_at:
                    raise Invalid.field("/recorded_at", "Before what it is about.")
                made.append(_decision(said, update.number))
    made.sort(key=attrgetter("number"))
    if [decision.number for decision in made] != list(range(1, len(made) + 1)):
        raise Invalid.field("/progress", "The ids of decisions are not 1, 2, … over all updates.")
    course.check("/progress", (decision.recorded_at for decision in made))
    return tuple(made)


def _decision(said: Any, update: int) -> Decision:
    at = said["recorded_at"]
    return adopt_decision(said, said["number"], update, today=latest_day(at), now=at)


def _moved(course: _Course, record: Record, rows: Sequence[Row]) -> Record:
    course.check("/reschedules", (row["recorded_at"] for row in rows))
    for place, (at, today, fields) in enumerate(_timed(rows)):
        with nested(f"/reschedules/{place}"):
            # Milestones may have been set after the moves, and moves come along with milestones.
            then = replace(record, pledge=replace(course.then(at), milestones=()))
            move = draft_move(then, fields, today=today, now=at)
            record = replace(record, reschedules=(*record.reschedules, move))
    return record


def _withdrawn(course: _Course, record: Record, said: PastRecord) -> Record:
    places = [f"/rescinded/{place}" for place in range(len(said["rescinded"]))]
    rows = list(said["rescinded"])
    if said["withdrawal"] is not None:
        places, rows = [*places, "/withdrawal"], [*rows, said["withdrawal"]]
    last = course.begun
    for at, row in zip(places, rows, strict=True):
        with nested(at):
            instant, until = row["recorded_at"], row.get("rescinded_at")
            if not last <= instant <= (until or instant) <= course.ended:
                raise Invalid.field("/recorded_at", "Out of order: one withdrawal ends before the next.")
            last = until or instant
            ((_, today, fields),) = _timed([row])
            then = replace(record, pledge=course.then(instant))
            withdrawal = draft_withdrawal(then, fields, today=today, now=instant)
            withdrawal = replace(withdrawal, rescinded_at=until)
            record = replace(record, withdrawals=(*record.withdrawals, withdrawal))
    return record


def _resolved(course: _Course, record: Record, rows: Sequence[Row]) -> Record:
    course.check("/resolutions", (row["recorded_at"] for row in rows))
    for place, (at, today, fields) in enumerate(_timed(rows)):
        with nested(f"/resolutions/{place}"):
            choice = adopt_choice(fields, place + 1, last=len(record.updates), today=today, now=at)
            record = replace(record, resolutions=(*record.resolutions, choice))
    return record


def _ruled(tx: Transaction, course: _Course, record: Record, rows: Sequence[Row]) -> Record:
    course.check("/verdicts", (row["recorded_at"] for row in rows))
    for place, (at, today, fields) in enumerate(_timed(rows)):
        with nested(f"/verdicts/{place}"):
            then = replace(record, pledge=course.then(at))
            verdict = ruling.draft(tx, then, fields, today=today, now=at)
            record = replace(record, verdicts=(*record.verdicts, verdict))
    return record


def _timed(rows: Sequence[Row]) -> Iterable[tuple[datetime, date, Any]]:
    """Of each row its instant, the latest day that it was anywhere, and what it says besides."""
    for row in rows:
        fields = {name: value for name, value in row.items() if name not in {"recorded_at", "rescinded_at"}}
        yield row["recorded_at"], latest_day(row["recorded_at"]), fields
