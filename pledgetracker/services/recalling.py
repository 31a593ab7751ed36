"""Pledgers and initiatives as they were at an instant: the audit log knows, where they changed since.

What they said before they came here from another installation came with them.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from pledgetracker.domain.audit import Action, SubjectKind
from pledgetracker.domain.catalogue import Former, Initiative, Pledger, PledgerKind
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.vantage import Vantage
from pledgetracker.storage.audit import AuditFilter
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.entries import EntryStore
from pledgetracker.storage.paging import PageRequest

# Keys in one query.
PORTION = 500
LAST = PageRequest("id", descending=True, after=None, limit=1)

E = TypeVar("E", Pledger, Initiative)


def pledgers_known(tx: Transaction, keys: Collection[str], vantage: Vantage) -> Mapping[str, Pledger]:
    """Each of the pledgers `keys` as `vantage` may know it; one of whom nothing is left goes by its id."""
    found = _known(tx, tx.pledgers, SubjectKind.PLEDGER, _pledger, keys, vantage)
    lost = (Pledger(key, key, 1, vantage.now, vantage.now) for key in keys if key not in found)
    return found | {pledger.id: pledger for pledger in lost}


def initiatives_known(tx: Transaction, keys: Collection[str], vantage: Vantage) -> Mapping[str, Initiative]:
    """Those of the initiatives `keys` that `vantage` may know, as it may know them."""
    return _known(tx, tx.initiatives, SubjectKind.INITIATIVE, _initiative, keys, vantage)


def all_pledgers_known(tx: Transaction, vantage: Vantage) -> Mapping[str, Pledger]:
    """Every pledger that `vantage` may know, as it may know them."""
    keys = _begun(tx, tx.pledgers, SubjectKind.PLEDGER, Action.PLEDGER_DELETE, vantage)
    return _known(tx, tx.pledgers, SubjectKind.PLEDGER, _pledger, keys, vantage)


def all_initiatives_known(tx: Transaction, vantage: Vantage) -> Mapping[str, Initiative]:
    """Every initiative that `vantage` may know, as it may know them."""
    keys = _begun(tx, tx.initiatives, SubjectKind.INITIATIVE, Action.INITIATIVE_DELETE, vantage)
    return initiatives_known(tx, keys, vantage)


def pledger_known(tx: Transaction, key: str, vantage: Vantage) -> Pledger:
    """The pledger `key` as `vantage` may know it.

    Raises:
        NotFound: there was none by then.
    """
    found = _known(tx, tx.pledgers, SubjectKind.PLEDGER, _pledger, [key], vantage).get(key)
    if found is None:
        raise NotFound("pledger", key)
    return found


def initiative_known(tx: Transaction, key: str, vantage: Vantage) -> Initiative:
    """The initiative `key` as `vantage` may know it.

    Raises:
        NotFound: there was none by then.
    """
    found = initiatives_known(tx, [key], vantage).get(key)
    if found is None:
        raise NotFound("initiative", key)
    return found


def _begun(
    tx: Transaction, store: EntryStore[E], kind: SubjectKind, deletion: Action, vantage: Vantage
) -> Collection[str]:
    """The ids of what is there, and of what has been deleted since, or before it came from elsewhere."""
    gone: Collection[str] = tx.audit.subjects(deletion, after=vantage.instant)
    return {*store.begun_by(vantage.instant), *gone, *tx.earlier.keys(kind)}


def _known(
    tx: Transaction,
    store: EntryStore[E],
    kind: SubjectKind,
    read: Callable[[Mapping[str, Any]], E],
    keys: Collection[str],
    vantage: Vantage,
) -> dict[str, E]:
    now = {entry.id: entry for part in _portions(sorted(keys)) for entry in store.get_many(part)}
    if vantage.known_at is None:
        return now
    then = {}
    for key in keys:
        entry = now.get(key)
        if entry is None or entry.updated_at > vantage.known_at:
            said = _said(tx, kind, key, vantage.known_at)
            # What was there before there was a log, only the present tells of.
            is_old = entry is not None and entry.created_at <= vantage.known_at
            entry = read(said) if said is not None else entry if is_old else None
        if entry is not None:
            then[key] = entry
    return then


def _said(tx: Transaction, kind: SubjectKind, key: str, instant: datetime) -> Mapping[str, Any] | None:
    """What the last change up to `instant` left; None where it left nothing, or there was none."""
    wanted = AuditFilter(kind=kind, subject=key, until=instant + timedelta(microseconds=1))
    entries = tx.audit.page(wanted, LAST).items
    if not entries:
        return tx.earlier.last_of(kind, key, until=instant)
    after = entries[0].deed.after
    said: Mapping[str, Any] | None = None if after is None else json.loads(after)
    return said


def former_pledgers(tx: Transaction) -> Iterator[Former]:
    """What pledgers said and say no more, by id and in order."""
    keys = {*tx.pledgers.keys(), *tx.audit.subjects(Action.PLEDGER_DELETE)}
    return _formers(tx, tx.pledgers, SubjectKind.PLEDGER, _pledger, keys)


def former_initiatives(tx: Transaction) -> Iterator[Former]:
    """What initiatives said and say no more, by id and in order."""
    keys = {*tx.initiatives.keys(), *tx.audit.subjects(Action.INITIATIVE_DELETE)}
    return _formers(tx, tx.initiatives, SubjectKind.INITIATIVE, _initiative, keys)


def _formers(
    tx: Transaction,
    store: EntryStore[E],
    kind: SubjectKind,
    read: Callable[[Mapping[str, Any]], E],
    keys: Collection[str],
) -> Iterator[Former]:
    came: set[str] = set(tx.earlier.keys(kind))
    for part in _portions(sorted({*keys, *came})):
        now = {entry.id: entry for entry in store.get_many(part)}
        said: dict[str, dict[datetime, E | None]] = {key: {} for key in part}
        for key in came.intersection(part):
            for at, document in tx.earlier.all_of(kind, key):
                said[key][at] = None if document is None else read(document)
        for entry in tx.audit.of_subjects(kind, part):
            told = None if entry.deed.after is None else read(json.loads(entry.deed.after))
            # Of what came from elsewhere the log has the instant at which it came.
            said[entry.deed.subject][entry.deed.at if told is None else told.updated_at] = told
        for key in part:
            for at, then in sorted(said[key].items()):
                if then is None or then != now.get(key):
                    yield Former(kind, key, at, then)


def _portions(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    return (keys[start : start + PORTION] for start in range(0, len(keys), PORTION))


def _pledger(said: Mapping[str, Any]) -> Pledger:
    kind = said.get("kind")
    return Pledger(
        id=said["id"],
        name=said["name"],
        kind=None if kind is None else PledgerKind(kind),
        url=said.get("url"),
        version=said["version"],
        created_at=datetime.fromisoformat(said["created_at"]),
        updated_at=datetime.fromisoformat(said["updated_at"]),
    )


def _initiative(said: Mapping[str, Any]) -> Initiative:
    return Initiative(
        id=said["id"],
        title=said["title"],
        parent=said.get("parent"),
        description=said.get("description"),
        url=said.get("url"),
        version=said["version"],
        created_at=datetime.fromisoformat(said["created_at"]),
        updated_at=datetime.fromisoformat(said["updated_at"]),
    )
