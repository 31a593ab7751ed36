"""Statements of the hottest paths: compiled once, then handed to the driver as they are."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter, methodcaller
from typing import Any

from sqlalchemy import Connection, Date, Delete, Dialect, Insert, Select, TextualSelect, Update
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine

from pledgetracker.storage.dialects import Instant

Convert = Callable[[Any], Any]

REMEMBERED = 256

_FIRST = methodcaller("fetchone")
_ALL = methodcaller("fetchall")
_NONE = methodcaller("close")


class Prepared:
    """A statement whose text never changes, run at a third of what SQLAlchemy takes for it.

    What the driver complains of is raised as SQLAlchemy would raise it, and whoever listens to an engine's
    statements (`before_cursor_execute`) hears of these too.

    Args:
        statement: with a `bindparam` for whatever is given at each run.
        columns: of an INSERT, those that are given.
    """

    def __init__(
        self,
        statement: Select[Any] | TextualSelect | Insert | Update | Delete,
        *,
        columns: Sequence[str] | None = None,
    ) -> None:
        self._statement = statement
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def first(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """The first row, a named tuple, or None."""
        compiled = self._for(connection)
        row = compiled.ask(connection, values, _FIRST)
        return None if row is None else compiled.read(row)

    def all(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Every row, each a named tuple."""
        compiled = self._for(connection)
        return [compiled.read(row) for row in compiled.ask(connection, values, _ALL)]

    def run(self, connection: Connection, values: Mapping[str, Any]) -> None:
        """Change something."""
        self._for(connection).ask(connection, values, _NONE)

    def run_many(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Change something once a row."""
        self._for(connection).repeat(connection, rows)

    def count(self, connection: Connection, values: Mapping[str, Any]) -> int:
        """Change something; how many rows that took in."""
        found: int = self._for(connection).ask(connection, values, _count)
        return found

    def _for(self, connection: Connection) -> "_Compiled":
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, self._columns, dialect)
        return compiled


def _count(cursor: Any) -> int:
    found = int(cursor.rowcount)
    cursor.close()
    return found


# By place: what makes of the value there what the driver, or whoever reads it, takes.
_Converts = tuple[tuple[int, Convert], ...]


@dataclass
class _Compiled:
    """A statement as one driver takes it.

    Attributes:
        is_positional: whether values go by place, in the order of `names`, or by name.
        names: of the values, with what each is unless it is given.
        binds: for the values that the driver does not take as they are.
        columns: the types of the columns of a row.
        row: what a row is called by.
        errors: what the driver raises.
        reads: for the columns that the driver does not give as promised; known after the first run.
    """

    text: str
    is_positional: bool
    names: tuple[tuple[str, Any], ...]
    binds: _Converts
    columns: tuple[TypeEngine[Any], ...]
    row: Any
    errors: type[Exception]
    reads: _Converts | None = None

    def ask(self, connection: Connection, values: Mapping[str, Any], fetch: Convert) -> Any:
        """Run it, and what `fetch` makes of the driver's cursor."""
        given = self._bound(values)
        driver = self._driver(connection, given, is_many=False)
        try:
            cursor = driver.execute(self.text, given)
            if self.reads is None:
                self._look_at(cursor, connection.dialect)
            return fetch(cursor)
        except self.errors as error:
            # Nothing public lets a library error pass by whoever listens for it, and end a lost connection.
            connection._handle_dbapi_exception(error, self.text, given, None, None)  # noqa: SLF001

    def repeat(self, connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
        """Run it once a row, nothing to be fetched."""
        given = list(map(self._bound_briefly, rows))
        cursor = self._driver(connection, given, is_many=True).cursor()
        try:
            cursor.executemany(self.text, given)
        except self.errors as error:
            connection._handle_dbapi_exception(error, self.text, given, None, None)  # noqa: SLF001
        finally:
            cursor.close()

    def _bound(self, values: Mapping[str, Any]) -> Any:
        """The values as the driver takes them."""
        bound = [values.get(name, default) for name, default in self.names]
        for place, convert in self.binds:
            bound[place] = convert(bound[place])
        return self._named(bound)

    def _bound_briefly(self, values: Mapping[str, Any]) -> Any:
        """The same for rows that name every column; nothing is made of what is null."""
        bound = list(self._all_of(values))
        for place, convert in self.binds:
            value = bound[place]
            if value is not None:
                bound[place] = convert(value)
        return self._named(bound)

    def _named(self, bound: list[Any]) -> Any:
        if self.is_positional:
            return bound
        return {name: value for (name, _), value in zip(self.names, bound, strict=True)}

    @cached_property
    def _all_of(self) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
        return itemgetter(*(name for name, _ in self.names))

    def _driver(self, connection: Connection, given: Any, *, is_many: bool) -> Any:
        """The driver's connection, in a transaction; whoever listens to statements has heard of this one."""
        if not connection.in_transaction():
            connection.begin()
        for listen in connection.dispatch.before_cursor_execute:
            listen(connection, None, self.text, given, None, is_many)
        return connection.connection.dbapi_connection

    def _look_at(self, cursor: Any, dialect: Dialect) -> None:
        self.reads = _converts(
            kind.dialect_impl(dialect).result_processor(dialect, described[1])
            for kind, described in zip(self.columns, cursor.description or (), strict=True)
        )

    def read(self, row: Sequence[Any]) -> Any:
        """A row of the driver's as one of ours."""
        found = list(row)
        for place, convert in self.reads or ():
            found[place] = convert(found[place])
        return self.row._make(found)


def _converts(by_place: Iterable[Convert | None]) -> _Converts:
    return tuple((place, convert) for place, convert in enumerate(by_place) if convert is not None)


def _compile(statement: Any, columns: Sequence[str] | None, dialect: Dialect) -> _Compiled:
    compiled: SQLCompiler = statement.compile(dialect=dialect, column_keys=columns)
    names = compiled.positiontup or list(compiled.binds)
    defaults = {} if columns else compiled.params
    wanted = list(statement.selected_columns) if isinstance(statement, Select | TextualSelect) else []
    assert isinstance(dialect, DefaultDialect)
    assert dialect.loaded_dbapi is not None
    return _Compiled(
        text=str(compiled),
        is_positional=compiled.positional,
        names=tuple((name, defaults.get(name)) for name in names),
        binds=_converts(_converter(compiled.binds[name].type, dialect) for name in names),
        columns=tuple(column.type for column in wanted),
        row=namedtuple("Row", [str(column.key) for column in wanted]),  # noqa: PYI024 -- its fields follow the statement
        errors=dialect.loaded_dbapi.Error,
    )


def _converter(kind: TypeEngine[Any], dialect: Dialect) -> Convert | None:
    """What makes of a value what the driver takes."""
    convert = kind.dialect_impl(dialect).bind_processor(dialect)
    # Days and instants come again and again, and writing one down takes longer than remembering it.
    is_time = isinstance(kind, Date | Instant)
    return lru_cache(REMEMBERED)(convert) if convert is not None and is_time else convert
