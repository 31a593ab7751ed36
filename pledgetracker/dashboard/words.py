"""What the pages call things: standings, flags and hedges in plain English."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from babel.numbers import get_currency_symbol, is_currency

from pledgetracker.channels.mail.english import ENGLISH
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import Flag, FlagKind
from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.numbers import rounded, trim
from pledgetracker.domain.phrases import HEDGES
from pledgetracker.domain.pledge import Pledge, SetBy
from pledgetracker.domain.review import CounterClaim, Review
from pledgetracker.domain.standing import Delivery, ReportingState, Schedule, Status
from pledgetracker.domain.update import Claim, Correction, ProgressUpdate
from pledgetracker.services.reading import MilestoneView, PledgeView

NO_BREAK = "\u00a0"
MAX_UNIT_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Badge:
    """A headline as it is shown.

    Attributes:
        tone: bad, warn, good or plain; the text says the same.
        rank: 0 is what needs attention most.
    """

    text: str
    tone: str
    rank: int


# In the order in which attention is needed.
_BADGES = (
    (Status.OVERDUE, "Overdue", "bad"),
    (Status.REVERSED, "Met once, not any more", "bad"),
    (Status.NEVER_REPORTED, "Never reported on", "bad"),
    (Status.OFF_TRACK, "Off track", "bad"),
    (Status.REGRESSING, "Going backwards", "bad"),
    (Status.STALE, "No recent report", "warn"),
    (Status.AT_RISK, "At risk", "warn"),
    (Status.INDETERMINATE, "Past due, undecidable", "warn"),
    (Status.NOT_STARTED, "Not started", "plain"),
    (Status.IN_PROGRESS, "In progress", "plain"),
    (Status.ON_TRACK, "On track", "good"),
    (Status.MET_LATE, "Met late", "good"),
    (Status.MET, "Met", "good"),
    (Status.WITHDRAWN, "Withdrawn", "plain"),
)
BADGES = {status: Badge(text, tone, rank) for rank, (status, text, tone) in enumerate(_BADGES)}

DELIVERY = {
    Delivery.NOT_STARTED: "Not started: no figure yet, or still at the baseline",
    Delivery.REGRESSING: "Further from the target than at the start",
    Delivery.IN_PROGRESS: "In progress",
    Delivery.MET: "Met",
    Delivery.REVERSED: "Met once, not any more",
    Delivery.WITHDRAWN: "Withdrawn",
}
REPORTING = {
    ReportingState.CURRENT: "Current",
    ReportingState.DUE: "A report is due",
    ReportingState.STALE: "No recent report",
    ReportingState.NEVER_REPORTED: "Never reported on",
    ReportingState.CLOSED: "Closed: no further report is awaited",
}
SCHEDULE = {
    Schedule.UNKNOWN: "Unknown: nothing to hold against a deadline",
    Schedule.ON_TRACK: "On track",
    Schedule.AT_RISK: "At risk",
    Schedule.OFF_TRACK: "Off track",
    Schedule.OVERDUE: "Overdue",
    Schedule.MET_ON_TIME: "Met in time",
    Schedule.MET_LATE: "Met late",
    Schedule.INDETERMINATE: "Past due, and no sum can decide it",
}
MILESTONES = {
    MilestoneStatus.UPCOMING: ("Upcoming", "plain"),
    MilestoneStatus.MET_ON_TIME: ("Met in time", "good"),
    MilestoneStatus.MET_LATE: ("Met late", "good"),
    MilestoneStatus.OVERDUE: ("Overdue", "bad"),
    MilestoneStatus.INDETERMINATE: ("Undecidable", "warn"),
}
CLAIMS = {
    Claim.SELF_REPORTED: "self-reported",
    Claim.THIRD_PARTY: "third party",
    Claim.OFFICIAL_STATISTIC: "official statistic",
    Claim.AUDITED: "audited",
}
CORRECTIONS = {
    Correction.TYPO: "a typing error",
    Correction.RESTATED: "restated",
    Correction.SOURCE_CORRECTED: "its source was corrected",
    Correction.DEFINITION_CHANGED: "the definition changed",
}
# Of an accepted report there is nothing to say.
REVIEWS = {
    Review.SUBMITTED: ("Waits for review", "plain"),
    Review.DISPUTED: ("Disputed", "warn"),
    Review.RETURNED: ("Returned", "warn"),
}
BY = {SetBy.PLEDGER: "the pledger", SetBy.TRACKER: "this tracker"}
_SCALES = ((10**12, "trillion"), (10**9, "billion"))

number = ENGLISH.number
percent = ENGLISH.percent
amount = ENGLISH.amount
computed = ENGLISH.about
relative = ENGLISH.relative
day = ENGLISH.day


def sentence(text: str) -> str:
    """With a capital at the start."""
    return text[:1].upper() + text[1:]


def short_day(when: date) -> str:
    """`4 Nov 2025`."""
    return f"{when.day}{NO_BREAK}{when:%b}{NO_BREAK}{when.year}"


def deadline(due: Due) -> str:
    """`by the end of 2027`: with the precision it was said with."""
    return ENGLISH.deadline(due)


def promise(pledge: Pledge) -> str:
    """`at least 1,000,000 people`: the hedge, the target and its unit."""
    if pledge.goal is None:
        return ENGLISH.no_target(is_event=pledge.is_event)
    return ENGLISH.promise(pledge.goal, pledge.unit)


def short_promise(pledge: Pledge) -> str:
    """The hedge and the target, for narrow places."""
    assert pledge.goal is not None
    hedge = "down to" if pledge.goal.direction < 0 else HEDGES[pledge.comparator]
    return f"{hedge} {compact_amount(pledge.goal.value, pledge.unit)}"


def rate(value: Decimal, unit: str | None) -> str:
    """Units a day."""
    return f"{computed(value, unit)} a day"


def expected_share(view: PledgeView) -> Decimal | None:
    """The share of the way at which the path is on the day of the figure."""
    goal, expected = view.pledge.goal, view.standing.progress.expected
    if goal is None or expected is None:
        return None
    start = Fraction(goal.baseline)
    return rounded((Fraction(expected) - start) / (Fraction(goal.value) - start))


def compact(value: Decimal, largest: Decimal | None = None) -> str:
    """For narrow places: `250,000`, `15 billion`; among others on the scale of the `largest` of them."""
    for scale, name in _SCALES:
        if value and abs(value if largest is None else largest) >= scale:
            return f"{number(trim((value / scale).quantize(Decimal('0.01'))))}{NO_BREAK}{name}"
    return number(value)


def compact_amount(value: Decimal, unit: str | None) -> str:
    """`compact` with the unit, if that is short."""
    shown = compact(value)
    if not unit or len(unit) > MAX_UNIT_LENGTH:
        return shown
    if is_currency(unit):
        symbol = get_currency_symbol(unit, locale=ENGLISH.locale)
        return f"{symbol}{NO_BREAK if symbol.isalpha() else ''}{shown}"
    return f"{shown}{NO_BREAK}{ENGLISH.unit(unit, value)}"


def amount_of(value: Decimal, unit: str) -> str:
    """`compact_amount`, with the unit however long it is."""
    if is_currency(unit) or len(unit) <= MAX_UNIT_LENGTH:
        return compact_amount(value, unit)
    return amount(value, unit)


def pledges(n: int) -> str:
    """`1 pledge`, `12 pledges`."""
    return f"{n:,} pledge" if n == 1 else f"{n:,} pledges"


def reported(update: ProgressUpdate, unit: str | None) -> str:
    """What an update says, in a few words."""
    if update.value is not None:
        return f"{amount(update.value, unit)} in total"
    if update.increment is not None:
        return f"{amount(update.increment, unit)} more"
    if update.is_retraction:
        return "nothing"
    if update.done is None:
        return "no change"
    said = "done" if update.done else "not done"
    return f"milestone {update.milestone}: {said}" if update.milestone else said


def counter_claim(claim: CounterClaim, unit: str | None) -> str:
    """What somebody else says instead."""
    parts = (None if claim.value is None else amount(claim.value, unit), claim.text)
    said = ", ".join(part for part in parts if part)
    return f"Instead: {said}" if said else ""


def name_of(milestone: MilestoneView, pledge: Pledge) -> str:
    """What a milestone is called."""
    if milestone.title:
        return milestone.title
    if milestone.id == "target":
        return "The pledge itself"
    return milestone.id if milestone.target is None else amount(milestone.target, pledge.unit)


def flag(view: PledgeView, found: Flag) -> str:
    """What a flag says, in a sentence."""
    today = view.standing.today
    when = f"{day(found.episode)}, {relative((found.episode - today).days)}"
    match found.kind:
        case FlagKind.OVERDUE:
            return f"{_thing(view, found)} was due on {when}, and is not met."
        case FlagKind.NO_PROGRESS:
            return f"{_thing(view, found)} is due on {when}, and no recent report brings it nearer."
        case FlagKind.NEVER_REPORTED:
            return f"Nothing was ever reported. A first report was due on {when}."
        case FlagKind.STALE:
            return f"No recent report. One was due on {when}."
        case FlagKind.BEHIND:
            return f"Behind the path since the figure of {day(found.episode)}."
        case FlagKind.CONFLICT:
            return f"The reports for {day(found.episode)} disagree. The least favourable one counts."


def _thing(view: PledgeView, found: Flag) -> str:
    milestone = next((m for m in view.milestones if m.id == found.milestone), None)
    if milestone is None or milestone.id == "target":
        return "The pledge"
    whose = "Our checkpoint" if milestone.set_by is SetBy.TRACKER else "The milestone"
    return f"{whose} \u201c{name_of(milestone, view.pledge)}\u201d"
