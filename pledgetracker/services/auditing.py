"""Proving that the audit log is whole: every entry as it was written, in its place, none missing."""

from collections.abc import Iterator
from dataclasses import dataclass

from pledgetracker.domain.audit import BEGINNING, Entry, digest
from pledgetracker.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class Verification:
    """What a look at the whole log found.

    Attributes:
        entries: how many hold, counted from the beginning.
        head: the hash of the last of them.
        broken: what is wrong with the first that does not hold, or None.
        noted: the number of the entry whose hash was noted elsewhere; None if none was, or none has it.
    """

    entries: int
    head: str
    broken: str | None
    noted: int | None = None


def verify(tx: Transaction, *, noted: str | None = None) -> Verification:
    """Recompute the log from its beginning.

    Whoever can rewrite the database can rewrite the whole log; `noted`, a hash that was its head once and was
    kept elsewhere, still tells.
    """
    number, head = 0, BEGINNING
    found = 0 if noted == BEGINNING else None
    for entry, wrong in _judged(tx):
        if wrong is not None:
            return Verification(number, head, wrong, found)
        if entry is None:
            break
        number, head = entry.number, entry.hash
        if head == noted:
            found = number
    if tx.audit.head() != (number, head):
        return Verification(
            number, head, f"The log ends with entry {number}, and its head tells of another.", found
        )
    if noted is not None and found is None:
        return Verification(
            number, head, f"No entry has the hash {noted}: entries were cut off or rewritten."
        )
    return Verification(number, head, None, found)


def _judged(tx: Transaction) -> Iterator[tuple[Entry | None, str | None]]:
    """Each entry, and what is wrong with it; nothing is said of those behind the first that does not hold."""
    number, head = 0, BEGINNING
    try:
        for entry in tx.audit.entries():
            wrong = _complaint(entry, number, head)
            yield entry, wrong
            number, head = entry.number, entry.hash
    except ValueError:
        # Rows are read many at a time; one by one they show which it is.
        for entry in _readable(tx, number):
            yield entry, _complaint(entry, number, head)
            number, head = entry.number, entry.hash
        yield None, f"Entry {number + 1} cannot be read."


def _readable(tx: Transaction, after: int) -> Iterator[Entry]:
    """The entries behind `after` up to the first that cannot be read."""
    try:
        yield from tx.audit.entries(after=after, rows_at_a_time=1)
    except ValueError:
        return


def _complaint(entry: Entry, number: int, head: str) -> str | None:
    if entry.number != number + 1:
        return f"Entry {number + 1} is missing; entry {entry.number} follows."
    if entry.previous != head:
        return f"Entry {entry.number} does not follow from entry {number}."
    try:
        is_whole = digest(entry.number, entry.previous, entry.deed) == entry.hash
    except (TypeError, ValueError):
        # Not even text.
        is_whole = False
    return None if is_whole else f"Entry {entry.number} is not what was written."
