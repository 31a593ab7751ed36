"""How the audit log shows things: as JSON that is always the same, without what is nobody's business."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from functools import cache
from operator import attrgetter
from typing import Any

import orjson

from pledgetracker.domain.access import ApiKey
from pledgetracker.domain.days import Due
from pledgetracker.domain.numbers import plain
from pledgetracker.domain.pledge import Contact, Pledge
from pledgetracker.domain.record import Record


def canonical(thing: object) -> str:
    """`thing` as JSON: names sorted, no spaces, exact numbers; neither secrets nor contacts in clear."""
    return orjson.dumps(thing, default=_shown, option=_OPTIONS).decode()


def canonical_line(thing: object) -> bytes:
    """The same in UTF-8, with a line feed behind it."""
    return orjson.dumps(thing, default=_shown, option=_OPTIONS | orjson.OPT_APPEND_NEWLINE)


_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS


def _shown(value: Any) -> Any:
    """What stands for a value that JSON has no notation for."""
    show: Callable[[Any], Any] = _SHOWING.get(value.__class__, _told)
    return show(value)


def _number(value: Decimal) -> Any:
    return orjson.Fragment(plain(value))


def _record(value: Record) -> dict[str, Any]:
    hanging = {
        "reschedules": value.reschedules,
        "withdrawal": value.withdrawal,
        "progress": value.updates,
        "decisions": value.decisions,
        "resolutions": value.resolutions,
        "verdicts": value.verdicts,
    }
    return _pledge(value.pledge) | _known(hanging)


def _pledge(value: Pledge) -> dict[str, Any]:
    return _known(_fields(value) | {"contacts": _veiled(value.id, value.contacts)})


def _key(value: ApiKey) -> dict[str, Any]:
    return _known(_fields(value) | {"digest": None})


def _contact(_value: Contact) -> Any:
    raise TypeError("A contact has no place in the log.")


# By class and not case by case: updates with their numbers and sources come by the hundred thousand.
_SHOWING: Mapping[type, Callable[[Any], Any]] = {
    Decimal: _number,
    Due: attrgetter("text"),
    Record: _record,
    Pledge: _pledge,
    ApiKey: _key,
    Contact: _contact,
}


def _told(value: Any) -> dict[str, Any]:
    """What there is to tell of a value."""
    names, get = _reading(value.__class__)
    return {
        name: told
        for name, told in zip(names, get(value), strict=True)
        if told is not None and (told or told.__class__ is not tuple)
    }


def _veiled(pledge: str, contacts: tuple[Contact, ...]) -> dict[str, Any] | None:
    """How many contacts, and a hash by which to tell whether they changed."""
    if not contacts:
        return None
    told = [[getattr(contact, field.name) for field in fields(contact)] for contact in contacts]
    return {"count": len(contacts), "sha256": hashlib.sha256(orjson.dumps([pledge, told])).hexdigest()}


def _fields(value: Any) -> dict[str, Any]:
    names, get = _reading(value.__class__)
    return dict(zip(names, get(value), strict=True))


@cache
def _reading(kind: Any) -> tuple[tuple[str, ...], Callable[[Any], tuple[Any, ...]]]:
    """The names of the fields, and what gets them; asking a class for them takes longer than reading them."""
    names = tuple(field.name for field in fields(kind))
    return names, attrgetter(*names)


def _known(content: Mapping[str, Any]) -> dict[str, Any]:
    """What there is to tell."""
    return {name: value for name, value in content.items() if value is not None and value != ()}
