"""The page of one pledge, for every kind of pledge."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import Clock, client_of, key_of

Visit = Callable[[str], Any]

BASE = {"id": "it", "title": "It", "pledger": "acme", "announced_on": "2025-01-01"}
KINDS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "at least": ({"target": 100, "unit": "tree", "due": "2027-Q2"}, [{"value": 40, "as_of": "2026-03-01"}]),
    "more than": ({"comparator": "more_than", "target": 100, "due": "2027-06"}, []),
    "about": (
        {"comparator": "about", "target": 100, "tolerance": 0.2, "due": "2027"},
        [{"value": 85, "as_of": "2026-03-01"}],
    ),
    "exactly, overshot": (
        {"comparator": "exactly", "target": 100, "due": "2027"},
        [{"value": 101, "as_of": "2026-03-01"}],
    ),
    "a ceiling past its day": (
        {"comparator": "up_to", "target": 100, "due": "2026-06-30"},
        [{"value": 7, "as_of": "2026-03-01"}],
    ),
    "a cap": (
        {"comparator": "at_most", "target": 100, "due": "2027", "baseline": {"value": 100}},
        [{"value": 120, "as_of": "2026-03-01"}],
    ),
    "an event": (
        {
            "comparator": "event",
            "due": "2027",
            "milestones": [{"id": "permit", "title": "Permit given", "due": "2026-02"}],
        },
        [
            {"done": True, "milestone": "permit", "as_of": "2026-02-10"},
            {"done": False, "as_of": "2026-03-01"},
        ],
    ),
    "an event done": ({"comparator": "event"}, [{"done": True, "as_of": "2026-02-10"}]),
    "no target": ({"unit": "EUR", "due": "2026"}, [{"value": 5, "as_of": "2026-02-10"}]),
    "no target, no report": ({"unit": "EUR"}, []),
    "no deadline": ({"target": 100}, [{"increment": 5, "as_of": "2026-02-10"}]),
    "lower is better": (
        {
            "target": 10,
            "unit": "tonne",
            "due": "2027",
            "baseline": {"value": 90},
            "milestones": [
                {"id": "half", "due": "2026-01-31", "target": 50},
                {"id": "ours", "due": "2026-09-30", "target": 30, "set_by": "tracker"},
            ],
        },
        [{"value": 95, "as_of": "2025-06-01"}, {"value": 60, "as_of": "2026-02-01"}],
    ),
    "conflicting": (
        {"target": 100, "due": "2027"},
        [{"value": 30, "as_of": "2026-02-10"}, {"value": 50, "as_of": "2026-02-10"}],
    ),
    "met once": (
        {"target": 100, "due": "2027"},
        [{"value": 130, "as_of": "2026-02-10"}, {"value": 50, "as_of": "2026-05-10"}],
    ),
    "before the baseline": ({"target": 100, "due": "2027"}, [{"value": 1, "as_of": "2024-05-01"}]),
    "huge": (
        {"target": 999999999999999000, "unit": "EUR", "due": "2100"},
        [{"value": 1e15, "as_of": "2026-02-10"}],
    ),
    "tiny": ({"target": 0.000002, "due": "2027"}, [{"value": 0.000001, "as_of": "2026-02-10"}]),
    "announced for later": ({"target": 1, "announced_on": "2026-12-24", "due": "2026-12-25"}, []),
}


def _record(editor: FlaskClient, fields: dict[str, Any], updates: list[dict[str, Any]]) -> None:
    answer = editor.post("/v1/pledges", json=BASE | fields)
    assert answer.status_code == 201, answer.text
    for update in updates:
        answer = editor.post("/v1/pledges/it/progress", json=update)
        assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_pledge_has_a_sound_page_and_card(
    editor: FlaskClient, pledger: str, visit: Visit, kind: str
) -> None:
    fields, updates = KINDS[kind]
    _record(editor, fields, updates)
    page = visit("/pledges/it")
    because = editor.get("/v1/pledges/it").json["because"]  # type: ignore[index]
    assert " ".join(because.split()) in page.text
    assert len(page.classed("chart")) == 2
    assert len(page.classed("reports")[0].texts) > 0
    assert len([e for e in page.all("li") if (e.get("id") or "").startswith("update-")]) == len(updates)
    assert len(visit("/").all("article")) == 1


def test_every_seed_has_a_sound_page(seeded: Runtime, anybody: FlaskClient, visit: Visit) -> None:
    for pledge in anybody.get("/v1/pledges?limit=200").json["items"]:  # type: ignore[index]
        page = visit(f"/pledges/{pledge['id']}")
        assert " ".join(pledge["statement"]["text"].split()) in page.text


def test_the_page_tells_the_path_in_numbers(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _record(
        editor,
        {"target": 1000000, "unit": "person", "due": "2027", "announced_on": "2024-05-13"},
        [{"value": 250000, "as_of": "2025-11-04", "evidence": [{"url": "https://example.org/a?b=1&c=2"}]}],
    )
    page = visit("/pledges/it")
    for words in ("406,933 people", "61.4%", "209 days behind", "462.96 people a day", "12 April 2030"):
        assert words in page.text
    links = [e.get("href") for e in page.all("a") if "external" in (e.get("rel") or "")]
    assert links == ["https://example.org/a?b=1&c=2"]
    assert "noopener" in str(next(e.get("rel") for e in page.all("a") if e.get("href") == links[0]))


def test_our_checkpoints_are_marked_as_ours(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _record(editor, *KINDS["lower is better"])
    rows = [e.text for e in visit("/pledges/it").all("tr")]
    assert any("50 tonnes" in row and "The pledger" in row for row in rows)
    assert any("30 tonnes" in row and "Us: a checkpoint, not promised" in row for row in rows)


def test_a_corrected_update_is_struck_and_leads_to_its_correction(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _record(
        editor,
        {"target": 100, "due": "2027"},
        [{"value": 400, "as_of": "2026-02-10"}, {"value": 40, "as_of": "2026-02-10", "supersedes": 1}],
    )
    page = visit("/pledges/it")
    [struck] = page.all("s")
    assert struck.text == "400 in total"
    assert "update-1" in [e.get("id") for e in struck.parents]
    assert "#update-2" in [e.get("href") for e in page.all("a")]


def test_a_moved_deadline_and_a_withdrawal_are_told(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _record(editor, {"target": 100, "due": "2026-06-30"}, [{"value": 4, "as_of": "2026-02-10"}])
    move = {"due": "2027-06-30", "announced_on": "2026-06-01", "reason": "Rain", "moved_by": "pledger"}
    assert editor.post("/v1/pledges/it/reschedules", json=move).status_code == 201
    page = visit("/pledges/it")
    assert "From 30 June 2026 to 30 June 2027, announced on 1 June 2026 by the pledger: Rain" in page.text
    assert page.classed("c-first")
    gone = {"on": "2026-10-01", "reason": "Sold"}
    assert editor.post("/v1/pledges/it/withdrawal", json=gone).status_code == 201
    assert "With effect from 1 October 2026: Sold" in visit("/pledges/it").text


def test_verdicts_in_force_are_shown_with_who_ruled_by_what_and_why(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _record(editor, {"target": 100, "due": "2027"}, [])
    assert "Verdicts" not in [e.text for e in visit("/pledges/it").all("h2")]
    ruled = {
        "rubric": "political",
        "rating": "stalled",
        "ruled_on": "2026-11-02",
        "ruled_by": "Ann <b>Lee</b>",
        "reason": "No trees & no plan.",
        "evidence": [{"url": "https://example.org/a", "title": "A look", "quote": "Not one."}],
    }
    for changes in ({"reason": "An older ruling.", "ruled_on": "2026-11-01"}, {}):
        assert editor.post("/v1/pledges/it/verdicts", json=ruled | changes).status_code == 201
    page = visit("/pledges/it")
    [shown] = [e.text for e in page.all("li") if e.get("id") == "verdict-2"]
    for words in (
        "2 November 2026",
        "Stalled Work has stopped, and whether it goes on is open.",
        "No trees & no plan.",
        "Ruled by Ann <b>Lee</b>, under “Political promises”, version 1",
        "A look: “Not one.”",
    ):
        assert words in shown
    assert "verdict-1" not in [e.get("id") for e in page.elements]
    assert "/v1/pledges/it/verdicts" in [e.get("href") for e in page.all("a")]
    mistake = {"retracts": 2, "ruled_by": "Bo", "reason": "A slip."}
    assert editor.post("/v1/pledges/it/verdicts", json=mistake).status_code == 201
    assert "verdict-1" in [e.get("id") for e in visit("/pledges/it").elements]


def test_a_long_history_comes_in_pages(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    updates = [{"increment": 1, "as_of": f"2026-0{1 + n // 28}-{1 + n % 28:02}"} for n in range(60)]
    _record(editor, {"target": 100, "due": "2027"}, updates)
    first = visit("/pledges/it")
    [link] = [e.get("href") for e in first.all("a") if e.get("rel") == "next"]
    shown = [
        e.get("id")
        for page in (first, visit(link))
        for e in page.all("li")
        if (e.get("id") or "").startswith("update-")
    ]
    assert shown == [f"update-{n}" for n in range(60, 0, -1)]


def test_a_posted_update_is_on_the_page_at_once(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _record(editor, {"target": 100, "unit": "tree", "due": "2027"}, [])
    assert "Nothing has been reported." in visit("/pledges/it").text
    editor.post("/v1/pledges/it/progress", json={"value": 77, "as_of": "2026-11-20"})
    assert "77 trees in total" in visit("/pledges/it").text
    assert "77 trees as of 20 November 2026" in visit("/").text


def test_the_command_shown_reports_progress(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _record(editor, {"comparator": "event"}, [])
    [command] = [e.text for e in visit("/pledges/it").all("pre")]
    assert "/v1/pledges/it/progress" in command
    assert '{"done": TRUE_OR_FALSE, "as_of": "2026-11-23"}' in command


def test_an_unknown_pledge_is_a_page_for_browsers_and_a_problem_for_programs(
    anybody: FlaskClient, parse: Callable[[str], Any]
) -> None:
    answer = anybody.get("/pledges/nope", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "There is no pledge 'nope'." in parse(answer.text).text
    for accept in ("*/*", "application/json", "application/problem+json"):
        answer = anybody.get("/pledges/nope", headers={"Accept": accept})
        assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
        assert answer.headers["Vary"] == "Accept"
    in_api = anybody.get("/v1/pledges/nope", headers={"Accept": "text/html"})
    assert in_api.mimetype == "application/problem+json"


def test_a_cursor_of_another_list_is_refused(editor: FlaskClient, pledger: str) -> None:
    _record(editor, {}, [])
    answer = editor.get("/pledges/it?cursor=abc")
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["errors"][0]["parameter"] == "cursor"


class TestWhereReadingNeedsAKey:
    @pytest.fixture
    def environ(self, environ: dict[str, str]) -> dict[str, str]:
        return environ | {"PLEDGETRACKER_PUBLIC_READS": "false"}

    @pytest.mark.parametrize("address", ["/", "/pledges/it", "/pledges/nope", "/initiatives/nope"])
    def test_pages_show_nothing_and_say_why(
        self, editor: FlaskClient, anybody: FlaskClient, pledger: str, address: str
    ) -> None:
        _record(editor, {"title": "Top secret"}, [])
        answer = anybody.get(address, headers={"Accept": "text/html"})
        assert answer.status_code == 403
        assert "Reading needs a key here" in answer.text
        assert "secret" not in answer.text

    def test_the_documentation_stays_open_and_says_so(self, visit: Visit) -> None:
        assert "Every call needs a key here, reading too." in visit("/docs").text


def test_what_waits_differs_or_was_taken_back_is_told_apart(
    app: Flask, runtime: Runtime, editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    submitter = client_of(app, key_of(runtime, Scope.PROGRESS))
    _record(
        editor,
        {"target": 1000, "unit": "tree"},
        [
            {"value": 10, "as_of": "2026-01-01"},
            {"value": 20, "as_of": "2026-02-01", "reported_by": "The press office"},
            {"value": 19, "as_of": "2026-02-01"},
            {"supersedes": 1, "reason": "retracted"},
        ],
    )
    for value, as_of in ((30, "2026-03-01"), (40, "2026-04-01")):
        submitter.post("/v1/pledges/it/progress", json={"value": value, "as_of": as_of})
    counter = {"value": 31, "text": "By our count.", "source": {"url": "https://example.org/ngo"}}
    decision = {"review": "disputed", "counter_claim": counter}
    assert editor.post("/v1/pledges/it/progress/5/decisions", json=decision).status_code == 201
    text = visit("/pledges/it").text
    for told in (
        "Reports that differ",
        "19 trees in total",
        "The press office",
        "taken back by update 4",
        "takes back update 1",
        "Waits for review",
        "Disputed on 23 November 2026 by test Instead: 31 trees, By our count.",
        "if what waits for review were accepted.",
    ):
        assert told in text, (told, text)


def test_a_page_can_be_looked_at_as_it_was(
    editor: FlaskClient, pledger: str, visit: Visit, clock: Clock
) -> None:
    _record(editor, {"target": 1000, "unit": "tree"}, [{"value": 10, "as_of": "2026-01-01"}])
    then = clock.now + timedelta(minutes=1)
    clock.now += timedelta(hours=1)
    editor.post("/v1/pledges/it/progress", json={"value": 20, "as_of": "2026-02-01"})
    assert "20 trees reported" in visit("/pledges/it").text
    page = visit(f"/pledges/it?known_at={then:%Y-%m-%dT%H:%M:%SZ}")
    assert "10 trees reported" in page.text
    assert "This is what one could say at 12:01 UTC on 23 November 2026" in page.text
    assert "10 trees reported" in visit("/pledges/it?as_of=2026-01-15").text
    assert len(visit(f"/?known_at={then:%Y-%m-%dT%H:%M:%SZ}").all("article")) == 1
    for wrong in ("known_at=tomorrow", "known_at=2030-01-01T00:00:00Z", "known_at=2026-01-01", "as_of=x"):
        assert editor.get(f"/pledges/it?{wrong}").status_code == 422


def _other(editor: FlaskClient, key: str, **fields: Any) -> None:
    pledge = BASE | {"id": key, "title": key.title(), "unit": "tree", "target": 100}
    answer = editor.post("/v1/pledges", json=pledge | fields)
    assert answer.status_code == 201, answer.text


def _related(page: Any) -> dict[str, list[str]]:
    """The pledges named under each heading of the part about other pledges."""
    found: dict[str, list[str]] = {}
    heading = ""
    for element in page.elements:
        if any(parent.get("aria-labelledby") == "related" for parent in element.parents):
            if element.name == "h3":
                heading = element.text
            elif element.name == "a":
                found.setdefault(heading, []).append(element.get("href"))
    return found


def test_a_pledge_leads_to_its_total_its_parts_and_what_is_announced_again(
    editor: FlaskClient, pledger: str, visit: Visit, clock: Clock
) -> None:
    for key in ("total", "old"):
        _other(editor, key)
    _other(editor, "it", part_of="total", restates=["old"])
    then = f"{clock.now + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    assert _related(visit("/pledges/it")) == {
        "Part of": ["/pledges/total"],
        "Announces again": ["/pledges/old"],
    }
    clock.now += timedelta(hours=1)
    for key in ("small", "tiny"):
        _other(editor, key, part_of="it")
    _other(editor, "echo", restates=["it"])
    page = visit("/pledges/it")
    assert _related(page) == {
        "Part of": ["/pledges/total"],
        "Its parts": ["/pledges/small", "/pledges/tiny"],
        "Announces again": ["/pledges/old"],
        "Announced again by": ["/pledges/echo"],
    }
    assert "At least 100 trees, announced on 1 January 2025" in page.text
    assert _related(visit(f"/pledges/old?known_at={then}")) == {
        "Announced again by": [f"/pledges/it?known_at={then}"]
    }
    assert set(_related(visit(f"/pledges/it?known_at={then}"))) == {"Part of", "Announces again"}
    _other(editor, "alone")
    assert _related(visit("/pledges/alone")) == {}


def test_who_answers_how_it_is_verified_and_what_others_say_is_told(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _other(
        editor,
        "it",
        owner="Ann <Lee>",
        verification="By satellite & on foot.",
        tags=["forest"],
        other_targets=[
            {"value": 120, "source": {"url": "https://example.org/b", "title": "A paper", "quote": "120."}},
            {"value": 90, "note": "As <b>told</b>."},
        ],
    )
    page = visit("/pledges/it")
    for told in ("Answers for it: Ann <Lee>", "To be verified: By satellite & on foot."):
        assert told in _facts(page)
    for told in (
        "120 trees A paper: “120.”",
        "90 trees: As <b>told</b>. No source recorded",
        "nothing is averaged",
    ):
        assert told in page.text
    assert "/?tag=forest" in [e.get("href") for e in page.all("a")]


def _facts(page: Any) -> set[str]:
    """Each fact of the page as its name and what it says."""
    pairs = zip(page.all("dt"), page.all("dd"), strict=True)
    return {f"{name.text}: {said.text}" for name, said in pairs}


def test_what_a_promise_leaves_open_is_listed_with_a_way_out(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _other(editor, "it")
    found = editor.get("/v1/pledges/it").json["quality"]  # type: ignore[index]
    shown = [e.text for e in visit("/pledges/it").all("li") if "hints" in (e.parents[-1].get("class") or "")]
    # The API puts names of fields between backquotes; here they are code.
    assert shown == [f"{it['message']} {it['suggestion'].replace('`', '')}" for it in found]
    assert len(shown) > 1


def test_the_story_is_told_the_latest_first_and_leads_to_all_of_it(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _record(editor, {"target": 100, "unit": "tree"}, [{"increment": 1, "as_of": "2026-01-01"}] * 22)
    page = visit("/pledges/it")
    story = [e.text for e in page.all("li") if any(p.name == "details" for p in e.parents)]
    whole = editor.get("/v1/pledges/it/history?sort=-at").json["items"]  # type: ignore[index]
    assert len(story) == 20 < len(whole)
    assert all(it["summary"] in said for it, said in zip(whole, story, strict=False))
    links = {e.text: e.get("href") for e in page.all("a")}
    assert links["the whole history"] == "/v1/pledges/it/history"
    assert links["how each number was computed"] == "/v1/pledges/it/explain"
    for address in ("the whole history", "how each number was computed"):
        assert editor.get(links[address]).status_code == 200


def test_pages_of_the_past_keep_the_names_of_then(
    editor: FlaskClient, pledger: str, visit: Visit, clock: Clock
) -> None:
    for initiative in ({"title": "Yearly summits", "id": "yearly"}, {"title": "Summit", "parent": "yearly"}):
        assert editor.post("/v1/initiatives", json=initiative).status_code == 201
    _record(editor, {"target": 1000, "unit": "tree", "initiative": "summit"}, [])
    then = f"{clock.now + timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    clock.now += timedelta(hours=1)
    always = {"If-Match": "*"}
    for address, said in {
        f"/v1/pledgers/{pledger}": {"name": "Renamed"},
        "/v1/initiatives/yearly": {"title": "Biennial"},
        "/v1/pledges/it": {"initiative": None},
    }.items():
        assert editor.patch(address, json=said, headers=always).status_code == 200
    assert editor.delete("/v1/initiatives/summit", headers=always).status_code == 204
    whole, overview = (visit(f"{page}?known_at={then}").text for page in ("/pledges/it", "/"))
    assert "Summit" in whole
    assert "Summit" in overview
    assert "Yearly summits" in overview
    for text in (whole, overview):
        assert "Renamed" not in text
    assert "Renamed" in visit("/pledges/it").text
