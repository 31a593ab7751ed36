"""The English sentences in which feeds say what a milestone is and what was promised."""

from pledgetracker.domain.milestone import MilestoneStanding
from pledgetracker.domain.phrases import promised
from pledgetracker.domain.pledge import SetBy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing


def promise(record: Record, standing: Standing) -> str:
    """What was promised, as `Promised: at least 1,000,000 people, by 2027 (at first by 2026).` says it."""
    due, first = standing.due, record.pledge.due
    if due is None:
        return f"Promised: {promised(record)}, without a deadline."
    moved = "" if first is None or first == due else f" (at first by {first.text})"
    return f"Promised: {promised(record)}, by {due.text}{moved}."


def step(stage: MilestoneStanding) -> str:
    """`Milestone “half”, by 2025-Q4.`: one of those on the way; one without a target is an event."""
    milestone = stage.milestone
    named = f"Milestone “{milestone.title or milestone.id}”"
    done = " to be done" if milestone.target is None else ""
    whose = " (a checkpoint of the tracker's own)" if milestone.set_by is SetBy.TRACKER else ""
    return f"{named},{done} by {milestone.due.text}{whose}."
