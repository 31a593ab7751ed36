"""Small values that are kept as JSON inside a row, because nothing ever asks for them alone."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from pledgetracker.domain.pledge import Contact, Source, Statement


def source_to(source: Source | None) -> dict[str, Any] | None:
    """A source as JSON, without what is not known of it."""
    if source is None:
        return None
    known = {name: value for name, value in asdict(source).items() if value is not None}
    if source.published_on is not None:
        known["published_on"] = source.published_on.isoformat()
    return known


def source_from(document: Mapping[str, Any] | None) -> Source | None:
    """The source kept as `document`."""
    if document is None:
        return None
    published = document.get("published_on")
    return Source(**{**document, "published_on": date.fromisoformat(published) if published else None})


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
