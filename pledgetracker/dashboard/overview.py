"""What the first page shows: pledges by initiative, those that need attention first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pledgetracker.dashboard.cards import Deck, deck
from pledgetracker.dashboard.words import BADGES, Badge
from pledgetracker.domain.catalogue import Initiative
from pledgetracker.domain.errors import FieldProblem, Invalid
from pledgetracker.domain.slug import is_slug
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.cataloguing import list_initiatives
from pledgetracker.services.listing import Wanted
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.web import Cursors

MAX_CHOICES = 500
MAX_TEXT = 200
MAX_CURSOR = 4000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form asks for; empty text asks for all."""

    text: str = ""
    initiative: str = ""
    tag: str = ""
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
            query.get("tag", ""),
            query.get("status", ""),
            query.get("cursor", ""),
        )
        problems = []
        if len(asked.text) > MAX_TEXT or any(c == "\0" or "\ud800" <= c <= "\udfff" for c in asked.text):
            problems.append(FieldProblem("?q", f"Search for at most {MAX_TEXT} ordinary characters."))
        if asked.initiative and not is_slug(asked.initiative):
            problems.append(FieldProblem("?initiative", "No initiative has such an id."))
        if asked.tag and not is_slug(asked.tag):
            problems.append(FieldProblem("?tag", "No tag is written so."))
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
        return bool(self.link())

    def link(self, **changes: str) -> dict[str, str]:
        """The query that asks for the same but for `changes`, from the first page on."""
        own = {"q": self.text, "initiative": self.initiative, "tag": self.tag, "status": self.status}
        return {name: value for name, value in (own | changes).items() if value}


@dataclass(frozen=True, slots=True)
class Overview:
    """The first page."""

    deck: Deck
    choices: Sequence[Initiative]
    statuses: Mapping[Status, Badge]
    vantage: Vantage


def overview(tx: Transaction, asked: Asked, rules: Rules, vantage: Vantage) -> Overview:
    """The first page, or the one that a cursor begins.

    Raises:
        Invalid: the cursor is none of this list.
    """
    wanted = Wanted(
        initiative=asked.initiative or None,
        status=Status(asked.status) if asked.status else None,
        text=asked.text or None,
        tag=asked.tag or None,
    )
    return Overview(
        deck=deck(tx, wanted, asked.cursor, rules, vantage),
        choices=list_initiatives(tx, Cursors({"title": str}).page("title", None, MAX_CHOICES), vantage).items,
        statuses=BADGES,
        vantage=vantage,
    )
