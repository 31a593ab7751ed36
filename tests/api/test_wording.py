"""What is wrong with the form of a request is told with its cure, in our words and not in a library's."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker.api.wording import MISSING, NO_LIST, NO_OBJECT, NULL
from tests.api.conftest import PLEDGE, Refused, Shared


@pytest.fixture(scope="module")
def editor(shared: Shared) -> FlaskClient:
    return shared.editor


def told(problem: dict[str, Any]) -> dict[str, str]:
    """What is said of each field or parameter."""
    return {each.get("pointer", each.get("parameter")): each["detail"] for each in problem["errors"]}


@pytest.mark.parametrize(
    ("said", "place", "detail"),
    [
        ({"title": None}, "/title", NULL),
        ({"statement": 5}, "/statement", NO_OBJECT),
        ({"statement": {"source": {"title": "A"}}}, "/statement/text", MISSING),
        ({"milestones": {}}, "/milestones", NO_LIST),
        ({"milestones": [5]}, "/milestones/0", NO_OBJECT),
        ({"targett": 5}, "/targett", "There is no such field; did you mean 'target'?"),
        ({"Unit": "GPU"}, "/Unit", "There is no such field; did you mean 'unit'?"),
        (
            {"statement": {"text": "A", "sorce": None}},
            "/statement/sorce",
            "There is no such field; did you mean 'source'?",
        ),
        ({"colour": "red"}, "/colour", "There is no such field; leave it out."),
        ({"due": "2025-02-30"}, "/due", "There is no such day: 2025-02-30."),
    ],
)
def test_what_is_wrong_with_a_field_is_told_with_its_cure(
    said: dict[str, Any], place: str, detail: str, editor: FlaskClient, refused: Refused
) -> None:
    assert told(refused(editor.post("/v1/pledges", json=PLEDGE | said), 422))[place] == detail


@pytest.mark.parametrize(
    ("address", "place", "detail"),
    [
        ("/v1/pledges?asof=2025-01-01", "asof", "There is no such parameter; did you mean 'as_of'?"),
        ("/v1/flags?colour=red", "colour", "There is no such parameter; leave it out."),
        ("/v1/alerts/1?as_of=2025-01-01", "as_of", "This address takes no parameters; leave it out."),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told_with_its_cure(
    address: str, place: str, detail: str, editor: FlaskClient, refused: Refused
) -> None:
    assert told(refused(editor.get(address), 422)) == {place: detail}
