"""What the first page shows: pledges by initiative, those that need attention first."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from pledgetracker.dashboard.charts import chart
from pledgetracker.dashboard.scales import CARD
from pledgetracker.dashboard.words import BADGES, Badge
from pledgetracker.domain.catalogue import Initiative
from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.errors import FieldProblem, Invalid
from pledgetracker.domain.slug import is_slug
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.cataloguing import get_initiative, get_pledger, list_initiatives
from pledgetracker.services.listing import Wanted, list_pledges
from pledgetracker.services.reading import PledgeView
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.web import Cursors, next_cursor

PAGE = 50
MAX_CHOICES = 500
MAX_TEXT = 200
MAX_CURSOR = 4000
# The longest due come first: what needs attention is rarely due last.
SORT = "due"
CURSORS = Cursors({SORT: date})


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for; empty text asks for all."""

    text: str = ""
    initiative: str = ""
    status: str = ""
    cursor: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Asked":
        """Read the query; names that it does not know are left to whoever added them to the address.

        Raises:
            Invalid: a value cannot be meant.
        """
        asked = cls(
            query.get("q", "").strip(),
            query.get("initiative", ""),
            query.get("status", ""),
            query.get("cursor", ""),
        )
        problems = []
        if len(asked.text) > MAX_TEXT or any(c == "\0" or "\ud800" <= c <= "\udfff" for c in asked.text):
            problems.append(FieldProblem("?q", f"Search for at most {MAX_TEXT} ordinary characters."))
        if asked.initiative and not is_slug(asked.initiative):
            problems.append(FieldProblem("?initiative", "No initiative has such an id."))
        if asked.status and asked.status not in set(Status):
            problems.append(FieldProblem("?status", f"Must be one of {', '.join(Status)}."))
        if len(asked.cursor) > MAX_CURSOR:
            problems.append(FieldProblem("?cursor", "Too long."))
        if problems:
            raise Invalid(problems)
        return asked

    @property
    def is_narrowed(self) -> bool:
        """Whether it asks for less than all."""
        return bool(self.text or self.initiative or self.status)

    def link(self, **changes: str) -> dict[str, str]:
        """The query that asks for the same but for `changes`, from the first page on."""
        query = {"q": self.text, "initiative": self.initiative, "status": self.status} | changes
        return {name: value for name, value in query.items() if value}


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
class Overview:
    """The first page."""

    groups: Sequence[Group]
    counts: Sequence[Count]
    flags: int
    total: int
    choices: Sequence[Initiative]
    statuses: Mapping[Status, Badge]
    next_cursor: str | None


def overview(tx: Transaction, asked: Asked, rules: Rules, vantage: Vantage) -> Overview:
    """The first page, or the one that a cursor begins.

    Raises:
        Invalid: the cursor is none of this list.
    """
    try:
        request = CURSORS.page(SORT, asked.cursor or None, PAGE)
    except ValueError as error:
        raise Invalid.field("?cursor", str(error)) from None
    wanted = Wanted(
        initiative=asked.initiative or None,
        status=Status(asked.status) if asked.status else None,
        text=asked.text or None,
    )
    found = list_pledges(tx, wanted, request, rules, vantage)
    views = sorted(found.items, key=_attention)
    seen = Counter(view.standing.status for view in views)
    return Overview(
        groups=_groups(tx, views),
        counts=[Count(status, badge, seen[status]) for status, badge in BADGES.items() if seen[status]],
        flags=sum(len(view.standing.flags) for view in views),
        total=len(views),
        choices=list_initiatives(tx, Cursors({"title": str}).page("title", None, MAX_CHOICES)).items,
        statuses=BADGES,
        next_cursor=next_cursor(request, found.after),
    )


def _attention(view: PledgeView) -> tuple[int, date, int, str]:
    due, pledge = view.standing.due, view.pledge
    latest_first = -pledge.announced_on.toordinal()
    rank = BADGES[view.standing.status].rank
    return rank, LAST_DAY if due is None else due.date, latest_first, pledge.title


def _groups(tx: Transaction, views: Sequence[PledgeView]) -> Sequence[Group]:
    """By initiative, in the order in which `views` first name one."""
    pledgers: dict[str, str] = {}
    cards: dict[str | None, list[Card]] = {}
    for view in views:
        key = view.pledge.pledger
        if key not in pledgers:
            pledgers[key] = get_pledger(tx, key).name
        picture = chart(view.record, view.standing, CARD)
        card = Card(view, pledgers[key], BADGES[view.standing.status], picture)
        cards.setdefault(view.pledge.initiative, []).append(card)
    entries = {key: get_initiative(tx, key) for key in cards if key is not None}
    return [_group(tx, key, members) for key, members in _gathered(cards, entries).items()]


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


def _group(tx: Transaction, key: str | None, cards: Sequence[Card]) -> Group:
    if key is None:
        return Group(None, None, cards)
    initiative = get_initiative(tx, key)
    parent = None if initiative.parent is None else get_initiative(tx, initiative.parent)
    return Group(initiative, parent, cards)
