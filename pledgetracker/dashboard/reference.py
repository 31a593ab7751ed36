"""The API's description, arranged for reading: segments, their calls, the documents that go in and out."""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

METHODS = ("get", "post", "patch", "put", "delete")

# What stands for the parts of an address in the commands shown.
PLACES = {
    "pledge": "microsoft-france-people-trained",
    "number": "1",
    "pledger": "microsoft",
    "initiative": "choose-france-2024",
    "rubric": "political",
    "version": "1",
    "tag": "choose-france",
    "rate": "eur-usd-2024-05-28",
}

# Where a parameter stands.
PARTS = {"path": "in the address", "query": "in the query", "header": "as a header"}


@dataclass(frozen=True, slots=True)
class Row:
    """A parameter or a field.

    Attributes:
        links: names of the documents that it holds.
        note: read, write or nothing: whether it is only shown or only taken.
    """

    name: str
    kind: str
    links: Sequence[str]
    required: bool
    about: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status that a call may end with, and the document that comes along."""

    status: str
    phrase: str
    document: str | None


@dataclass(frozen=True, slots=True)
class Call:
    """One method of one address."""

    id: str
    method: str
    path: str
    summary: str
    scope: str | None
    is_public: bool
    parameters: Sequence[Row]
    body: str | None
    fields: Sequence[Row]
    answers: Sequence[Answer]
    curl: str


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of the API."""

    name: str
    about: str
    calls: Sequence[Call]


@dataclass(frozen=True, slots=True)
class Shape:
    """A document."""

    name: str
    fields: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Reference:
    """The whole description."""

    version: str
    segments: Sequence[Segment]
    shapes: Sequence[Shape]


def reference(document: Mapping[str, Any], base: str) -> Reference:
    """Arrange an OpenAPI document; commands go to the service at `base`."""
    calls = [
        (tag, _call(document, method, path, item, base))
        for path, item in document["paths"].items()
        for method in METHODS
        if method in item
        for tag in item[method].get("tags", ("",))
    ]
    segments = [
        Segment(
            tag["name"], tag.get("description", ""), [call for name, call in calls if name == tag["name"]]
        )
        for tag in document.get("tags", ())
    ]
    schemas = document["components"]["schemas"]
    used = _used(schemas, {name for _, call in calls for name in _named(call)})
    shapes = [Shape(_short(name), list(_fields(schemas[name]))) for name in sorted(used)]
    return Reference(document["info"]["version"], segments, shapes)


def _named(call: Call) -> Iterator[str]:
    yield from (answer.document for answer in call.answers if answer.document)
    yield from (link for row in call.fields for link in row.links)


def _used(schemas: Mapping[str, Any], begin: set[str]) -> set[str]:
    """The documents that calls name, and those that these name, by their full names."""
    full = {_short(name): name for name in schemas}
    found: set[str] = set()
    waiting = set(begin)
    while waiting:
        name = waiting.pop()
        found.add(name)
        waiting |= {link for row in _fields(schemas[full[name]]) for link in row.links} - found
    return {full[name] for name in found}


def _short(name: str) -> str:
    return name.removesuffix("Document")


def _call(document: Mapping[str, Any], method: str, path: str, item: Mapping[str, Any], base: str) -> Call:
    operation = item[method]
    parameters = [*item.get("parameters", ()), *operation.get("parameters", ())]
    schema = _schema(operation.get("requestBody", {}))
    name = None if schema is None else schema.get("$ref", "").rpartition("/")[2]
    content = document["components"]["schemas"][name] if name else {}
    fields = [row for row in _fields(content) if row.note != "read"]
    return Call(
        id=f"{method}-{path.strip('/').replace('/', '-').translate(_NO_BRACES)}",
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        scope=operation.get("x-scope"),
        is_public={} in operation.get("security", ()),
        parameters=[_parameter(parameter) for parameter in parameters],
        body=_short(name) if name else None,
        fields=fields,
        answers=_answers(document, operation["responses"]),
        curl=_curl(method, path, _body(operation, fields), base, _sent_headers(operation, parameters)),
    )


_NO_BRACES = str.maketrans("", "", "{}")


def _schema(holder: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema of a body or an answer, whatever its media type."""
    found: Mapping[str, Any] | None = next(
        (media["schema"] for media in holder.get("content", {}).values() if "schema" in media), None
    )
    return found


def _answers(document: Mapping[str, Any], responses: Mapping[str, Any]) -> Sequence[Answer]:
    return [_answer(document, status, responses[status]) for status in sorted(responses)]


def _answer(document: Mapping[str, Any], status: str, response: Mapping[str, Any]) -> Answer:
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = _schema(response)
    name = _short(schema["$ref"].rpartition("/")[2]) if schema and "$ref" in schema else None
    if status.isdigit():
        return Answer(status, HTTPStatus(int(status)).phrase, name)
    return Answer("any other", "problem", name)


def _parameter(parameter: Mapping[str, Any]) -> Row:
    kind, links = _kind(parameter.get("schema", {}))
    where = PARTS[parameter["in"]]
    about = _about(parameter.get("description", ""), parameter.get("schema", {}))
    return Row(parameter["name"], f"{kind}, {where}", links, bool(parameter.get("required")), about)


def _about(description: str, schema: Mapping[str, Any]) -> str:
    """What a value is, and what it is where nothing is said; that a list is empty then, everybody expects."""
    default = schema.get("default", [])
    shown = default if isinstance(default, str) else json.dumps(default)
    said = "" if default == [] else f"{shown} unless said"
    return ". ".join(part.rstrip(".") for part in (description, said) if part)


def _fields(schema: Mapping[str, Any]) -> Iterator[Row]:
    required = set(schema.get("required", ()))
    for name, field in schema.get("properties", {}).items():
        kind, links = _kind(field)
        note = "read" if field.get("readOnly") else "write" if field.get("writeOnly") else ""
        yield Row(name, kind, links, name in required, _about(field.get("description", ""), field), note)


def _kind(schema: Mapping[str, Any]) -> tuple[str, Sequence[str]]:
    """What a value is, in words, and the documents that it holds."""
    if "$ref" in schema:
        name = _short(schema["$ref"].rpartition("/")[2])
        return name, (name,)
    for several in ("anyOf", "oneOf"):
        if several in schema:
            parts = [_kind(part) for part in schema[several]]
            return " or ".join(kind for kind, _ in parts), [link for _, links in parts for link in links]
    types = schema.get("type", ())
    named = [types] if isinstance(types, str) else list(types)
    if "array" in named:
        kind, links = _kind(schema.get("items", {}))
        return f"list of {kind}", links
    if "enum" in schema:
        return " | ".join("null" if value is None else str(value) for value in schema["enum"]), ()
    words = [schema.get("format", kind) if kind == "string" else kind for kind in named]
    return " or ".join(words) or "any", ()


def _sent_headers(operation: Mapping[str, Any], parameters: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What must be said in headers, as the shell takes it."""
    if {} not in operation.get("security", ()):
        yield '"Authorization: Bearer $KEY"'
    if any(parameter["name"] == "If-Match" for parameter in parameters):
        yield "'If-Match: *'"


def _body(operation: Mapping[str, Any], fields: Sequence[Row]) -> Any:
    """The example of a body; one without shows what it requires. None where nothing is sent."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        if "example" in media:
            return media["example"]
    return {row.name: "…" for row in fields if row.required} if fields else None


def _curl(method: str, path: str, body: Any, base: str, headers: Iterable[str]) -> str:
    """A command that works once $KEY is set."""
    address = base + path.format_map(PLACES)
    parts = [f"curl {shlex.quote(address)}"]
    if method != "get":
        parts[0] = f"curl -X {method.upper()} {shlex.quote(address)}"
    parts += [f"-H {header}" for header in headers]
    if body is not None:
        parts.append("-H 'Content-Type: application/json'")
        parts.append(f"-d {shlex.quote(json.dumps(body, indent=2, ensure_ascii=False))}")
    return " \\\n  ".join(parts)
