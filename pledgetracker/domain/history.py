"""The story of one pledge: whatever was recorded of it, each entry a sentence that can be read alone."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum

from pledgetracker.domain.days import local_day
from pledgetracker.domain.phrases import amount, day_of, promised
from pledgetracker.domain.pledge import Edition, SetBy, Withdrawal
from pledgetracker.domain.record import Moved, Record
from pledgetracker.domain.review import Decision, Resolution, Review
from pledgetracker.domain.update import Correction, ProgressUpdate
from pledgetracker.domain.verdict import Verdict


class Happening(StrEnum):
    """What an entry tells of; where several were recorded at one instant, in this order."""

    PROMISED = "promised"
    EDITED = "edited"
    REPORTED = "reported"
    CORRECTED = "corrected"
    RETRACTED = "retracted"
    REVIEWED = "reviewed"
    RESOLVED = "resolved"
    RESCHEDULED = "rescheduled"
    WITHDRAWN = "withdrawn"
    RESCINDED = "rescinded"
    RULED = "ruled"
    FLAGGED = "flagged"
    CLEARED = "cleared"
    ALERTED = "alerted"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was recorded.

    Attributes:
        at: the instant at which it was recorded.
        number: of the row that it tells of, within its kind.
        day: the day that it speaks of, in the pledge's zone.
        by: who did it, where that is known.
    """

    at: datetime
    what: Happening
    number: int
    day: date
    summary: str
    by: str | None = None

    @property
    def order(self) -> str:
        """Tells entries of one instant apart, in an order that never changes."""
        return f"{list(Happening).index(self.what):02}-{self.number:012}"


def happenings(record: Record) -> Iterator[Entry]:
    """What was recorded of a pledge itself, in no order; flags and alerts are for who has them."""
    yield from _editions(record)
    yield from (_report(record, update) for update in record.updates)
    yield from (_decision(decision) for decision in record.decisions)
    yield from (_resolution(choice) for choice in record.resolutions)
    yield from (_move(moved) for moved in record.moved)
    yield from (_verdict(verdict) for verdict in record.verdicts)
    for withdrawal in record.withdrawals:
        yield from _withdrawal(withdrawal, record.pledge.time_zone)


def _editions(record: Record) -> Iterator[Entry]:
    before: Edition | None = None
    for edition in record.editions:
        pledge = edition.pledge
        if before is None:
            due = f", due by {day_of(pledge.due.date)}" if pledge.due else ", with no deadline"
            said = f"Announced on {day_of(pledge.announced_on)}: {promised(Record(pledge))}{due}."
            yield Entry(edition.recorded_at, Happening.PROMISED, 1, pledge.announced_on, said)
        else:
            names = _changed(before, edition)
            said = f"The pledge was edited: {', '.join(names)}." if names else "Its contacts were changed."
            day = local_day(edition.recorded_at, pledge.time_zone)
            yield Entry(edition.recorded_at, Happening.EDITED, edition.number, day, said)
        before = edition


def _changed(before: Edition, after: Edition) -> list[str]:
    """What of the pledge differs, by its names."""
    return [
        field.name.replace("_", " ")
        for field in fields(before.pledge)
        if getattr(before.pledge, field.name) != getattr(after.pledge, field.name)
    ]


def _report(record: Record, update: ProgressUpdate) -> Entry:
    first = next((d.before for d in record.decisions if d.update == update.number), update.review)
    waits = "" if first is Review.ACCEPTED else "; submitted for review"
    note = f" ({update.note})" if update.note else ""
    if update.is_retraction:
        said = f"Update {update.supersedes} is taken back{note}{waits}."
        what = Happening.RETRACTED
    elif update.supersedes is not None:
        why = f", {_WHY[update.reason]}" if update.reason else ""
        said = f"Update {update.supersedes} is corrected{why}: {_said(record, update)}{waits}."
        what = Happening.CORRECTED
    else:
        said = f"{_capital(_said(record, update))}{waits}."
        what = Happening.REPORTED
    return Entry(update.recorded_at, what, update.number, update.as_of, said, update.reported_by)


_WHY = {
    Correction.TYPO: "a typing error",
    Correction.RESTATED: "restated by its source",
    Correction.SOURCE_CORRECTED: "corrected by its source",
    Correction.DEFINITION_CHANGED: "the definition changed",
    Correction.RETRACTED: "retracted",
}


def _said(record: Record, update: ProgressUpdate) -> str:
    about = f"as of {day_of(update.as_of)}"
    unit = record.pledge.unit
    if update.value is not None:
        return f"{amount(update.value, unit)} reported {about}"
    if update.increment is not None:
        return f"{amount(update.increment, unit)} more reported {about}"
    if update.no_change:
        return f"no change reported {about}"
    of = f"milestone {update.milestone} " if update.milestone else ""
    return f"{of}reported {'done' if update.done else 'not done'} {about}"


def _decision(decision: Decision) -> Entry:
    why = f": {decision.reason}" if decision.reason else "."
    said = f"Update {decision.update} is {decision.review.value}, after {decision.before.value}{why}"
    return Entry(
        decision.recorded_at,
        Happening.REVIEWED,
        decision.number,
        decision.decided_on,
        said,
        decision.decided_by,
    )


def _resolution(choice: Resolution) -> Entry:
    why = f": {choice.reason}" if choice.reason else "."
    others = ", ".join(str(number) for number in choice.among if number != choice.chosen)
    said = f"Of the updates about {day_of(choice.as_of)}, {choice.chosen} counts and not {others}{why}"
    return Entry(
        choice.recorded_at, Happening.RESOLVED, choice.number, choice.decided_on, said, choice.decided_by
    )


def _move(moved: Moved) -> Entry:
    move = moved.move
    old, new = (day_of(due.date) if due else "none" for due in (moved.old, move.due))
    who = "the pledger" if move.moved_by is SetBy.PLEDGER else "the tracker"
    why = f": {move.reason}" if move.reason else "."
    said = f"The deadline moves from {old} to {new}, announced on {day_of(move.announced_on)} by {who}{why}"
    return Entry(move.recorded_at, Happening.RESCHEDULED, move.number, move.announced_on, said)


def _withdrawal(withdrawal: Withdrawal, zone: str) -> Iterator[Entry]:
    why = f": {withdrawal.reason}" if withdrawal.reason else "."
    said = f"The pledge is withdrawn with effect from {day_of(withdrawal.on)}{why}"
    yield Entry(withdrawal.recorded_at, Happening.WITHDRAWN, withdrawal.number, withdrawal.on, said)
    if withdrawal.rescinded_at is not None:
        day = local_day(withdrawal.rescinded_at, zone)
        said = "The pledge stands after all; the withdrawal is rescinded."
        yield Entry(withdrawal.rescinded_at, Happening.RESCINDED, withdrawal.number, day, said)


def _verdict(verdict: Verdict) -> Entry:
    scale = f"{verdict.rubric} (version {verdict.rubric_version})"
    ruled = f"Ruled {verdict.rating} under {scale}, from {day_of(verdict.ruled_on)}"
    said = ruled if verdict.retracts is None else f"Verdict {verdict.retracts} under {scale} is taken back"
    summary = f"{said}: {verdict.reason}"
    return Entry(
        verdict.recorded_at, Happening.RULED, verdict.number, verdict.ruled_on, summary, verdict.ruled_by
    )


def _capital(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}"
