"""What comes next of a pledge and when, if nothing more is reported: days, flags and alerts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import islice

from pledgetracker.domain.alert import OpenFlag, Owed, Recipient
from pledgetracker.domain.days import LAST_DAY
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.phrases import days_of
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.simulation import DAY, SimulatedDay, Start, simulate
from pledgetracker.domain.standing import ReportingState, Standing
from pledgetracker.domain.watch import Waiting, owed_on

# Days with flags and alerts; pledges with very many milestones have more.
MOST_DAYS = 50
# Stands for everybody: whom alerts go to is no part of an explanation.
_SOMEBODY = (Recipient("somebody"),)


class EntryKind(StrEnum):
    """What happens on a day."""

    DUE = "due"
    REPORT_DUE = "report_due"
    FLAG_CLEARS = "flag_clears"
    FLAG_OPENS = "flag_opens"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is to come.

    Attributes:
        on: the pledge's local day.
        flag: which flag opens, clears or owes the alert.
        step: of an alert, as in `Step`.
        words: one sentence.
    """

    on: date
    kind: EntryKind
    words: str
    flag: FlagKind | None = None
    milestone: str | None = None
    step: int | None = None


def agenda(
    record: Record, policy: Policy, stands: Standing, open_flags: Sequence[OpenFlag]
) -> tuple[Entry, ...]:
    """What comes after `stands` if nothing more is reported, moved or taken back, the earliest first.

    Args:
        record: the pledge, without what describes later days.
        policy: the thresholds.
        stands: where it stands on the day of the answer.
        open_flags: those kept as open by then; what the day opens or clears besides is of the day itself.
    """
    today = stands.today
    told = (a.dedup_key for a in owed_on(record, policy, _SOMEBODY, open_flags, today))
    start: Start[Waiting] = Start(today, open_flags, frozenset(told))
    days = simulate(record, policy, _SOMEBODY, start, first=today, last=LAST_DAY)
    found = [*_due_days(stands), *_of_days(islice(days, MOST_DAYS))]
    order = list(EntryKind)
    return tuple(sorted(found, key=lambda entry: (entry.on, order.index(entry.kind))))


def _due_days(stands: Standing) -> Iterator[Entry]:
    for stage in stands.milestones:
        due = stage.milestone.due.date
        if stage.status is MilestoneStatus.UPCOMING and due >= stands.today:
            yield Entry(due, EntryKind.DUE, f"The last day of '{stage.id}'.", milestone=stage.id)
    calendar = stands.calendar
    if stands.reporting is ReportingState.CURRENT:
        until = calendar.stale_from - DAY
        yield Entry(calendar.due, EntryKind.REPORT_DUE, f"A report is due, with grace until {until}.")


def _of_days(days: Iterator[SimulatedDay[Waiting]]) -> Iterator[Entry]:
    for found in days:
        for flag in found.cleared:
            yield _entry(found.day, EntryKind.FLAG_CLEARS, f"The flag {flag.kind}{_on(flag)} closes.", flag)
        for flag in found.opened:
            yield _entry(found.day, EntryKind.FLAG_OPENS, _opening(flag), flag)
        for message in found.messages:
            alert = message.leader
            flag_kind = FlagKind(alert.kind.value)
            words = _alert(alert, len(message.spoken_for))
            yield Entry(found.day, EntryKind.ALERT, words, flag_kind, alert.milestone, alert.step)


def _entry(day: date, kind: EntryKind, words: str, flag: OpenFlag) -> Entry:
    return Entry(day, kind, words, flag.kind, flag.milestone)


def _on(about: OpenFlag | Owed) -> str:
    return "" if about.milestone is None else f" on '{about.milestone}'"


def _opening(flag: OpenFlag) -> str:
    match flag.kind:
        case FlagKind.OVERDUE:
            return f"'{flag.milestone}' is overdue from this day on, unless it is met before."
        case FlagKind.NO_PROGRESS:
            return f"The flag no_progress opens on '{flag.milestone}', unless something moves towards it."
        case FlagKind.NEVER_REPORTED:
            return "Never reported on, from this day on, unless something is reported before."
        case FlagKind.STALE:
            return "Stale from this day on, unless something is reported before."
        case _:
            return f"The flag {flag.kind}{_on(flag)} opens."


def _alert(alert: Owed, others: int) -> str:
    days = days_of(alert.step)
    match alert.kind:
        case FlagKind.NO_PROGRESS:
            said = f"T−{alert.step} alert: '{alert.milestone}' is due in {days}, with no progress"
        case FlagKind.OVERDUE:
            said = f"Alert: '{alert.milestone}' is overdue, by {days}"
        case _ if alert.step:
            said = f"Alert: {alert.kind}{_on(alert)}, for {days}"
        case _:
            said = f"Alert: {alert.kind}{_on(alert)}"
    return f"{said}; it speaks for {others} more." if others else f"{said}."
