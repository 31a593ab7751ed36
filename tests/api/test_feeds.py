"""IATI and OCDS over HTTP: the seeds are valid, days are honoured, and long lists come piece by piece."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree

from pledgetracker.runtime import Runtime
from pledgetracker.services.listing import CHUNK
from tests.api.conftest import Post, Promise, Refused
from tests.conftest import Clock, client_of
from tests.standards import Complaints, iati_complaints, ocds_complaints, schemas
from tests.world import add_pledge, day

# Fixtures.
__all__ = ["iati_complaints", "ocds_complaints", "schemas"]
SEEDS = Path(__file__).parents[2] / "seeds"
PATHS = ["/v1/{}/{}/iati.xml", "/v1/{}/{}/ocds.json"]


def items(client: FlaskClient, address: str) -> Iterator[dict[str, Any]]:
    """Everything in a list."""
    page = client.get(f"{address}?limit=100").get_json()
    assert page["next_cursor"] is None
    yield from page["items"]


def root_of(client: FlaskClient, address: str) -> Any:
    """The root of an XML file."""
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/xml"), answer.text
    return etree.fromstring(answer.data)


def package_of(client: FlaskClient, address: str) -> dict[str, Any]:
    """A package."""
    answer = client.get(address)
    assert (answer.status_code, answer.mimetype) == (200, "application/json"), answer.text
    return dict(answer.get_json())


def content_of(client: FlaskClient, address: str) -> str:
    """What a feed says, apart from when the file was made."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return re.sub('generated-datetime="[^"]*"', "", answer.text)


def test_every_seed_is_valid_iati_and_says_what_the_api_says(
    seeded: Runtime, anybody: FlaskClient, iati_complaints: Complaints
) -> None:
    for shown in items(anybody, "/v1/pledges"):
        root = root_of(anybody, f"/v1/pledges/{shown['id']}/iati.xml")
        assert iati_complaints(root) == []
        exact = anybody.get(f"/v1/pledges/{shown['id']}").data
        figure = json.loads(exact, parse_float=Decimal, parse_int=Decimal)["figure"]
        told = [Decimal(node.get("value")) for node in root.iter("actual") if node.get("value") is not None]
        assert (figure is None and told == []) or figure["value"] in told
    for entry in items(anybody, "/v1/initiatives"):
        assert iati_complaints(root_of(anybody, f"/v1/initiatives/{entry['id']}/iati.xml")) == []


def test_every_seed_is_valid_ocds(seeded: Runtime, anybody: FlaskClient, ocds_complaints: Complaints) -> None:
    for kind in ("pledges", "initiatives"):
        for shown in items(anybody, f"/v1/{kind}"):
            assert ocds_complaints(package_of(anybody, f"/v1/{kind}/{shown['id']}/ocds.json")) == []


def test_an_initiative_tells_of_all_that_stands_under_it(seeded: Runtime, anybody: FlaskClient) -> None:
    root = root_of(anybody, "/v1/initiatives/choose-france/iati.xml")
    told = [identifier.text.rpartition("-pledge-")[2] for identifier in root.iter("iati-identifier")]
    expected = {
        shown["id"] for shown in items(anybody, "/v1/pledges") if shown["initiative"] == "choose-france-2024"
    }
    assert expected <= set(told)
    package = package_of(anybody, "/v1/initiatives/choose-france/ocds.json")
    assert expected <= {release["planning"]["project"]["id"] for release in package["releases"]}


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", ["pledges", "initiatives"])
def test_what_does_not_exist_is_a_problem_in_json(
    anybody: FlaskClient, refused: Refused, kind: str, path: str
) -> None:
    problem = refused(anybody.get(path.format(kind, "nothing")), 404)
    assert "nothing" in problem["detail"]


@pytest.mark.parametrize("path", PATHS)
def test_nothing_unknown_is_let_pass(
    pledge: dict[str, Any],
    anybody: FlaskClient,
    refused: Refused,
    pointers: Callable[[dict[str, Any]], set[str]],
    path: str,
) -> None:
    address = path.format("pledges", pledge["id"])
    assert pointers(refused(anybody.get(f"{address}?asof=2025-01-01"), 422)) == {"?asof"}
    assert pointers(refused(anybody.get(f"{address}?as_of=2025-02-30"), 422)) == {"?as_of"}


@pytest.mark.parametrize("path", PATHS)
def test_feeds_are_read_as_everything_else_is(
    environ: dict[str, str], pledge: dict[str, Any], anybody: FlaskClient, path: str
) -> None:
    answer = anybody.get(path.format("pledges", pledge["id"]), headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401


def test_a_day_is_honoured(promise: Promise, post: Post, anybody: FlaskClient) -> None:
    post("/v1/initiatives", {"id": "plan", "title": "The plan"})
    promise(initiative="plan")
    for said in ({"value": 10, "as_of": "2025-01-01"}, {"value": 20, "as_of": "2025-02-01"}):
        post("/v1/pledges/people-trained/progress", said)
    for place in ("pledges/people-trained", "initiatives/plan"):
        early = root_of(anybody, f"/v1/{place}/iati.xml?as_of=2025-01-31")
        assert [node.get("value") for node in early.iter("actual")] == ["10"]
        assert [node.get("value") for node in root_of(anybody, f"/v1/{place}/iati.xml").iter("actual")] == [
            "10",
            "20",
        ]
        [release] = package_of(anybody, f"/v1/{place}/ocds.json?as_of=2025-01-31")["releases"]
        assert release["id"].endswith("-20250131")
        address = package_of(anybody, f"/v1/{place}/ocds.json?as_of=2025-01-31")["uri"]
        assert address == f"http://127.0.0.1:8000/v1/{place}/ocds.json?as_of=2025-01-31"
        assert "Figure: 10 people as of 2025-01-01." in release["planning"]["milestones"][-1]["description"]


@pytest.mark.parametrize("place", ["pledges/people-trained", "initiatives/plan"])
@pytest.mark.parametrize("name", ["iati.xml", "ocds.json"])
def test_what_could_be_said_at_an_instant_never_changes(
    promise: Promise,
    post: Post,
    editor: FlaskClient,
    anybody: FlaskClient,
    clock: Clock,
    refused: Refused,
    place: str,
    name: str,
) -> None:
    post("/v1/initiatives", {"id": "plan", "title": "The plan"})
    promise(initiative="plan")
    post("/v1/pledges/people-trained/progress", {"value": 10, "as_of": "2025-01-01"})
    then = f"/v1/{place}/{name}?known_at={clock.now:%Y-%m-%dT%H:%M:%SZ}"
    before = content_of(anybody, then)
    clock.now += timedelta(days=1)
    refused(anybody.get(f"/v1/{place}/{name}?known_at=2099-01-01T00:00:00Z"), 422)
    refused(anybody.get(f"/v1/{place}/{name}?known_at=2020-01-01T00:00:00Z"), 404)
    said = {"value": 20, "as_of": "2025-01-01", "supersedes": 1, "reason": "typo"}
    post("/v1/pledges/people-trained/progress", said)
    post("/v1/pledges/people-trained/reschedules", {"due": "2030", "announced_on": "2026-01-01"})
    for address, changes in (
        ("pledgers/acme", {"name": "Acme SA"}),
        ("initiatives/plan", {"title": "Another plan"}),
        ("pledges/people-trained", {"title": "Another title", "initiative": None}),
    ):
        assert editor.patch(f"/v1/{address}", json=changes).status_code == 200
    assert content_of(anybody, then) == before
    assert content_of(anybody, f"/v1/{place}/{name}") != before


@pytest.mark.parametrize("path", PATHS)
def test_who_has_a_feed_of_a_pledge_gets_it_again_only_when_it_says_something_else(
    pledge: dict[str, Any], post: Post, editor: FlaskClient, anybody: FlaskClient, clock: Clock, path: str
) -> None:
    address = path.format("pledges", pledge["id"])
    tag = anybody.get(address).headers["ETag"]
    assert tag.startswith('W/"')
    same = anybody.get(address, headers={"If-None-Match": tag})
    assert (same.status_code, same.data, same.headers["ETag"]) == (304, b"", tag)
    # What it names may change without it.
    assert editor.patch("/v1/pledgers/acme", json={"name": "Acme SA"}).status_code == 200
    renamed = anybody.get(address, headers={"If-None-Match": tag})
    assert renamed.status_code == 200
    assert "Acme SA" in renamed.text


def test_a_feed_of_many_comes_piece_by_piece_and_whole(
    runtime: Runtime, app: Flask, post: Post, iati_complaints: Complaints, ocds_complaints: Complaints
) -> None:
    post("/v1/initiatives", {"id": "plan", "title": "The plan"})
    keys = [f"p{n:03}" for n in range(CHUNK + 5)]
    for key in keys:
        add_pledge(runtime, key=key, initiative="plan")
    answer = client_of(app, None).get("/v1/initiatives/plan/iati.xml", buffered=False)
    assert "Content-Length" not in answer.headers
    pieces = list(answer.iter_encoded())
    assert len(pieces) == 5  # head, two pages, the initiative, tail
    root = etree.fromstring(b"".join(pieces))
    assert iati_complaints(root) == []
    assert len(root) == len(keys) + 1
    package = package_of(client_of(app, None), "/v1/initiatives/plan/ocds.json")
    assert ocds_complaints(package) == []
    assert [release["planning"]["project"]["id"] for release in package["releases"]] == keys


def test_nobody_waits_for_who_reads_slowly(runtime: Runtime, app: Flask, post: Post) -> None:
    post("/v1/initiatives", {"id": "plan", "title": "The plan"})
    for n in range(CHUNK + 5):
        add_pledge(runtime, key=f"p{n:03}", initiative="plan")
    answer = client_of(app, None).get("/v1/initiatives/plan/ocds.json", buffered=False)
    pieces = answer.iter_encoded()
    read = [next(pieces), next(pieces)]
    # What comes meanwhile is in the pages to come.
    add_pledge(runtime, key="p999", initiative="plan", announced_on=day("2026-01-01"))
    read += pieces
    assert len(json.loads(b"".join(read))["releases"]) == CHUNK + 6


def test_an_empty_initiative_is_told_of(
    post: Post, anybody: FlaskClient, iati_complaints: Complaints
) -> None:
    post("/v1/initiatives", {"id": "plan", "title": "The plan"})
    assert iati_complaints(root_of(anybody, "/v1/initiatives/plan/iati.xml")) == []
    assert package_of(anybody, "/v1/initiatives/plan/ocds.json")["releases"] == []
