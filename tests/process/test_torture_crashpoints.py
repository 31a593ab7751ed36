"""The campaign `crashpoints` of `./dev torture`, and that it finds mistakes of the kind that it looks for."""

import pytest

from tests.torture import crashpoints
from tests.torture.campaign import Kind, OptionsOf
from tests.torture.scenes import Delivery, Report, Scene, Tick, scenes

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", [type(scene) for scene in scenes()], ids=lambda kind: kind.name)
@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_flow_that_dies_anywhere_leaves_nothing_or_the_whole_and_can_be_done_again(
    options_of: OptionsOf, database: Kind, kind: type[Scene]
) -> None:
    result = crashpoints.campaign(options_of(database, 1), kind())
    assert result.broken == []
    assert result.figures["flows"] == 1
    assert result.figures["deaths"] > result.figures["points"] > 25


@pytest.mark.parametrize(
    ("scene", "complaint"),
    [
        (Report(), "done again, it is not the whole"),
        (Tick(), "left half of it"),
        (Delivery(), "lost, or under two identities"),
    ],
)
def test_a_mistake_is_found(options_of: OptionsOf, scene: Scene, complaint: str) -> None:
    broken: list[str] = []
    options, flows = options_of("sqlite", 1), "tests.torture.careless"
    crashpoints.die_everywhere(scene, options, broken, flows=flows, stops_at_first=True)
    assert any(complaint in sentence for sentence in broken)
