"""Loading very many documents of one schema: what `schema.load` does, put together once."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Any

from marshmallow import Schema, ValidationError, fields

from pledgetracker.api.fields import Number
from pledgetracker.api.files import cells
from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.columns import Column
from pledgetracker.api.wording import MISSING, NO_LIST, NO_OBJECT, NULL, unknown
from pledgetracker.domain.numbers import MAX_SIGNIFICANT_DIGITS

# Days, words and addresses come again and again in one file.
REMEMBERED = 4_096

Load = Callable[[Any], Any]


class Loader:
    """Loads documents of a schema whose fields are leaves, documents, and lists of documents."""

    def __init__(self, schema: Schema) -> None:
        self._schema: Any = schema
        self._shown = {
            field.data_key or name for name, field in schema.dump_fields.items() if field.dump_only
        }
        self._parts: dict[str, tuple[str, Load]] = {
            field.data_key or name: (target_of(name, field), _part(field))
            for name, field in schema.load_fields.items()
        }
        self._required = required_of(schema)

    def load(self, document: Any) -> Any:
        """What the document says.

        Raises:
            ValidationError: it breaks the schema; its messages are as the schema's own.
        """
        if not isinstance(document, dict):
            raise ValidationError(NO_OBJECT, "_schema")
        values: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for name, value in document.items():
            part = self._parts.get(name)
            if part is None:
                if name not in self._shown:
                    wrong[name] = [unknown(name, self._parts)]
                continue
            try:
                values[part[0]] = part[1](value)
            except ValidationError as error:
                wrong[name] = error.messages
        for name in self._required:
            if name not in document:
                wrong[name] = [MISSING]
        if wrong:
            raise ValidationError(wrong)
        return self._schema.make(values)


def target_of(name: str, field: fields.Field[Any]) -> str:
    """What the value of a field is called once it is loaded."""
    return (field.attribute or name).rpartition(".")[2]


def required_of(schema: Schema) -> list[str]:
    """The names that must be there."""
    return [field.data_key or name for name, field in schema.load_fields.items() if field.required]


def _part(field: fields.Field[Any]) -> Load:
    """How to load one field's value."""
    if isinstance(field, fields.Nested):
        return _or_null(field, Loader(field.schema).load)
    if isinstance(field, fields.List) and isinstance(field.inner, fields.Nested):
        return _or_null(field, _items(field, Loader(field.inner.schema).load))
    remembered = lru_cache(REMEMBERED, typed=True)(field.deserialize)

    def leaf(value: Any) -> Any:
        # Lists and objects, which no leaf takes, cannot be remembered.
        return field.deserialize(value) if isinstance(value, list | dict) else remembered(value)

    return leaf


def _or_null(field: fields.Field[Any], load: Load) -> Load:
    def loaded(value: Any) -> Any:
        if value is None:
            if not field.allow_none:
                raise ValidationError(NULL)
            return None
        return load(value)

    return loaded


def _items(field: fields.List[Any], load: Load) -> Load:
    def loaded(values: Any) -> Any:
        if not isinstance(values, list):
            raise ValidationError(NO_LIST)
        wrong: dict[int, Any] = {}
        made = []
        for i, value in enumerate(values):
            try:
                made.append(load(value))
            except ValidationError as error:
                wrong[i] = error.messages
        if wrong:
            raise ValidationError(wrong)
        for check in field.validators:
            check(made)
        return made

    return loaded


class RowLoader:
    """Loads rows of a table straight into what their documents would be loaded into.

    Args:
        schema: of the documents.
        columns: of the cells that it reads, each with the place of its cell and the path that is left to go.
        decimal: what stands in numbers.
    """

    def __init__(
        self,
        schema: Schema,
        columns: Sequence[tuple[int, tuple[str | int, ...], Column]],
        decimal: DecimalSign,
    ) -> None:
        self._schema: Any = schema
        named = {field.data_key or name: (name, field) for name, field in schema.load_fields.items()}
        self._leaves: list[tuple[int, str, str, Load]] = []
        parts: dict[str, list[tuple[int, tuple[str | int, ...], Column]]] = {}
        for place, path, column in columns:
            first = str(path[0])
            if len(path) == 1:
                target = target_of(*named[first])
                self._leaves.append((place, target, column.name, _cell(column, decimal)))
            else:
                parts.setdefault(first, []).append((place, path[1:], column))
        self._parts = [
            (target_of(*named[name]), name, _RowPart(named[name][1], inner, decimal))
            for name, inner in parts.items()
        ]
        self._required = {target_of(*named[name]) for name in required_of(schema)}

    def load(self, row: Sequence[str]) -> Any:
        """What the row says; None if every cell is empty.

        Raises:
            ValidationError: messages by column.
        """
        values: dict[str, Any] = {}
        wrong: dict[str, Any] = {}
        for place, target, name, load in self._leaves:
            cell = row[place]
            if cell:
                try:
                    values[target] = load(cell)
                except ValidationError as error:
                    wrong[name] = error.messages
        for target, name, part in self._parts:
            try:
                value = part.load(row)
            except ValidationError as error:
                wrong |= error.messages if isinstance(error.messages, dict) else {name: error.messages}
            else:
                if value is not None:
                    values[target] = value
        if not values and not wrong:
            return None
        if wrong or not self._required <= values.keys():
            absent = self._required - values.keys() - wrong.keys()
            raise ValidationError(wrong | {target: [MISSING] for target in sorted(absent)})
        return self._schema.make(values)


class _RowPart:
    """Loads what some cells of a row say of a document inside, or of a list of documents."""

    def __init__(
        self,
        field: fields.Field[Any],
        columns: Sequence[tuple[int, tuple[str | int, ...], Column]],
        decimal: DecimalSign,
    ) -> None:
        self._field = field
        if isinstance(field, fields.Nested):
            self._one: RowLoader | None = RowLoader(field.schema, columns, decimal)
            return
        self._one = None
        assert isinstance(field, fields.List)
        places = sorted({int(path[0]) for _, path, _ in columns})
        inner: Any = field.inner
        self._items = [
            _ItemLoader(
                inner.schema,
                [(cell, path[1:], column) for cell, path, column in columns if path[0] == place],
                decimal,
            )
            for place in places
        ]

    def load(self, row: Sequence[str]) -> Any:
        """What the cells say; None if all of them are empty."""
        if self._one is not None:
            return self._one.load(row)
        items = [item for loader in self._items if (item := loader.load(row)) is not None]
        for check in self._field.validators:
            check(items)
        return items or None


class _ItemLoader:
    """Loads one item of a list, of which many in a file are alike: reports share their source."""

    def __init__(
        self,
        schema: Schema,
        columns: Sequence[tuple[int, tuple[str | int, ...], Column]],
        decimal: DecimalSign,
    ) -> None:
        self._places = [cell for cell, _, _ in columns]
        packed = [(place, path, column) for place, (_, path, column) in enumerate(columns)]
        self._load = lru_cache(REMEMBERED)(RowLoader(schema, packed, decimal).load)

    def load(self, row: Sequence[str]) -> Any:
        """What the row says of it; None if every cell is empty."""
        return self._load(tuple([row[place] for place in self._places]))


def _cell(column: Column, decimal: DecimalSign) -> Load:
    """How to load the cells of a column, of which many are alike."""
    read, deserialize = cells.reader(column.field, decimal), column.field.deserialize
    if type(column.field) is Number:
        return lambda cell: _whole(cell) or deserialize(read(cell))

    @lru_cache(REMEMBERED)
    def load(cell: str) -> Any:
        return deserialize(read(cell))

    return load


def _whole(cell: str) -> Decimal | None:
    """The number in a cell of a few digits and nothing else, which is always right; None for others."""
    is_short = len(cell) <= MAX_SIGNIFICANT_DIGITS and cell.isascii() and cell.isdigit()
    return Decimal(cell) if is_short else None
