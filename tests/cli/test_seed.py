"""Seeds load once, whole or not at all; what is wrong with a file is told by file and place."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pledgetracker.cli.files import bundled
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing
from tests.cli.conftest import Invoke
from tests.world import EVERYTHING, alerts

GOOD: dict[str, Any] = {
    "format": "pledgetracker/1",
    "initiative": {"id": "plan", "title": "The plan"},
    "pledgers": [{"id": "acme", "name": "Acme"}, {"id": "beta", "name": "Beta"}],
    "pledges": [
        {
            "id": "people",
            "title": "People trained",
            "pledger": "acme",
            "target": 100,
            "announced_on": "2026-01-01",
            "due": {"text": "2027", "time_zone": "Europe/Paris"},
            "reschedules": [{"id": 1, "due": "2028", "announced_on": "2026-02-01", "moved_by": "pledger"}],
            "progress": [
                {"id": 1, "value": 10, "as_of": "2026-03-01"},
                {"id": 2, "value": 11, "as_of": "2026-03-01", "supersedes": 1},
            ],
        },
        {
            "id": "site",
            "title": "Open a site",
            "pledger": "beta",
            "comparator": "event",
            "announced_on": "2026-01-01",
            "withdrawal": {"on": "2026-04-01", "reason": "Sold."},
        },
    ],
}
WORDS: dict[str, Any] = {"title": {"en": "A"}, "meaning": {"en": "B."}}
HOUSE: dict[str, Any] = {
    "name": "house",
    "version": 3,
    "title": {"en": "House"},
    "ratings": [{"id": "good", **WORDS}, {"id": "bad", "final": True, **WORDS}],
}
RULED: dict[str, Any] = {"ruled_on": "2026-05-01", "ruled_by": "Ann", "reason": "So it is."}
VERDICTS: list[dict[str, Any]] = [
    {"id": 1, "rubric": "house", "rubric_version": 3, "rating": "good", **RULED},
    {"id": 2, "rubric": "political", "rubric_version": 1, "rating": "stalled", **RULED},
    {"id": 3, "retracts": 2, **RULED},
]

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files into a folder of seeds: names, and what they hold."""

    def files(**contents: Any) -> Path:
        folder = tmp_path / "mine"
        folder.mkdir(exist_ok=True)
        for name, content in contents.items():
            text = content if isinstance(content, bytes) else json.dumps(content).encode()
            (folder / f"{name}.json").write_bytes(text)
        return folder

    return files


def changed(*steps: Any, to: Any) -> dict[str, Any]:
    """The good file with one thing changed."""
    document = copy.deepcopy(GOOD)
    place: Any = document
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = to
    return document


def contents(runtime: Runtime) -> tuple[list[str], ...]:
    with runtime.database.read() as tx:
        ids = ("people", "site")
        return (
            [
                pledger.id
                for pledger in cataloguing.list_pledgers(tx, EVERYTHING, Vantage(runtime.clock())).items
            ],
            [
                initiative.id
                for initiative in cataloguing.list_initiatives(tx, EVERYTHING, Vantage(runtime.clock())).items
            ],
            [record.pledge.id for record in tx.records.get_many(ids)],
        )


def test_a_file_loads_whole_and_twice_changes_nothing(invoke: Invoke, runtime: Runtime, write: Write) -> None:
    folder = write(plan=GOOD)
    assert invoke("seed", str(folder)).output == (
        "Added 1 initiatives, 2 pledgers, 2 pledges and 2 progress updates from 1 files.\n"
    )
    with runtime.database.read() as tx:
        first = tx.records.get_many(["people", "site"])
    assert [len(record.updates) for record in first] == [2, 0]
    assert first[0].reschedules[0].due is not None
    assert first[1].withdrawal is not None
    assert invoke("seed", str(folder)).output == (
        "Added 0 initiatives, 0 pledgers, 0 pledges and 0 progress updates from 1 files.\n"
    )
    with runtime.database.read() as tx:
        assert tx.records.get_many(["people", "site"]) == first
    assert alerts(runtime) == []  # nobody is told of what a file brings


def test_verdicts_and_their_rubrics_load_once(invoke: Invoke, runtime: Runtime, write: Write) -> None:
    folder = write(plan=changed("pledges", 0, "verdicts", to=VERDICTS) | {"rubrics": [HOUSE]})
    for _ in range(2):
        assert invoke("seed", str(folder)).exit_code == 0
        with runtime.database.read() as tx:
            [people] = tx.records.get_many(["people"])
            [house] = tx.rubrics.all()
        assert [(row.rubric, row.rating, row.retracts) for row in people.verdicts] == [
            ("house", "good", None),
            ("political", "stalled", None),
            ("political", None, 2),
        ]
        assert (house.name, house.version, len(house.ratings)) == ("house", 3, 2)
    with runtime.database.read() as tx:
        loaded = [entry.deed for entry in tx.audit.entries() if entry.deed.action == "pledge.load"]
    assert ['"retracts":2' in str(deed.after) for deed in loaded] == [True, False]


@pytest.mark.parametrize(
    ("ruled", "place"),
    [
        ({**VERDICTS[0], "rating": "bad"}, "/pledges/0/verdicts/0/evidence"),
        ({**VERDICTS[0], "rubric_version": 2}, "/pledges/0/verdicts/0/rubric_version"),
        ({**VERDICTS[0], "ruled_on": "2025-12-31"}, "/pledges/0/verdicts/0/ruled_on"),
    ],
)
def test_a_verdict_that_does_not_fit_is_told_by_its_place(
    invoke: Invoke, runtime: Runtime, write: Write, ruled: dict[str, Any], place: str
) -> None:
    folder = write(plan=changed("pledges", 0, "verdicts", to=[ruled]) | {"rubrics": [HOUSE]})
    refused = invoke("seed", str(folder))
    assert refused.exit_code == 1
    assert place in refused.output
    assert contents(runtime) == ([], [], [])


def test_a_rubric_on_record_is_never_another(invoke: Invoke, runtime: Runtime, write: Write) -> None:
    assert invoke("seed", str(write(plan=GOOD | {"rubrics": [HOUSE]}))).exit_code == 0
    refused = invoke("seed", str(write(plan=GOOD | {"rubrics": [HOUSE | {"title": {"en": "Other"}}]})))
    assert refused.exit_code == 1
    assert "/rubrics/0: Differs from the one on record" in refused.output


def test_the_seeds_that_come_along_load_and_twice_changes_nothing(invoke: Invoke, runtime: Runtime) -> None:
    first, second = invoke("seed"), invoke("seed")
    assert (first.exit_code, second.exit_code) == (0, 0)
    files = len(list(bundled("seeds").glob("*.json")))
    assert second.output == (
        f"Added 0 initiatives, 0 pledgers, 0 pledges and 0 progress updates from {files} files.\n"
    )
    assert first.output != second.output


def test_parents_come_before_their_children_whatever_the_files_are_called(
    invoke: Invoke, runtime: Runtime, write: Write
) -> None:
    child = changed("initiative", to={"id": "plan", "title": "The plan", "parent": "top"})
    parent = {"format": "pledgetracker/1", "pledgers": [], "pledges": []}
    folder = write(
        a=child, b=parent | {"initiative": {"id": "top", "title": "Top"}}, c=parent | {"initiative": None}
    )
    assert "Added 2 initiatives" in invoke("seed", str(folder)).output
    assert contents(runtime)[1] == ["plan", "top"]


def test_pledges_may_name_what_comes_later_in_the_file_or_in_another(
    invoke: Invoke, runtime: Runtime, write: Write
) -> None:
    first = changed("pledges", 0, "part_of", to="site")
    first["pledges"][1]["restates"] = ["elsewhere"]
    first["pledges"][1]["tags"] = ["sites", "ai"]
    other = changed("initiative", to=None)
    other["pledges"] = [other["pledges"][1] | {"id": "elsewhere"}]
    folder = write(a=first, b=other)
    assert "3 pledges" in invoke("seed", str(folder)).output
    with runtime.database.read() as tx:
        people, site = (record.pledge for record in tx.records.get_many(["people", "site"]))
    assert (people.part_of, site.restates, site.tags) == ("site", ("elsewhere",), ("ai", "sites"))
    assert "Added 0 initiatives, 0 pledgers, 0 pledges" in invoke("seed", str(folder)).output


BAD: dict[str, tuple[Any, str]] = {
    "not JSON": (b"{", "bad.json:\n  /: The body is not JSON: "),
    "not UTF-8": (b'{"format": "\xff"}', "bad.json:\n  /: The body is not UTF-8"),
    "nested without end": (b"[" * 100_000, "bad.json:\n  /: The body is nested"),
    "a name twice": (b'{"format": 1, "format": 2}', "bad.json:\n  /: The name 'format' stands twice"),
    "a list": ([], "bad.json:\n  /: "),
    "another format": (changed("format", to="other/1"), "  /format: Only the format"),
    "an unknown field": (changed("pledges", 0, "colour", to="red"), "  /pledges/0/colour: "),
    "a wrong number": (changed("pledges", 0, "target", to="many"), "  /pledges/0/target: "),
    "no id of a pledge": (changed("pledges", 0, "id", to=None), "  /pledges/0/id: "),
    "no id of a pledger": (changed("pledgers", 0, to={"name": "Acme"}), "  /pledgers/0/id: "),
    "no id of the initiative": (changed("initiative", to={"title": "x"}), "  /initiative/id: "),
    "an unknown pledger": (
        changed("pledges", 1, "pledger", to="nobody"),
        "  /pledges/1/pledger: There is no",
    ),
    "an unknown parent": (changed("initiative", "parent", to="x"), "  /initiative/parent: There is no"),
    "its own parent": (changed("initiative", "parent", to="plan"), "  /initiative/parent: "),
    "a pledger twice": (changed("pledgers", 1, "id", to="acme"), "  /pledgers/1: "),
    "a pledge twice": (
        changed("pledges", 1, "id", to="people"),
        "  /pledges/1/id: The pledge 'people' stands in bad.json too.",
    ),
    "another initiative": (
        changed("pledges", 0, "initiative", to="other"),
        "  /pledges/0/initiative: A pledge belongs to its file's own, 'plan'.",
    ),
    "a total that does not exist": (
        changed("pledges", 0, "part_of", to="nothing"),
        "  /pledges/0/part_of: There is no pledge 'nothing'",
    ),
    "its own total": (
        changed("pledges", 0, "part_of", to="people"),
        "  /pledges/0: This closes a ring: people → people.",
    ),
    "an update out of order": (
        changed("pledges", 0, "progress", 1, "id", to=3),
        "  /pledges/0/progress/1/id: ",
    ),
    "an update of the future": (
        changed("pledges", 0, "progress", 1, "as_of", to="2199-01-01"),
        "  /pledges/0/progress/1/as_of: Later than today",
    ),
    "a correction of nothing": (
        changed("pledges", 0, "progress", 1, "supersedes", to=7),
        "  /pledges/0/progress/1/supersedes: There is no update 7",
    ),
    "a correction of itself corrected": (
        changed(
            "pledges",
            0,
            "progress",
            to=[
                *GOOD["pledges"][0]["progress"],
                {"id": 3, "value": 1, "as_of": "2026-03-01", "supersedes": 1},
            ],
        ),
        "  /pledges/0/progress/2: Update 1 is already superseded by update 2",
    ),
    "a move before the start": (
        changed("pledges", 0, "reschedules", 0, "due", to="2025"),
        "  /pledges/0/reschedules/0/due: ",
    ),
    "a withdrawal before the announcement": (
        changed("pledges", 1, "withdrawal", "on", to="2025-01-01"),
        "  /pledges/1/withdrawal/on: Before the announcement",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_named_with_the_place_and_nothing_of_the_load_is_kept(
    invoke: Invoke, runtime: Runtime, write: Write, case: str
) -> None:
    bad, complaint = BAD[case]
    other: dict[str, Any] = {"format": "pledgetracker/1", "initiative": None, "pledges": []}
    good = other | {"pledgers": [{"id": "fine", "name": "Fine"}]}
    found = invoke("seed", str(write(a=good, bad=bad)))
    assert found.exit_code == 1
    assert found.output.startswith("Error: bad.json:\n")
    assert complaint in found.output
    assert "Traceback" not in found.output
    assert contents(runtime) == ([], [], [])


def test_a_ring_of_initiatives_is_refused(invoke: Invoke, runtime: Runtime, write: Write) -> None:
    def under(key: str, parent: str) -> dict[str, Any]:
        initiative = {"id": key, "title": key, "parent": parent}
        return {"format": "pledgetracker/1", "initiative": initiative, "pledgers": [], "pledges": []}

    found = invoke("seed", str(write(a=under("a", "b"), b=under("b", "a"))))
    assert "a.json:\n  /initiative/parent: There is no initiative 'b'" in found.output


def test_a_pledge_that_is_there_stays_as_it_is(invoke: Invoke, runtime: Runtime, write: Write) -> None:
    invoke("seed", str(write(plan=GOOD)))
    folder = write(plan=changed("pledges", 0, "title", to="Another title"))
    assert "Added 0 initiatives, 0 pledgers, 0 pledges" in invoke("seed", str(folder)).output
    with runtime.database.read() as tx:
        [record] = tx.records.get_many(["people"])
    assert record.pledge.title == "People trained"


def test_the_place_of_a_bad_pledger_is_its_place_in_the_file(
    invoke: Invoke, runtime: Runtime, write: Write
) -> None:
    invoke("seed", str(write(plan=GOOD)))
    twice = [*GOOD["pledgers"], {"id": "new", "name": "New"}, {"id": "new", "name": "New"}]
    found = invoke("seed", str(write(plan=changed("pledgers", to=twice))))
    assert "  /pledgers/3: The pledger 'new' exists already" in found.output


def test_an_empty_folder_is_told(invoke: Invoke, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    found = invoke("seed", str(empty))
    assert (found.exit_code, found.output) == (1, f"Error: There are no .json files in {empty}.\n")
    assert invoke("seed", str(tmp_path / "none")).exit_code == 2


def test_a_file_that_cannot_be_read_is_told(invoke: Invoke, write: Write) -> None:
    folder = write()
    (folder / "folder.json").mkdir()
    found = invoke("seed", str(folder))
    assert found.exit_code == 1
    assert "folder.json: Is a directory." in found.output
