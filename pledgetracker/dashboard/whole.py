"""What the page of one pledge shows."""

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from pledgetracker.dashboard import words
from pledgetracker.dashboard.charts import chart
from pledgetracker.dashboard.scales import NARROW, WIDE
from pledgetracker.domain.catalogue import Initiative
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.history import Entry
from pledgetracker.domain.phrases import ahead_by
from pledgetracker.domain.record import Moved
from pledgetracker.domain.standing import Delivery
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.domain.vantage import Vantage
from pledgetracker.domain.verdict import Verdict
from pledgetracker.runtime import Runtime, links
from pledgetracker.services.grading import get_rubric
from pledgetracker.services.reading import (
    PledgeView,
    UpdateView,
    get_record,
    known,
    list_updates,
    rules_known,
    view,
)
from pledgetracker.services.recalling import initiatives_known, pledgers_known
from pledgetracker.services.recounting import history
from pledgetracker.services.relating import Relations, relations
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import PageRequest
from pledgetracker.web import Cursors, next_cursor

UPDATES = 50
# Of each kind; the roll-up of an initiative has them all.
RELATED = 100
# The latest of them; the history as JSON has them all.
STORY = PageRequest("at", descending=True, after=None, limit=20)
SORT = "-as_of"
CURSORS = Cursors({"as_of": date})


@dataclass(frozen=True, slots=True)
class Number:
    """One number of the path: what it is called, what it is, what it means."""

    name: str
    value: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """A verdict in force, with what its rubric calls it."""

    verdict: Verdict
    rubric: str
    rating: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Whole:
    """The page of one pledge.

    Attributes:
        story: what was recorded last, the latest first.
        has_earlier: whether more was recorded before that.
    """

    view: PledgeView
    pledger: str
    initiative: Initiative | None
    badge: words.Badge
    wide: Markup
    narrow: Markup
    numbers: Sequence[Number]
    moves: Sequence[Moved]
    rulings: Sequence[Ruling]
    related: Relations
    story: Sequence[Entry]
    has_earlier: bool
    updates: Sequence[UpdateView]
    report_count: int
    next_cursor: str | None
    curl: str
    claimed: str | None
    vantage: Vantage

    def is_before_baseline(self, update: ProgressUpdate) -> bool:
        """Whether an update makes no figure because nothing was promised yet on the day that it describes."""
        return self.view.record.is_too_early(update)

    def is_taken_back(self, update: ProgressUpdate) -> bool:
        """Whether what supersedes an update is no correction."""
        by = self.view.record.successors.get(update.number)
        return any(u.number == by and u.is_retraction for u in self.view.record.updates)


def whole(tx: Transaction, key: str, cursor: str | None, runtime: Runtime, vantage: Vantage) -> Whole:
    """All that is known of pledge `key`.

    Raises:
        NotFound: there is no such pledge.
        Invalid: the cursor is none of its updates.
    """
    record = known(get_record(tx, key), vantage)
    seen = view(record, rules_known(tx, runtime.rules, vantage), vantage)
    pledge = record.pledge
    try:
        request = CURSORS.page(SORT, cursor or None, UPDATES)
    except ValueError as error:
        raise Invalid.field("?cursor", str(error)) from None
    updates = list_updates(tx, key, request, vantage)
    story = history(tx, key, STORY, vantage)
    return Whole(
        view=seen,
        pledger=pledgers_known(tx, [pledge.pledger], vantage)[pledge.pledger].name,
        initiative=_initiative(tx, pledge.initiative, vantage),
        badge=words.BADGES[seen.standing.status],
        wide=chart(record, seen.standing, WIDE, is_now=vantage.is_now),
        narrow=chart(record, seen.standing, NARROW, is_now=vantage.is_now),
        numbers=list(_numbers(seen)),
        moves=seen.record.moved,
        rulings=list(_rulings(tx, seen)),
        related=relations(tx, pledge, vantage, most=RELATED),
        story=story.items,
        has_earlier=story.has_more,
        updates=updates.items,
        report_count=len(record.updates),
        next_cursor=next_cursor(request, updates.after),
        claimed=_claimed(seen),
        vantage=vantage,
        curl=_curl(seen, links(runtime.settings.public_url, pledge.id).progress),
    )


def _initiative(tx: Transaction, key: str | None, vantage: Vantage) -> Initiative | None:
    return None if key is None else initiatives_known(tx, [key], vantage).get(key)


def _claimed(seen: PledgeView) -> str | None:
    """What is claimed, where that differs from what counts."""
    claimed, stands = seen.claimed, seen.standing
    if claimed.value is None or claimed.as_of is None:
        differs = claimed.delivery is not stands.delivery
        return words.DELIVERY[claimed.delivery] if differs else None
    if stands.figure is not None and (stands.figure.value, stands.figure.as_of) == (
        claimed.value,
        claimed.as_of,
    ):
        return None
    share = "" if claimed.completion is None else f" ({words.percent(claimed.completion)})"
    return f"{words.amount(claimed.value, seen.pledge.unit)}{share} as of {words.day(claimed.as_of)}"


def _rulings(tx: Transaction, seen: PledgeView) -> Iterator[Ruling]:
    for ruled in seen.verdicts:
        verdict = ruled.verdict
        rubric = get_rubric(tx, verdict.rubric, verdict.rubric_version)
        rating = rubric.rating(str(verdict.rating))
        # Rubrics are permanent, so what was ruled by one is still in it.
        assert rating is not None
        yield Ruling(verdict, rubric.title.en, rating.title.en, rating.meaning.en)


def _numbers(seen: PledgeView) -> Iterator[Number]:
    """The numbers that are defined, each in plain words."""
    unit, progress, figure = seen.pledge.unit, seen.standing.progress, seen.standing.figure
    if figure is None:
        return
    as_of = words.day(figure.as_of)
    yield Number("Figure", words.amount(figure.value, unit), f"What the reports amount to as of {as_of}.")
    if progress.completion is not None:
        yield Number(
            "Completion",
            words.percent(progress.completion),
            "Share of the way from the baseline to the target.",
        )
    if progress.expected is not None:
        yield Number("Expected", words.computed(progress.expected, unit), f"Where the path is on {as_of}.")
    if progress.gap is not None:
        yield Number(
            "Gap", words.computed(progress.gap, unit), "Figure against the path; below zero is behind."
        )
    if progress.pace is not None:
        yield Number("Pace", words.percent(progress.pace), "Share reached of the way expected by then.")
    if progress.days_ahead is not None:
        yield Number(
            "Time",
            words.sentence(ahead_by(progress.days_ahead)),
            "Against the day on which the path has the figure.",
        )
    yield from _outlook(seen)


def _outlook(seen: PledgeView) -> Iterator[Number]:
    unit, progress = seen.pledge.unit, seen.standing.progress
    is_open = seen.standing.delivery not in {Delivery.MET, Delivery.WITHDRAWN}
    if progress.current_rate is not None:
        yield Number(
            "Current rate", words.rate(progress.current_rate, unit), "On average since the baseline."
        )
    if progress.required_rate is not None and is_open:
        yield Number(
            "Required rate",
            words.rate(progress.required_rate, unit),
            "From today, to reach the target in time.",
        )
    if progress.projected_value is not None and is_open:
        yield Number(
            "At the deadline", words.computed(progress.projected_value, unit), "If the current rate goes on."
        )
    if progress.projected_date is not None and is_open:
        yield Number("Target reached on", words.day(progress.projected_date), "If the current rate goes on.")


def _curl(seen: PledgeView, address: str) -> str:
    """A command to complete and paste; what is to be filled in is no JSON, lest it be reported by mistake."""
    said = '"done": TRUE_OR_FALSE' if seen.pledge.is_event else '"value": VALUE'
    body = f'{{{said}, "as_of": "{seen.standing.today}"}}'
    return " \\\n  ".join(
        (
            f"curl {shlex.quote(address)}",
            '-H "Authorization: Bearer $KEY"',
            "-H 'Content-Type: application/json'",
            f"-d {shlex.quote(body)}",
        )
    )
