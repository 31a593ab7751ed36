"""The product's values as plain dictionaries: the reference's questions, and the product's answers."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing
from pledgetracker.domain.update import ProgressUpdate

from .path import NAMES

Json = dict[str, Any]


def plain_policy(policy: Policy) -> Json:
    """Write a policy down."""
    return {
        "on_track_pace": policy.on_track_pace,
        "at_risk_pace": policy.at_risk_pace,
        "behind_clears_pace": policy.behind_clears_pace,
        "lead_days": policy.lead_days,
    }


def plain_pledge(pledge: Pledge, policy: Policy) -> Json:
    """Write a pledge down, with the periods that hold for it."""
    return {
        "comparator": pledge.comparator.value,
        "target": pledge.target,
        "tolerance": pledge.tolerance,
        "announced_on": pledge.announced_on.isoformat(),
        "baseline": {"value": pledge.baseline.value, "date": pledge.baseline.date.isoformat()},
        "cadence_days": policy.cadence_days if pledge.cadence_days is None else pledge.cadence_days,
        "grace_days": policy.grace_days if pledge.grace_days is None else pledge.grace_days,
        "due": {"original_date": pledge.due.date.isoformat()} if pledge.due else None,
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


def plain_update(update: ProgressUpdate) -> Json:
    """Write an update down, with only the one thing that it says."""
    said = {
        "value": update.value,
        "increment": update.increment,
        "no_change": update.no_change or None,
        "done": update.done,
        "milestone": update.milestone,
        "supersedes": update.supersedes,
    }
    return {
        "id": update.number,
        "as_of": update.as_of.isoformat(),
        "reported_at": update.reported_at.isoformat(),
        **{name: word for name, word in said.items() if word is not None},
    }


def question(record: Record, policy: Policy, *, today: date) -> Json:
    """Build the keyword arguments of the reference's `standing`."""
    gone = record.withdrawal
    return {
        "pledge": plain_pledge(record.pledge, policy),
        "updates": [plain_update(update) for update in record.updates],
        "reschedules": [
            {"due": move.due and move.due.date.isoformat(), "announced_on": move.announced_on.isoformat()}
            for move in record.reschedules
        ],
        "withdrawal": None if gone is None else {"on": gone.on.isoformat()},
        "today": today,
        "policy": plain_policy(policy),
    }


def _exact(number: Decimal | None) -> Fraction | None:
    return None if number is None else Fraction(number)


def answer(standing: Standing) -> Json:
    """Write the product's standing down in the shape of the reference's."""
    figure, progress = standing.figure, standing.progress
    numbers = {name: getattr(progress, name) for name in NAMES}
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
        "flags": [
            {"kind": flag.kind.value, "milestone": flag.milestone, "episode": flag.episode}
            for flag in standing.flags
        ],
    }
