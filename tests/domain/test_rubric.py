"""Rubrics are well-formed scales, those that come with the program above all."""

from dataclasses import replace

import pytest

from pledgetracker.domain.presets import COMPLETION, OCDS_MILESTONE, POLITICAL, PRESETS
from pledgetracker.domain.rubric import (
    CONCLUSIVE,
    MAX_RATING_ID,
    RATING_ID,
    Finding,
    Rating,
    Rubric,
    Wording,
    problems,
)
from pledgetracker.domain.slug import is_slug

WORDS = Wording("Words", "Mots")
DONE = Rating("done", WORDS, WORDS, is_final=True, suggested_on=(Finding.MET,))
OPEN = Rating("open", WORDS, WORDS, suggested_on=(Finding.ON_TRACK, Finding.NO_REPORT_YET))
SCALE = Rubric("scale", 1, WORDS, (DONE, OPEN))


@pytest.mark.parametrize("rubric", PRESETS, ids=lambda rubric: rubric.name)
def test_what_comes_with_the_program_keeps_the_rules_and_speaks_both_languages(rubric: Rubric) -> None:
    assert list(problems(rubric)) == []
    assert is_slug(rubric.name)
    assert (rubric.version, rubric.is_preset) == (1, True)
    for rating in rubric.ratings:
        assert RATING_ID.fullmatch(rating.id)
        assert len(rating.id) <= MAX_RATING_ID
        assert rating.title.fr
        assert rating.meaning.fr
        assert rating.meaning.en.endswith(".")
        assert rating.meaning.fr.endswith(".")


def test_the_scales_are_the_ones_that_trackers_use() -> None:
    assert [rubric.name for rubric in PRESETS] == ["political", "completion", "ocds-milestone", "colours"]
    assert [len(rubric.ratings) for rubric in PRESETS] == [6, 5, 4, 3]
    assert {rating.id for rating in OCDS_MILESTONE.ratings} == {"scheduled", "met", "notMet", "partiallyMet"}
    assert [rating.id for rating in POLITICAL.ratings if rating.is_final] == ["kept", "compromise", "broken"]


def test_a_rating_is_found_by_its_id_and_by_what_suggests_it() -> None:
    assert SCALE.rating("done") is DONE
    assert SCALE.rating("gone") is None
    assert SCALE.suggested_by(Finding.NO_REPORT_YET) is OPEN
    assert SCALE.suggested_by(Finding.REVERSED) is None
    no_evidence = COMPLETION.suggested_by(Finding.NO_REPORT_EVER)
    assert no_evidence is not None
    assert no_evidence.id == "no_evidence"


@pytest.mark.parametrize(
    ("ratings", "place"),
    [
        ((DONE, replace(OPEN, id="done")), "/ratings/1/id"),
        ((DONE, replace(OPEN, suggested_on=(Finding.ON_TRACK, Finding.MET))), "/ratings/1/suggested_on/1"),
        ((DONE, replace(OPEN, suggested_on=(Finding.ON_TRACK,) * 2)), "/ratings/1/suggested_on/1"),
    ],
)
def test_a_rating_and_a_finding_stand_once_in_a_rubric(ratings: tuple[Rating, ...], place: str) -> None:
    assert [problem.pointer for problem in problems(replace(SCALE, ratings=ratings))] == [place]


@pytest.mark.parametrize("finding", Finding)
def test_a_final_rating_may_be_suggested_only_on_what_was_said(finding: Finding) -> None:
    final = replace(SCALE, ratings=(replace(DONE, suggested_on=(finding,)), replace(OPEN, suggested_on=())))
    assert (list(problems(final)) == []) == (finding in CONCLUSIVE)
    assert {Finding.NO_REPORT_EVER, Finding.NO_FINAL_REPORT, Finding.UNDECIDABLE} & CONCLUSIVE == set()
