"""Shares as bars: SVG text without words, as the words beside each say the same."""

from collections.abc import Iterator
from decimal import Decimal

from markupsafe import Markup

from pledgetracker.dashboard import marks
from pledgetracker.domain.rollup import Amount

FULL = 100.0


def bar(completion: Decimal, by_now: Decimal | None) -> Markup:
    """The share of the way, with a mark where the path is."""
    mark = "" if by_now is None else marks.box("b-mark", 99.2 * _within(by_now), 0.8)
    done = marks.box("b-done", 0, FULL * _within(completion))
    return _framed(f"{marks.box('b-rest', 0, FULL)}{done}{mark}")


def announced_bar(amount: Amount) -> Markup:
    """What is new, announced again or left unexplained by totals, as parts of what is announced."""
    # Parts may come to more than their total.
    whole = max(amount.announced, amount.new + amount.restated)
    parts = (("b-done", amount.new), ("b-again", amount.restated), ("b-open", amount.unexplained))
    return _framed("".join(_joined(parts, whole)))


def delivered_bar(amount: Amount) -> Markup:
    """What was delivered of what is announced, each promise once; what is only claimed reaches further."""
    whole, shown = amount.completion.denominator, amount.delivered
    kinds = (("b-claimed", shown.claimed), ("b-done", shown.accepted))
    boxes = [marks.box(kind, 0, FULL * _share(value, whole)) for kind, value in kinds if value is not None]
    return _framed("".join([marks.box("b-rest", 0, FULL), *boxes]))


def _joined(parts: tuple[tuple[str, Decimal], ...], whole: Decimal) -> Iterator[str]:
    begin = 0.0
    for kind, value in parts:
        width = FULL * _share(value, whole)
        if width:
            yield marks.box(kind, begin, width)
        begin += width


def _share(value: Decimal, whole: Decimal) -> float:
    return _within(value / whole) if whole > 0 else 0.0


def _within(share: Decimal) -> float:
    return float(min(max(share, Decimal(0)), Decimal(1)))


def _framed(boxes: str) -> Markup:
    frame = '<svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true" focusable="false">'
    return Markup(f"{frame}{boxes}</svg>")  # noqa: S704 -- numbers only
