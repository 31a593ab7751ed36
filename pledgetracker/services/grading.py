"""Keeping the rubrics by which people rule: those that come with the program, and the operator's own."""

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from pledgetracker.domain.audit import Action
from pledgetracker.domain.errors import Invalid, NotFound, VersionTaken
from pledgetracker.domain.presets import PRESETS
from pledgetracker.domain.rubric import Rating, Rubric, Wording, problems
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position, paged


class RubricFields(TypedDict, total=False):
    """What is said of a rubric; checked for form, not yet for sense."""

    name: str
    version: int | None
    title: Wording
    ratings: tuple[Rating, ...]


def get_rubric(tx: Transaction, name: str, version: int) -> Rubric:
    """One version of a rubric.

    Raises:
        NotFound: there is none.
    """
    found = find_rubric(tx, name, version)
    if found is None:
        raise NotFound("rubric", f"{name}/{version}")
    return found


def find_rubric(tx: Transaction, name: str, version: int | None) -> Rubric | None:
    """One version of a rubric, the newest where none is named, or None."""
    fitting = [rubric for rubric in _versions(tx, name) if version in {None, rubric.version}]
    return fitting[-1] if fitting else None


def list_rubrics(tx: Transaction, request: PageRequest, *, name: str | None = None) -> Page[Rubric]:
    """One page of rubrics, every version of each, or of the one called `name`."""
    found = _all(tx) if name is None else _versions(tx, name)
    placed = {Position(rubric.name, rubric.version): rubric for rubric in found}
    page = paged(placed, request)
    return Page([placed[place] for place in page.items], page.positions, page.has_more)


def newest_rubrics(tx: Transaction, *, known_at: datetime | None = None) -> Sequence[Rubric]:
    """The newest version of each rubric, by name; the newest at the instant `known_at`, if there is one."""
    newest = {rubric.name: rubric for rubric in _all(tx) if rubric.is_known_at(known_at)}
    return list(newest.values())


def add_rubric(tx: Transaction, fields: RubricFields, *, now: datetime) -> Rubric:
    """Record a rubric, as the version given or as the one after the newest.

    Raises:
        Invalid: it is not a well-formed scale, or its name is that of one that comes with the program.
        VersionTaken: there is that version already.
    """
    rubric = draft_rubric(tx, fields, now=now)
    keep_rubric(tx, rubric, now=now)
    return rubric


def draft_rubric(tx: Transaction, fields: RubricFields, *, now: datetime) -> Rubric:
    """The rubric that `fields` amount to, recorded at `now`.

    Raises:
        Invalid, VersionTaken: see `add_rubric`.
    """
    name, version = fields["name"], fields.get("version")
    before = _versions(tx, name)
    if any(rubric.is_preset for rubric in before):
        raise Invalid.field("/name", f"The rubric {name!r} comes with the program; choose another name.")
    if version is not None and any(rubric.version == version for rubric in before):
        raise VersionTaken(name, version)
    if version is None:
        version = before[-1].version + 1 if before else 1
    rubric = Rubric(name, version, fields["title"], fields["ratings"], now)
    if found := list(problems(rubric)):
        raise Invalid(found)
    return rubric


def keep_rubric(tx: Transaction, rubric: Rubric, *, now: datetime) -> None:
    """Store a version of a rubric, which comes to be known here at `now`."""
    tx.rubrics.add(rubric)
    tx.audit.append(Action.RUBRIC_CREATE, f"{rubric.name}/{rubric.version}", None, rubric, now=now)


def _versions(tx: Transaction, name: str) -> Sequence[Rubric]:
    """Every version of one rubric, the newest last."""
    return [rubric for rubric in PRESETS if rubric.name == name] or tx.rubrics.all(name)


def _all(tx: Transaction) -> Sequence[Rubric]:
    return sorted((*PRESETS, *tx.rubrics.all()), key=lambda rubric: (rubric.name, rubric.version))
