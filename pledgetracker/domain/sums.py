"""Adding up what pledges bring into a roll-up.

Sums are exact fractions, rounded half to even to 6 decimals once, at the end.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pledgetracker.domain.contribution import Contribution, Named, Reason
from pledgetracker.domain.forest import Entry, Forest
from pledgetracker.domain.money import Conversion, ExchangeRate, factor
from pledgetracker.domain.numbers import grouped, rounded
from pledgetracker.domain.rollup import (
    Amount,
    Basis,
    Completion,
    Conflicting,
    Coverage,
    Delivered,
    NotAdded,
    Part,
    RollUp,
    Total,
)
from pledgetracker.domain.standing import Status

ZERO = Fraction(0)

# What was delivered, and what that follows from.
_Result = tuple[Fraction | None, str | None]
NOTHING: _Result = (None, None)


def roll_up(
    contributions: Iterable[Contribution], beyond: Mapping[str, Named], conversion: Conversion
) -> RollUp:
    """What `contributions` amount to, in whatever order they come.

    Args:
        contributions: one for each pledge of the scope.
        beyond: whom the pledges outside the scope name that those inside lead to.
        conversion: into which currency, and by which rates.
    """
    everything = list(contributions)
    entries, not_added, rates = _sorted_out(everything, conversion)
    # What is added in another unit has no part in this one, whatever it names.
    apart = {key for unit in entries for key in entries[unit]}
    linking = {**beyond, **{c.pledge: c.named for c in everything if c.pledge not in apart}}
    amounts = []
    for unit in sorted(entries):
        named = linking | {key: entry.contribution.named for key, entry in entries[unit].items()}
        amount, passed_over = _amount(unit, Forest(entries[unit], named))
        amounts.append(amount)
        not_added += passed_over
    statuses = Counter(c.status for c in everything)
    return RollUp(
        len(everything),
        {status.value: statuses[status] for status in Status},
        amounts,
        sorted(not_added, key=lambda item: (item.pledge, item.reason)),
        sorted(rates, key=lambda rate: rate.id),
    )


def _sorted_out(
    contributions: Iterable[Contribution], conversion: Conversion
) -> tuple[dict[str, dict[str, Entry]], list[NotAdded], set[ExchangeRate]]:
    """The entries of each unit, what is left over, and the rates used."""
    entries: dict[str, dict[str, Entry]] = {}
    left: list[NotAdded] = []
    rates: set[ExchangeRate] = set()
    for brought in contributions:
        if brought.reason is not None or brought.unit is None or brought.promised is None:
            left.append(NotAdded(brought.pledge, brought.reason or Reason.NO_UNIT))
            continue
        unit, times = brought.unit, Fraction(1)
        if conversion.concerns(unit):
            rate = conversion.rate_of(unit)
            if rate is None:
                left.append(NotAdded(brought.pledge, Reason.NO_RATE))
            else:
                rates.add(rate)
                times, unit = factor(rate, unit), conversion.currency or unit
        entries.setdefault(unit, {})[brought.pledge] = Entry(
            brought,
            Fraction(brought.promised) * times,
            _times(brought.accepted, times),
            _times(brought.claimed, times),
        )
    return entries, left, rates


def _times(number: Decimal | None, times: Fraction) -> Fraction | None:
    return None if number is None else Fraction(number) * times


@dataclass(slots=True)
class _Sum:
    """What an entry comes to, its parts taken in.

    Attributes:
        again: what of `promised` is announced again of what counts elsewhere.
        is_reported: whether there is a figure anywhere in it.
    """

    promised: Fraction
    new: Fraction
    restated: Fraction
    again: Fraction
    accepted: _Result
    claimed: _Result
    is_reported: bool


def _amount(unit: str, forest: Forest) -> tuple[Amount, list[NotAdded]]:
    overlapping = forest.overlapping()
    sums: dict[str, _Sum] = {}
    passed_over: list[NotAdded] = []
    for entry in forest.upwards():
        parts = [sums[part.key] for part in forest.parts.get(entry.key, ())]
        overlaps = entry.key in overlapping
        sums[entry.key] = found = _summed(entry, parts, overlaps=overlaps)
        if overlaps and entry.restates and found.is_reported:
            passed_over.append(NotAdded(entry.key, Reason.RESTATED_FIGURE))
        elif overlaps and entry.has_figure:
            passed_over.append(NotAdded(entry.key, Reason.OVERLAPPING_FIGURE))
    return _shown(unit, forest, sums), passed_over


def _summed(entry: Entry, parts: Sequence[_Sum], *, overlaps: bool) -> _Sum:
    promised = entry.promised
    is_echo = overlaps and entry.restates
    if entry.restates or not parts:
        new, restated = (ZERO, promised) if entry.restates else (promised, ZERO)
    else:
        new, restated = sum((part.new for part in parts), ZERO), sum((part.restated for part in parts), ZERO)
    return _Sum(
        promised,
        new,
        restated,
        again=promised if is_echo else sum((part.again for part in parts), ZERO),
        # What it restates delivers, and so do the parts of a total that cannot.
        accepted=NOTHING
        if is_echo
        else _delivered(None if overlaps else entry.accepted, [part.accepted for part in parts]),
        claimed=NOTHING
        if is_echo
        else _delivered(None if overlaps else entry.claimed, [part.claimed for part in parts]),
        is_reported=entry.has_figure or any(part.is_reported for part in parts),
    )


def _delivered(own: Fraction | None, parts: Sequence[_Result]) -> _Result:
    """Its own figure, or else what its parts come to."""
    if own is not None:
        return own, "figure"
    known = _known(value for value, _ in parts)
    return NOTHING if known is None else (known, "parts")


def _shown(unit: str, forest: Forest, sums: Mapping[str, _Sum]) -> Amount:
    roots = [sums[root.key] for root in forest.roots]
    announced = sum((root.promised for root in roots), ZERO)
    new = sum((root.new for root in roots), ZERO)
    restated = sum((root.restated for root in roots), ZERO)
    accepted = _known(root.accepted[0] for root in roots)
    claimed = _known(root.claimed[0] for root in roots)
    once = announced - sum((root.again for root in roots), ZERO)
    reported = sum(entry.has_figure for entry in forest.entries.values())
    return Amount(
        unit,
        len(roots),
        rounded(announced),
        rounded(new),
        rounded(restated),
        rounded(announced - new - restated),
        Delivered(_round(accepted), _round(claimed)),
        Completion(
            rounded(accepted / once) if accepted is not None and once > 0 else None,
            _round(accepted),
            rounded(once),
        ),
        Coverage(len(forest.entries), reported, rounded(Fraction(reported, len(forest.entries)))),
        [_total(unit, forest, sums, key) for key in sorted(forest.parts)],
        list(_conflicting(forest)),
    )


def _total(unit: str, forest: Forest, sums: Mapping[str, _Sum], key: str) -> Total:
    own, inside = sums[key], [(part, sums[part.key]) for part in forest.parts[key]]
    parts = sum((part.promised for _, part in inside), ZERO)
    return Total(
        key,
        rounded(own.promised),
        [Part(entry.key, rounded(part.promised), entry.restates) for entry, part in inside],
        rounded(parts),
        rounded(own.promised - parts),
        rounded(own.new),
        rounded(own.restated),
        rounded(own.promised - own.new - own.restated),
        Delivered(_round(own.accepted[0]), _round(own.claimed[0])),
        Basis(own.accepted[1], own.claimed[1]),
        _because(unit, own.promised, parts),
    )


def _because(unit: str, whole: Fraction, parts: Fraction) -> str:
    said, found, rest = (grouped(rounded(amount)) for amount in (whole, parts, abs(whole - parts)))
    begun = f"{said} {unit} announced; the parts on record come to {found}"
    if whole == parts:
        return f"{begun}, which is all of it."
    ending = f"; {rest} has no pledge here." if whole > parts else f", {rest} more than announced."
    return begun + ending


def _conflicting(forest: Forest) -> Iterator[Conflicting]:
    for key in sorted(forest.entries):
        brought = forest.entries[key].contribution
        for other in brought.other_targets:
            yield Conflicting(key, brought.unit, other)


def _known(amounts: Iterable[Fraction | None]) -> Fraction | None:
    """Their sum; None if nothing is known of any."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, ZERO) if known else None


def _round(amount: Fraction | None) -> Decimal | None:
    return None if amount is None else rounded(amount)
