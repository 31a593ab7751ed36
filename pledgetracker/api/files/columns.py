"""Columns of tables: each is a place in a document, `statement.source.url` or `evidence.0.title`, say."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from pledgetracker.api.files import cells
from pledgetracker.api.files.cells import DecimalSign

MAX_PLACES = 200
REMEMBERED = 1_024

Step = str | int


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Attributes:
        path: the names, and places in lists, that lead to it.
        field: what it holds.
    """

    name: str
    path: tuple[Step, ...]
    field: fields.Field[Any]


def column_of(schema: Schema, name: str) -> Column | None:
    """The place that `name` names in a document of `schema`, or None."""
    path: list[Step] = []
    here: Any = schema
    for step in name.split("."):
        if isinstance(here, Schema):
            here = _load_fields(here).get(step)
            path.append(step)
        elif isinstance(here, fields.List) and _is_place(step):
            here = here.inner
            path.append(int(step))
        else:
            return None
        if isinstance(here, fields.Nested):
            here = here.schema
    if here is None or isinstance(here, Schema | fields.List):
        return None
    return Column(name, tuple(path), here)


def _is_place(step: str) -> bool:
    return step.isascii() and step.isdigit() and str(int(step)) == step and int(step) < MAX_PLACES


def _load_fields(schema: Schema) -> Mapping[str, fields.Field[Any]]:
    return {field.data_key or name: field for name, field in schema.load_fields.items()}


def names_of(schema: Schema, counts: Mapping[str, int], *, before: str = "") -> Iterator[str]:
    """The names of all columns of `schema`, in its order, with so many places for each list by its name."""
    for name, field in _load_fields(schema).items():
        yield from _names(field, f"{before}{name}", counts)


def _names(field: fields.Field[Any], name: str, counts: Mapping[str, int]) -> Iterator[str]:
    if isinstance(field, fields.Nested):
        yield from names_of(field.schema, counts, before=f"{name}.")
    elif isinstance(field, fields.List):
        for i in range(counts.get(name, 0)):
            yield from _names(field.inner, f"{name}.{i}", counts)
    else:
        yield name


def lengths(document: Mapping[str, Any]) -> dict[str, int]:
    """How long the lists of a document are."""
    return {name: len(value) for name, value in document.items() if isinstance(value, list)}


def value_at(document: Any, path: Sequence[Step]) -> Any:
    """What stands at a place; None where there is no such place."""
    for step in path:
        if isinstance(document, dict):
            document = document.get(step)
        elif isinstance(document, list) and isinstance(step, int) and step < len(document):
            document = document[step]
        else:
            return None
    return document


class RowReader:
    """Makes documents of rows.

    Args:
        columns: of the cells, in their order; None where a cell is somebody else's.
        decimal: what stands in numbers.
    """

    def __init__(self, columns: Sequence[Column | None], decimal: DecimalSign) -> None:
        own = [(place, column) for place, column in enumerate(columns) if column is not None]
        self._cells = [
            (place, column.name, column.path, _remembering(column, decimal)) for place, column in own
        ]
        self._nested = {str(column.path[0]) for _, column in own if len(column.path) > 1}

    def document(self, row: Sequence[str], base: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The document that a row says; over `base` (a document), what has no column stays as it is there.

        An empty cell is null over a base, and nothing without one. A part of which every cell is empty is
        null; an item of a list of which every cell is empty is none.

        Raises:
            ValidationError: cells are not of their kind; messages by column.
        """
        document: dict[str, Any] = {}
        if base is not None:
            document = {name: deepcopy(base.get(name)) for name in self._nested}
        wrong: dict[str, Any] = {}
        for place, name, path, read in self._cells:
            cell = row[place]
            if not cell and base is None:
                continue
            try:
                value = read(cell) if cell else None
            except ValidationError as error:
                wrong[name] = error.messages
                continue
            if len(path) == 1:
                document[name] = value
            else:
                _put(document, path, value)
        if wrong:
            raise ValidationError(wrong)
        tidy = _listed if base is None else _pruned
        for name in self._nested:
            if name in document:
                document[name] = tidy(document[name])
        return document


def _remembering(column: Column, decimal: DecimalSign) -> Callable[[str], Any]:
    """How to read the cells of a column, of which many are alike."""
    return lru_cache(REMEMBERED)(cells.reader(column.field, decimal))


def _put(document: Any, path: Sequence[Step], value: Any) -> None:
    """Set a place, making what leads to it; lists are dictionaries by place until they are pruned."""
    here = document
    for step in path[:-1]:
        inner = here.get(step)
        if isinstance(inner, list):
            inner = dict(enumerate(inner))
        here[step] = inner if isinstance(inner, dict) else {}
        here = here[step]
    here[path[-1]] = value


def _listed(value: Any) -> Any:
    """With lists for dictionaries by place; none of the parts is empty."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(part) if isinstance(part, dict) else part for name, part in value.items()}
    return [inner[place] for place in sorted(inner)] if isinstance(next(iter(inner)), int) else inner


def _pruned(value: Any) -> Any:
    """Without empty parts; dictionaries by place become lists again."""
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    if not isinstance(value, dict):
        return value
    inner = {name: _pruned(part) for name, part in value.items()}
    if all(isinstance(name, int) for name in inner):
        return [inner[place] for place in sorted(inner) if inner[place] is not None]
    return inner if any(part is not None for part in inner.values()) else None
