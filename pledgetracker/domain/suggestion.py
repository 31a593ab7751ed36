"""What the tracker would rule if it were asked: a suggestion with its reason, and never a verdict.

Only what reports or the pledger have said can suggest a final rating. Silence suggests none: where nothing
describes the due day, what it amounts to is for people to say.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from pledgetracker.domain.because import because
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Doing, Figure, Record
from pledgetracker.domain.rubric import Finding, Rating, Rubric
from pledgetracker.domain.standing import Delivery, Schedule, Standing
from pledgetracker.domain.target import Comparator

HALF = Fraction(1, 2)
_PACES = {
    Schedule.ON_TRACK: Finding.ON_TRACK,
    Schedule.AT_RISK: Finding.AT_RISK,
    Schedule.OFF_TRACK: Finding.OFF_TRACK,
}
# What a finding says before the numbers; where the headline says the same, nothing.
_LEADS = {
    Finding.MET_LATE: "Late against a deadline that was promised",
    Finding.MOSTLY_DELIVERED: "The deadline has come, with half of the way done or more",
    Finding.PARTLY_DELIVERED: "The deadline has come, with less than half of the way done",
    Finding.NOT_DELIVERED: "The deadline has come, with nothing delivered, as was reported for it",
    Finding.UNDECIDABLE: "The deadline has come, and no sum can decide it",
    Finding.NO_FINAL_REPORT: "The deadline has come, and no report that counts is of that day or a later one",
    Finding.NO_REPORT_EVER: "The deadline has come without any report that counts, which proves nothing",
    Finding.NO_REPORT_YET: "Before any report that counts",
    Finding.NOT_BEGUN: "Reported on, and no nearer the target than at the start",
    Finding.ON_TRACK: "On track by the pace of the last figure",
    Finding.AT_RISK: "At risk by the pace of the last figure",
    Finding.OFF_TRACK: "Off track by the pace of the last figure",
    Finding.IN_PROGRESS: "Under way",
    Finding.HALF_OR_MORE: "Half of the way done or more",
    Finding.LESS_THAN_HALF: "Less than half of the way done",
    Finding.NONE_DONE: "No nearer the target than at the start",
}
_FOR_PEOPLE = "what that amounts to is for people to say"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a rubric's own rules make of a standing.

    Attributes:
        rating: the rating suggested, or None where that is left to people.
        finding: what suggests it; without a rating, the finding that was left to people.
        reason: one sentence, with the numbers.
    """

    rubric: Rubric
    rating: Rating | None
    finding: Finding
    reason: str

    @property
    def rating_id(self) -> str | None:
        """The id of the rating suggested."""
        return None if self.rating is None else self.rating.id


def suggest(rubric: Rubric, record: Record, standing: Standing, policy: Policy) -> Suggestion:
    """What `rubric` suggests for a record that stands like this, by the first finding it has a rule for."""
    found = findings(record, standing)
    said = because(record, standing, policy)
    for finding in found:
        if (rating := rubric.suggested_by(finding)) is not None:
            return Suggestion(rubric, rating, finding, _led(finding, said))
    reason = f"{_led(found[0], said).removesuffix('.')}; {_FOR_PEOPLE}."
    return Suggestion(rubric, None, found[0], reason)


def findings(record: Record, standing: Standing) -> tuple[Finding, ...]:
    """What a standing amounts to, the most telling first; at least one."""
    return tuple(dict.fromkeys(_found(record, standing)))


def _found(record: Record, standing: Standing) -> Iterator[Finding]:
    if standing.delivery is Delivery.WITHDRAWN:
        yield Finding.WITHDRAWN
    elif standing.delivery is Delivery.MET:
        yield Finding.MET_LATE if _is_late(standing) else Finding.MET
    else:
        is_past = standing.schedule in {Schedule.OVERDUE, Schedule.INDETERMINATE}
        yield from _past_due(record, standing) if is_past else _open(record, standing)
        share = _share(record, standing)
        if share is not None:
            yield _by_share(share, Finding.HALF_OR_MORE, Finding.LESS_THAN_HALF, Finding.NONE_DONE)


def _is_late(standing: Standing) -> bool:
    """Whether it was met after the deadline in force, or after the one first promised."""
    lateness = standing.lateness
    return max(lateness.current or 0, lateness.original or 0) > 0


def _past_due(record: Record, standing: Standing) -> Iterator[Finding]:
    assert standing.due is not None
    if standing.schedule is Schedule.INDETERMINATE:
        yield Finding.UNDECIDABLE
    elif not record.reports_until(standing.today):
        yield Finding.NO_REPORT_EVER
    else:
        yield _at_the_end(record, standing, standing.due.date)


def _at_the_end(record: Record, standing: Standing, due: date) -> Finding:
    """What is known of a pledge that passed its due day unmet, by what describes that day or a later one."""
    said = _last_word(record, standing, due)
    if said is None or said.as_of < due:
        return Finding.NO_FINAL_REPORT
    if said.conflict_on is not None:
        # The worst of several figures is good enough to warn, and not to condemn.
        return Finding.UNDECIDABLE
    share = _share(record, standing) or Fraction(0)
    return _by_share(share, Finding.MOSTLY_DELIVERED, Finding.PARTLY_DELIVERED, Finding.NOT_DELIVERED)


def _last_word(record: Record, standing: Standing, due: date) -> Figure | Doing | None:
    if record.pledge.is_event:
        return record.doing_on(standing.today)
    # A cap is kept on its due day or not; what later figures say of it is nothing.
    is_cap = record.pledge.comparator is Comparator.AT_MOST
    return record.figure_on(due) if is_cap else standing.figure


def _open(record: Record, standing: Standing) -> Iterator[Finding]:
    is_cap = record.pledge.comparator is Comparator.AT_MOST
    if not record.reports_until(standing.today):
        yield Finding.NO_REPORT_YET
        return
    if standing.delivery is Delivery.REVERSED:
        yield Finding.REVERSED
    elif standing.delivery is not Delivery.IN_PROGRESS and not is_cap:
        yield Finding.NOT_BEGUN
    yield _PACES.get(standing.schedule, Finding.IN_PROGRESS)


def _share(record: Record, standing: Standing) -> Fraction | None:
    """The share of the way that the figure is, exactly; None where there is no way or no figure."""
    goal, figure = record.pledge.goal, standing.figure
    if goal is None or figure is None or not goal.direction:
        return None
    return (Fraction(figure.value) - Fraction(goal.baseline)) / (
        Fraction(goal.value) - Fraction(goal.baseline)
    )


def _by_share(share: Fraction, half: Finding, less: Finding, none: Finding) -> Finding:
    if share <= 0:
        return none
    return half if share >= HALF else less


def _led(finding: Finding, said: str) -> str:
    """The sentence of the headline, led in by the finding where that says something else."""
    lead = _LEADS.get(finding)
    return said if lead is None else f"{lead}; {said[:1].lower()}{said[1:]}"
