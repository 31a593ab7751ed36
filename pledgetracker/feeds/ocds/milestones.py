"""Milestones as OCDS: met by their figures; missed, in whole or in part, only where a person has ruled so.

Past its due day a milestone stays `scheduled`, and its description says that it is overdue.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus, met_since
from pledgetracker.domain.phrases import amount
from pledgetracker.domain.pledge import FINAL_MILESTONE
from pledgetracker.domain.presets import OCDS_MILESTONE
from pledgetracker.domain.record import Record
from pledgetracker.domain.rubric import Rating
from pledgetracker.domain.standing import Delivery, Standing
from pledgetracker.domain.verdict import Verdict, in_force
from pledgetracker.feeds.ocds.values import Object, end_of, instant, without_nothing
from pledgetracker.feeds.words import promise, step

# Of OCDS's list milestoneStatus, whose other two only a verdict gives.
SCHEDULED, MET = "scheduled", "met"
_STANDINGS = {
    MilestoneStatus.UPCOMING: "Not due yet.",
    MilestoneStatus.MET_ON_TIME: "Met in time.",
    MilestoneStatus.MET_LATE: "Met after its due day.",
    MilestoneStatus.OVERDUE: "Overdue: due, and not met. Whether it was missed, a person must rule.",
    MilestoneStatus.INDETERMINATE: "Its due day has passed, and no sum can say whether it was met or missed.",
}


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict on a milestone, with the rating that it gave."""

    verdict: Verdict
    rating: Rating


def milestones(record: Record, standing: Standing) -> list[Object]:
    """The milestones of a pledge, its own target last, as on the day of `standing`."""
    return [_milestone(record, standing, stage) for stage in standing.milestones]


def _milestone(record: Record, standing: Standing, stage: MilestoneStanding) -> Object:
    pledge = record.pledge
    since = met_since(record, stage, today=standing.today)
    ruling = _ruling(record, standing, since) if stage.id == FINAL_MILESTONE else None
    status = _status(standing, stage) if ruling is None else ruling.rating.id
    return without_nothing(
        {
            "id": stage.id,
            "title": pledge.title if stage.id == FINAL_MILESTONE else stage.milestone.title or stage.id,
            "type": "delivery",
            "description": " ".join(_told(record, standing, stage, ruling)),
            "dueDate": end_of(stage.milestone.due.date, pledge.time_zone),
            "dateMet": end_of(since, pledge.time_zone) if since is not None and status == MET else None,
            "dateModified": _reviewed(record, standing, stage, ruling),
            "status": status,
        }
    )


def _ruling(record: Record, standing: Standing, since: date | None) -> Ruling | None:
    """The final rating that a person gave to a pledge, unless figures have met the target after it."""
    for verdict in in_force(record.verdicts, standing.today):
        if (verdict.rubric, verdict.rubric_version) == (OCDS_MILESTONE.name, OCDS_MILESTONE.version):
            rating = OCDS_MILESTONE.rating(verdict.rating or "")
            is_outlived = since is not None and since > verdict.ruled_on
            if rating is not None and rating.is_final and not is_outlived:
                return Ruling(verdict, rating)
    return None


def _status(standing: Standing, stage: MilestoneStanding) -> str | None:
    if stage.status.is_met:
        return MET
    # Of a promise that was taken back nothing is scheduled any more.
    return None if standing.delivery is Delivery.WITHDRAWN else SCHEDULED


def _told(
    record: Record, standing: Standing, stage: MilestoneStanding, ruling: Ruling | None
) -> Iterator[str]:
    pledge, target = record.pledge, stage.milestone.target
    if stage.id == FINAL_MILESTONE:
        yield promise(record, standing)
    else:
        yield step(stage)
        if target is not None:
            yield f"Target: {amount(target, pledge.unit)}."
    if ruling is not None:
        verdict = ruling.verdict
        rated = ruling.rating.title.en.lower()
        yield f"Ruled to be {rated} on {verdict.ruled_on} by {verdict.ruled_by}: {verdict.reason}"
    elif stage.status.is_met or standing.delivery is not Delivery.WITHDRAWN:
        yield _STANDINGS[stage.status]
    else:
        yield "The pledge was withdrawn."
    figure = standing.figure
    if target is not None and figure is not None:
        disputed = ", the least favourable of conflicting ones" if figure.conflict_on else ""
        yield f"Figure: {amount(figure.value, pledge.unit)} as of {figure.as_of}{disputed}."


def _reviewed(
    record: Record, standing: Standing, stage: MilestoneStanding, ruling: Ruling | None
) -> str | None:
    """When what the status rests on was recorded: the verdict, or the last report on the milestone."""
    if ruling is not None:
        return instant(ruling.verdict.recorded_at, "UTC")
    event = None if stage.milestone.target is not None or stage.id == FINAL_MILESTONE else stage.id
    said = [u.recorded_at for u in record.reports_until(standing.today) if u.milestone == event]
    return instant(max(said), "UTC") if said else None
