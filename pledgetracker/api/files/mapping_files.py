"""Reading mappings from TOML: what they say is put together once, and what they cannot say is refused."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from typing import Any

from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.mapping import (
    Condition,
    Expression,
    MappingRefused,
    Row,
    Rule,
    TableMapping,
)
from pledgetracker.api.files.sheets import SEPARATORS, SheetForm
from pledgetracker.domain.numbers import plain
from pledgetracker.domain.slug import slugify

FORMAT = "pledgetracker-mapping/1"
KINDS = ("pledge", "progress")

_NAME = re.compile(r"\{\{|\}\}|\{([^{}]*)\}")
_SOURCE_KEYS = {"title", "url", "licence", "attribution"}
_INITIATIVE_KEYS = {"id", "title", "description", "url"}
_EXPRESSION_KEYS = {
    "text",
    "first_of",
    "find",
    "split",
    "part",
    "values",
    "round",
    "slug",
    "limit",
    "otherwise",
}
_CONDITION_KEYS = {"given", "equals", "in", "not_in", "matches", "above", "below"}


def read_mapping(content: bytes) -> TableMapping:
    """The mapping in a TOML file.

    Raises:
        MappingRefused: it is not one that can be followed.
    """
    try:
        said = tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MappingRefused("", f"Not TOML in UTF-8: {error}.") from error
    return _Reader(said).read()


class _Reader:
    """Makes a mapping of what a file says, refusing what it does not know."""

    def __init__(self, said: dict[str, Any]) -> None:
        self._said = said
        self._needed: set[str] = set()
        self._lists: Mapping[str, Sequence[str]] = {}
        self._values: Mapping[str, Mapping[str, str]] = {}
        self._conditions: dict[str, Sequence[Condition]] = {}

    def read(self) -> TableMapping:
        said = self._said
        known = {
            "format",
            "source",
            "file",
            "initiative",
            "label",
            "lists",
            "values",
            "columns",
            "conditions",
        }
        self._known("", said, known | set(KINDS))
        if said.get("format") != FORMAT:
            raise MappingRefused("format", f"Only the format {FORMAT} is known.")
        source, initiative = said.get("source", {}), said.get("initiative")
        self._known("source", source, _SOURCE_KEYS)
        self._known("initiative", initiative or {}, _INITIATIVE_KEYS)
        self._lists = self._table("lists")
        self._values = self._table("values")
        for name, one in self._table("conditions").items():
            self._conditions[name] = self._when(f"conditions.{name}", one)
        further = [
            (name, self._expression(f"columns.{name}", one)) for name, one in self._table("columns").items()
        ]
        rules = [
            self._rule(kind, f"{kind}.{i}", one) for kind in KINDS for i, one in enumerate(said.get(kind, []))
        ]
        if not rules:
            raise MappingRefused("pledge", "Say at least one [[pledge]] or [[progress]].")
        label = self._expression("label", said.get("label", ""))
        needed = frozenset(self._needed)
        return TableMapping(source, self._form(), initiative, label, further, rules, needed)

    def _form(self) -> SheetForm:
        said = self._table("file")
        self._known("file", said, {"encoding", "separator", "decimal"})
        separator = said.get("separator")
        if separator is not None and separator not in SEPARATORS:
            raise MappingRefused("file.separator", f"One of {', '.join(SEPARATORS)}.")
        try:
            decimal = DecimalSign(said.get("decimal", DecimalSign.POINT))
        except ValueError:
            raise MappingRefused("file.decimal", "Either point or comma.") from None
        return SheetForm(said.get("encoding"), separator and SEPARATORS[separator], decimal)

    def _rule(self, kind: str, at: str, said: Any) -> Rule:
        self._known(at, said, {"when", "set"})
        cells = said.get("set")
        if not isinstance(cells, dict) or not cells:
            raise MappingRefused(f"{at}.set", "Say which of our columns are made of what.")
        expressions = {name: self._expression(f"{at}.set.{name}", one) for name, one in cells.items()}
        return Rule(kind, self._when(f"{at}.when", said.get("when", [])), expressions)

    def _when(self, at: str, said: Any) -> Sequence[Condition]:
        found: list[Condition] = []
        for i, one in enumerate(said if isinstance(said, list) else [said]):
            if isinstance(one, str):
                if one not in self._conditions:
                    raise MappingRefused(f"{at}.{i}", f"There is no [conditions] {one!r} before this.")
                found += self._conditions[one]
            else:
                found.append(self._condition(f"{at}.{i}", one))
        return found

    def _condition(self, at: str, said: Any) -> Condition:
        self._known(at, said, {"column", "reason"} | _CONDITION_KEYS)
        column = said.get("column")
        tests = [name for name in said if name in _CONDITION_KEYS]
        if not isinstance(column, str) or len(tests) != 1:
            raise MappingRefused(at, f"Say `column`, and one of {', '.join(sorted(_CONDITION_KEYS))}.")
        self._needed.add(column)
        [test] = tests
        holds, told = self._test(f"{at}.{test}", test, said[test])
        reason = said.get("reason")
        if reason is not None:
            return Condition(lambda row: holds(row[column], row), self._expression(f"{at}.reason", reason))
        return Condition(
            lambda row: holds(row[column], row),
            lambda row: f"{column} is {row[column][:80]!r}, {told}" if row[column] else f"{column} is empty",
        )

    def _test(self, at: str, test: str, said: Any) -> tuple[Callable[[str, Row], bool], str]:
        match test:
            case "given" if isinstance(said, bool):
                return lambda cell, _: bool(cell) is said, "and should be empty"
            case "equals":
                wanted = self._expression(at, said)
                return lambda cell, row: cell == wanted(row), f"not {said}"
            case "in" | "not_in":
                words = self._list(at, said)
                is_in = test == "in"
                told = "none of those taken" if is_in else "one of those left out"
                return lambda cell, _: (cell in words) is is_in, told
            case "matches" if isinstance(said, str):
                pattern = self._pattern(at, said)
                return lambda cell, _: pattern.fullmatch(cell) is not None, "not of the form wanted"
            case "above" | "below":
                return self._comparison(at, said, is_above=test == "above")
            case _:
                raise MappingRefused(at, "Not of a kind that this test takes.")

    def _comparison(self, at: str, said: Any, *, is_above: bool) -> tuple[Callable[[str, Row], bool], str]:
        bound = self._expression(at, said)

        def holds(cell: str, row: Row) -> bool:
            value, limit = _decimal(cell), _decimal(bound(row))
            if value is None or limit is None:
                return False
            return value > limit if is_above else value < limit

        return holds, f"not {'above' if is_above else 'below'} {said}"

    def _list(self, at: str, said: Any) -> frozenset[str]:
        words = self._lists.get(said) if isinstance(said, str) else said
        if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
            raise MappingRefused(at, "Must be a list of texts, or the name of one of [lists].")
        return frozenset(words)

    def _expression(self, at: str, said: Any) -> Expression:
        if not isinstance(said, dict):
            return self._template(at, said)
        self._known(at, said, _EXPRESSION_KEYS | {"when"})
        if ("text" in said) is ("first_of" in said):
            raise MappingRefused(at, "Say either `text` or `first_of`.")
        if "text" in said:
            express = self._template(f"{at}.text", said["text"])
        else:
            express = _first_of([self._template(f"{at}.first_of", one) for one in said["first_of"]])
        for step in self._steps(at, said):
            express = _after(express, step)
        if "when" in said:
            express = _if_all(self._when(f"{at}.when", said["when"]), express)
        if "otherwise" in said:
            express = _first_of([express, self._template(f"{at}.otherwise", said["otherwise"])])
        return express

    def _steps(self, at: str, said: Mapping[str, Any]) -> Iterator[Callable[[str], str]]:
        """What is done to a text, in this order."""
        if "find" in said:
            pattern = self._pattern(f"{at}.find", said["find"])
            yield lambda text: _found(pattern, text)
        if "split" in said:
            separator, part = str(said["split"]), int(said.get("part", 1))
            yield lambda text: _part_of(text, separator, part)
        if "values" in said:
            words = self._values.get(said["values"])
            if words is None:
                raise MappingRefused(f"{at}.values", f"There is no [values.{said['values']}].")
            yield lambda text: str(words.get(text, ""))
        if "round" in said:
            places = int(said["round"])
            yield lambda text: _rounded(text, places)
        if said.get("slug"):
            yield lambda text: slugify(text, fallback="")
        if "limit" in said:
            most = int(said["limit"])
            yield lambda text: text if len(text) <= most else f"{text[: most - 1].rstrip()}…"

    def _template(self, at: str, said: Any) -> Expression:
        """A text with the names of columns in braces."""
        if isinstance(said, bool) or not isinstance(said, str | int | float):
            raise MappingRefused(at, "Must be a text, a number, or a table with `text` or `first_of`.")
        text = str(said)
        names = [name for name in _NAME.findall(text) if name]
        self._needed |= set(names)
        if names == [text[1:-1]] and text == f"{{{names[0]}}}":
            return lambda row: row[names[0]].strip()

        def fill(row: Row) -> str:
            return _NAME.sub(lambda found: _filled(found, row), text).strip()

        return fill

    def _pattern(self, at: str, said: Any) -> re.Pattern[str]:
        try:
            return re.compile(str(said))
        except re.error as error:
            raise MappingRefused(at, f"Not a regular expression: {error}.") from error

    def _table(self, name: str) -> dict[str, Any]:
        said = self._said.get(name, {})
        if not isinstance(said, dict):
            raise MappingRefused(name, "Must be a table.")
        return said

    def _known(self, at: str, said: Any, known: set[str]) -> None:
        if not isinstance(said, dict):
            raise MappingRefused(at, "Must be a table.")
        for name in said.keys() - known:
            raise MappingRefused(f"{at}.{name}".lstrip("."), "There is no such key.")


def _filled(found: re.Match[str], row: Row) -> str:
    name = found[1]
    return found[0][0] if name is None else row[name].strip()


def _first_of(expressions: Sequence[Expression]) -> Expression:
    return lambda row: next((text for express in expressions if (text := express(row))), "")


def _after(express: Expression, step: Callable[[str], str]) -> Expression:
    def stepped(row: Row) -> str:
        text = express(row)
        return step(text) if text else ""

    return stepped


def _if_all(when: Sequence[Condition], express: Expression) -> Expression:
    return lambda row: express(row) if all(condition.holds(row) for condition in when) else ""


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return "" if match is None else match[1 if pattern.groups else 0] or ""


def _part_of(text: str, separator: str, part: int) -> str:
    parts = text.split(separator)
    return parts[part - 1].strip() if 1 <= part <= len(parts) else ""


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _rounded(text: str, places: int) -> str:
    number = _decimal(text)
    # What is no number is left for whoever reads the cell to complain of.
    if number is None or abs(number.adjusted()) > 20:  # noqa: PLR2004 -- beyond any number of the record
        return text
    return plain(number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_EVEN))
