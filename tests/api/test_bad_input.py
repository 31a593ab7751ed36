"""Whatever a request brings, on every route: a problem that names the place, and nothing written."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from pledgetracker.api import examples
from pledgetracker.storage.tables import metadata
from tests.api.conftest import PARTS, PLEDGE, RATE, Refused, Shared
from tests.conftest import client_of

METHODS = ("GET", "POST", "PATCH", "DELETE")
Snapshot = Callable[[], list[tuple[Any, ...]]]

# Bodies that are wrong before anybody asks what they mean.
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "not JSON": b"value=1",
    "a bare word": b"nope",
    "a number of 10,000 digits": b'{"value": ' + b"9" * 10_000 + b"}",
    "10^100 spelled out": b'{"value": 1' + b"0" * 100 + b"}",
    "an exponent beyond bounds": b'{"value": 1e99999999999999999999}',
    "a number with a long tail": b'{"value": 0.' + b"1" * 5_000 + b"}",
    "100,000 nested lists": b'{"value": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "100,000 nested objects": b'{"value":' * 100_000 + b"1" + b"}" * 100_000,
    "brackets that never close": b"[" * 100_000,
    "nesting behind a broken escape": b'{"a\\\n": ' + b"[" * 100_000,
    "a name twice": b'{"as_of": "2026-01-01", "as_of": "2026-01-02"}',
    "a name twice, inside": b'{"statement": {"text": "a", "text": "b"}}',
    "a name twice, escaped": b'{"a": 1, "\\u0061": 2}',
    "a list": b"[]",
    "a text": b'"text"',
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "Latin-1": '{"title": "é"}'.encode("latin-1"),
    "UTF-16": '{"title": "a"}'.encode("utf-16"),
    "a raw lone surrogate": b'{"title": "\xed\xa0\x80"}',
    "a byte order mark": b'\xef\xbb\xbf{"title": "a"}',
    "trailing text": b'{"title": "a"} x',
    "a trailing comma": b'{"title": "a",}',
    "a raw control character": b'{"title": "a\x00b"}',
    "a cut-off body": b'{"title": "a',
    "a compressed body": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
}

# Bodies that hold what no text and no number can: each with the place.
UNSTORABLE: dict[str, tuple[bytes, str]] = {
    "U+0000": (b'{"title": "a\\u0000b"}', "/title"),
    "a lone surrogate": (b'{"title": "\\ud800"}', "/title"),
    "a lone surrogate in a name": (b'{"\\udfff": 1}', ""),
    "NaN": (b'{"value": NaN}', "/value"),
    "Infinity": (b'{"baseline": {"value": Infinity}}', "/baseline/value"),
    "minus Infinity": (b'{"milestones": [{"target": -Infinity}]}', "/milestones/0/target"),
    "U+0000 deep inside": (b'{"a": [{"b/c": "\\u0000"}]}', "/a/0/b~1c"),
}


def rules(app: Flask, methods: tuple[str, ...] = METHODS) -> Iterator[tuple[str, str, Rule]]:
    """Every way to call the API: method, address, rule."""
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith("/v1"):
            address = rule.build({name: PARTS[name] for name in rule.arguments}, append_unknown=False)
            assert address is not None
            for method in sorted(set(methods) & (rule.methods or set())):
                yield method, address[1], rule


# Nothing in this module changes anything, as its tests check: one record serves them all.
@pytest.fixture(scope="module")
def app(shared: Shared) -> Flask:
    return shared.app


@pytest.fixture(scope="module")
def editor(shared: Shared) -> FlaskClient:
    return shared.editor


@pytest.fixture(scope="module", autouse=True)
def record(shared: Shared) -> None:
    """Something at every address."""
    halfway = {"id": "halfway", "due": "2026-06", "target": 500000}
    shared.post("/v1/pledgers", {"id": "acme", "name": "ACME"})
    shared.post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    ada = {"email": "ada@example.org"}
    said = {"initiative": "choose", "tags": ["skills"], "milestones": [halfway], "contacts": [ada]}
    shared.post("/v1/pledges", PLEDGE | said)
    shared.post("/v1/rates", RATE)
    shared.post("/v1/pledges/people-trained/progress", {"value": 1, "as_of": "2025-11-04"})
    shared.post("/v1/pledges/people-trained/verdicts", examples.VERDICT)


@pytest.fixture
def with_bodies(app: Flask) -> list[tuple[str, str]]:
    """Every call that takes a body."""
    calls = [
        (method, address)
        for method, address, _ in rules(app, ("POST", "PATCH"))
        if not address.endswith("/requeue")
    ]
    assert len(calls) == 15
    return calls


@pytest.fixture
def snapshot(shared: Shared) -> Snapshot:
    """All rows of the record, but for those of keys."""

    def snapshot() -> list[tuple[Any, ...]]:
        with shared.runtime.database.engine.connect() as connection:
            return [
                (table.name, *row)
                for table in metadata.sorted_tables
                for row in connection.execute(select(table))
            ]

    return snapshot


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_body_is_told_so_on_every_route_and_changes_nothing(
    editor: FlaskClient, with_bodies: list[tuple[str, str]], snapshot: Snapshot, refused: Refused, body: bytes
) -> None:
    before = snapshot()
    for method, address in with_bodies:
        answer = editor.open(address, method=method, data=body, content_type="application/json")
        assert refused(answer, 400)["type"] == "/docs#problem-malformed"
    assert snapshot() == before


@pytest.mark.parametrize(("body", "place"), UNSTORABLE.values(), ids=UNSTORABLE.keys())
def test_what_no_text_can_hold_is_refused_by_its_place_on_every_route(
    editor: FlaskClient,
    with_bodies: list[tuple[str, str]],
    snapshot: Snapshot,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
    body: bytes,
    place: str,
) -> None:
    before = snapshot()
    for method, address in with_bodies:
        answer = editor.open(address, method=method, data=body, content_type="application/json")
        assert pointers(refused(answer, 422)) == {place}
    assert snapshot() == before


def test_an_unknown_field_is_named_on_every_route(
    editor: FlaskClient,
    with_bodies: list[tuple[str, str]],
    snapshot: Snapshot,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
) -> None:
    before = snapshot()
    for method, address in with_bodies:
        answer = editor.open(address, method=method, json={"~colour/": "red"})
        assert "/~0colour~1" in pointers(refused(answer, 422))
    assert snapshot() == before


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonp",
        "application/merge-patch+json",
        "nonsense",
        "multipart/form-data; boundary=x",
    ],
)
def test_another_content_type_is_refused_on_every_route(
    editor: FlaskClient, with_bodies: list[tuple[str, str]], refused: Refused, content_type: str | None
) -> None:
    for method, address in with_bodies:
        answer = editor.open(address, method=method, data=b'{"title": "x"}', content_type=content_type)
        assert "Content-Type: application/json" in refused(answer, 415)["detail"]


@pytest.mark.parametrize("is_chunked", [False, True])
def test_a_body_of_two_megabytes_is_too_large_on_every_route(
    editor: FlaskClient,
    with_bodies: list[tuple[str, str]],
    snapshot: Snapshot,
    refused: Refused,
    *,
    is_chunked: bool,
) -> None:
    before = snapshot()
    body = json.dumps({"note": "x" * 2_000_000}).encode()
    environ: dict[str, Any] = {}
    if is_chunked:
        environ = {"wsgi.input_terminated": True, "CONTENT_LENGTH": "", "HTTP_TRANSFER_ENCODING": "chunked"}
    for method, address in with_bodies:
        answer = editor.open(
            address, method=method, data=body, content_type="application/json", environ_overrides=environ
        )
        assert "1 MiB" in refused(answer, 413)["detail"]
    assert snapshot() == before


def test_a_bad_key_is_told_before_the_body_is_looked_at(
    app: Flask, with_bodies: list[tuple[str, str]], refused: Refused
) -> None:
    stranger = client_of(app, "pt_nobody_knows")
    bodies = [b"", b"[" * 100_000, b"x" * 2_000_000, b'{"value": NaN}']
    for method, address in with_bodies:
        for body in bodies:
            answer = stranger.open(address, method=method, data=body, content_type="application/json")
            assert refused(answer, 401)["type"] == "/docs#problem-key-unknown"
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_an_unknown_query_name_is_named_on_every_route(
    app: Flask,
    editor: FlaskClient,
    snapshot: Snapshot,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
) -> None:
    before = snapshot()
    for method, address, _ in rules(app):
        json_body = {"title": "x"} if method in {"POST", "PATCH"} else None
        answer = editor.open(f"{address}?colour=red", method=method, json=json_body)
        assert "?colour" in pointers(refused(answer, 422)), (method, address)
    assert snapshot() == before


LISTS = (
    "/v1/pledges",
    "/v1/pledges/people-trained/progress",
    "/v1/pledges/people-trained/verdicts",
    "/v1/rubrics",
    "/v1/pledgers",
    "/v1/initiatives",
    "/v1/flags",
    "/v1/alerts",
)
BAD_QUERIES = {
    "limit": ["0", "201", "-1", "1.0", "²", "٣", "1e1", "", " 1", "9" * 400, "NaN", "true", "1_0", "+1"],
    "sort": ["colour", "--id", "ID", "", "id,title", "\x00"],
    "cursor": ["", "x", "%", "AAAA", "bnVsbA==", "e30=", "W10=", "WyJpZCIsMSwyXQ", "é", "[" * 5000, "\x00"],
}


@pytest.mark.parametrize("address", LISTS)
def test_bad_parameters_of_a_list_are_named(
    anybody: FlaskClient, refused: Refused, pointers: Callable[[dict[str, Any]], set[str]], address: str
) -> None:
    for name, values in BAD_QUERIES.items():
        for value in values:
            problem = refused(anybody.get(address, query_string={name: value}), 422)
            assert pointers(problem) == {f"?{name}"}, value


@pytest.mark.parametrize(
    ("query", "name"),
    [("limit=1&q=%ff", "?q"), ("q=a%ed%a0%80", "?q"), ("%c3=1", "?\N{REPLACEMENT CHARACTER}")],
)
def test_a_query_that_is_not_utf_8_is_refused(
    anybody: FlaskClient,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
    query: str,
    name: str,
) -> None:
    assert pointers(refused(anybody.get(f"/v1/pledges?{query}"), 422)) == {name}


@pytest.mark.parametrize("address", [*LISTS, "/v1/pledges/people-trained"])
def test_a_query_name_may_stand_only_once(
    anybody: FlaskClient, refused: Refused, pointers: Callable[[dict[str, Any]], set[str]], address: str
) -> None:
    problem = refused(anybody.get(f"{address}?limit=1&limit=1&as_of=2026-01-01&as_of=2026-01-02"), 422)
    assert pointers(problem) == {"?limit", "?as_of"}


@pytest.mark.parametrize(
    ("address", "name", "values"),
    [
        (
            "/v1/pledges",
            "as_of",
            [
                "2025",
                "2025-02-30",
                "0000-01-01",
                "9999-12-31",
                "2025-11-04T00:00",
                "",
                "\u0662\u0660\u0662\u0665-11-04",
                "2025-1-1",
                "20250101",
            ],
        ),
        ("/v1/pledges", "due_from", ["1969-12-31", "2201-01-01"]),
        ("/v1/pledges", "status", ["", "ON_TRACK", "on_track,met"]),
        ("/v1/pledges", "pledger", ["A", "", "a--b", "a" * 101, "a\x00", "../a"]),
        ("/v1/pledges", "initiative", ["A_B"]),
        ("/v1/pledges", "q", ["", "  ", "x" * 201, "\x00", "a\nb"]),
        ("/v1/pledges/people-trained", "as_of", ["2201-01-01", "NaN", "-2025-01-01"]),
        ("/v1/flags", "open", ["1", "TRUE", "", "null", "[]"]),
        ("/v1/flags", "kind", ["progress", ""]),
        ("/v1/alerts", "state", ["waiting"]),
        ("/v1/alerts", "pledge", ["%"]),
    ],
)
def test_bad_filters_are_named(
    anybody: FlaskClient,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
    address: str,
    name: str,
    values: list[str],
) -> None:
    for value in values:
        assert pointers(refused(anybody.get(address, query_string={name: value}), 422)) == {f"?{name}"}, value


NUMBERS = [
    "1e400",
    "1e999999999",
    "1e-999999",
    "9223372036854775808",
    "-9223372036854775809",
    "1" + "0" * 99,
    "1234567890123456",
    "0.1234567",
    "true",
    "false",
    '"1"',
    '"٣"',
    "[]",
    "{}",
    '""',
    "1e18",
    "-1e18",
]
WHOLES = ["0", "-1", "1.0", "1.5", "1e2", "true", '"1"', "9223372036854775808", "2147483648", "36501", "[1]"]
DAYS = [
    '"2025"',
    '"2025-02-30"',
    '"0000-01-01"',
    '"9999-12-31"',
    '"2025-11-04T00:00:00"',
    '"2025-11-04T00:00:00Z"',
    "20251104",
    "true",
    '""',
    '"\u0662\u0660\u0662\u0665-11-04"',
    '"1969-12-31"',
    '"2201-01-01"',
    '" 2025-11-04"',
    '"2025-11-04\\n"',
    "[]",
]
DUES = [
    *DAYS[1:5],
    '"0000"',
    '"9999"',
    '"2025-Q5"',
    '"2025-13"',
    '"2025-00"',
    '"25"',
    "2025",
    "true",
    "[]",
    '""',
    "{}",
    '{"text": null}',
    '{"text": 2025}',
    '{"text": "2025", "colour": 1}',
    '{"text": "2027", "time_zone": "Mars/Olympus"}',
    '{"text": "2027", "time_zone": 1}',
    '{"date": "2025-02-30"}',
    '"\\u0662\\u0660\\u0662\\u0665"',
]
LINES = [
    '""',
    '"  "',
    "1",
    "true",
    "[]",
    "{}",
    '"a\\nb"',
    '"a\\u2028b"',
    '"a\\u0085"',
    '"a\\tb"',
    '"a\\u0007"',
    json.dumps("x" * 501),
]
SLUGS = ['""', '"A"', '"a b"', '"-a"', '"a--b"', '"é"', "1", json.dumps("a" * 101), '"a\\n"', "null"]
URLS = [
    '"javascript:alert(1)"',
    '"http://"',
    '"//example.org"',
    '"http://[::1"',
    '"ftp://example.org"',
    '"http://a b"',
    "1",
    json.dumps("http://a/" + "x" * 2000),
    '"http://a\\u3000b/"',
]


@pytest.mark.parametrize(
    ("address", "name", "values"),
    [
        ("progress", "value", NUMBERS),
        ("progress", "increment", NUMBERS),
        ("progress", "no_change", ["1", "0", '"true"', "[]"]),
        ("progress", "done", ["1", '"yes"']),
        ("progress", "supersedes", [value for value in WHOLES if value != "36501"]),
        ("progress", "as_of", [*DAYS, "null"]),
        ("progress", "reported_at", DAYS),
        ("progress", "milestone", SLUGS[:-1]),
        ("progress", "claim", ['"rumour"', "1", '""']),
        ("progress", "evidence", ["{}", "1", "[1]", '["x"]', "[[]]"]),
        ("progress", "note", ['""', "1", '"a\\u0007"', json.dumps("x" * 20_001)]),
        ("progress", "reported_by", LINES),
        ("", "target", NUMBERS),
        ("", "tolerance", [*NUMBERS, "1", "-0.1"]),
        ("", "cadence_days", WHOLES),
        ("", "grace_days", WHOLES[1:]),
        ("", "due", DUES),
        ("", "announced_on", [*DAYS, "null"]),
        ("", "title", [*LINES, "null"]),
        ("", "indicator", LINES),
        ("", "unit", LINES),
        ("", "pledger", SLUGS),
        ("", "initiative", SLUGS[:-1]),
        ("", "comparator", ['"roughly"', "1", "null"]),
        (
            "",
            "time_zone",
            ['"Mars/Olympus"', '"../etc/passwd"', '"/etc/localtime"', '""', "1", '"localtime"'],
        ),
        ("", "statement", ["1", '"text"', "[]", "true"]),
        ("", "baseline", ["1", "[]", '"0"']),
        ("", "milestones", ["1", "{}", "[1]", json.dumps([{}] * 202)]),
        ("", "contacts", ["1", "{}", "[1]", json.dumps([{"email": "a@example.org"}] * 201)]),
    ],
)
def test_bad_values_are_refused_by_their_place_and_change_nothing(
    editor: FlaskClient, snapshot: Snapshot, refused: Refused, address: str, name: str, values: list[str]
) -> None:
    before = snapshot()
    method = "POST" if address else "PATCH"
    for value in values:
        answer = editor.open(
            f"/v1/pledges/people-trained/{address}".rstrip("/"),
            method=method,
            data=f'{{"{name}": {value}}}'.encode(),
            content_type="application/json",
        )
        problem = refused(answer, 422)
        places = [error["pointer"] for error in problem["errors"]]
        assert any(place == f"/{name}" or place.startswith(f"/{name}/") for place in places), (value, problem)
    assert snapshot() == before


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"statement": {"text": "", "source": None}}, "/statement/text"),
        ({"statement": {"text": "a", "source": {}}}, "/statement/source"),
        ({"statement": {"text": "a", "source": {"published_on": "2025-01-01"}}}, "/statement/source"),
        *(
            ({"statement": {"text": "a", "source": {"url": json.loads(url)}}}, "/statement/source/url")
            for url in URLS
        ),
        ({"statement": {"text": "a", "colour": 1}}, "/statement/colour"),
        ({"milestones": [{"id": "a"}]}, "/milestones/0/due"),
        ({"milestones": [{"id": "a", "due": "2025", "target": True}]}, "/milestones/0/target"),
        ({"milestones": [{"id": "a", "due": {"text": "2025", "x": 1}}]}, "/milestones/0/due/x"),
        ({"milestones": [{"id": "a", "due": "2028"}]}, "/milestones/0/due"),
        ({"milestones": [{"id": "a", "due": "2025", "target": 1000001}]}, "/milestones/0/target"),
        ({"milestones": [{"id": "a", "due": "2025", "set_by": "us"}]}, "/milestones/0/set_by"),
        ({"contacts": [{"email": "nobody"}]}, "/contacts/0/email"),
        ({"contacts": [{"email": "a@example.org"}, {"email": "A@example.org"}]}, "/contacts/1/email"),
        ({"contacts": [{"email": "a@example.org", "language": "de"}]}, "/contacts/0/language"),
        ({"contacts": [{"name": "A"}]}, "/contacts/0/email"),
        ({"baseline": {"date": "2028-01-01"}}, "/due"),
        ({"baseline": {"value": 1000000}}, "/target"),
        ({"tolerance": 0.1}, "/tolerance"),
        ({"comparator": "event"}, "/target"),
        ({"pledger": "nobody"}, "/pledger"),
        ({"initiative": "nothing"}, "/initiative"),
        ({"id": "another"}, "/id"),
    ],
)
def test_a_bad_pledge_is_refused_by_the_place(
    editor: FlaskClient,
    snapshot: Snapshot,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
    document: dict[str, Any],
    place: str,
) -> None:
    before = snapshot()
    answer = editor.patch("/v1/pledges/people-trained", json=document)
    assert place in pointers(refused(answer, 422))
    assert snapshot() == before


@pytest.mark.parametrize(
    "address",
    [
        "/v1",
        "/v1/",
        "/v1/pledges/",
        "/v1/pledges/people-trained/",
        "//v1/pledges",
        "/v1//pledges",
        "/v1/pledges//progress",
        "/v1/pledges/%00",
        "/v1/pledges/people-trained%00",
        "/v1/pledges/%ff",
        "/v1/pledges/People-Trained",
        "/v1/pledges/..%2f..%2fetc",
        "/v1/pledges/" + "a" * 101,
        "/v1/pledges/" + "a/" * 5_000,
        "/v1/pledges/nobody",
        "/v1/pledges/people-trained/progress/0",
        "/v1/pledges/people-trained/progress/2",
        "/v1/pledges/people-trained/progress/999999999",
        "/v1/pledges/people-trained/progress/9999999999",
        "/v1/pledges/people-trained/progress/-1",
        "/v1/pledges/people-trained/progress/²",
        "/v1/pledgers/nobody",
        "/v1/initiatives/nothing",
        "/v1/pledges/nobody/progress",
        "/v2/pledges",
        "/openapi.yaml",
    ],
)
def test_an_address_of_nothing_is_a_problem_for_every_method(
    editor: FlaskClient, refused: Refused, address: str
) -> None:
    refused(editor.get(address), 404)
    assert editor.head(address).status_code == 404
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = editor.open(address, method=method, json={"value": 1, "as_of": "2026-01-01"})
        refused(answer, answer.status_code if answer.status_code in {404, 405, 422} else 404)


@pytest.mark.parametrize("method", ["PUT", "TRACE", "CONNECT", "PROPFIND", "NOSUCH"])
def test_an_unknown_method_is_told_the_known_ones(
    app: Flask, editor: FlaskClient, refused: Refused, method: str
) -> None:
    for _, address, rule in rules(app):
        answer = editor.open(address, method=method)
        refused(answer, 405)
        assert set(answer.headers["Allow"].split(", ")) >= (rule.methods or set())


def test_head_and_options_answer_without_a_body(app: Flask, editor: FlaskClient, snapshot: Snapshot) -> None:
    before = snapshot()
    for _, address, _ in rules(app):
        options = editor.options(address)
        assert (options.status_code, options.data) == (200, b"")
        assert "OPTIONS" in options.headers["Allow"]
    for _, address, _ in rules(app, ("GET",)):
        head = editor.head(address)
        assert (head.status_code, head.data) == (200, b"")
        # Of what comes piece by piece nobody knows the length.
        length = editor.get(address).headers.get("Content-Length")
        assert head.headers.get("Content-Length") == length
        assert length is not None or address.startswith("/v1/initiatives/")
    assert snapshot() == before
