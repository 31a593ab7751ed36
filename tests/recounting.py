"""Chronicles told to the product: the record that results from everything that was done to a pledge."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import (
    Baseline,
    Edition,
    Milestone,
    Pledge,
    Reschedule,
    SetBy,
    Withdrawal,
)
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Decision, Resolution, Review
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Correction, ProgressUpdate
from tests.histories import on

Json = dict[str, Any]


def recounted(deeds: list[Json]) -> tuple[Record, list[tuple[datetime, Policy]]]:
    """The record after all deeds, and each policy with the instant from which it held."""
    record: Record | None = None
    policies: list[tuple[datetime, Policy]] = []
    for deed in deeds:
        if deed["deed"] == "judged":
            policies.append((deed["at"], Policy(**deed["policy"])))
        elif deed["deed"] == "promised":
            record = _edited(Record(_pledge(deed)), deed)
        else:
            assert record is not None
            record = _STEPS[deed["deed"]](record, deed)
    assert record is not None
    return record, policies


def policy_at(policies: list[tuple[datetime, Policy]], instant: datetime | None) -> Policy:
    """The policy that held at an instant, the last unless it is said."""
    return [policy for at, policy in policies if instant is None or at <= instant][-1]


def _pledge(deed: Json) -> Pledge:
    said = deed["pledge"]
    return Pledge(
        id="people-trained",
        title="People trained",
        pledger="microsoft",
        announced_on=date.fromisoformat(said["announced_on"]),
        baseline=Baseline(said["baseline"]["value"], date.fromisoformat(said["baseline"]["date"])),
        time_zone=said["time_zone"],
        comparator=Comparator(said["comparator"]),
        target=said["target"],
        tolerance=said["tolerance"],
        cadence_days=said["cadence_days"],
        grace_days=said["grace_days"],
        due=_due(said["due"] and said["due"]["original_date"]),
        milestones=tuple(
            Milestone(
                stone["id"],
                on(date.fromisoformat(stone["due"]["date"])),
                None,
                stone["target"],
                SetBy(stone["set_by"]),
            )
            for stone in said["milestones"]
        ),
        created_at=deed["at"],
        updated_at=deed["at"],
    )


def _due(day: str | None) -> Due | None:
    return None if day is None else on(date.fromisoformat(day))


def _edited(record: Record, deed: Json) -> Record:
    pledge = replace(_pledge(deed), created_at=record.pledge.created_at)
    edition = Edition(len(record.editions) + 1, pledge, deed["at"])
    return replace(record, pledge=pledge, editions=(*record.editions, edition))


def _reported(record: Record, deed: Json) -> Record:
    said = deed["update"]
    update = ProgressUpdate(
        number=said["id"],
        as_of=date.fromisoformat(said["as_of"]),
        reported_at=date.fromisoformat(said["reported_at"]),
        recorded_at=deed["at"],
        value=said.get("value"),
        increment=said.get("increment"),
        no_change=said.get("no_change", False),
        done=said.get("done"),
        milestone=said["milestone"],
        supersedes=said["supersedes"],
        reason=said["reason"] and Correction(said["reason"]),
        review=Review(said["review"]),
    )
    return replace(record, updates=(*record.updates, update))


def _reviewed(record: Record, deed: Json) -> Record:
    number, review = deed["update"], Review(deed["review"])
    before = record.updates[number - 1].review
    today = deed["at"].date()
    made = Decision(len(record.decisions) + 1, number, before, review, today, None, None, None, deed["at"])
    updates = tuple(replace(u, review=review) if u.number == number else u for u in record.updates)
    return replace(record, updates=updates, decisions=(*record.decisions, made))


def _chosen(record: Record, deed: Json) -> Record:
    made = Resolution(
        number=len(record.resolutions) + 1,
        as_of=date.fromisoformat(deed["as_of"]),
        milestone=deed["milestone"],
        chosen=deed["chosen"],
        among=tuple(deed["among"]),
        decided_on=deed["at"].date(),
        decided_by=None,
        reason=None,
        recorded_at=deed["at"],
    )
    return replace(record, resolutions=(*record.resolutions, made))


def _moved(record: Record, deed: Json) -> Record:
    announced = date.fromisoformat(deed["announced_on"])
    number = len(record.reschedules) + 1
    move = Reschedule(number, _due(deed["due"]), announced, SetBy.PLEDGER, None, None, deed["at"])
    return replace(record, reschedules=(*record.reschedules, move))


def _withdrawn(record: Record, deed: Json) -> Record:
    number = len(record.withdrawals) + 1
    taken = Withdrawal(number, date.fromisoformat(deed["on"]), None, None, deed["at"])
    return replace(record, withdrawals=(*record.withdrawals, taken))


def _stood_by(record: Record, deed: Json) -> Record:
    *earlier, last = record.withdrawals
    return replace(record, withdrawals=(*earlier, replace(last, rescinded_at=deed["at"])))


_STEPS = {
    "edited": _edited,
    "reported": _reported,
    "reviewed": _reviewed,
    "chosen": _chosen,
    "moved": _moved,
    "withdrawn": _withdrawn,
    "stood_by": _stood_by,
}
