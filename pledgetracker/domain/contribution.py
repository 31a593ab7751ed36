"""What one pledge brings into a roll-up, and why some bring nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum

from pledgetracker.domain.pledge import OtherTarget, Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing, Status
from pledgetracker.domain.target import Target

# Shares of something that the record does not know; none can be added to another.
_RATIOS = {"%", "‰", "percent", "per cent", "per mille", "percentage", "pp", "ratio", "share"} | {
    "percentage point",
    "percentage points",
}


class Reason(StrEnum):
    """Why something is not added."""

    WITHDRAWN = "withdrawn"
    EVENT = "event"
    NO_TARGET = "no_target"
    NO_UNIT = "no_unit"
    PERCENTAGE = "percentage"
    CAP = "cap"
    LOWER_IS_BETTER = "lower_is_better"
    NO_RATE = "no_rate"
    RESTATED_FIGURE = "restated_figure"
    OVERLAPPING_FIGURE = "overlapping_figure"


SENTENCES: Mapping[Reason, str] = {
    Reason.WITHDRAWN: "It was withdrawn, so what it promised no longer counts.",
    Reason.EVENT: "It is an event: done or not, with no number to add.",
    Reason.NO_TARGET: "It names no target, so nothing that could be added was promised.",
    Reason.NO_UNIT: "It names no unit, so nobody knows what it could be added to.",
    Reason.PERCENTAGE: "It is a share: shares add by numerator and denominator, and those are not known.",
    Reason.CAP: "It is a cap (`at_most`): what stays below several caps does not add up to a promise.",
    Reason.LOWER_IS_BETTER: "Its target lies below its baseline: what is cut does not add to what is built.",
    Reason.NO_RATE: "No rate to the currency wanted is on record for the day wanted; it stays in its own.",
    Reason.RESTATED_FIGURE: "What it restates counts already; what was delivered on it is not counted again.",
    Reason.OVERLAPPING_FIGURE: (
        "Its own figure includes what counts elsewhere already; the figures of its parts count instead."
    ),
}


@dataclass(frozen=True, slots=True)
class Named:
    """Which pledges a pledge names."""

    part_of: str | None = None
    restates: tuple[str, ...] = ()

    @classmethod
    def by(cls, pledge: Pledge) -> "Named":
        """Those that `pledge` names."""
        return cls(pledge.part_of, pledge.restates)


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one pledge brings; far smaller than its record.

    Attributes:
        promised: target - baseline, in `unit`; None where there is a `reason`.
        accepted: figure - baseline by what was accepted, in `unit`; None without a figure.
        claimed: the same as if what was submitted or is disputed were accepted too.
        reason: why it cannot be added.
    """

    pledge: str
    announced_on: date
    status: Status
    unit: str | None
    named: Named
    promised: Decimal | None = None
    accepted: Decimal | None = None
    claimed: Decimal | None = None
    reason: Reason | None = None
    other_targets: tuple[OtherTarget, ...] = ()


def contribution(record: Record, stands: Standing) -> Contribution:
    """What the pledge of `record` brings, as it stands."""
    pledge = record.pledge
    reason = _obstacle(record, stands)
    bare = Contribution(
        pledge.id, pledge.announced_on, stands.status, pledge.unit, Named.by(pledge), reason=reason
    )
    if reason is not None or pledge.target is None:
        return bare
    return replace(
        bare,
        promised=pledge.target - pledge.baseline.value,
        accepted=_delivered(record, stands.today),
        claimed=_delivered(record.claimed, stands.today),
        other_targets=pledge.other_targets,
    )


def _delivered(record: Record, today: date) -> Decimal | None:
    figure = record.figure_on(today)
    return None if figure is None else figure.value - record.pledge.baseline.value


def _obstacle(record: Record, stands: Standing) -> Reason | None:
    pledge = record.pledge
    if record.withdrawn_on(stands.today):
        return Reason.WITHDRAWN
    if pledge.is_event:
        return Reason.EVENT
    goal = pledge.goal
    if goal is None:
        return Reason.NO_TARGET
    if pledge.unit is None:
        return Reason.NO_UNIT
    if pledge.unit.strip().casefold() in _RATIOS:
        return Reason.PERCENTAGE
    return _hindrance(goal)


def _hindrance(goal: Target) -> Reason | None:
    match goal.direction:
        case 0:
            return Reason.CAP
        case -1:
            return Reason.LOWER_IS_BETTER
        case _:
            return None
