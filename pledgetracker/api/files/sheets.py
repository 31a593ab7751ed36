"""Tables of text: found out by their first line, read row by row."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.decoding import lines
from pledgetracker.domain.errors import Refusal

SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t"}
MAX_COLUMNS = 5_000
# Beyond any text that the record takes.
csv.field_size_limit(1_000_000)

# A line before the names by which some spreadsheets tell each other.
_SEPARATOR_SAID = re.compile(r"sep=([,;\t])\s*", re.IGNORECASE)
_QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class SheetForm:
    """How a table is written, as far as it does not say so itself.

    Attributes:
        encoding: UTF-8 unless said; a byte order mark in the file says more.
        separator: what stands between cells; found out from the first line unless said.
    """

    encoding: str | None = None
    separator: str | None = None
    decimal: DecimalSign = DecimalSign.POINT


class SheetEmpty(Refusal):
    """There is not even a line with the names of columns."""

    def __init__(self) -> None:
        super().__init__("The file is empty: the first row names the columns.")


class RowMalformed(Refusal):
    """A row is no row of this table; `number` counts from 1, the first row being the names."""

    def __init__(self, number: int, detail: str) -> None:
        self.number = number
        self.detail = detail
        super().__init__(f"row {number}: {detail}")


class ColumnTwice(Refusal):
    """Two columns have one name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The column {name[:80]!r} stands twice; only one of them can be meant.")


class TooManyColumns(Refusal):
    """Nobody means so many."""

    def __init__(self, number: int) -> None:
        super().__init__(f"{number:,} columns are too many; at most {MAX_COLUMNS:,} are read.")


class Sheet:
    """One table: its columns, and its rows once, in order.

    Raises:
        SheetEmpty, ColumnTwice, TooManyColumns, RowMalformed: its first row is not one of names.
        Undecodable, EncodingUnknown, LineEndless: see `decoding.lines`.
    """

    def __init__(self, stream: BinaryIO, form: SheetForm) -> None:
        self._lines = _peeked(lines(stream, form.encoding))
        self._number = 1
        said = _SEPARATOR_SAID.fullmatch(self._lines.first)
        if said is not None:
            self._lines.pass_over()
            self._number += 1
        separator = form.separator or (said[1] if said else _separator_of(self._lines.first))
        self._reader = csv.reader(self._lines, delimiter=separator, strict=True)
        try:
            self.columns: Sequence[str] = [name.strip() for name in next(self._reader)]
        except StopIteration:
            raise SheetEmpty from None
        except csv.Error as error:
            raise RowMalformed(self._number, _told(error)) from None
        if not any(self.columns):
            raise SheetEmpty
        if len(self.columns) > MAX_COLUMNS:
            raise TooManyColumns(len(self.columns))
        for i, name in enumerate(self.columns):
            if name and name in self.columns[:i]:
                raise ColumnTwice(name)

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Each row with its number; blank lines, and rows of nothing but blank cells, are passed over.

        Raises:
            RowMalformed: a row cannot be read, nor what follows it.
            Undecodable, LineEndless: see `decoding.lines`.
        """
        while True:
            self._number += 1
            try:
                row = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise RowMalformed(self._number, _told(error)) from None
            except Refusal as refusal:
                raise RowMalformed(self._number, str(refusal)) from refusal
            if any(map(str.strip, row)):
                yield self._number, row

    def misfit(self, row: Sequence[str]) -> str | None:
        """What is wrong with the length of a row, or None."""
        found, wanted = len(row), len(self.columns)
        return None if found == wanted else f"Has {found} cells, and there are {wanted} columns."


class _peeked:  # noqa: N801 -- an iterator, used as a function
    """Lines, of which the first may be looked at."""

    def __init__(self, source: Iterable[str]) -> None:
        self._source = iter(source)
        self.first = next(self._source, "")
        self._is_first = True

    def pass_over(self) -> None:
        """Go on to the line behind the first, which may then be looked at in its place."""
        self.first = next(self._source, "")

    def __iter__(self) -> "_peeked":
        return self

    def __next__(self) -> str:
        if self._is_first:
            self._is_first = False
            if self.first:
                return self.first
        return next(self._source)


def _separator_of(line: str) -> str:
    """What stands most often between the names; a comma where nothing does."""
    bare = _QUOTED.sub("", line)
    return max(SEPARATORS.values(), key=bare.count)


def _told(error: csv.Error) -> str:
    """What the reader complains of, as a sentence."""
    said = str(error)
    return f"Cannot be read: {said}."
