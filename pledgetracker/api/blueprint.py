"""What every segment of the API is made with: strict arguments, documented scopes, lists and problems."""

from functools import wraps
from http import HTTPStatus
from typing import Any

from flask import Flask
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from werkzeug.routing import BaseConverter

from pledgetracker.api.fields import Line
from pledgetracker.api.parsing import StrictParser
from pledgetracker.domain.slug import MAX_LENGTH, PATTERN
from pledgetracker.web import visit

# Where the library keeps what it notes of a view.
NOTES = "_apidoc"


class SlugConverter(BaseConverter):
    """An id in an address; anything else is no address of ours."""

    regex = rf"[a-z0-9-]{{1,{MAX_LENGTH}}}"


class NumberConverter(BaseConverter):
    """The number of an update in an address."""

    regex = r"[1-9][0-9]{0,8}"

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


def slug_parameter(_: SlugConverter) -> dict[str, Any]:
    """How an id in an address is documented."""
    return {"type": "string", "pattern": f"^{PATTERN.pattern}$", "maxLength": MAX_LENGTH}


def number_parameter(_: NumberConverter) -> dict[str, Any]:
    """How a number in an address is documented."""
    return {"type": "integer", "minimum": 1, "maximum": 999_999_999}


def add_converters(app: Flask) -> None:
    """Teach the application to read ids and numbers in addresses."""
    app.url_map.converters |= {"slug": SlugConverter, "number": NumberConverter}


class ApiBlueprint(Blueprint):
    """A segment of the API."""

    ARGUMENTS_PARSER = StrictParser()

    def arguments(self, schema: Any, *, location: str = "json", **kwargs: Any) -> Any:
        """Let a view take arguments, and note where it says that it reads the query."""
        decorate = super().arguments(schema, location=location, **kwargs)

        def noted(view: Any) -> Any:
            taking = decorate(view)
            if location == "query":
                taking = _shortcut(view, taking, schema)
            # Read by `access.needs`, which refuses any query where nobody would look at it.
            taking.reads_query = location == "query" or getattr(view, "reads_query", False)
            return taking

        return noted

    def response(self, *args: Any, **kwargs: Any) -> Any:
        """Document how a call ends when all goes well; the answer itself the view makes."""
        return _documenting(super().response(*args, **kwargs))

    def refuses(self, *statuses: int) -> Any:
        """Document that a call may end with these problems."""

        def decorate(view: Any) -> Any:
            for status in statuses:
                view = _documenting(self.alt_response(status, HTTPStatus(status).name))(view)
            return view

        return decorate


def _documenting(decorate: Any) -> Any:
    """Of a decorator of the library's only what it notes for the document, and nothing around the view."""

    def documented(view: Any) -> Any:
        vars(view)[NOTES] = vars(decorate(view))[NOTES]
        return view

    return documented


def _shortcut(view: Any, taking: Any, schema: Any) -> Any:
    """Without a query there is nothing to parse: what the schema makes of nothing is made once."""
    nothing_said = schema.load({})

    @wraps(taking)
    def short(*args: Any, **kwargs: Any) -> Any:
        if visit().environ.get("QUERY_STRING"):
            return taking(*args, **kwargs)
        return view(dict(nothing_said), *args, **kwargs)

    return short


def list_of(schema: type[Schema]) -> type[Schema]:
    """The document of one page of a list."""
    cursor = Line(
        dump_only=True, allow_none=True, metadata={"description": "For the next page; null after the last."}
    )
    name = schema.__name__.removesuffix("Document") + "List"
    items = fields.List(fields.Nested(schema), dump_only=True)
    return Schema.from_dict({"items": items, "next_cursor": cursor}, name=name)
