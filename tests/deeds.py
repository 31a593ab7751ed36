"""Random pledges that hang together, such that a sum tells whether anything in it counts twice."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from pledgetracker.domain.contribution import Named

DAY = date(2024, 5, 13)
BASE = 16


class World:
    """Random pledges that tell the truth: a figure is the sum of the deeds that are in it.

    Each deed is worth a power of `BASE`, so that a digit of a sum tells how often it was counted.
    """

    def __init__(self, rng: Random) -> None:
        keys = [f"p{i}" for i in range(rng.randint(1, 8))]
        # Links lead onwards only, so they close no ring.
        later = {key: keys[i + 1 :] for i, key in enumerate(keys)}
        self.restates = {
            key: tuple(sorted(rng.sample(ahead, min(len(ahead), rng.choice((0, 0, 1, 2))))))
            for key, ahead in later.items()
        }
        # What restates has no parts of its own, and is no part of what it restates.
        totals = {
            key: [other for other in ahead if not self.restates[other] and other not in self.restates[key]]
            for key, ahead in later.items()
        }
        self.part_of = {key: rng.choice([None, *choices]) for key, choices in totals.items()}
        self.deeds = self._deeds({key: set() if self.restates[key] else {i} for i, key in enumerate(keys)})
        self.keys = keys
        self.scope = [key for key in keys if rng.random() < 0.7]
        self.reported = {key for key in keys if rng.random() < 0.7}
        self.days = {key: DAY + timedelta(rng.randrange(3)) for key in keys}

    def _deeds(self, own: dict[str, set[int]]) -> dict[str, set[int]]:
        while True:
            grown = {
                key: deeds.union(
                    *(own[other] for other in self.restates[key]),
                    *(own[part] for part, total in self.part_of.items() if total == key),
                )
                for key, deeds in own.items()
            }
            if grown == own:
                return own
            own = grown

    def __repr__(self) -> str:
        told = f"part_of={self.part_of}, restates={self.restates}, scope={self.scope}"
        return f"World({told}, reported={sorted(self.reported)}, days={self.days})"

    def worth(self, key: str) -> int:
        """The sum of the deeds in pledge `key`, which is its target, and its figure if it has one."""
        return sum(BASE**deed for deed in self.deeds[key])

    def beyond(self) -> dict[str, Named]:
        """Which pledges each one names."""
        return {key: Named(self.part_of[key], self.restates[key]) for key in self.keys}


def digits(number: Decimal | None) -> Iterator[int]:
    """How often each deed is in a sum."""
    rest = int(number or 0)
    while rest:
        rest, digit = divmod(rest, BASE)
        yield digit
