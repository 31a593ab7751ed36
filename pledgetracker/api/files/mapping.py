"""Mappings: files that say how the columns of a foreign table become ours, declared and not programmed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pledgetracker.api.files.cells import guarded
from pledgetracker.api.files.sheets import SheetForm
from pledgetracker.domain.errors import Refusal

Row = dict[str, str]
# What a row says for a cell; None where it says nothing of it.
Expression = Callable[[Row], str]


class MappingRefused(Refusal):
    """The mapping file says something that nobody can follow."""

    def __init__(self, place: str, detail: str) -> None:
        super().__init__(f"{place}: {detail}" if place else detail)


class ColumnAbsent(Refusal):
    """The table lacks a column that the mapping names."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The mapping names the column {name!r}, and the table has none.")


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that a row must be for a rule to take it; `reason` says why it is not."""

    holds: Callable[[Row], bool]
    reason: Callable[[Row], str]


@dataclass(frozen=True, slots=True)
class Rule:
    """How one row of ours is made.

    Attributes:
        kind: of which table of ours it is a row: pledge or progress.
        cells: by the names of our columns.
    """

    kind: str
    when: Sequence[Condition]
    cells: Mapping[str, Expression]

    def unmet(self, row: Row) -> str | None:
        """Why the rule does not take the row, or None."""
        return next((condition.reason(row) for condition in self.when if not condition.holds(row)), None)

    def made(self, row: Row) -> Row:
        """Our cells, safe to be read as cells."""
        return {name: guarded(express(row)) for name, express in self.cells.items()}


@dataclass(frozen=True, slots=True)
class Skipped:
    """A row of which nothing was taken, and why, rule by rule."""

    row: int
    label: str
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class TableMapping:
    """A whole mapping.

    Attributes:
        source: who made the data, under which licence; told when it is brought in.
        form: how the table is written.
        initiative: what the pledges belong to, as the fields of an initiative's document.
        label: what a row is called where it is told of.
    """

    source: Mapping[str, str]
    form: SheetForm
    initiative: Mapping[str, str] | None
    label: Expression
    further: Sequence[tuple[str, Expression]]
    rules: Sequence[Rule]
    needed: frozenset[str] = field(default_factory=frozenset)

    def columns(self, kind: str) -> list[str]:
        """Our columns that rows of a kind have."""
        return list(dict.fromkeys(name for rule in self.rules if rule.kind == kind for name in rule.cells))

    def check(self, names: Sequence[str]) -> None:
        """Refuse a table without the columns that the mapping names.

        Raises:
            ColumnAbsent: it lacks one.
        """
        for name in sorted(self.needed - set(names) - {name for name, _ in self.further}):
            raise ColumnAbsent(name)

    def read(self, names: Sequence[str], cells: Sequence[str]) -> Row:
        """A row by the names of its columns, those worked out among them."""
        row = dict(zip(names, cells, strict=True))
        for name, express in self.further:
            row[name] = express(row)
        return row

    def rows(self, kind: str, row: Row) -> Iterator[Row]:
        """Our rows of a kind that a foreign row makes."""
        return (rule.made(row) for rule in self.rules if rule.kind == kind and rule.unmet(row) is None)

    def skipped(self, number: int, row: Row) -> Skipped | None:
        """Why nothing is taken of a row, or None if something is."""
        unmet = [rule.unmet(row) for rule in self.rules]
        reasons = [reason for reason in unmet if reason is not None]
        return Skipped(number, self.label(row), reasons) if len(reasons) == len(self.rules) else None
