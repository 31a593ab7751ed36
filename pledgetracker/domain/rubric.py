"""Rubrics: the named, versioned scales by which people rule on pledges, as data."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pledgetracker.domain.errors import FieldProblem

MAX_RATING_ID = 40
# Wide enough for the codes of standards, which are not all in lower case.
RATING_ID = re.compile(r"[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*")


class Finding(StrEnum):
    """What a standing amounts to where somebody is to rule on it; by these the tracker suggests ratings."""

    MET = "met"
    MET_LATE = "met_late"
    MOSTLY_DELIVERED = "mostly_delivered"
    PARTLY_DELIVERED = "partly_delivered"
    NOT_DELIVERED = "not_delivered"
    WITHDRAWN = "withdrawn"
    REVERSED = "reversed"
    UNDECIDABLE = "undecidable"
    NO_FINAL_REPORT = "no_final_report"
    NO_REPORT_EVER = "no_report_ever"
    NO_REPORT_YET = "no_report_yet"
    NOT_BEGUN = "not_begun"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OFF_TRACK = "off_track"
    IN_PROGRESS = "in_progress"
    HALF_OR_MORE = "half_or_more"
    LESS_THAN_HALF = "less_than_half"
    NONE_DONE = "none_done"


# What was reported, or said by the pledger, once there is nothing more to wait for; never what silence
# leaves open.
CONCLUSIVE = frozenset(
    {
        Finding.MET,
        Finding.MET_LATE,
        Finding.MOSTLY_DELIVERED,
        Finding.PARTLY_DELIVERED,
        Finding.NOT_DELIVERED,
        Finding.WITHDRAWN,
    }
)


@dataclass(frozen=True, slots=True)
class Wording:
    """A few words in English, and in French where somebody has found them."""

    en: str
    fr: str | None = None


@dataclass(frozen=True, slots=True)
class Rating:
    """One step of a rubric.

    Attributes:
        id: unique in its rubric.
        is_final: whether it closes the matter; such a rating is given on evidence.
        suggested_on: the findings on which the tracker suggests it.
    """

    id: str
    title: Wording
    meaning: Wording
    is_final: bool = False
    suggested_on: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Rubric:
    """A scale of ratings under a name and a version, both permanent: a changed rubric is a new version.

    Attributes:
        ratings: in the order in which they are to be read.
        recorded_at: the instant it was stored; None for those that come with the program.
    """

    name: str
    version: int
    title: Wording
    ratings: tuple[Rating, ...]
    recorded_at: datetime | None = None

    @property
    def is_preset(self) -> bool:
        """Whether it comes with the program."""
        return self.recorded_at is None

    def is_known_at(self, instant: datetime | None) -> bool:
        """Whether it was there at `instant`; None is now."""
        return instant is None or self.recorded_at is None or self.recorded_at <= instant

    def rating(self, key: str) -> Rating | None:
        """The rating `key`, or None."""
        return next((rating for rating in self.ratings if rating.id == key), None)

    def suggested_by(self, finding: Finding) -> Rating | None:
        """The rating that a finding suggests, or None where that is left to people."""
        return next((rating for rating in self.ratings if finding in rating.suggested_on), None)


def problems(rubric: Rubric) -> Iterator[FieldProblem]:
    """Everything that keeps `rubric` from being a well-formed scale."""
    ids: set[str] = set()
    suggesting: set[Finding] = set()
    for i, rating in enumerate(rubric.ratings):
        if rating.id in ids:
            yield FieldProblem(f"/ratings/{i}/id", f"The rating {rating.id!r} is listed twice.")
        ids.add(rating.id)
        for j, finding in enumerate(rating.suggested_on):
            at = f"/ratings/{i}/suggested_on/{j}"
            if finding in suggesting:
                yield FieldProblem(at, f"The finding {finding.value!r} suggests a rating already.")
            elif rating.is_final and finding not in CONCLUSIVE:
                yield FieldProblem(
                    at, f"A final rating is never suggested on {finding.value!r}, which decides nothing."
                )
            suggesting.add(finding)
