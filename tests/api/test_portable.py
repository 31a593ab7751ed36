"""Files of pledges, read as strictly as requests."""

import json
from typing import Any

import pytest

from pledgetracker.api.portable import FORMAT, read_file
from pledgetracker.domain.errors import Invalid
from tests.api.conftest import PLEDGE

UPDATE = {"id": 1, "as_of": "2025-01-01", "value": 0.1}
MOVE = {"id": 1, "due": "2028"}


def content(**pledge: Any) -> bytes:
    document = {
        "format": FORMAT,
        "initiative": None,
        "pledgers": [{"id": "acme", "name": "ACME"}],
        "pledges": [PLEDGE | pledge],
    }
    return json.dumps(document).encode()


def test_a_file_is_read_with_all_that_hangs_on_its_pledges() -> None:
    [read] = read_file(content(progress=[UPDATE], reschedules=[MOVE], withdrawal={"on": "2026-01-01"}))[
        "pledges"
    ]
    assert read["pledge"]["title"] == PLEDGE["title"]
    assert [str(update["value"]) for update in read["progress"]] == ["0.1"]
    assert read["reschedules"][0]["due"] is not None
    assert read["withdrawal"] is not None


def test_what_hangs_on_a_pledge_may_be_left_out() -> None:
    [read] = read_file(content())["pledges"]
    assert (read["progress"], read["reschedules"], read["withdrawal"]) == ([], [], None)


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"progress": [UPDATE | {"id": 2}]}, "/pledges/0/progress/0/id"),
        ({"progress": [UPDATE, UPDATE]}, "/pledges/0/progress/1/id"),
        ({"progress": [{"as_of": "2025-01-01", "value": 1}]}, "/pledges/0/progress/0/id"),
        ({"reschedules": [MOVE | {"id": 3}]}, "/pledges/0/reschedules/0/id"),
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
