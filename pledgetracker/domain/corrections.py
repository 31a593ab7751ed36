"""Which update of a pledge takes the place of which, and which corrections wait for a place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pledgetracker.domain.review import Decision, Review
from pledgetracker.domain.update import ProgressUpdate


@dataclass(frozen=True, slots=True)
class Holder:
    """The correction `by`, which has the place of the update `of`, or will once it is accepted."""

    of: int
    by: int


@dataclass(frozen=True)
class Corrections:
    """The corrections among the updates of a pledge, in order of their numbers, by what was decided."""

    updates: Sequence[ProgressUpdate]
    decisions: Sequence[Decision]

    @cached_property
    def by_number(self) -> Mapping[int, ProgressUpdate]:
        """Each update by its number."""
        return {update.number: update for update in self.updates}

    @cached_property
    def _in_effect(self) -> frozenset[int]:
        """The corrections that are accepted, or once were: what they replaced stays replaced."""
        once = {d.update for d in self.decisions if Review.ACCEPTED in {d.before, d.review}}
        return frozenset(
            u.number
            for u in self.updates
            if u.supersedes is not None and (u.review is Review.ACCEPTED or u.number in once)
        )

    @cached_property
    def successors(self) -> Mapping[int, int]:
        """For each superseded update its number, and the number of the one that took its place.

        Who corrects a correction that never took effect replaces what that was to replace as well.
        """
        in_effect = [u for u in self.updates if u.number in self._in_effect]
        found = {u.supersedes: u.number for u in in_effect if u.supersedes is not None}
        for update in in_effect:
            old = update.supersedes
            while old is not None and old not in self._in_effect and not update.is_retraction:
                # Where the record was cut to earlier days it may be missing.
                corrected = self.by_number.get(old)
                old = None if corrected is None else corrected.supersedes
                if old is not None:
                    found.setdefault(old, update.number)
        return found

    @cached_property
    def _holders(self) -> Mapping[int, int]:
        """For each update that has been corrected, or will be once a reviewer agrees, the correction."""
        proposed = [u for u in self.updates if u.supersedes is not None and u.review is not Review.RETURNED]
        found = {u.supersedes: u.number for u in proposed if u.supersedes is not None}
        for update in proposed:
            for place in self._places(update):
                found.setdefault(place, update.number)
        return {**found, **self.successors}

    def _places(self, correction: ProgressUpdate) -> Iterator[int]:
        """The updates whose place a correction takes.

        That of the one it supersedes, and where that is a correction that was returned before it took effect,
        also that of the one before; a retraction only takes back.
        """
        old = correction.supersedes
        while old is not None:
            yield old
            before = self.by_number.get(old)
            if before is None or before.review is not Review.RETURNED or correction.is_retraction:
                return
            old = None if old in self._in_effect else before.supersedes

    def rival(self, correction: ProgressUpdate) -> Holder | None:
        """The other correction that has a place which `correction` would take; what corrects it is none."""
        for place in self._places(correction):
            by = self._holders.get(place, correction.number)
            if by != correction.number and correction.number not in self._places(self.by_number[by]):
                return Holder(place, by)
        return None
