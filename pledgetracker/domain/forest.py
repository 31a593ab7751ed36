"""How the pledges of one unit hang together: which is part of which total, which only announces again.

Of a pledge one can say what is in it: itself, what it restates, their parts, what those restate, and so on.
Two figures count something twice where something is in both; so of two such pledges, unless one is part of
the other, only one delivers.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from pledgetracker.domain.contribution import Contribution, Named

NOBODY = Named()


@dataclass(frozen=True, slots=True)
class Entry:
    """A contribution that counts, its amounts exact and in the unit that they are added in."""

    contribution: Contribution
    promised: Fraction
    accepted: Fraction | None
    claimed: Fraction | None

    @property
    def key(self) -> str:
        """The id of the pledge."""
        return self.contribution.pledge

    @property
    def restates(self) -> bool:
        """Whether it announces again."""
        return bool(self.contribution.named.restates)

    @property
    def has_figure(self) -> bool:
        """Whether anything was reported on it, accepted or not."""
        return self.accepted is not None or self.claimed is not None


@dataclass(frozen=True)
class Forest:
    """The entries of one unit.

    Attributes:
        entries: those that count, by the ids of their pledges.
        named: which pledges each pledge names; also of those that do not count, or lie outside the scope.
    """

    entries: Mapping[str, Entry]
    named: Mapping[str, Named]

    @cached_property
    def totals(self) -> Mapping[str, str | None]:
        """For each entry the nearest total above it that counts."""
        nearest: dict[str, str | None] = {}
        return {
            key: self._counting(self.entries[key].contribution.named.part_of, nearest)
            for key in sorted(self.entries)
        }

    def _counting(self, key: str | None, nearest: dict[str, str | None]) -> str | None:
        """`key` if it counts, or else the next total above it that does."""
        passed = []
        while key is not None and key not in self.entries:
            if key in nearest:
                key = nearest[key]
                break
            # Should the links ever hold a ring, this is where it ends.
            nearest[key] = None
            passed.append(key)
            key = self.named.get(key, NOBODY).part_of
        nearest.update(dict.fromkeys(passed, key))
        return key

    @cached_property
    def parts(self) -> Mapping[str, list[Entry]]:
        """The entries directly below each total, sorted."""
        found: dict[str, list[Entry]] = {}
        for key, total in self.totals.items():
            if total is not None:
                found.setdefault(total, []).append(self.entries[key])
        return found

    @cached_property
    def roots(self) -> list[Entry]:
        """The entries below no total, sorted."""
        return [self.entries[key] for key, total in self.totals.items() if total is None]

    def upwards(self) -> Iterator[Entry]:
        """Every entry, parts before their totals."""
        downwards: list[Entry] = []
        waiting = list(self.roots)
        while waiting:
            entry = waiting.pop()
            downwards.append(entry)
            waiting += self.parts.get(entry.key, ())
        return reversed(downwards)

    def overlapping(self) -> AbstractSet[str]:
        """The entries whose own figures include what others deliver.

        Those that restate give way; of others the one with less in it stays, then the one announced first.
        """
        inside = {key: self._inside(key) for key in self.entries}
        owners: dict[str, str] = {}
        found: set[str] = set()

        def rank(entry: Entry) -> tuple[object, ...]:
            return entry.restates, len(inside[entry.key]), entry.contribution.announced_on, entry.key

        for entry in sorted(self.entries.values(), key=rank):
            above = self._line(entry.key)
            owned = {item: owners[item] for item in inside[entry.key] if item in owners}
            if all(owner in above or entry.key in self._line(owner) for owner in set(owned.values())):
                mine = (item for item in inside[entry.key] if owned.get(item) is None or owned[item] in above)
                owners.update(dict.fromkeys(mine, entry.key))
            else:
                found.add(entry.key)
        return found

    def _line(self, key: str) -> AbstractSet[str]:
        """The entry and the totals above it."""
        found: dict[str, None] = {}
        step: str | None = key
        while step is not None:
            found[step] = None
            step = self.totals[step]
        return found.keys()

    @cached_property
    def _held(self) -> Mapping[str, list[str]]:
        """The parts of each pledge, also of those that do not count."""
        found = defaultdict[str, list[str]](list)
        for key, named in self.named.items():
            if named.part_of is not None:
                found[named.part_of].append(key)
        return found

    def _inside(self, key: str) -> AbstractSet[str]:
        """The pledges that are in pledge `key`, itself too."""
        found = {key}
        waiting = [key]
        while waiting:
            step = waiting.pop()
            ahead = {*self.named.get(step, NOBODY).restates, *self._held.get(step, ())} - found
            found |= ahead
            waiting += ahead
        return found
