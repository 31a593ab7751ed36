"""A whole IATI file, made piece by piece: however many pledges it tells of, few are held at a time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from pledgetracker.domain.catalogue import Initiative
from pledgetracker.feeds.iati.activity import Tally, initiative_activity, pledge_activity
from pledgetracker.feeds.iati.markup import instant, serialised
from pledgetracker.feeds.publisher import Publisher
from pledgetracker.services.gathering import Attributed

VERSION = "2.03"


def document(
    pages: Iterable[Sequence[Attributed]],
    initiatives: Sequence[Initiative],
    publisher: Publisher,
    *,
    now: datetime,
) -> Iterator[bytes]:
    """An IATI 2.03 activity file of the pledges in `pages`, then of `initiatives`, each an activity.

    The standard wants at least one activity, so there must be a pledge or an initiative. Pledges that stand
    under none of `initiatives` are told of all the same.
    """
    yield head(now)
    tallies: defaultdict[str, Tally] = defaultdict(Tally)
    for page in pages:
        for found in page:
            tallies[found.record.pledge.initiative or ""].count(found)
        yield activities(page, publisher)
    yield b"".join(_over(initiatives, tallies, publisher))
    yield TAIL


def head(now: datetime) -> bytes:
    """What comes before the first activity of a file that is made `now`."""
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>\n'
        + f'<iati-activities version="{VERSION}" generated-datetime="{instant(now)}">\n'.encode()
    )


TAIL = b"</iati-activities>\n"


def activities(page: Iterable[Attributed], publisher: Publisher) -> bytes:
    """The activities of some pledges."""
    return b"".join(serialised(pledge_activity(found, publisher)) for found in page)


def _over(
    initiatives: Sequence[Initiative], tallies: Mapping[str, Tally], publisher: Publisher
) -> Iterator[bytes]:
    children: defaultdict[str, list[str]] = defaultdict(list)
    for initiative in initiatives:
        if initiative.parent is not None:
            children[initiative.parent].append(initiative.id)
    for initiative in initiatives:
        below = Tally()
        for key in _family(initiative.id, children):
            below.take_in(tallies.get(key) or Tally())
        yield serialised(initiative_activity(initiative, below, children[initiative.id], publisher))


def _family(key: str, children: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The initiative and all below it, each once even if the tree should ever hold a ring."""
    waiting, seen = [key], {key}
    while waiting:
        member = waiting.pop()
        yield member
        new = [child for child in children.get(member, ()) if child not in seen]
        seen.update(new)
        waiting += new
