"""What the page of one initiative shows: what its pledges amount to together, and each of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from pledgetracker.dashboard.bars import announced_bar, delivered_bar
from pledgetracker.dashboard.cards import Count, Deck, counts, deck
from pledgetracker.domain.catalogue import Initiative
from pledgetracker.domain.contribution import SENTENCES
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.rollup import Amount, Conflicting, RollUp, Total
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.cataloguing import family
from pledgetracker.services.listing import Wanted
from pledgetracker.services.recalling import initiatives_known
from pledgetracker.services.relating import pledges_known
from pledgetracker.services.rolling_up import Terms, roll_up_initiative
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction

# Named at most, of each kind; the roll-up as JSON has them all.
TOTALS, PARTS, CONFLICTING, OTHERS = 50, 50, 50, 50


@dataclass(frozen=True, slots=True)
class Sum:
    """What the pledges in one unit amount to, with its pictures.

    Attributes:
        announced, delivered: bars; what they show stands in `amount`.
    """

    amount: Amount
    announced: Markup
    delivered: Markup

    @property
    def is_plain(self) -> bool:
        """Whether all that is announced is new."""
        return not (self.amount.restated or self.amount.unexplained)

    @property
    def has_claims(self) -> bool:
        """Whether what is claimed differs from what counts."""
        return self.amount.delivered.claimed != self.amount.delivered.accepted


@dataclass(frozen=True, slots=True)
class Apart:
    """The first pledges that are not added for one reason, and how many there are."""

    reason: str
    pledges: Sequence[str]
    total: int


@dataclass(frozen=True, slots=True)
class Together:
    """The page of one initiative.

    Attributes:
        below: the initiatives directly under it.
        names: the pledges that the page names, by id.
        counts: of all pledges rolled up.
    """

    initiative: Initiative
    parent: Initiative | None
    below: Sequence[Initiative]
    rolled: RollUp
    sums: Sequence[Sum]
    totals: Sequence[tuple[Amount, Total]]
    conflicting: Sequence[Conflicting]
    apart: Sequence[Apart]
    names: Mapping[str, Pledge]
    counts: Sequence[Count]
    deck: Deck
    vantage: Vantage

    @property
    def parts_shown(self) -> int:
        """How many parts of a total are named."""
        return PARTS


def together(tx: Transaction, key: str, cursor: str | None, rules: Rules, vantage: Vantage) -> Together:
    """All that is known of initiative `key` and of what stands under it.

    Raises:
        NotFound: there is no such initiative, or it was begun later.
        Invalid: the cursor is none of its pledges.
    """
    rolled = roll_up_initiative(tx, key, Terms(), rules, vantage)
    known = initiatives_known(tx, family(tx, key, vantage), vantage)
    initiative = known[key]
    totals = [(amount, total) for amount in rolled.amounts for total in amount.totals][:TOTALS]
    conflicting = [found for amount in rolled.amounts for found in amount.conflicting][:CONFLICTING]
    apart = list(_apart(rolled))
    named = {one.pledge for one in conflicting}.union(*(one.pledges for one in apart))
    for _, total in totals:
        named |= {total.pledge, *(part.pledge for part in total.parts[:PARTS])}
    return Together(
        initiative=initiative,
        parent=_above(tx, initiative, vantage),
        below=sorted((one for one in known.values() if one.parent == key), key=lambda one: one.title),
        rolled=rolled,
        sums=[Sum(amount, announced_bar(amount), delivered_bar(amount)) for amount in rolled.amounts],
        totals=totals,
        conflicting=conflicting,
        apart=apart,
        names=pledges_known(tx, named, vantage),
        counts=counts({Status(name): number for name, number in rolled.by_status.items()}),
        deck=deck(tx, Wanted(initiative=key), cursor, rules, vantage),
        vantage=vantage,
    )


def _above(tx: Transaction, initiative: Initiative, vantage: Vantage) -> Initiative | None:
    parent = initiative.parent
    return None if parent is None else initiatives_known(tx, [parent], vantage).get(parent)


def _apart(rolled: RollUp) -> Iterator[Apart]:
    """What is not added, reason by reason."""
    in_order = sorted(rolled.not_added, key=lambda one: (one.reason, one.pledge))
    for reason, group in groupby(in_order, key=lambda one: one.reason):
        keys = [one.pledge for one in group]
        yield Apart(SENTENCES[reason], keys[:OTHERS], len(keys))
