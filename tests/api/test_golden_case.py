"""The case that every other rendering is held against, over HTTP, to the digit."""

import re

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import Post, Promise

AS_OF = "/v1/pledges/people-trained?as_of=2025-11-04"


def spelled(body: str, name: str) -> str:
    """How the number `name` is spelled in the raw JSON."""
    found = re.search(rf'"{name}":([^,}}]+)', body)
    assert found is not None, name
    return found[1]


@pytest.mark.parametrize(
    ("value", "status", "numbers"),
    [
        (
            250000,
            "off_track",
            {
                "completion": "0.25",
                "expected": "406932.931424",
                "gap": "-156932.931424",
                "pace": "0.614352",
                "days_ahead": "-209",
                "required_rate": "952.986023",
                "current_rate": "462.962963",
                "projected_value": "614351.851852",
                "projected_date": '"2030-04-12"',
            },
        ),
        (
            700000,
            "on_track",
            {"completion": "0.7", "expected": "406932.931424", "pace": "1.720185", "days_ahead": "388"},
        ),
    ],
)
def test_the_golden_case_comes_back_to_the_digit(
    anybody: FlaskClient, promise: Promise, post: Post, value: int, status: str, numbers: dict[str, str]
) -> None:
    promise()
    post("/v1/pledges/people-trained/progress", {"value": value, "as_of": "2025-11-04"})
    answer = anybody.get(AS_OF)
    assert {name: spelled(answer.text, name) for name in numbers} == numbers
    assert answer.get_json()["status"] == status
    assert answer.get_json()["figure"]["as_of"] == "2025-11-04"
    assert answer.get_json()["lateness"] == {"current": None, "original": None}


@pytest.mark.parametrize(
    "number",
    ["0.1", "0.000001", "123456789.123456", "999999999999999", "-0.5", "100000000000000000", "1.5", "0"],
)
def test_numbers_come_back_to_the_digit(
    anybody: FlaskClient, editor: FlaskClient, promise: Promise, number: str
) -> None:
    promise(target=999999999999999000)
    body = f'{{"value": {number}, "as_of": "2025-11-04"}}'
    answer = editor.post("/v1/pledges/people-trained/progress", data=body, content_type="application/json")
    assert answer.status_code == 201
    assert spelled(answer.text, "value") == number
    assert spelled(anybody.get(answer.location).text, "value") == number
    shown = anybody.get("/v1/pledges/people-trained").text
    assert f'"figure":{{"value":{number},' in shown


@pytest.mark.parametrize(
    ("said", "kept"), [("1e3", "1000"), ("2.50", "2.5"), ("-0.0", "0"), ("1E-6", "0.000001")]
)
def test_other_spellings_of_a_number_mean_the_same(
    editor: FlaskClient, pledge: dict[str, object], said: str, kept: str
) -> None:
    body = f'{{"value": {said}, "as_of": "2025-11-04"}}'
    answer = editor.post("/v1/pledges/people-trained/progress", data=body, content_type="application/json")
    assert spelled(answer.text, "value") == kept


def test_a_posted_update_changes_the_very_next_answer(
    anybody: FlaskClient, pledge: dict[str, object], post: Post
) -> None:
    before = anybody.get("/v1/pledges/people-trained").get_json()
    assert (before["figure"], before["status"]) == (None, "never_reported")
    post("/v1/pledges/people-trained/progress", {"value": 900000, "as_of": "2026-11-20"})
    after = anybody.get("/v1/pledges/people-trained").get_json()
    assert after["figure"] == {"value": 900000, "as_of": "2026-11-20", "completion": 0.9}
    assert (after["status"], after["version"]) == ("on_track", before["version"] + 1)
    assert anybody.get("/v1/pledges").get_json()["items"] == [after]
