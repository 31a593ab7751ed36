"""Recording pledges, changing what is said of them, and removing what was entered by mistake."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypedDict

from pledgetracker.domain.audit import Action
from pledgetracker.domain.coherence import misfits
from pledgetracker.domain.days import Due, local_day
from pledgetracker.domain.errors import (
    FieldProblem,
    Invalid,
    NotFound,
    StillReferenced,
)
from pledgetracker.domain.pledge import (
    FINAL_MILESTONE,
    Baseline,
    Contact,
    Edition,
    Milestone,
    OtherTarget,
    Pledge,
    SetBy,
    Statement,
    in_order,
    problems,
)
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.domain.target import Comparator
from pledgetracker.services import linking, monitoring
from pledgetracker.services.cataloguing import new_id, without_id
from pledgetracker.services.changing import Change, News, Turn, change
from pledgetracker.services.rescheduling import MoveFields, draft_move, moved
from pledgetracker.services.rules import Rules
from pledgetracker.services.withdrawing import WithdrawalFields, draft_withdrawal
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.pledges import Outlook

# How many of those that stand in the way of a deletion are told by name.
NAMED_IN_FULL = 10


class PledgeFields(TypedDict, total=False):
    """What is said of a pledge; checked for form, not yet for sense."""

    id: str | None
    title: str
    pledger: str
    initiative: str | None
    statement: Statement | None
    indicator: str | None
    unit: str | None
    comparator: Comparator
    target: Decimal | None
    tolerance: Decimal | None
    announced_on: date
    baseline: Mapping[str, Any] | None
    cadence_days: int | None
    grace_days: int | None
    time_zone: str
    due: Due | None
    milestones: tuple[Milestone, ...]
    contacts: tuple[Contact, ...]
    tags: tuple[str, ...]
    restates: tuple[str, ...]
    part_of: str | None
    owner: str | None
    verification: str | None
    other_targets: tuple[OtherTarget, ...]
    repeated: "Repeated"


@dataclass(frozen=True, slots=True)
class Repeated:
    """The pledge's own target and deadline, said once more among the milestones; both must agree.

    Attributes:
        place: where among the milestones it was said.
    """

    place: int
    milestone: Milestone

    def check(self, target: Decimal | None, due: Due | None) -> None:
        """Refuse to leave a difference unsaid.

        Raises:
            Invalid: it differs from the pledge's own `target` or `due`, or says more.
        """
        if due is None or self.milestone != Milestone(FINAL_MILESTONE, due, None, target):
            detail = "Repeats the pledge's own target and deadline, and differs: change those instead."
            raise Invalid.field(f"/milestones/{self.place}", detail)


def add_pledge(tx: Transaction, fields: PledgeFields, rules: Rules, *, now: datetime) -> Record:
    """Record a pledge, under the id given or one made from the title.

    Raises:
        AlreadyExists: the id is taken.
        Invalid: it is not a well-formed promise, or names a pledger or initiative that does not exist.
    """
    record = Record(draft_pledge(tx, fields, rules, now=now))
    return store(tx, record, rules, action=Action.PLEDGE_CREATE, now=now)


def draft_pledge(tx: Transaction, fields: PledgeFields, rules: Rules, *, now: datetime) -> Pledge:
    """The pledge that `fields` amount to, complete and with an id.

    Raises:
        AlreadyExists, Invalid: see `add_pledge`.
    """
    pledge = _drafted(tx, fields, rules, now=now)
    _check(tx, pledge, None)
    return pledge


def draft_record(
    tx: Transaction,
    fields: PledgeFields,
    moves: Sequence[MoveFields],
    withdrawal: WithdrawalFields | None,
    rules: Rules,
    *,
    now: datetime,
) -> Record:
    """A pledge with its history: the deadline as first promised, every move of it since, its withdrawal.

    Milestones are held against the deadline in force alone: they may have been set after the moves.

    Raises:
        AlreadyExists, Invalid: see `add_pledge`, `reschedule` and `withdraw`.
    """
    pledge = _drafted(tx, fields, rules, now=now)
    today = local_day(now, pledge.time_zone)
    record = Record(replace(pledge, milestones=()))
    _check(tx, record.pledge, None)
    for place, move in enumerate(moves):
        with nested(f"/reschedules/{place}"):
            drafted = draft_move(record, move, today=today, now=now)
            record = replace(record, reschedules=(*record.reschedules, drafted))
    if withdrawal is not None:
        with nested("/withdrawal"):
            taken_back = draft_withdrawal(record, withdrawal, today=today, now=now)
            record = replace(record, withdrawals=(taken_back,))
    _check(tx, replace(pledge, due=record.due_on(today)), None)
    return replace(record, pledge=pledge)


@contextmanager
def nested(at: str) -> Iterator[None]:
    """Tell of what is wrong inside by its place in the whole."""
    try:
        yield
    except Invalid as refusal:
        raise Invalid(
            FieldProblem(at + problem.pointer, problem.detail) for problem in refusal.problems
        ) from refusal


def _drafted(tx: Transaction, fields: PledgeFields, rules: Rules, *, now: datetime) -> Pledge:
    # What the settings say of reporting becomes the pledge's own: a promise is held to what held for it.
    content: Any = _with_rhythm({"cadence_days": None, "grace_days": None, **fields}, rules)
    key = new_id(tx.pledges.exists, "pledge", content.pop("id", None), fields["title"])
    return replace(composed(key, content, rules), created_at=now, updated_at=now)


def composed(key: str, fields: PledgeFields, rules: Rules) -> Pledge:
    """The pledge that `fields` amount to, with whatever they leave open left open.

    Raises:
        Invalid: they say its target or deadline twice, and not alike.
    """
    content: dict[str, Any] = {"time_zone": rules.time_zone, **fields}
    content.pop("id", None)
    content["baseline"] = _baseline(content.get("baseline"), Baseline(Decimal(0), content["announced_on"]))
    repeated: Repeated | None = content.pop("repeated", None)
    if repeated is not None:
        repeated.check(content.get("target"), content.get("due"))
    return Pledge(id=key, **content)


def store(
    tx: Transaction,
    record: Record,
    rules: Rules,
    *,
    action: Action,
    now: datetime,
    is_looked_at: bool = True,
) -> Record:
    """Store a new record whole, as what `action` brought, and take the first look at it.

    Where more is about to come, that look is left to the next tick.
    """
    pledge = _arranged(record.pledge)
    record = replace(record, pledge=pledge, editions=(Edition.of(1, pledge, now),))
    stands = standing(record, rules.policy, today=local_day(now, record.pledge.time_zone))
    found = monitoring.outlook(record, stands, (), rules)
    keep(tx, record, found if is_looked_at else replace(found, next_check_at=now))
    tx.audit.append(action, pledge.id, None, record, now=now)
    if is_looked_at:
        monitoring.look(tx, record, rules, now=now)
    return record


def keep(tx: Transaction, record: Record, outlook: Outlook) -> None:
    """Write every row of a record of which nothing is stored yet."""
    key = record.pledge.id
    tx.pledges.add(record.pledge, record.editions, outlook)
    for move in record.reschedules:
        tx.pledges.reschedule(key, move)
    for withdrawal in record.withdrawals:
        tx.pledges.withdraw(key, withdrawal)
    tx.progress.add_many((key, update) for update in record.updates)
    for decision in record.decisions:
        tx.reviews.decide(key, decision)
    for choice in record.resolutions:
        tx.reviews.resolve(key, choice)
    for verdict in record.verdicts:
        tx.verdicts.add(key, verdict)


def change_pledge(tx: Transaction, key: str, fields: PledgeFields, rules: Rules, *, now: datetime) -> Record:
    """Change what is said of a pledge; a new deadline is a move, by the tracker and announced today.

    Raises:
        NotFound: there is none.
        Invalid: the outcome is not a well-formed promise, does not fit what is on record about it, or the
            id would change.
        StillReferenced: a milestone that an update speaks of would go.
    """
    content = without_id(key, dict(fields))
    is_move = "due" in content
    due: Due | None = content.pop("due", None)
    repeated: Repeated | None = content.pop("repeated", None)

    def edit(record: Record, turn: Turn) -> Change | None:
        before = record.pledge
        changes = _with_rhythm(content, rules)
        if "baseline" in content:
            start = content["baseline"]
            first = Baseline(Decimal(0), content.get("announced_on", before.announced_on))
            changes["baseline"] = _baseline(start, first if start is None else before.baseline)
        said = replace(before, **changes)
        if repeated is not None:
            repeated.check(said.target, due if is_move else record.due_on(turn.today))
        pledge = _arranged(said)
        edited = replace(record, pledge=pledge)
        news: tuple[News, ...] = ()
        if is_move and due != record.due_on(turn.today):
            edited, news = moved(tx, edited, {"due": due, "moved_by": SetBy.TRACKER}, turn)
        elif pledge == before:
            return None
        # Milestones lie before the deadline in force, wherever the first one was.
        _check(tx, replace(said, due=edited.due_on(turn.today)), before)
        _check_milestones_kept(record, pledge)
        if found := tuple(misfits(edited, before)):
            raise Invalid(found)
        if pledge != before:
            edition = Edition.of(len(record.editions) + 1, pledge, turn.now)
            edited = replace(edited, editions=(*record.editions, edition))
            tx.pledges.change(pledge, edition)
        return Change(edited, news)

    return change(tx, key, rules, edit, now=now)


def delete_pledge(tx: Transaction, key: str, *, now: datetime) -> None:
    """Remove a pledge that was entered by mistake and on which nothing hangs yet.

    Raises:
        NotFound: there is none.
        StillReferenced: something hangs on it.
    """
    locked = tx.records.lock(key)
    if locked is None:
        raise NotFound("pledge", key)
    if holders := tx.pledges.holders(key):
        cure = "What was on record stays on record: withdraw it instead."
        raise StillReferenced("pledge", key, f"it has {', '.join(holders)}", cure)
    if naming := tx.links.naming(key, most=NAMED_IN_FULL + 1):
        more = " and others" if len(naming) > NAMED_IN_FULL else ""
        told = f"{', '.join(naming[:NAMED_IN_FULL])}{more} restate it or are part of it"
        raise StillReferenced("pledge", key, told, "Change those first.")
    tx.pledges.delete(key)
    tx.audit.append(Action.PLEDGE_DELETE, key, locked.record, None, now=now)
    tx.records.forget(key)


def _with_rhythm(content: dict[str, Any], rules: Rules) -> dict[str, Any]:
    """The content, where it leaves open how often to report, with what the settings say."""
    rhythm = {"cadence_days": rules.policy.cadence_days, "grace_days": rules.policy.grace_days}
    return {name: rhythm.get(name) if value is None else value for name, value in content.items()}


def _baseline(said: Mapping[str, Any] | None, otherwise: Baseline) -> Baseline:
    """The baseline as said; what is not said of it is as in `otherwise`."""
    return replace(otherwise, **{name: value for name, value in (said or {}).items() if value is not None})


def _arranged(pledge: Pledge) -> Pledge:
    """The pledge as it will be read again; until it is checked, milestones stand where they were said."""
    return replace(pledge, milestones=in_order(pledge.milestones))


def _check(tx: Transaction, pledge: Pledge, before: Pledge | None) -> None:
    found = [*problems(pledge), *linking.problems(tx, pledge, before)]
    if not tx.pledgers.exists(pledge.pledger):
        found.append(FieldProblem("/pledger", f"There is no pledger {pledge.pledger!r}; create it first."))
    if pledge.initiative is not None and not tx.initiatives.exists(pledge.initiative):
        found.append(
            FieldProblem("/initiative", f"There is no initiative {pledge.initiative!r}; create it first.")
        )
    if found:
        raise Invalid(found)


def _check_milestones_kept(record: Record, pledge: Pledge) -> None:
    """Refuse to drop a milestone, or to give it a target, that an update has said to be done."""
    events = {milestone.id for milestone in pledge.milestones if milestone.target is None}
    for update in record.updates:
        if update.milestone is not None and update.milestone not in events:
            holders = f"update {update.number} says whether it was done"
            raise StillReferenced(
                "event milestone", update.milestone, holders, "Keep it among the milestones."
            )
