"""The product's values as plain dictionaries: the reference's questions, and the product's answers."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.standing import Standing
from pledgetracker.domain.update import ProgressUpdate

from .path import NAMES

Json = dict[str, Any]
THRESHOLDS = (
    "on_track_pace",
    "at_risk_pace",
    "behind_clears_pace",
    "lead_days",
    "cadence_days",
    "grace_days",
)


def plain_policy(policy: Policy) -> Json:
    """Write a policy down."""
    return {name: getattr(policy, name) for name in THRESHOLDS}


def plain_pledge(pledge: Pledge) -> Json:
    """Write a pledge down; periods that it leaves to the policy are None."""
    return {
        "comparator": pledge.comparator.value,
        "target": pledge.target,
        "tolerance": pledge.tolerance,
        "announced_on": pledge.announced_on.isoformat(),
        "baseline": {"value": pledge.baseline.value, "date": pledge.baseline.date.isoformat()},
        "cadence_days": pledge.cadence_days,
        "grace_days": pledge.grace_days,
        "due": {"original_date": pledge.due.date.isoformat()} if pledge.due else None,
        "time_zone": pledge.time_zone,
        "milestones": [
            {
                "id": stone.id,
                "set_by": stone.set_by.value,
                "due": {"date": stone.due.date.isoformat()},
                "target": stone.target,
            }
            for stone in pledge.milestones
        ],
    }


def plain_update(update: ProgressUpdate, *, was_accepted: bool = False) -> Json:
    """Write an update down."""
    return {
        "id": update.number,
        "as_of": update.as_of.isoformat(),
        "reported_at": update.reported_at.isoformat(),
        "value": update.value,
        "increment": update.increment,
        "no_change": update.no_change,
        "done": update.done,
        "milestone": update.milestone,
        "supersedes": update.supersedes,
        "reason": update.reason and update.reason.value,
        "review": update.review.value,
        "was_accepted": was_accepted,
    }


def on_record(record: Record, policy: Policy) -> Json:
    """Write down all that is on record of a pledge, and by which policy it is judged."""
    gone = record.withdrawal
    accepted = {d.update for d in record.decisions if Review.ACCEPTED in {d.before, d.review}}
    return {
        "pledge": plain_pledge(record.pledge),
        "updates": [
            plain_update(update, was_accepted=update.number in accepted) for update in record.updates
        ],
        "reschedules": [
            {"due": move.due and move.due.date.isoformat(), "announced_on": move.announced_on.isoformat()}
            for move in record.reschedules
        ],
        "choices": [
            {
                "as_of": choice.as_of.isoformat(),
                "milestone": choice.milestone,
                "chosen": choice.chosen,
                "among": list(choice.among),
            }
            for choice in record.resolutions
        ],
        "withdrawal": None if gone is None else {"on": gone.on.isoformat()},
        "policy": plain_policy(policy),
    }


def _exact(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def answer(standing: Standing) -> Json:
    """Write the product's standing down in the shape of the reference's."""
    figure, progress = standing.figure, standing.progress
    numbers: dict[str, Decimal | date | int | None] = {name: getattr(progress, name) for name in NAMES}
    flags = [
        {"kind": flag.kind.value, "milestone": flag.milestone, "episode": flag.episode}
        for flag in standing.flags
    ]
    return {
        "status": standing.status.value,
        "delivery": standing.delivery.value,
        "reporting": standing.reporting.value,
        "schedule": standing.schedule.value,
        "figure": figure
        and {
            "value": _exact(figure.value),
            "as_of": figure.as_of,
            "completion": _exact(progress.completion),
        },
        "path": {name: _exact(n) if isinstance(n, Decimal) else n for name, n in numbers.items()},
        "lateness": {"current": standing.lateness.current, "original": standing.lateness.original},
        "milestones": [{"id": m.id, "status": m.status.value} for m in standing.milestones],
        "flags": sorted(flags, key=lambda f: (f["kind"], f["milestone"] or "", f["episode"])),
    }
