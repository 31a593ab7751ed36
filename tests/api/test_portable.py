"""Files of pledges, read as strictly as requests."""

import json
from typing import Any

import pytest

from pledgetracker.api import examples
from pledgetracker.api.portable import FORMAT, read_file
from pledgetracker.domain.errors import Invalid
from tests.api.conftest import PLEDGE

UPDATE = {"id": 1, "as_of": "2025-01-01", "value": 0.1}
MOVE = {"id": 1, "due": "2028"}
VERDICT = {"id": 1, "rubric": "political", "rating": "stalled", "ruled_by": "Ann", "reason": "No courses."}
RUBRIC = examples.RUBRIC | {"version": 1}


def content(**pledge: Any) -> bytes:
    document = {
        "format": FORMAT,
        "initiative": None,
        "pledgers": [{"id": "acme", "name": "ACME"}],
        "pledges": [PLEDGE | pledge],
    }
    return json.dumps(document).encode()


def test_a_file_is_read_with_all_that_hangs_on_its_pledges() -> None:
    hanging = {"progress": [UPDATE], "reschedules": [MOVE], "verdicts": [VERDICT]}
    [read] = read_file(content(**hanging, withdrawal={"on": "2026-01-01"}))["pledges"]
    assert read["pledge"]["title"] == PLEDGE["title"]
    assert [str(update["value"]) for update in read["progress"]] == ["0.1"]
    assert read["reschedules"][0]["due"] is not None
    assert read["withdrawal"] is not None
    assert [verdict["rating"] for verdict in read["verdicts"]] == ["stalled"]


def test_what_hangs_on_a_pledge_may_be_left_out() -> None:
    [read] = read_file(content())["pledges"]
    assert (read["progress"], read["reschedules"], read["withdrawal"], read["verdicts"]) == ([], [], None, [])


def test_a_file_may_bring_the_rubrics_of_its_verdicts() -> None:
    document = json.loads(content()) | {"rubrics": [RUBRIC]}
    [rubric] = read_file(json.dumps(document).encode())["rubrics"]
    assert (rubric["name"], rubric["version"], len(rubric["ratings"])) == ("house-scale", 1, 2)
    assert read_file(content())["rubrics"] == []
    with pytest.raises(Invalid, match="/rubrics/0/version"):
        read_file(json.dumps(document | {"rubrics": [examples.RUBRIC]}).encode())


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"progress": [UPDATE | {"id": 2}]}, "/pledges/0/progress/0/id"),
        ({"progress": [UPDATE, UPDATE]}, "/pledges/0/progress/1/id"),
        ({"progress": [{"as_of": "2025-01-01", "value": 1}]}, "/pledges/0/progress/0/id"),
        ({"reschedules": [MOVE | {"id": 3}]}, "/pledges/0/reschedules/0/id"),
        ({"verdicts": [VERDICT | {"id": 2}]}, "/pledges/0/verdicts/0/id"),
        ({"verdicts": [VERDICT | {"colour": "red"}]}, "/pledges/0/verdicts/0/colour"),
        ({"colour": "red"}, "/pledges/0/colour"),
        ({"withdrawal": {"colour": "red"}}, "/pledges/0/withdrawal/colour"),
        ({"target": "1"}, "/pledges/0/target"),
    ],
)
def test_what_a_file_should_not_hold_is_named_by_its_place(changes: dict[str, Any], place: str) -> None:
    with pytest.raises(Invalid) as refusal:
        read_file(content(**changes))
    assert place in {problem.pointer for problem in refusal.value.problems}


def test_a_file_of_another_format_is_refused() -> None:
    with pytest.raises(Invalid, match="Only the format"):
        read_file(content().replace(FORMAT.encode(), b"pledgetracker/9"))
