"""Recording many progress updates at once: each held to the rules of one, stored in batches."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from pledgetracker.domain.audit import Action
from pledgetracker.domain.errors import Invalid, NotFound
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.review import Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.services import monitoring
from pledgetracker.services.adopting import PastChoice, PastDecision, adopt_choice, adopt_decision, reviewed
from pledgetracker.services.changing import Turn, turn_of
from pledgetracker.services.pledging import nested
from pledgetracker.services.reporting import Corrected, ProgressFields, compose
from pledgetracker.services.rules import Rules
from pledgetracker.storage.canonical import canonical_line
from pledgetracker.storage.database import Transaction

# So few that the collector of garbage, which counts what is kept, hardly ever looks for any.
BATCH = 100
# Promises kept at hand; one that was put aside is read again when the next of its updates comes.
AT_HAND = 1_000
# Updates on record that are read at once, to be compared with what a file says of them.
READ_AHEAD = 500


@dataclass(frozen=True, slots=True)
class Collected:
    """What the audit log keeps of updates that came together.

    Attributes:
        first, last: the numbers of the first and the last of them.
        sha256: of the canonical JSON of each, in order of their numbers, with a line feed behind it.
    """

    first: int
    last: int
    sha256: str


def told_of(updates: Sequence[ProgressUpdate]) -> Collected | None:
    """What the audit log keeps of `updates`, all of one pledge; None if there are none."""
    told = hashlib.sha256()
    for update in updates:
        told.update(canonical_line(update))
    return Collected(updates[0].number, updates[-1].number, told.hexdigest()) if updates else None


@dataclass(slots=True)
class _Tally:
    """What came for one pledge so far.

    Attributes:
        first, last: the numbers of its updates.
        decided: how many decisions about them are on record.
    """

    first: int
    last: int
    turn: Turn
    told: Any = field(default_factory=hashlib.sha256)
    decided: int | None = None


@dataclass(frozen=True, slots=True)
class _AtHand:
    pledge: Pledge
    turn: Turn
    last: int
    appointed: datetime | None


class Collecting:
    """Progress updates on their way into the record, in one transaction; `settle` ends it.

    No news is told of them. Every pledge that got any is due for a look at once, so that the next tick opens
    and clears its flags; whoever reads meanwhile sees it judged by all of them. Once an update was refused,
    further ones may be tried, to find what else is wrong; the transaction must then be undone.
    """

    def __init__(self, tx: Transaction, rules: Rules, *, now: datetime) -> None:
        self._tx = tx
        self._rules = rules
        self._now = now
        self._at_hand: dict[str, _AtHand] = {}
        self._tallies: dict[str, _Tally] = {}
        self._waiting: list[tuple[str, ProgressUpdate]] = []
        self._known: dict[tuple[str, int], ProgressUpdate] = {}

    def add(
        self,
        key: str,
        fields: ProgressFields,
        number: int | None = None,
        review: Review | None = None,
        decisions: Sequence[PastDecision] = (),
    ) -> bool:
        """Record one update of pledge `key`, or find that it is on record: whether it was new.

        Args:
            key: the id of the pledge.
            fields: what it says.
            number: which update of the pledge it is; the next unless said.
            review: whether it makes figures; what the last decision says unless said, else accepted.
            decisions: what reviewers decided about it elsewhere, in order.

        Raises:
            NotFound: there is no such pledge.
            Invalid: it breaks a rule, differs from the update with this number, would leave a gap, or was
                decided about in a way that does not fit together.
            AlreadySuperseded: the update it corrects has been corrected.
        """
        promise = self._promise(key)
        tally = self._tallies.get(key)
        following = 1 + (promise.last if tally is None else tally.last)
        if number is not None and number < following:
            self._compare(key, number, fields)
            return False
        if number is not None and number > following:
            raise Invalid.field("/id", f"Out of order: expected {following}.")
        supersedes = fields.get("supersedes")
        corrected = None if supersedes is None else self._corrected(key, supersedes)
        stands = reviewed(review, decisions)
        turn = promise.turn if tally is None else tally.turn
        if tally is None:
            tally = self._touch(promise, following)
        # Also if it is refused: what follows is held against what it would be.
        tally.last = following
        update = compose(
            promise.pledge, fields, following, corrected, today=turn.today, now=turn.now, review=stands
        )
        tally.told.update(canonical_line(update))
        self._waiting.append((key, update))
        if decisions:
            self._decide(key, tally, following, decisions)
        elif len(self._waiting) == BATCH:
            self._store()
        return True

    def resolve(self, key: str, choices: Sequence[PastChoice]) -> None:
        """Record what reviewers chose elsewhere between updates of pledge `key`, beyond what is on record.

        Raises:
            NotFound: there is no such pledge.
            Invalid: a choice names updates that there are not.
        """
        known = self._tx.reviews.resolved(key) if choices else 0
        for number, said in enumerate(choices[known:], known + 1):
            promise = self._promise(key)
            tally = self._tallies.get(key) or self._touch(promise, promise.last + 1)
            with nested(f"/resolutions/{number - 1}"):
                choice = adopt_choice(
                    said, number, last=tally.last, today=tally.turn.today, now=tally.turn.now
                )
            self._store()
            self._tx.reviews.resolve(key, choice)
            self._tx.audit.append(Action.CONFLICT_RESOLVE, key, None, choice, now=self._now)

    def settle(self) -> None:
        """Store what waits, enter everything into the audit log, and have the next tick look."""
        self._store()
        for key, tally in self._tallies.items():
            if tally.last >= tally.first:
                collected = Collected(tally.first, tally.last, tally.told.hexdigest())
                self._tx.audit.append(Action.PROGRESS_IMPORT, key, None, collected, now=self._now)

    def _promise(self, key: str) -> _AtHand:
        found = self._at_hand.get(key)
        if found is not None:
            return found
        locked = self._tx.records.lock_pledge(key)
        if locked is None:
            raise NotFound("pledge", key)
        turn = turn_of(locked.pledge, self._now)
        found = _AtHand(locked.pledge, turn, locked.last_update, locked.outlook.next_check_at)
        self._at_hand[key] = found
        if len(self._at_hand) > AT_HAND:
            del self._at_hand[next(iter(self._at_hand))]
        return found

    def _touch(self, promise: _AtHand, first: int) -> _Tally:
        """Count the pledge up and have it looked at, as its first update comes."""
        pledge, appointed = promise.pledge, promise.appointed
        if appointed is not None and appointed <= self._now and pledge.created_at != self._now:
            # What fell due before is owed even if what comes now makes it moot.
            locked = self._tx.records.lock(pledge.id)
            assert locked is not None
            monitoring.look(self._tx, locked.record, self._rules, now=self._now, appointed=appointed)
        touched = replace(pledge, version=pledge.version + 1, updated_at=promise.turn.now)
        self._tx.pledges.appoint(touched, self._now)
        tally = self._tallies[pledge.id] = _Tally(first, first - 1, promise.turn)
        return tally

    def _corrected(self, key: str, number: int) -> Corrected | None:
        self._store()
        found = self._tx.records.update(key, number)
        return None if found is None else Corrected(*found)

    def _compare(self, key: str, number: int, fields: ProgressFields) -> None:
        """Refuse to overwrite.

        Raises:
            Invalid: the update on record says other than `fields`.
        """
        found = self._on_record(key, number)
        if found is None:
            # It was refused a moment ago.
            return
        differing = sorted(name for name, said in fields.items() if _differs(getattr(found, name), said))
        if differing:
            cure = "Nothing is overwritten: correct it by a further update with supersedes."
            raise Invalid.field(f"/{differing[0]}", f"Update {number} is on record and says other. {cure}")

    def _on_record(self, key: str, number: int) -> ProgressUpdate | None:
        """An update on record; files tell of them in order, so those behind it are read with it."""
        if (key, number) not in self._known:
            self._store()
            read = self._tx.records.updates(key, first=number, limit=READ_AHEAD)
            self._known = {(key, update.number): update for update in read}
        return self._known.get((key, number))

    def _decide(self, key: str, tally: _Tally, update: int, decisions: Sequence[PastDecision]) -> None:
        """Store what was decided about an update, behind it."""
        self._store()
        if tally.decided is None:
            tally.decided = self._tx.reviews.decided(key)
        for place, said in enumerate(decisions):
            tally.decided += 1
            with nested(f"/decisions/{place}"):
                decision = adopt_decision(
                    said, tally.decided, update, today=tally.turn.today, now=tally.turn.now
                )
            self._tx.reviews.decide(key, decision)
            self._tx.audit.append(Action.PROGRESS_REVIEW, key, None, decision, now=self._now)

    def flush(self) -> None:
        """Store what waits, so that whoever looks sees it."""
        self._store()

    def _store(self) -> None:
        if self._waiting:
            self._tx.progress.add_many(self._waiting)
            self._waiting.clear()


def _differs(kept: object, said: object) -> bool:
    """Whether something is said that is not what is kept; what is left open says nothing."""
    return said is not None and said != kept
