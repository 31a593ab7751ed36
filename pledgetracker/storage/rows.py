"""What the rows that hang on a pledge say, as values."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import (
    Baseline,
    Edition,
    Milestone,
    Pledge,
    Reschedule,
    SetBy,
    Withdrawal,
    in_order,
)
from pledgetracker.domain.review import Decision, Resolution, Review
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, Correction, ProgressUpdate
from pledgetracker.storage import documents
from pledgetracker.storage.links import LinkKind


def pledge_from(
    row: RowMapping, stages: Iterable[Milestone], tags: Iterable[str], links: Sequence[tuple[LinkKind, str]]
) -> Pledge:
    """A promise, with the milestones, tags and links that are kept beside it."""
    return Pledge(
        id=row["id"],
        title=row["title"],
        pledger=row["pledger"],
        initiative=row["initiative"],
        statement=documents.statement_from(row["statement"]),
        indicator=row["indicator"],
        unit=row["unit"],
        comparator=Comparator(row["comparator"]),
        target=row["target"],
        tolerance=row["tolerance"],
        announced_on=row["announced_on"],
        baseline=Baseline(row["baseline_value"], row["baseline_date"]),
        time_zone=row["time_zone"],
        cadence_days=row["cadence_days"],
        grace_days=row["grace_days"],
        due=documents.due_from(row["due"]),
        milestones=in_order(stages),
        contacts=documents.contacts_from(row["contacts"]),
        tags=tuple(tags),
        restates=tuple(other for kind, other in links if kind is LinkKind.RESTATES),
        part_of=next((other for kind, other in links if kind is LinkKind.PART_OF), None),
        owner=row["owner"],
        verification=row["verification"],
        other_targets=documents.other_targets_from(row["other_targets"]),
        version=row["version"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )


def milestone_from(row: RowMapping) -> Milestone:
    """A milestone."""
    return Milestone(row["id"], Due.parse(row["due"]), row["title"], row["target"], SetBy(row["set_by"]))


def link_from(row: RowMapping) -> tuple[LinkKind, str]:
    """What a pledge says of another, and which."""
    return LinkKind(row["kind"]), row["other"]


def reschedule_from(row: RowMapping) -> Reschedule:
    """A move of a deadline."""
    return Reschedule(
        number=row["number"],
        due=documents.due_from(row["due"]),
        announced_on=row["announced_on"],
        moved_by=SetBy(row["moved_by"]),
        reason=row["reason"],
        source=documents.source_from(row["source"]),
        recorded_at=row["recorded_at"],
    )


def withdrawal_from(row: RowMapping) -> Withdrawal:
    """A withdrawal."""
    return Withdrawal(
        number=row["number"],
        on=row["on"],
        reason=row["reason"],
        source=documents.source_from(row["source"]),
        recorded_at=row["recorded_at"],
        rescinded_at=row["rescinded_at"],
    )


def decision_from(row: RowMapping) -> Decision:
    """What a reviewer decided."""
    return Decision(
        number=row["number"],
        update=row["update"],
        before=Review(row["before"]),
        review=Review(row["review"]),
        decided_on=row["decided_on"],
        decided_by=row["decided_by"],
        reason=row["reason"],
        counter_claim=documents.counter_claim_from(row["counter_claim"]),
        recorded_at=row["recorded_at"],
    )


def resolution_from(row: RowMapping) -> Resolution:
    """Which of several figures a reviewer chose."""
    return Resolution(
        number=row["number"],
        as_of=row["as_of"],
        milestone=row["milestone"],
        chosen=row["chosen"],
        among=tuple(row["among"]),
        decided_on=row["decided_on"],
        decided_by=row["decided_by"],
        reason=row["reason"],
        recorded_at=row["recorded_at"],
    )


def edition_from(row: Mapping[str, Any], created_at: datetime) -> Edition:
    """What a pledge said from an instant on."""
    pledge = documents.pledge_from(row["pledge"], row["document"], created_at=created_at)
    return Edition(row["number"], pledge, row["recorded_at"])


def update_from(row: RowMapping) -> ProgressUpdate:
    """A progress update."""
    return ProgressUpdate(
        number=row["number"],
        as_of=row["as_of"],
        reported_at=row["reported_at"],
        recorded_at=row["recorded_at"],
        value=row["value"],
        increment=row["increment"],
        no_change=row["no_change"],
        done=row["done"],
        milestone=row["milestone"],
        claim=Claim(row["claim"]),
        note=row["note"],
        reported_by=row["reported_by"],
        evidence=documents.sources_from(row["evidence"]),
        supersedes=row["supersedes"],
        reason=None if row["reason"] is None else Correction(row["reason"]),
        review=Review(row["review"]),
    )
