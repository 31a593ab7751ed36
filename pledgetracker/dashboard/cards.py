"""Pledges in short, as cards: page by page, by initiative, those that need attention first."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from pledgetracker.dashboard.charts import chart
from pledgetracker.dashboard.scales import CARD
from pledgetracker.dashboard.words import BADGES, Badge
from pledgetracker.domain.catalogue import Initiative
from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.listing import Wanted, list_pledges
from pledgetracker.services.reading import PledgeView
from pledgetracker.services.recalling import initiatives_known, pledgers_known
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.web import Cursors, next_cursor

PAGE = 50
# The longest due come first: what needs attention is rarely due last.
SORT = "due"
CURSORS = Cursors({SORT: date})


@dataclass(frozen=True, slots=True)
class Card:
    """One pledge in short."""

    view: PledgeView
    pledger: str
    badge: Badge
    picture: Markup


@dataclass(frozen=True, slots=True)
class Group:
    """The pledges of one initiative; of none where it is None."""

    initiative: Initiative | None
    parent: Initiative | None
    cards: Sequence[Card]


@dataclass(frozen=True, slots=True)
class Count:
    """How many of the pledges shown have a status."""

    status: Status
    badge: Badge
    number: int


@dataclass(frozen=True, slots=True)
class Deck:
    """One page of cards.

    Attributes:
        counts: of the pledges on this page, as are `flags` and `total`.
    """

    groups: Sequence[Group]
    counts: Sequence[Count]
    flags: int
    total: int
    next_cursor: str | None


def deck(tx: Transaction, wanted: Wanted, cursor: str | None, rules: Rules, vantage: Vantage) -> Deck:
    """The first page of the pledges wanted, or the one that `cursor` begins.

    Raises:
        Invalid: the cursor is none of this list.
    """
    try:
        request = CURSORS.page(SORT, cursor or None, PAGE)
    except ValueError as error:
        raise Invalid.field("?cursor", str(error)) from None
    found = list_pledges(tx, wanted, request, rules, vantage)
    views = sorted(found.items, key=_attention)
    return Deck(
        groups=_groups(tx, views, vantage),
        counts=counts(Counter(view.standing.status for view in views)),
        flags=sum(len(view.standing.flags) for view in views),
        total=len(views),
        next_cursor=next_cursor(request, found.after),
    )


def counts(seen: Mapping[Status, int]) -> Sequence[Count]:
    """How many have each status that any has, those that need attention first."""
    return [Count(status, badge, seen[status]) for status, badge in BADGES.items() if seen[status]]


def _attention(view: PledgeView) -> tuple[int, date, int, str]:
    due, pledge = view.standing.due, view.pledge
    latest_first = -pledge.announced_on.toordinal()
    rank = BADGES[view.standing.status].rank
    return rank, LAST_DAY if due is None else due.date, latest_first, pledge.title


def _groups(tx: Transaction, views: Sequence[PledgeView], vantage: Vantage) -> Sequence[Group]:
    """By initiative, in the order in which `views` first name one."""
    pledgers = pledgers_known(tx, {view.pledge.pledger for view in views}, vantage)
    cards: dict[str | None, list[Card]] = {}
    for view in views:
        picture = chart(view.record, view.standing, CARD, is_now=vantage.is_now)
        badge = BADGES[view.standing.status]
        card = Card(view, pledgers[view.pledge.pledger].name, badge, picture)
        cards.setdefault(view.pledge.initiative, []).append(card)
    entries = _with_parents(tx, {key for key in cards if key is not None}, vantage)
    return [_group(key, members, entries) for key, members in _gathered(cards, entries).items()]


def _with_parents(tx: Transaction, keys: Collection[str], vantage: Vantage) -> Mapping[str, Initiative]:
    """The initiatives `keys`, those above them, and those above these."""
    found: dict[str, Initiative] = {}
    for _ in range(3):
        found |= initiatives_known(tx, keys, vantage)
        keys = {entry.parent for entry in found.values() if entry.parent is not None} - found.keys()
    return found


def _gathered(
    cards: Mapping[str | None, list[Card]], entries: Mapping[str, Initiative]
) -> Mapping[str | None, list[Card]]:
    """The same, but initiatives under one parent that have a single pledge each stand together under it."""
    single = [entries[key] for key, members in cards.items() if key is not None and len(members) == 1]
    children = Counter(one.parent for one in single)
    moved = {one.id: one.parent for one in single if one.parent is not None and children[one.parent] > 1}
    found: dict[str | None, list[Card]] = {}
    for key, members in cards.items():
        found.setdefault(key if key is None else moved.get(key, key), []).extend(members)
    return found


def _group(key: str | None, cards: Sequence[Card], entries: Mapping[str, Initiative]) -> Group:
    initiative = entries.get(key or "")
    return Group(initiative, entries.get((initiative and initiative.parent) or ""), cards)
