"""The campaign `./dev torture figures`: random histories, judged by the product and by the reference.

Nothing is killed here, and no database is used. A cycle is one chronicle: a pledge with reports, decisions of
reviewers, corrections, choices between reports that differ, moves of the deadline, withdrawals, edits and
changes of policy. Three times it is asked where the pledge stood on some day, by what was known at some
instant.
"""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.disagreements import disagreement
from tests.torture.campaign import Options, Result

CYCLES = 100_000
BLOCK = 500
ASKED = 3
# Many have one cause; whoever mends it starts again.
MOST_TOLD = 10


def campaign(options: Options) -> Result:
    """Ask of as many chronicles as there are cycles, on all processors."""
    broken: list[str] = []
    starts = range(0, options.cycles, BLOCK)
    with ProcessPoolExecutor() as pool:
        blocks = pool.map(_parted, repeat(options.seed), starts, repeat(options.cycles))
        for n, found in enumerate(blocks, 1):
            broken += found
            if n % max(1, len(starts) // 10) == 0:
                options.report(f"{min(n * BLOCK, options.cycles)} histories, {len(broken)} disagreements")
    figures = {"cycles": options.cycles, "asked": options.cycles * ASKED, "disagreements": len(broken)}
    return Result(figures, broken[:MOST_TOLD])


def _parted(seed: int, start: int, end: int) -> list[str]:
    return list(_disagreements(seed, range(start, min(start + BLOCK, end))))


def _disagreements(seed: int, numbers: range) -> Iterator[str]:
    for number in numbers:
        if (found := disagreement(f"{seed}-{number}", asked=ASKED)) is not None:
            yield found
