"""Small values that are kept as JSON inside a row, because nothing ever asks for them alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import date, datetime
from decimal import Decimal
from operator import attrgetter
from typing import Any

from pledgetracker.domain.days import Due
from pledgetracker.domain.numbers import plain
from pledgetracker.domain.pledge import (
    Baseline,
    Contact,
    Milestone,
    OtherTarget,
    Pledge,
    SetBy,
    Source,
    Statement,
    in_order,
)
from pledgetracker.domain.review import CounterClaim
from pledgetracker.domain.target import Comparator

_OF_SOURCE = tuple(field.name for field in fields(Source))
_SAID_OF = attrgetter(*_OF_SOURCE)


def source_to(source: Source | None) -> dict[str, Any] | None:
    """A source as JSON, without what is not known of it."""
    if source is None:
        return None
    said = zip(_OF_SOURCE, _SAID_OF(source), strict=True)
    known = {name: value for name, value in said if value is not None}
    if source.published_on is not None:
        known["published_on"] = source.published_on.isoformat()
    return known


def source_from(document: Mapping[str, Any] | None) -> Source | None:
    """The source kept as `document`."""
    if document is None:
        return None
    published = document.get("published_on")
    return Source(**{**document, "published_on": date.fromisoformat(published) if published else None})


def sources_to(sources: Sequence[Source]) -> list[dict[str, Any] | None]:
    """Sources as JSON."""
    return [source_to(source) for source in sources]


def sources_from(documents: Sequence[Mapping[str, Any]]) -> tuple[Source, ...]:
    """The sources kept as `documents`."""
    return tuple(source for source in map(source_from, documents) if source is not None)


def statement_to(statement: Statement | None) -> dict[str, Any] | None:
    """A statement as JSON."""
    return None if statement is None else {"text": statement.text, "source": source_to(statement.source)}


def statement_from(document: Mapping[str, Any] | None) -> Statement | None:
    """The statement kept as `document`."""
    return None if document is None else Statement(document["text"], source_from(document["source"]))


def contacts_to(contacts: Sequence[Contact]) -> list[dict[str, Any]]:
    """Contacts as JSON."""
    return [asdict(contact) for contact in contacts]


def contacts_from(documents: Sequence[Mapping[str, Any]]) -> tuple[Contact, ...]:
    """The contacts kept as `documents`."""
    return tuple(Contact(**document) for document in documents)


def counter_claim_to(claim: CounterClaim | None) -> dict[str, Any] | None:
    """What somebody else says, as JSON."""
    if claim is None:
        return None
    return {"value": _number_to(claim.value), "text": claim.text, "source": source_to(claim.source)}


def counter_claim_from(document: Mapping[str, Any] | None) -> CounterClaim | None:
    """What somebody else says, kept as `document`."""
    if document is None:
        return None
    value, source = _number_from(document["value"]), source_from(document["source"])
    return CounterClaim(value, document["text"], source)


def other_targets_to(others: Sequence[OtherTarget]) -> list[dict[str, Any]] | None:
    """What other sources say the target is, as JSON; the digits as text, so that none is lost."""
    told = [
        {"value": _number_to(other.value), "source": source_to(other.source), "note": other.note}
        for other in others
    ]
    return told or None


def other_targets_from(documents: Sequence[Mapping[str, Any]] | None) -> tuple[OtherTarget, ...]:
    """What is kept as `documents` of what other sources say the target is."""
    return tuple(
        OtherTarget(Decimal(document["value"]), source_from(document["source"]), document["note"])
        for document in documents or ()
    )


def pledge_to(pledge: Pledge) -> dict[str, Any]:
    """What a pledge says as JSON: without its contacts, and without what counts and dates its changes."""
    return {
        "title": pledge.title,
        "pledger": pledge.pledger,
        "initiative": pledge.initiative,
        "statement": statement_to(pledge.statement),
        "indicator": pledge.indicator,
        "unit": pledge.unit,
        "comparator": pledge.comparator.value,
        "target": _number_to(pledge.target),
        "tolerance": _number_to(pledge.tolerance),
        "announced_on": pledge.announced_on.isoformat(),
        "baseline": {
            "value": _number_to(pledge.baseline.value),
            "date": pledge.baseline.date.isoformat(),
        },
        "time_zone": pledge.time_zone,
        "cadence_days": pledge.cadence_days,
        "grace_days": pledge.grace_days,
        "due": pledge.due and pledge.due.text,
        "milestones": [
            {
                "id": milestone.id,
                "title": milestone.title,
                "due": milestone.due.text,
                "target": _number_to(milestone.target),
                "set_by": milestone.set_by.value,
            }
            for milestone in pledge.milestones
        ],
        "tags": list(pledge.tags),
        "restates": list(pledge.restates),
        "part_of": pledge.part_of,
        "owner": pledge.owner,
        "verification": pledge.verification,
        "other_targets": other_targets_to(pledge.other_targets),
    }


def pledge_from(key: str, document: Mapping[str, Any], *, created_at: datetime | None) -> Pledge:
    """The pledge `key` as `document` has it."""
    content = {
        **document,
        "statement": statement_from(document["statement"]),
        "comparator": Comparator(document["comparator"]),
        "target": _number_from(document["target"]),
        "tolerance": _number_from(document["tolerance"]),
        "announced_on": date.fromisoformat(document["announced_on"]),
        "baseline": Baseline(
            Decimal(document["baseline"]["value"]), date.fromisoformat(document["baseline"]["date"])
        ),
        "due": due_from(document["due"]),
        "milestones": in_order(
            Milestone(
                stage["id"],
                Due.parse(stage["due"]),
                stage["title"],
                _number_from(stage["target"]),
                SetBy(stage["set_by"]),
            )
            for stage in document["milestones"]
        ),
        # Editions from before there were these have none.
        "tags": tuple(document.get("tags", ())),
        "restates": tuple(document.get("restates", ())),
        "other_targets": other_targets_from(document.get("other_targets")),
    }
    return Pledge(id=key, **content, created_at=created_at, updated_at=created_at)


def due_from(text: str | None) -> Due | None:
    """The due date kept as `text`."""
    return None if text is None else Due.parse(text)


def _number_to(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


def _number_from(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
