"""What a promise leaves open, as warnings with a way out: what is missing, what can be read in two ways."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pledgetracker.domain import hedges, vagueness
from pledgetracker.domain.days import LAST_DAY, Due
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.target import Comparator


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a promise leaves open; never a reason to refuse it.

    Attributes:
        field: JSON Pointer to where it is mended.
        code: names the kind of finding, the same for all pledges.
        message: what is open, one sentence.
        suggestion: what to do about it, one sentence.
    """

    field: str
    code: str
    message: str
    suggestion: str


def quality(record: Record) -> tuple[Finding, ...]:
    """All that the promise of `record` leaves open: first what is missing, then what is ambiguous."""
    return record.recall("quality", lambda: (*_missing(record), *_ambiguous(record)))


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Something that a pledge should say, and whether one does not."""

    finding: Finding
    lacks: Callable[[Record], object]


_WANTED = (
    _Wanted(
        Finding(
            "/statement",
            "no_statement",
            "The promise is not on record in the words it was made in.",
            "Quote it in statement.text, with its source.",
        ),
        lambda record: record.pledge.statement is None,
    ),
    _Wanted(
        Finding(
            "/statement/source",
            "no_source",
            "Nobody can look up where the promise was made.",
            "Name the url, title and publisher of its source, and an archived_url that outlives the page.",
        ),
        lambda record: record.pledge.statement is not None and record.pledge.statement.source is None,
    ),
    _Wanted(
        Finding(
            "/indicator",
            "no_indicator",
            "It is not said what is counted.",
            "Spell it out, as 'people who completed a course'.",
        ),
        lambda record: record.pledge.indicator is None,
    ),
    _Wanted(
        Finding(
            "/unit",
            "no_unit",
            "Figures have no unit.",
            "Name it in the singular, as 'person' or 'GPU'; money is an ISO 4217 code, as EUR.",
        ),
        lambda record: record.pledge.unit is None and not record.pledge.is_event,
    ),
    _Wanted(
        Finding(
            "/verification",
            "no_verification",
            "It is not said how anybody will tell whether it was kept.",
            "Say in `verification` whose figures will decide, as 'the ministry's yearly count'.",
        ),
        lambda record: record.pledge.verification is None,
    ),
    _Wanted(
        Finding(
            "/owner",
            "no_owner",
            "Nobody is named who answers for it.",
            "Name in `owner` the office or person at the pledger.",
        ),
        lambda record: record.pledge.owner is None,
    ),
    _Wanted(
        Finding(
            "/target",
            "no_target",
            "Without a target nothing can be met or missed.",
            "Give the number that was promised; if there was none and it is done or not, choose 'event'.",
        ),
        lambda record: record.pledge.target is None and not record.pledge.is_event,
    ),
    _Wanted(
        Finding(
            "/due",
            "no_deadline",
            "Without a deadline it is never late.",
            "Give the date that was promised, or the tracker's own checkpoints as milestones.",
        ),
        lambda record: _last_due(record) is None,
    ),
    _Wanted(
        Finding(
            "/baseline",
            "assumed_baseline",
            "The baseline is 0 on the day of the announcement, as it is where nobody says another.",
            "Say what the value was before the promise, and on which day; leave it if it was 0.",
        ),
        lambda record: not record.pledge.is_event and _is_assumed(record.pledge),
    ),
)


def _is_assumed(pledge: Pledge) -> bool:
    """Whether the baseline is what it becomes where none is said."""
    return not pledge.baseline.value and pledge.baseline.date == pledge.announced_on


def _missing(record: Record) -> Iterator[Finding]:
    return (wanted.finding for wanted in _WANTED if wanted.lacks(record))


def _last_due(record: Record) -> Due | None:
    """The deadline after all moves that were ever announced."""
    return record.due_on(LAST_DAY)


def _ambiguous(record: Record) -> Iterator[Finding]:
    pledge = record.pledge
    yield from _of_deadline(_last_due(record))
    yield from _of_comparator(pledge)
    yield from _of_indicator(pledge)
    yield from _of_unit(pledge)


def _of_deadline(due: Due | None) -> Iterator[Finding]:
    if due is not None and due.precision == "year":
        yield Finding(
            "/due",
            "year_only",
            f"'{due.text}' names a year, and counts until its last day, {due.date}.",
            f"If it was to be done before {due.text} begins, say {int(due.text) - 1}-12-31.",
        )


def _of_comparator(pledge: Pledge) -> Iterator[Finding]:
    if pledge.comparator is Comparator.UP_TO and pledge.target is not None:
        yield Finding(
            "/comparator",
            "ceiling",
            "'up_to' is a ceiling: after the deadline no reported figure below it counts as missed.",
            "If a least amount was promised as well, record that as a pledge of its own with 'at_least'.",
        )
    differing = hedges.disagreement(pledge)
    if differing is not None:
        where = "title" if differing.place == "/title" else "statement"
        yield Finding(
            "/comparator",
            "hedge_differs",
            f"The {where} says '{differing.words}', and the comparator is '{pledge.comparator}'.",
            f"If the {where} has it right, choose '{differing.comparator}'.",
        )


def _of_indicator(pledge: Pledge) -> Iterator[Finding]:
    vague = None if pledge.indicator is None else vagueness.vague_word(pledge.indicator)
    if vague is not None:
        yield Finding(
            "/indicator",
            "vague_indicator",
            f"'{vague.word}' does not say what counts: two people may count differently.",
            vague.suggestion,
        )


def _of_unit(pledge: Pledge) -> Iterator[Finding]:
    if pledge.unit is None:
        return
    codes = vagueness.currency_codes(pledge.unit)
    if codes:
        yield Finding(
            "/unit",
            "currency_word",
            f"'{pledge.unit}' is no currency code, so its amounts cannot be added to others.",
            f"Use the ISO 4217 code, {' or '.join(codes)}, and give amounts in full.",
        )
    if vagueness.is_percentage(pledge.unit) and not vagueness.names_a_whole(pledge.indicator):
        yield Finding(
            "/indicator",
            "percentage_of_what",
            "The target is a percentage, and it is not said of what.",
            "Name the whole in the indicator, as 'share of electricity from renewable sources'.",
        )
