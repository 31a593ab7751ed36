"""What the pledges of a scope amount to together, unit by unit; never more than can honestly be added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from pledgetracker.domain.contribution import SENTENCES, Reason
from pledgetracker.domain.money import ExchangeRate
from pledgetracker.domain.pledge import OtherTarget


@dataclass(frozen=True, slots=True)
class Delivered:
    """What was delivered, by accepted figures and by claimed ones; None where there is no figure."""

    accepted: Decimal | None
    claimed: Decimal | None


@dataclass(frozen=True, slots=True)
class Basis:
    """What each side of a `Delivered` follows from: `figure`, a total's own, or `parts`; None for neither."""

    accepted: str | None
    claimed: str | None


@dataclass(frozen=True, slots=True)
class Completion:
    """The share delivered (accepted), and what it is a share of: what is announced, each promise once."""

    share: Decimal | None
    numerator: Decimal | None
    denominator: Decimal


@dataclass(frozen=True, slots=True)
class Coverage:
    """How many of the pledges that count, parts too, have any figure; accepted or not."""

    pledges: int
    with_figure: int
    share: Decimal


@dataclass(frozen=True, slots=True)
class Part:
    """A pledge that counts inside another."""

    pledge: str
    announced: Decimal
    is_restated: bool


@dataclass(frozen=True, slots=True)
class Total:
    """A pledge that has others as its parts.

    Attributes:
        announced: its own target; `sum`: those of its parts; `difference`: announced - sum.
        new, restated, unexplained: what of `announced` is which; together they are `announced`.
    """

    pledge: str
    announced: Decimal
    parts: Sequence[Part]
    sum: Decimal
    difference: Decimal
    new: Decimal
    restated: Decimal
    unexplained: Decimal
    delivered: Delivered
    basis: Basis
    because: str


@dataclass(frozen=True, slots=True)
class Conflicting:
    """What another source says of a target that was added, in the unit of the pledge; never averaged."""

    pledge: str
    unit: str | None
    other: OtherTarget


@dataclass(frozen=True, slots=True)
class Amount:
    """What the pledges in one unit amount to.

    Attributes:
        pledges: how many are added up; their parts are inside them.
        announced: the sum of targets (over their baselines); `new`, `restated` and `unexplained` make it up.
    """

    unit: str
    pledges: int
    announced: Decimal
    new: Decimal
    restated: Decimal
    unexplained: Decimal
    delivered: Delivered
    completion: Completion
    coverage: Coverage
    totals: Sequence[Total]
    conflicting: Sequence[Conflicting]


@dataclass(frozen=True, slots=True)
class NotAdded:
    """Something that is in the scope and not in the sums."""

    pledge: str
    reason: Reason

    @property
    def detail(self) -> str:
        """The reason as a sentence."""
        return SENTENCES[self.reason]


@dataclass(frozen=True, slots=True)
class RollUp:
    """The whole answer.

    Attributes:
        pledges: how many are in the scope; `by_status` counts them all.
        rates: the exchange rates used.
    """

    pledges: int
    by_status: Mapping[str, int]
    amounts: Sequence[Amount]
    not_added: Sequence[NotAdded]
    rates: Sequence[ExchangeRate]
