"""What a pledge says fits what is on record about it, also when the pledge is edited later.

What was recorded about a pledge was held against it at the time: no move of the deadline is announced
before the pledge, no event has a value. An edit may not take that away from under it, or the record could not
be brought into another installation.
"""

from collections.abc import Iterator
from datetime import date

from pledgetracker.domain.errors import FieldProblem
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record


def misfits(record: Record, before: Pledge) -> Iterator[FieldProblem]:
    """What the edit of the pledge, which was `before`, leaves without a footing in `record`."""
    pledge = record.pledge
    if pledge.announced_on > before.announced_on:
        yield from _announced_too_late(record)
    if pledge.baseline.date > before.baseline.date:
        yield from _based_too_late(record)
    if pledge.is_event != before.is_event:
        yield from _counted_otherwise(record)


def _announced_too_late(record: Record) -> Iterator[FieldProblem]:
    first = min(_days_told(record), default=None)
    if first is not None and first[0] < record.pledge.announced_on:
        day, what = first
        yield FieldProblem("/announced_on", f"{what} on {day}: choose that day or an earlier one.")


def _days_told(record: Record) -> Iterator[tuple[date, str]]:
    """The days on which something about the pledge was said, and what; none lies before its announcement."""
    for move in record.reschedules:
        yield move.announced_on, f"Move {move.number} of the deadline was announced"
    if record.withdrawal is not None:
        yield record.withdrawal.on, "It was withdrawn"
    for verdict in record.verdicts:
        yield verdict.ruled_on, f"Verdict {verdict.number} was ruled"


def _based_too_late(record: Record) -> Iterator[FieldProblem]:
    deadlines = [record.pledge.due, *(move.due for move in record.reschedules)]
    first = min((due.date for due in deadlines if due is not None), default=None)
    if first is not None and first <= record.pledge.baseline.date:
        detail = f"The deadline was {first} at one time, and the baseline lies before each of them"
        yield FieldProblem("/baseline/date", f"{detail}: choose an earlier day.")


def _counted_otherwise(record: Record) -> Iterator[FieldProblem]:
    is_event = record.pledge.is_event
    for update in record.updates:
        if is_event and (update.value is not None or update.increment is not None):
            said = "has a figure, which no event has"
        elif not is_event and update.done is not None and update.milestone is None:
            said = "says whether it was done, which only an event is"
        else:
            continue
        cure = "keep the comparator, and record what was meant as another pledge"
        yield FieldProblem("/comparator", f"Update {update.number} {said}: {cure}.")
        return
