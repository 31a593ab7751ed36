"""Keeping the lists of pledgers and initiatives."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from typing import Any, TypedDict, TypeVar

from pledgetracker.domain.audit import Action
from pledgetracker.domain.catalogue import Initiative, Pledger, PledgerKind
from pledgetracker.domain.errors import AlreadyExists, Invalid, NotFound, StillReferenced
from pledgetracker.domain.slug import numbered, slugify
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.recalling import all_initiatives_known, all_pledgers_known
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position, paged

E = TypeVar("E", Pledger, Initiative)


class PledgerFields(TypedDict, total=False):
    """What is said of a pledger."""

    id: str | None
    name: str
    kind: PledgerKind | None
    url: str | None


class InitiativeFields(TypedDict, total=False):
    """What is said of an initiative."""

    id: str | None
    title: str
    parent: str | None
    description: str | None
    url: str | None


def get_pledger(tx: Transaction, key: str, *, is_locked: bool = False) -> Pledger:
    """The pledger `key`; `is_locked` keeps it from every other writer until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = tx.pledgers.get(key, is_locked=is_locked)
    if found is None:
        raise NotFound("pledger", key)
    return found


def list_pledgers(
    tx: Transaction, request: PageRequest, vantage: Vantage, *, kind: PledgerKind | None = None
) -> Page[Pledger]:
    """One page of pledgers as `vantage` may know them, of one kind if that is asked for."""
    if vantage.known_at is None:
        return tx.pledgers.page(request, {"kind": None if kind is None else kind.value})
    known = all_pledgers_known(tx, vantage).values()
    return _paged([pledger for pledger in known if kind in {None, pledger.kind}], request)


def add_pledger(tx: Transaction, fields: PledgerFields, *, now: datetime) -> Pledger:
    """Record a pledger, under the id given or one made from the name.

    Raises:
        AlreadyExists: the id is taken.
    """
    content: dict[str, Any] = dict(fields)
    key = new_id(tx.pledgers.exists, "pledger", content.pop("id", None), fields["name"])
    tx.pledgers.add(key, content, now=now)
    added = get_pledger(tx, key)
    tx.audit.append(Action.PLEDGER_CREATE, key, None, added, now=now)
    return added


def change_pledger(tx: Transaction, key: str, fields: PledgerFields, *, now: datetime) -> Pledger:
    """Change what is said of a pledger.

    Raises:
        NotFound: there is none.
        Invalid: the id would change.
    """
    pledger = get_pledger(tx, key, is_locked=True)
    content = without_id(key, dict(fields))
    if replace(pledger, **content) == pledger:
        return pledger
    tx.pledgers.change(key, content, now=now)
    changed = get_pledger(tx, key)
    tx.audit.append(Action.PLEDGER_CHANGE, key, pledger, changed, now=now)
    return changed


def delete_pledger(tx: Transaction, key: str, *, now: datetime) -> None:
    """Remove a pledger that nothing names.

    Raises:
        NotFound: there is none.
        StillReferenced: a pledge or a key names it.
    """
    pledger = get_pledger(tx, key, is_locked=True)
    if tx.pledgers.is_referenced(key):
        raise StillReferenced("pledger", key, "pledges or keys name it", "Move or delete those first.")
    tx.pledgers.delete(key)
    tx.audit.append(Action.PLEDGER_DELETE, key, pledger, None, now=now)


def get_initiative(tx: Transaction, key: str, *, is_locked: bool = False) -> Initiative:
    """The initiative `key`; `is_locked` keeps it from every other writer until the transaction ends.

    Raises:
        NotFound: there is none.
    """
    found = tx.initiatives.get(key, is_locked=is_locked)
    if found is None:
        raise NotFound("initiative", key)
    return found


def list_initiatives(
    tx: Transaction, request: PageRequest, vantage: Vantage, *, parent: str | None = None
) -> Page[Initiative]:
    """One page of initiatives as `vantage` may know them, of those directly under `parent` if asked for."""
    if vantage.known_at is None:
        return tx.initiatives.page(request, {"parent": parent})
    known = all_initiatives_known(tx, vantage).values()
    return _paged([initiative for initiative in known if parent in {None, initiative.parent}], request)


def _paged(entries: Sequence[E], request: PageRequest) -> Page[E]:
    """One page of entries that are at hand; the sort name is that of one of their fields."""
    placed = {Position(getattr(entry, request.sort), entry.id): entry for entry in entries}
    page = paged(placed, request)
    return Page([placed[place] for place in page.items], page.positions, page.has_more)


def add_initiative(tx: Transaction, fields: InitiativeFields, *, now: datetime) -> Initiative:
    """Record an initiative, under the id given or one made from the title.

    Raises:
        AlreadyExists: the id is taken.
        Invalid: the parent does not exist.
    """
    _check_parent(tx, None, fields)
    content: dict[str, Any] = dict(fields)
    key = new_id(tx.initiatives.exists, "initiative", content.pop("id", None), fields["title"])
    tx.initiatives.add(key, content, now=now)
    added = get_initiative(tx, key)
    tx.audit.append(Action.INITIATIVE_CREATE, key, None, added, now=now)
    return added


def change_initiative(tx: Transaction, key: str, fields: InitiativeFields, *, now: datetime) -> Initiative:
    """Change what is said of an initiative.

    Raises:
        NotFound: there is none.
        Invalid: the id would change, the parent does not exist, or would come to stand under itself.
    """
    initiative = get_initiative(tx, key, is_locked=True)
    content = without_id(key, dict(fields))
    if fields.get("parent") is not None:
        # Two moves at once, each right by itself, could make a ring.
        tx.initiatives.hold_tree()
    _check_parent(tx, key, fields)
    if replace(initiative, **content) == initiative:
        return initiative
    tx.initiatives.change(key, content, now=now)
    changed = get_initiative(tx, key)
    tx.audit.append(Action.INITIATIVE_CHANGE, key, initiative, changed, now=now)
    return changed


def delete_initiative(tx: Transaction, key: str, *, now: datetime) -> None:
    """Remove an initiative that nothing names.

    Raises:
        NotFound: there is none.
        StillReferenced: a pledge or a child names it.
    """
    initiative = get_initiative(tx, key, is_locked=True)
    if tx.initiatives.is_referenced(key):
        holders = "pledges or other initiatives stand under it"
        raise StillReferenced("initiative", key, holders, "Move or delete those first.")
    tx.initiatives.delete(key)
    tx.audit.append(Action.INITIATIVE_DELETE, key, initiative, None, now=now)


def family(tx: Transaction, key: str, vantage: Vantage) -> Sequence[str]:
    """The initiative, its children, theirs, and so on, as `vantage` may know them."""
    if vantage.known_at is None:
        return tx.initiatives.family(key)
    children = defaultdict[str | None, list[str]](list)
    for initiative in all_initiatives_known(tx, vantage).values():
        children[initiative.parent].append(initiative.id)
    found = [key]
    for member in found:
        found += [child for child in children[member] if child not in found]
    return found


def new_id(is_taken: Callable[[str], bool], kind: str, wanted: str | None, title: str) -> str:
    """The id wanted if it is free; where none is wanted, one made from the title.

    Raises:
        AlreadyExists: the id wanted is taken.
    """
    if wanted is not None:
        if is_taken(wanted):
            raise AlreadyExists(kind, wanted)
        return wanted
    base = slugify(title, fallback=kind)
    return next(key for n in count(1) if not is_taken(key := numbered(base, n)))


def without_id(key: str, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields but the id, which may be repeated in a change but not changed.

    Raises:
        Invalid: it would change.
    """
    if fields.pop("id", None) not in {None, key}:
        raise Invalid.field("/id", f"Ids are permanent; this is {key!r}.")
    return fields


def _check_parent(tx: Transaction, key: str | None, fields: InitiativeFields) -> None:
    parent = fields.get("parent")
    if parent is None:
        return
    if parent == key:
        raise Invalid.field("/parent", "An initiative cannot stand under itself: name another, or none.")
    if not tx.initiatives.exists(parent):
        raise Invalid.field("/parent", f"There is no initiative {parent!r}; create it first.")
    if key is not None and parent in tx.initiatives.family(key):
        raise Invalid.field(
            "/parent", f"{parent!r} stands under {key!r} already, so it cannot stand over it."
        )
