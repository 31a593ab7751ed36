"""Links between pledges: that what is named exists, and that nothing comes to name itself."""

from collections.abc import Iterator, Mapping, Sequence

from pledgetracker.domain.errors import FieldProblem, RingOfLinks
from pledgetracker.domain.pledge import Pledge
from pledgetracker.storage.database import Transaction


def problems(tx: Transaction, pledge: Pledge, before: Pledge | None) -> Iterator[FieldProblem]:
    """What is wrong with the links of `pledge`, `before` until now; holds all links where some are new."""
    if not set(pledge.links) - set(() if before is None else before.links):
        return
    # Two changes at once, each right by itself, could make a ring.
    tx.links.hold()
    further = tx.links.beyond(pledge.links)
    for key in pledge.links:
        at = "/part_of" if key == pledge.part_of else "/restates"
        if key != pledge.id and not tx.pledges.exists(key):
            yield FieldProblem(at, f"There is no pledge {key!r}; create it first, or leave it out.")
        elif (ring := _way(further, key, pledge.id)) is not None:
            yield FieldProblem(at, str(RingOfLinks((pledge.id, *ring))))


def _way(links: Mapping[str, Sequence[str]], start: str, end: str) -> Sequence[str] | None:
    """The pledges on the shortest way along `links`, both ends included, or None."""
    came_from: dict[str, str | None] = {start: None}
    waiting = [start]
    for key in waiting:
        if key == end:
            return list(_back(came_from, end))[::-1]
        ahead = [other for other in sorted(links.get(key, ())) if other not in came_from]
        came_from |= dict.fromkeys(ahead, key)
        waiting += ahead
    return None


def _back(came_from: Mapping[str, str | None], end: str) -> Iterator[str]:
    key: str | None = end
    while key is not None:
        yield key
        key = came_from[key]


def in_order(links: Mapping[str, Sequence[str]]) -> Sequence[str]:
    """The keys of `links`, each behind those of them that it names.

    Raises:
        RingOfLinks: some name each other in a ring.
    """
    placed: dict[str, None] = {}
    for key in links:
        waiting, opened = [key], set[str]()
        while waiting:
            top = waiting[-1]
            ahead = [other for other in links[top] if other in links and other not in placed]
            if top in placed or not ahead:
                placed.setdefault(waiting.pop())
            elif top in opened:
                # All that it named was to be placed before it came up again.
                raise RingOfLinks((top, *(_way(links, ahead[0], top) or ())))
            else:
                opened.add(top)
                waiting += ahead
    return list(placed)
