"""The strokes that charts are made of, as SVG text; every text that comes in leaves escaped."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from markupsafe import escape

Place = tuple[float, float]

# Of a letter on average, in units of the chart.
LETTER_WIDTH = 6.2


def width_of(label: str) -> float:
    """About how wide a label is."""
    return LETTER_WIDTH * len(label)


def titled(shape: str, note: str) -> str:
    """A shape that tells more when pointed at."""
    return f"<g>{shape}<title>{escape(note)}</title></g>"


def line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    """A straight line."""
    return f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def text(kind: str, x: float, y: float, label: str, anchor: str) -> str:
    """A label that begins, is centred or ends at `x`."""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(label)}</text>'


def dot(kind: str, x: float, y: float, note: str) -> str:
    """A point."""
    return titled(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>', note)


def box(kind: str, x: float, width: float) -> str:
    """A part of a bar."""
    return f'<rect class="{kind}" x="{x:.2f}" width="{width:.2f}" height="4"/>'


def ring(kind: str, x: float, y: float) -> str:
    """Where the path ends."""
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="4.5"/>'


def diamond(kind: str, x: float, y: float, note: str) -> str:
    """A milestone."""
    return titled(f'<path class="{kind}" d="M{x:.1f} {y - 5:.1f}l5 5-5 5-5-5z"/>', note)


def conflict(x: float, y1: float, y2: float, note: str) -> str:
    """A day on which reports disagree: a crossed bar from the lowest to the highest."""
    ends = "".join(f"M{x - 4:.1f} {y - 4:.1f}l8 8m0-8l-8 8" for y in (y1, y2))
    return titled(f'<path class="c-conflict" d="M{x:.1f} {y1:.1f}V{y2:.1f}{ends}"/>', note)


def polyline(kind: str, places: Iterable[Place]) -> str:
    """Straight lines from place to place."""
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline class="{kind}" points="{points}"/>'


def steps(kind: str, start: Place, places: Sequence[Place]) -> str:
    """A line that keeps its height until the next place.

    Where many places share one column of a screen, its extremes and its last one stand for all.
    """
    x, y = start
    way = "".join(f"H{x:.1f}V{y:.1f}" for x, y in _thinned(places))
    return f'<path class="{kind}" d="M{x:.1f} {y:.1f}{way}"/>'


def _thinned(places: Sequence[Place]) -> Iterator[Place]:
    for _, column in groupby(places, key=lambda place: round(place[0])):
        heights = list(column)
        if len(heights) > 3:  # noqa: PLR2004 -- which is what is left of them
            yield min(heights, key=lambda place: place[1])
            yield max(heights, key=lambda place: place[1])
            yield heights[-1]
        else:
            yield from heights
