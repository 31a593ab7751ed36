"""Lists: walked to the end, in every order, nothing comes twice and nothing is missing."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, example, given
from hypothesis import strategies as st

from tests.api.conftest import Post, Promise, Refused, Shared
from tests.conftest import Clock
from tests.examples import times

# Titles that sort apart from their ids, and that cursors have stumbled over: no-break space, long, astral.
TITLES = [
    "Éclair",
    "Chiffre d\u2019affaires\u00a0: 3\u00a0Md\u20ac",
    "\U0001f680" * 500,
    "zebra",
    "Zebra",
    "same",
    "same",
    "\u200bhidden",
    'quoted "/"',
]
SORTS = {
    "/v1/pledges": ("id", "title", "announced_on", "updated_at", "due"),
    "/v1/pledgers": ("id", "name", "updated_at"),
    "/v1/initiatives": ("id", "title", "updated_at"),
    "/v1/pledges/p-0/progress": ("id", "as_of"),
    "/v1/flags": ("id", "opened_at"),
    "/v1/alerts": ("id", "due_at"),
}
ORDERS = [(address, sign + name) for address, names in SORTS.items() for name in names for sign in ("", "-")]


def pages(client: FlaskClient, address: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
    """Every page of a list, first to last."""
    for _ in range(100):
        page = client.get(address, query_string=query).get_json()
        yield page["items"]
        if page["next_cursor"] is None:
            return
        query["cursor"] = page["next_cursor"]
    pytest.fail("The list does not end.")


def walk(client: FlaskClient, address: str, **query: Any) -> list[Any]:
    """The ids of a whole list, page by page."""
    return [item["id"] for page in pages(client, address, **query) for item in page]


def fill(post: Callable[[str, dict[str, Any]], Any]) -> None:
    """Record nine of everything."""
    for i, title in enumerate(TITLES):
        post("/v1/pledgers", {"id": f"o-{i}", "name": title})
        post("/v1/initiatives", {"id": f"i-{i}", "title": title})
        said = {
            "id": f"p-{i}",
            "title": title,
            "pledger": f"o-{i}",
            "announced_on": f"202{i % 4}-01-01",
            "due": None if i % 4 == 0 else f"202{4 + i % 4}",
            "contacts": [{"email": "ada@example.org"}],
        }
        post("/v1/pledges", said)
    for i in range(9):
        post("/v1/pledges/p-0/progress", {"value": i, "as_of": str(date(2026, 1, 1) + timedelta(i % 4))})


@pytest.fixture(scope="module")
def reader(shared: Shared) -> FlaskClient:
    """Reads a record that the tests of this module share."""
    fill(shared.post)
    return shared.anybody


@pytest.mark.parametrize(("address", "sort"), ORDERS)
def test_a_walk_meets_everything_once_and_backwards_is_the_reverse(
    reader: FlaskClient, address: str, sort: str
) -> None:
    [everything] = pages(reader, address, sort=sort, limit=200)
    expected = [item["id"] for item in everything]
    assert len(expected) == len(set(expected)) >= 9
    for limit in (1, 2, 7, len(expected)):
        assert walk(reader, address, sort=sort, limit=limit) == expected
    other_way = sort[1:] if sort.startswith("-") else f"-{sort}"
    assert walk(reader, address, sort=other_way, limit=4) == expected[::-1]


def test_the_order_is_that_of_the_sort_and_pledges_without_a_deadline_come_last(reader: FlaskClient) -> None:
    [by_due] = pages(reader, "/v1/pledges", sort="due", limit=200)
    days = [item["due"] and item["due"]["date"] for item in by_due]
    dated = [day for day in days if day is not None]
    assert days == sorted(dated) + [None] * (len(days) - len(dated))
    [by_day] = pages(reader, "/v1/pledges/p-0/progress", sort="-as_of", limit=200)
    assert [item["as_of"] for item in by_day] == sorted((item["as_of"] for item in by_day), reverse=True)


@pytest.mark.parametrize("sort", ["-id", "title", "updated_at"])
def test_items_added_during_a_walk_make_none_come_twice_or_go_missing(
    anybody: FlaskClient, post: Post, clock: Clock, sort: str
) -> None:
    fill(post)
    met: list[str] = []
    for n, page in enumerate(pages(anybody, "/v1/pledges", sort=sort, limit=2)):
        met += [item["id"] for item in page]
        clock.now += timedelta(seconds=1)
        for where in ("a", "z"):
            said = {"title": f"{where}-{n}", "pledger": "o-0", "announced_on": "2026-01-01"}
            post("/v1/pledges", said)
        if n > 10:
            break
    assert len(met) == len(set(met))
    assert {f"p-{i}" for i in range(9)} <= set(met)


def test_a_page_holds_fifty_unless_more_or_fewer_are_asked_for(
    anybody: FlaskClient, post: Post, acme: dict[str, Any]
) -> None:
    for i in range(54):
        post("/v1/initiatives", {"title": f"No. {i}"})
    assert [len(page) for page in pages(anybody, "/v1/initiatives")] == [50, 4]
    assert [len(page) for page in pages(anybody, "/v1/initiatives", limit=27)] == [27, 27]


def test_a_cursor_belongs_to_its_sort_and_list(reader: FlaskClient, refused: Refused) -> None:
    cursor = reader.get("/v1/pledges?limit=1&sort=title").get_json()["next_cursor"]
    for address in (
        "/v1/pledges?sort=-title",
        "/v1/pledges?sort=id",
        "/v1/pledges",
        "/v1/flags",
        "/v1/alerts",
    ):
        told = refused(reader.get(f"{address}{'&' if '?' in address else '?'}cursor={cursor}"), 422)
        assert "begin without one" in told["detail"]


def forged(*parts: Any) -> str:
    return urlsafe_b64encode(json.dumps(parts).encode()).decode()


@pytest.mark.parametrize("parts", [["id", "a", "a"], ["id", None, "a"], ["id", 2**63, 1], ["id", "a"], []])
def test_a_forged_cursor_is_refused(reader: FlaskClient, refused: Refused, parts: list[Any]) -> None:
    for address in ("/v1/pledges", "/v1/flags", "/v1/alerts", "/v1/pledges/p-0/progress"):
        told = refused(reader.get(address, query_string={"cursor": forged(*parts)}), 422)
        assert told["errors"][0]["parameter"] == "cursor"


def test_a_cursor_changed_by_one_character_is_refused(reader: FlaskClient, refused: Refused) -> None:
    cursor = reader.get("/v1/pledges?limit=1").get_json()["next_cursor"]
    for place in range(0, len(cursor), 7):
        other = "A" if cursor[place] != "A" else "B"
        changed = cursor[:place] + other + cursor[place + 1 :]
        refused(reader.get("/v1/pledges", query_string={"cursor": changed}), 422)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
)


@times(2, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cursor=st.text(max_size=60)
    | st.binary(max_size=60).map(lambda raw: urlsafe_b64encode(raw).decode())
    | st.tuples(st.just("id") | JSON, JSON, JSON).map(lambda parts: forged(*parts))
    | st.tuples(st.just("-updated_at"), st.datetimes().map(str) | JSON, JSON).map(
        lambda parts: forged(*parts)
    ),
    sort=st.sampled_from(["id", "-updated_at", "due", "title"]),
)
@example(cursor=urlsafe_b64encode(b"[" * 3000).decode(), sort="id")
@example(cursor=urlsafe_b64encode(b"9" * 3000).decode(), sort="id")
@example(cursor=urlsafe_b64encode(b'{"id": 1, "a": 2, "b": 3}').decode(), sort="id")
def test_no_cursor_is_an_error_of_ours(reader: FlaskClient, cursor: str, sort: str) -> None:
    for address in ("/v1/pledges", "/v1/pledgers"):
        answer = reader.get(address, query_string={"cursor": cursor.encode("utf-8", "replace"), "sort": sort})
        assert answer.status_code in {200, 422}


@pytest.mark.parametrize(("query", "found"), [
    ("pledger=o-3", ["p-3"]),
    ("pledger=nobody", []),
    ("due_from=2026-01-01", ["p-2", "p-3", "p-6", "p-7"]),
    ("due_to=2025-12-31", ["p-1", "p-5"]),
    ("due_from=2025-12-31&due_to=2025-12-31", ["p-1", "p-5"]),
    ("due_from=2026-12-31&due_to=2026-12-31&pledger=o-2", ["p-2"]),
    ("q=zebra", ["p-3", "p-4"]),
    ("q=ZEBRA", ["p-3", "p-4"]),
    ("q=eclair", ["p-0"]),
    ("q=ÉCLAIR", ["p-0"]),
    ("q=affaires+chiffre", ["p-1"]),
    ("q=affaires+zebra", []),
    ("q=%25", []),
    ("q=_", []),
    ("q=%5C", []),
    ("q=/", ["p-8"]),
    ("q=%22", ["p-8"]),
    ("q='", []),
    ("q=%F0%9F%9A%80", ["p-2"]),
    ("q=o-7", ["p-7"]),
    ("q=Md€", ["p-1"]),
])  # fmt: skip
def test_pledges_are_found_by_every_filter(reader: FlaskClient, query: str, found: list[str]) -> None:
    assert [item["id"] for item in reader.get(f"/v1/pledges?{query}").get_json()["items"]] == found


def test_a_range_of_days_without_any_is_refused(reader: FlaskClient, refused: Refused) -> None:
    answer = reader.get("/v1/pledges?due_from=2026-01-02&due_to=2026-01-01")
    [told] = refused(answer, 422)["errors"]
    assert told == {
        "parameter": "due_to",
        "detail": "Lies before due_from, 2026-01-02: no day is in between.",
    }


def test_text_is_sought_in_indicator_unit_and_statement_too(anybody: FlaskClient, promise: Promise) -> None:
    promise(statement={"text": "Nous formerons un million de personnes"}, unit="Élève")
    for words in ("formerons", "completed", "eleve", "people-trained", "ACME", "million PERSONNES"):
        assert len(anybody.get("/v1/pledges", query_string={"q": words}).get_json()["items"]) == 1, words
    assert anybody.get("/v1/pledges?q=microsoft").get_json()["items"] == []


def test_the_filter_for_an_initiative_finds_what_stands_under_it(
    anybody: FlaskClient, promise: Promise, post: Post
) -> None:
    for name, parent in (("top", None), ("middle", "top"), ("bottom", "middle"), ("apart", None)):
        post("/v1/initiatives", {"id": name, "title": name, "parent": parent})
        promise(id=f"of-{name}", initiative=name)
    promise(id="of-none")
    for name, found in {
        "top": ["of-bottom", "of-middle", "of-top"],
        "middle": ["of-bottom", "of-middle"],
        "bottom": ["of-bottom"],
        "apart": ["of-apart"],
        "unknown": [],
    }.items():
        listed = anybody.get(f"/v1/pledges?initiative={name}").get_json()["items"]
        assert [item["id"] for item in listed] == found


@pytest.fixture
def ageing(promise: Promise, post: Post, clock: Clock) -> None:
    """Pledges that the clock alone moves from one headline to the next."""
    promise(id="silent")
    promise(id="late", due="2026-12")
    promise(id="reported")
    promise(id="capped", comparator="at_most", due="2027-06")
    promise(id="open-ended", due=None, target=None)
    promise(id="ceiling", comparator="up_to", due="2027-03")
    for name in ("reported", "capped", "open-ended", "ceiling"):
        post(f"/v1/pledges/{name}/progress", {"value": 800000, "as_of": "2026-11-01"})


def test_the_status_asked_for_is_the_status_shown_also_when_no_tick_has_run(
    anybody: FlaskClient, ageing: None, clock: Clock
) -> None:
    today = clock.now
    seen: set[str] = set()
    for days in (0, 38, 39, 67, 68, 97, 98, 99, 127, 128, 129, 219, 220, 403, 404, 4000):
        clock.now = today + timedelta(days)
        shown = {item["id"]: item["status"] for item in anybody.get("/v1/pledges").get_json()["items"]}
        assert len(shown) == 6
        for status in set(shown.values()) | {"met", "withdrawn", "stale", "overdue", "on_track"}:
            expected = [key for key, value in shown.items() if value == status]
            assert walk(anybody, "/v1/pledges", status=status, limit=1) == expected, days
        seen |= set(shown.values())
    assert {"never_reported", "stale", "overdue", "met", "indeterminate"} <= seen


def test_a_list_as_of_a_day_shows_and_filters_what_each_pledge_shows_as_of_that_day(
    anybody: FlaskClient, ageing: None
) -> None:
    days = ("1970-01-01", "2024-05-13", "2026-10-31", "2026-11-01", "2027-04-01", "2028-01-01", "2200-12-31")
    for as_of in days:
        listed = anybody.get(f"/v1/pledges?as_of={as_of}").get_json()["items"]
        assert len(listed) == 6
        for item in listed:
            assert item == anybody.get(f"/v1/pledges/{item['id']}?as_of={as_of}").get_json()
        for status in {item["status"] for item in listed}:
            expected = [item["id"] for item in listed if item["status"] == status]
            assert walk(anybody, "/v1/pledges", as_of=as_of, status=status, limit=2) == expected


def test_a_status_is_found_beyond_many_pledges_of_another(
    anybody: FlaskClient, promise: Promise, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pledgetracker.services.listing.CHUNK", 2)
    for i in range(7):
        promise(id=f"p-{i}", due=None, target=None)
    for i in (0, 5, 6):
        post(f"/v1/pledges/p-{i}/progress", {"value": 5, "as_of": "2026-11-01"})
    query = {"status": "in_progress", "as_of": "2026-11-02"}
    assert walk(anybody, "/v1/pledges", **query, limit=1) == ["p-0", "p-5", "p-6"]
    assert walk(anybody, "/v1/pledges", **query, limit=2) == ["p-0", "p-5", "p-6"]
    assert walk(anybody, "/v1/pledges", **query, limit=3) == ["p-0", "p-5", "p-6"]
