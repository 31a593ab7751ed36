"""Reading what a request brings, strictly: nothing unknown, doubled or malformed passes unseen."""

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from urllib.parse import unquote_to_bytes

from marshmallow import RAISE, Schema, ValidationError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import BadRequest, UnsupportedMediaType

from pledgetracker.api.wording import plainer
from pledgetracker.domain.errors import FieldProblem, Invalid
from pledgetracker.web import UNSTORABLE

MAX_DEPTH = 20
MAX_NUMBER_LENGTH = 100


class Malformed(BadRequest):
    """The body is not the JSON that it should be."""


def parse_json(body: bytes) -> Any:
    """The JSON value in `body`, numbers as int or Decimal.

    Raises:
        Malformed: it is not JSON in UTF-8, is nested too deeply, repeats a name in an object, or holds
            numbers of more digits than anybody means.
        Invalid: it holds characters or numbers that nothing can store.
    """
    try:
        text = body.decode()
        _check_depth(text)
        parsed = json.loads(
            text,
            object_pairs_hook=_object,
            parse_constant=Decimal,
            parse_int=_integer,
            parse_float=_decimal,
        )
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8: byte {error.start} is out of place.") from None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise Malformed(f"The body is not JSON: {error.msg.lower()} at {place}.") from None
    for pointer, found in _leaves(parsed):
        if isinstance(found, str) and UNSTORABLE.search(found):
            detail = "Holds U+0000 or half of a surrogate pair, which no text can; leave it out."
            raise Invalid.field(pointer, detail)
        if isinstance(found, Decimal) and not found.is_finite():
            raise Invalid.field(pointer, f"{found} is no JSON number; use null where there is none.")
    return parsed


def _check_depth(text: str) -> None:
    """Refuse deep nesting before the parser, which recurses, meets it."""
    depth = 0
    for bracket in re.findall(r'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[\]{}]', text):
        if bracket in {"[", "{"}:
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif bracket in {"]", "}"}:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(
            f"The name {twice[:100]!r} stands twice in one object; only one of them can be meant."
        )
    return found


def _integer(digits: str) -> int:
    _check_length(digits)
    return int(digits)


def _decimal(digits: str) -> Decimal:
    _check_length(digits)
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise Malformed("A number has an exponent beyond all bounds.") from None


def _check_length(digits: str) -> None:
    if len(digits) > MAX_NUMBER_LENGTH:
        raise Malformed(f"A number has more than {MAX_NUMBER_LENGTH} digits.")


def _leaves(value: Any, pointer: str = "") -> Iterator[tuple[str, str | Decimal]]:
    """Every text and decimal in a JSON value, names included, each with a pointer to its place."""
    match value:
        case str() | Decimal():
            yield pointer, value
        case list():
            for i, item in enumerate(value):
                yield from _leaves(item, f"{pointer}/{i}")
        case dict():
            for name, item in value.items():
                yield pointer, name
                yield from _leaves(item, f"{pointer}/{_escaped(name)}")


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def field_problems(messages: Any, pointer: str = "") -> Iterator[FieldProblem]:
    """Marshmallow's messages, in our words, as one problem a field, each with a JSON Pointer."""
    if isinstance(messages, Mapping):
        for name, inner in messages.items():
            is_whole = name == "_schema"
            yield from field_problems(inner, pointer if is_whole else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(messages, list):
        for message in messages:
            yield from field_problems(message, pointer)
    else:
        yield FieldProblem(pointer, plainer(str(messages)))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


class StrictParser(FlaskParser):
    """Hands bodies and queries to schemas, and every complaint to the problem table."""

    DEFAULT_UNKNOWN_BY_LOCATION = {"json": RAISE, "query": RAISE}

    def load_json(self, req: Any, schema: Schema) -> Any:
        """The body as JSON."""
        del schema
        if req.mimetype != "application/json":
            raise UnsupportedMediaType("Send the body as JSON, with 'Content-Type: application/json'.")
        body = req.get_data()
        if req.content_length is None:
            # A body in chunks is cut at the limit without a word; only asking for more is refused.
            req.stream.read(1)
        parsed = parse_json(body)
        if not isinstance(parsed, dict):
            raise Malformed("The body must be a JSON object.")
        return parsed

    def load_querystring(self, req: Any, schema: Schema) -> Any:
        """The query, in which no name may stand twice."""
        del schema
        problems = [
            # The framework reads on past what is not UTF-8, and puts replacement characters there.
            FieldProblem(f"?{unquote_to_bytes(name).decode(errors='replace')}", "Is not UTF-8.")
            for name, _, value in (part.partition(b"=") for part in req.query_string.split(b"&"))
            if not _is_utf8(unquote_to_bytes(name + value))
        ]
        problems += [
            FieldProblem(f"?{name}", "Stands twice; only one can be meant.")
            for name, values in req.args.lists()
            if len(values) > 1
        ]
        problems += [
            FieldProblem(f"?{name}", "Holds characters that no text can.")
            for name, value in req.args.items()
            if UNSTORABLE.search(name + value)
        ]
        if problems:
            raise Invalid(problems)
        return req.args.to_dict()

    def handle_error(
        self, error: ValidationError, req: Any, schema: Schema, *, error_status_code: Any, error_headers: Any
    ) -> NoReturn:
        """Raise what the schema refused."""
        del req, schema, error_status_code, error_headers
        by_location: Any = error.messages
        raise Invalid(
            FieldProblem(
                f"?{problem.pointer[1:]}" if location == "query" else problem.pointer, problem.detail
            )
            for location, messages in by_location.items()
            for problem in field_problems(messages)
        ) from error
