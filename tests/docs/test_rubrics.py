"""The page on what words mean names every rating that comes along, and every finding that suggests one."""

import re
from pathlib import Path

from pledgetracker.domain.presets import PRESETS
from pledgetracker.domain.rubric import CONCLUSIVE, Finding

PAGE = (Path(__file__).parents[2] / "docs" / "meaning.md").read_text()
VERDICTS = PAGE[PAGE.index("## Verdicts") : PAGE.index("## Flags")]
ROWS = [row for row in VERDICTS.splitlines() if row.startswith("| `")]


def test_each_rubric_has_its_row_with_its_ratings_the_final_ones_in_bold() -> None:
    told = {}
    for row in ROWS[: len(PRESETS)]:
        _, name, ratings, _ = row.split("|")
        ids = re.findall(r"(\*\*)?`(\w+)`", ratings)
        told[name.strip(" `")] = {key: bool(bold) for bold, key in ids}
    assert told == {rubric.name: {r.id: r.is_final for r in rubric.ratings} for rubric in PRESETS}


def test_each_finding_has_its_place_and_the_first_rows_are_those_that_decide_something() -> None:
    named = [re.findall(r"`(\w+)`", row.split("|")[1]) for row in ROWS[len(PRESETS) :]]
    assert sorted(name for row in named for name in row) == sorted(Finding)
    assert {name for row in named[:3] for name in row} == CONCLUSIVE
