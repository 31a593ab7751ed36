"""The HTML part with gaps in the place of its words: laid out and styled once, filled for each mail.

Writing styles into every element takes longer than all else about a mail, and depends on its shape alone: how
many rows there are, which colour leads. So it is done with marks in the place of words, once a shape.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from pledgetracker.channels.mail.page import Bar, Page

# Private characters of Unicode, which mean nothing to HTML.
_MARK = "\ue000{}\ue001"
_MARKED = re.compile("\ue000([0-9]+)\ue001")
_MAX_SHAPES = 500
_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\u00a0": "&nbsp;"})
_ATTRIBUTE = str.maketrans({"&": "&amp;", '"': "&quot;", "\u00a0": "&nbsp;"})


@dataclass(frozen=True, slots=True)
class _Gap:
    """Where words go: their number on the page, and whether inside an attribute."""

    number: int
    is_attribute: bool


class Skeletons:
    """Fills pages in.

    Args:
        lay_out: what makes the HTML of a page, styles in every element.
    """

    def __init__(self, lay_out: Callable[[Page], str]) -> None:
        self._lay_out = lay_out
        self._made: dict[object, list[str | _Gap]] = {}

    def fill(self, page: Page) -> str:
        """The HTML of a page, as `lay_out` would make it."""
        words = _words(page)
        shape = (
            page.language,
            page.tone,
            len(page.lead),
            bool(page.note),
            tuple(len(row.details) for row in page.rows),
            page.bar and (bool(page.bar.done), bool(page.bar.missing), bool(page.bar.rest)),
            len(page.others),
            bool(page.curl),
            len(page.closing),
        )
        if shape not in self._made:
            if len(self._made) >= _MAX_SHAPES:
                self._made.clear()
            self._made[shape] = _parted(self._lay_out(_marked(page)))
        return "".join(
            part
            if isinstance(part, str)
            else words[part.number].translate(_ATTRIBUTE if part.is_attribute else _TEXT)
            for part in self._made[shape]
        )


def _words(page: Page) -> list[str]:
    """All that differs between pages of one shape, in the order of `_marked`."""
    words = [page.subject, page.kicker, page.title, page.byline, *page.lead, page.note or ""]
    for row in page.rows:
        words += (row.label, row.value, *row.details)
    if page.bar is not None:
        words += (str(page.bar.done), str(page.bar.missing), str(page.bar.rest))
    return [*words, *page.others, page.links.page, page.curl or "", *page.closing]


def _marked(page: Page) -> Page:
    """The page with marks in the place of words; what is not there stays away."""
    numbers = count()

    def mark(word: object) -> str:
        number = next(numbers)
        return _MARK.format(number) if word else ""

    return replace(
        page,
        subject=mark(is_there := True),
        kicker=mark(is_there),
        title=mark(is_there),
        byline=mark(is_there),
        lead=[mark(is_there) for _ in page.lead],
        note=mark(page.note),
        rows=[
            replace(
                row,
                label=mark(is_there),
                value=mark(is_there),
                details=tuple(mark(is_there) for _ in row.details),
            )
            for row in page.rows
        ],
        bar=None if page.bar is None else _marked_bar(page.bar, mark),
        others=[mark(is_there) for _ in page.others],
        links=replace(page.links, page=mark(is_there)),
        curl=mark(page.curl),
        closing=[mark(is_there) for _ in page.closing],
    )


def _marked_bar(bar: Bar, mark: Callable[[object], str]) -> Bar:
    # Numbers only where they are calculated with: in the page they are text.
    done, missing, rest = (mark(share) for share in (bar.done, bar.missing, bar.rest))
    return replace(bar, done=done, missing=missing, rest=rest)  # type: ignore[arg-type]


def _parted(html: str) -> list[str | _Gap]:
    parts: list[str | _Gap] = []
    for i, part in enumerate(_MARKED.split(html)):
        if i % 2 == 0:
            parts.append(part)
        else:
            before = parts[-1]
            parts.append(_Gap(int(part), isinstance(before, str) and before.endswith('="')))
    return parts
