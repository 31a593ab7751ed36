"""What each update has to do with the figure of a day, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.domain.update import ProgressUpdate


class Role(StrEnum):
    """What an update is to the figure."""

    MAKES = "makes"
    ADDS = "adds"
    CONFIRMS = "confirms"
    SAYS_DONE = "says_done"
    OUTDATED = "outdated"
    INCLUDED = "included"
    OUTWEIGHED = "outweighed"
    SILENT = "silent"
    BEFORE_BASELINE = "before_baseline"
    LATER = "later"
    SUPERSEDED = "superseded"
    RETRACTS = "retracts"
    NOT_ACCEPTED = "not_accepted"

    @property
    def counts(self) -> bool:
        """Whether the figure would be another, or of another day, without it."""
        return self in {Role.MAKES, Role.ADDS, Role.CONFIRMS, Role.SAYS_DONE}


@dataclass(frozen=True, slots=True)
class Part:
    """An update, its role, and one sentence why it has it."""

    update: ProgressUpdate
    role: Role
    why: str


def parts(record: Record, today: date, *, most: int) -> tuple[Part, ...]:
    """The roles of updates in the figure of `today`: at most so many, of those about the latest days."""
    in_order = sorted(record.updates, key=lambda u: (u.as_of, u.number), reverse=True)
    judge = _Judge(record, today)
    return tuple(judge.part(update) for update in in_order[:most])


class _Judge:
    """Knows the last day that has a total, from which the figure is counted."""

    def __init__(self, record: Record, today: date) -> None:
        self._record = record
        self._today = today
        start = record.pledge.baseline.date
        totals = (u.as_of for u in record.reports_until(today) if u.value is not None and u.as_of >= start)
        self._base = None if record.pledge.is_event else max(totals, default=None)

    def part(self, update: ProgressUpdate) -> Part:
        role, why = next(self._roles(update))
        return Part(update, role, why)

    def _roles(self, update: ProgressUpdate) -> Iterator[tuple[Role, str]]:
        """The roles that fit, the first of which it has."""
        if (by := self._record.successors.get(update.number)) is not None:
            yield Role.SUPERSEDED, f"Update {by} has taken its place."
        if update.review is not Review.ACCEPTED:
            yield Role.NOT_ACCEPTED, f"It is {update.review}, and only what is accepted counts."
        if update.is_retraction:
            yield Role.RETRACTS, f"It takes back update {update.supersedes}, and says nothing itself."
        if update.as_of > self._today:
            yield Role.LATER, f"It describes a day after {self._today}."
        if update.done is not None:
            yield self._of_doing(update, update.milestone)
        if self._record.pledge.is_event:
            yield Role.SILENT, "It says that nothing moved, and nothing of done or not."
        start = self._record.pledge.baseline.date
        if update.as_of < start:
            yield Role.BEFORE_BASELINE, f"It describes a day before that of the baseline, {start}."
        if self._base is not None and update.as_of < self._base:
            yield Role.OUTDATED, f"The total of {self._base} includes all that was before."
        yield self._since_base(update)

    def _of_doing(self, update: ProgressUpdate, milestone: str | None) -> tuple[Role, str]:
        latest = self._record.doing_on(self._today, milestone)
        of = "the pledge" if milestone is None else f"milestone '{milestone}'"
        if latest is None or latest.as_of > update.as_of:
            return Role.OUTDATED, f"A later day says whether {of} is done."
        about = self._record.rivals(update.as_of, milestone)
        if about and update not in self._record.weighed(update.as_of, about, milestone):
            return Role.OUTWEIGHED, "A reviewer chose another update about this day."
        return Role.SAYS_DONE, f"Of the last day that says whether {of} is done."

    def _since_base(self, update: ProgressUpdate) -> tuple[Role, str]:
        if update.no_change:
            return Role.CONFIRMS, "It confirms the figure, which is of this day or a later one."
        if update.increment is not None:
            if update.as_of == self._base:
                return Role.INCLUDED, "A total of the same day includes it."
            since = "the baseline" if self._base is None else f"the total of {self._base}"
            return Role.ADDS, f"It comes on top of {since}."
        figure = self._record.figure_on(update.as_of)
        if figure is not None and figure.value == update.value:
            rivals = ", and of those that differ the least favourable one" if figure.conflict_on else ""
            return Role.MAKES, f"It is the latest total{rivals}."
        is_chosen = self._record.choice(update.as_of) is not None
        why = "was chosen by a reviewer" if is_chosen else "is less favourable"
        return Role.OUTWEIGHED, f"Another total of the same day {why}, and counts instead."
