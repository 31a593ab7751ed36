"""Recording what people rule on pledges, and what the tracker would suggest."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from typing import TypedDict

from pledgetracker.domain.errors import AlreadyRetracted, FieldProblem, Invalid, NotFound
from pledgetracker.domain.pledge import Source
from pledgetracker.domain.record import Record
from pledgetracker.domain.rubric import Rubric
from pledgetracker.domain.standing import standing
from pledgetracker.domain.suggestion import Suggestion, suggest
from pledgetracker.domain.vantage import Vantage
from pledgetracker.domain.verdict import Verdict, retractions
from pledgetracker.services import grading
from pledgetracker.services.changing import Change, Turn, change
from pledgetracker.services.reading import VerdictView, get_record, known, rules_known, view_verdict
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position, paged

# Name and version of a rubric, and one of its ratings.
Scale = tuple[str, int, str | None]


class VerdictFields(TypedDict, total=False):
    """What is said of a verdict; checked for form, not yet against the pledge and the rubric."""

    rubric: str | None
    rubric_version: int | None
    rating: str | None
    ruled_on: date | None
    ruled_by: str
    reason: str
    evidence: tuple[Source, ...]
    retracts: int | None


def record_verdict(
    tx: Transaction, key: str, fields: VerdictFields, rules: Rules, *, now: datetime
) -> tuple[Record, Verdict]:
    """Record what somebody rules on pledge `key`; returns the record with it, and the verdict.

    Raises:
        NotFound: there is no such pledge.
        Invalid: the rubric has no such rating, the day does not fit, or something is missing.
        AlreadyRetracted: the verdict that it takes back has been taken back.
    """

    def rule(record: Record, turn: Turn) -> Change:
        verdict = draft(tx, record, fields, today=turn.today, now=turn.now)
        tx.verdicts.add(key, verdict)
        return Change(replace(record, verdicts=(*record.verdicts, verdict)))

    record = change(tx, key, rules, rule, now=now)
    return record, record.verdicts[-1]


def draft(tx: Transaction, record: Record, fields: VerdictFields, *, today: date, now: datetime) -> Verdict:
    """The row that `fields` amount to, numbered and complete.

    Raises:
        Invalid, AlreadyRetracted: see `record_verdict`.
    """
    retracts = fields.get("retracts")
    rubric, version, rating = (
        _ruled(tx, record, fields, today)
        if retracts is None
        else _taken_back(record, fields, retracts, today)
    )
    return Verdict(
        number=len(record.verdicts) + 1,
        rubric=rubric,
        rubric_version=version,
        rating=rating,
        ruled_on=fields.get("ruled_on") or today,
        ruled_by=fields["ruled_by"],
        reason=fields["reason"],
        recorded_at=now,
        evidence=fields.get("evidence", ()),
        retracts=retracts,
    )


def _ruled(tx: Transaction, record: Record, fields: VerdictFields, today: date) -> Scale:
    """By which rubric somebody ruled, and what."""
    rubric, problems = _rubric(tx, fields)
    problems += _day_problems(record, fields, today)
    if problems or rubric is None:
        raise Invalid(problems)
    return rubric.name, rubric.version, fields.get("rating")


def _taken_back(record: Record, fields: VerdictFields, number: int, today: date) -> Scale:
    """By which rubric verdict `number` was given, which is to be taken back."""
    ruled = next((row for row in record.verdicts if row.number == number), None)
    problems = [*_target_problems(ruled, fields, number), *_day_problems(record, fields, today)]
    if problems or ruled is None:
        raise Invalid(problems)
    if (by := retractions(record.verdicts).get(number)) is not None:
        raise AlreadyRetracted(number, by)
    return ruled.rubric, ruled.rubric_version, None


def _target_problems(ruled: Verdict | None, fields: VerdictFields, number: int) -> list[FieldProblem]:
    if ruled is None:
        return [FieldProblem("/retracts", f"There is no verdict {number} of this pledge.")]
    if ruled.rating is None:
        detail = f"Row {number} takes a verdict back itself; record another verdict instead."
        return [FieldProblem("/retracts", detail)]
    said = {"rubric": ruled.rubric, "rubric_version": ruled.rubric_version, "rating": None}
    return [
        FieldProblem(f"/{name}", "What takes a verdict back gives none: leave it out.")
        for name, value in said.items()
        if fields.get(name) not in {None, value}
    ]


def _rubric(tx: Transaction, fields: VerdictFields) -> tuple[Rubric | None, list[FieldProblem]]:
    """The rubric that a ruling names, and what is wrong with its use."""
    name, key = fields.get("rubric"), fields.get("rating")
    if name is None or key is None:
        missing = [part for part, said in (("rubric", name), ("rating", key)) if said is None]
        return None, [FieldProblem(f"/{part}", "Say by which rubric, and which rating.") for part in missing]
    version = fields.get("rubric_version")
    rubric = grading.find_rubric(tx, name, version)
    if rubric is None:
        return None, [_unknown(tx, name, version)]
    return rubric, list(_rating_problems(rubric, key, fields))


def _rating_problems(rubric: Rubric, key: str, fields: VerdictFields) -> Iterator[FieldProblem]:
    rating = rubric.rating(key)
    if rating is None:
        known = ", ".join(rating.id for rating in rubric.ratings)
        detail = f"Version {rubric.version} of {rubric.name!r} has no rating {key!r}; it has {known}."
        yield FieldProblem("/rating", detail)
    elif rating.is_final and not fields.get("evidence"):
        yield FieldProblem("/evidence", f"{key!r} closes the matter and needs evidence: silence is none.")


def _unknown(tx: Transaction, name: str, version: int | None) -> FieldProblem:
    newest = grading.find_rubric(tx, name, None)
    if newest is None:
        return FieldProblem("/rubric", f"There is no rubric {name!r}; create it first.")
    detail = f"There is no version {version} of {name!r}; the newest is {newest.version}."
    return FieldProblem("/rubric_version", detail)


def _day_problems(record: Record, fields: VerdictFields, today: date) -> list[FieldProblem]:
    day, announced_on = fields.get("ruled_on"), record.pledge.announced_on
    if day is not None and day > today:
        return [FieldProblem("/ruled_on", f"Later than today, {today}, where the pledge is.")]
    if (day or today) < announced_on:
        return [FieldProblem("/ruled_on", f"Before the pledge itself, announced on {announced_on}.")]
    return []


def get_verdict(tx: Transaction, key: str, number: int, vantage: Vantage) -> VerdictView:
    """One row of the ledger of pledge `key`.

    Raises:
        NotFound: there is no such pledge, or no such row.
    """
    record = known(get_record(tx, key), vantage)
    if not 1 <= number <= len(record.verdicts):
        raise NotFound("verdict", f"{key}/{number}")
    return view_verdict(record, record.verdicts[number - 1])


def list_verdicts(tx: Transaction, key: str, request: PageRequest, vantage: Vantage) -> Page[VerdictView]:
    """One page of the ledger of pledge `key`, with what was taken back and what took it back.

    Raises:
        NotFound: there is no such pledge.
    """
    record = known(get_record(tx, key), vantage)
    placed = {
        Position(row.ruled_on if request.sort == "ruled_on" else row.number, row.number): row
        for row in record.verdicts
        if vantage.as_of is None or row.ruled_on <= vantage.as_of
    }
    page = paged(placed, request)
    return Page([view_verdict(record, placed[place]) for place in page.items], page.positions, page.has_more)


def suggestions(tx: Transaction, key: str, rules: Rules, vantage: Vantage) -> Page[Suggestion]:
    """What the newest version of each rubric suggests for pledge `key`, all on one page.

    Raises:
        NotFound: there is no such pledge.
    """
    record = known(get_record(tx, key), vantage)
    policy = rules_known(tx, rules, vantage).policy
    stands = standing(record, policy, today=vantage.today(record.pledge.time_zone))
    rubrics = grading.newest_rubrics(tx, known_at=vantage.known_at)
    return Page([suggest(rubric, record, stands, policy) for rubric in rubrics], (), has_more=False)
