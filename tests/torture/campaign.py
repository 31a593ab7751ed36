"""What a campaign of torture is told, and what it has to say in the end."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Kind = Literal["sqlite", "postgresql"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a campaign is told.

    Attributes:
        cycles: how often it does its worst.
        seed: where everything random comes from, by `random.Random(seed)`.
        folder: an empty folder of its own, removed afterwards unless a promise was broken.
        report: tells of progress, in one line.
    """

    database: Kind
    cycles: int
    seed: int
    folder: Path
    report: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a campaign found.

    Attributes:
        figures: what it counted, by the names that the documentation uses.
        broken: the promises that were broken, each as a sentence; none is the aim.
    """

    figures: Mapping[str, int]
    broken: Sequence[str] = field(default=())


# Options of a campaign that runs with the tests: for a database, with so many cycles.
OptionsOf = Callable[[Kind, int], Options]
