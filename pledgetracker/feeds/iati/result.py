"""The `result` of an activity: what a pledge promises to reach, period by period, and what was reported."""

from collections.abc import Iterable
from datetime import date
from xml.etree.ElementTree import Element

from pledgetracker.domain.numbers import plain
from pledgetracker.domain.pledge import Baseline, Source
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing
from pledgetracker.feeds.iati.markup import ENGLISH, add, narrative, titled
from pledgetracker.feeds.iati.measures import QUALITATIVE, Measure, measures
from pledgetracker.feeds.iati.periods import Actual, Goal, Period, periods
from pledgetracker.feeds.sources import Link, links, unlinked

# Of IATI's list ResultType: whether it is an output, an outcome or an impact, no record tells.
OTHER = "9"
# Of IATI's list DocumentCategory.
RESULTS = "A08"


def add_result(activity: Element, record: Record, standing: Standing) -> None:
    """The result of a pledge, as on the day of `standing`, under its activity."""
    # Figures of different pledges may tell of the same thing, restated: nobody is invited to add them up.
    result = add(activity, "result", {"type": OTHER, "aggregation-status": "false"})
    titled(result, "title", record.pledge.title)
    for measure in measures(record, standing):
        _add_indicator(result, measure, record.pledge.baseline.date, standing.today)


def add_link(parent: Element, link: Link, category: str) -> None:
    """A document under `parent`; `category` is of IATI's list DocumentCategory."""
    document = add(parent, "document-link", {"url": link.url, "format": link.media_type})
    titled(document, "title", link.title)
    if link.quote is not None:
        titled(document, "description", link.quote)
    add(document, "category", {"code": category})
    if link.published_on is not None:
        add(document, "document-date", {"iso-date": link.published_on.isoformat()})


def _add_indicator(result: Element, measure: Measure, start: date, today: date) -> None:
    is_ascending = None if measure.is_ascending is None else str(measure.is_ascending).lower()
    indicator = add(
        result,
        "indicator",
        {"measure": measure.code, "ascending": is_ascending, "aggregation-status": "false"},
    )
    titled(indicator, "title", measure.title)
    if measure.unit is not None:
        titled(indicator, "description", f"Unit: {measure.unit}.", language=ENGLISH)
    if measure.baseline is not None:
        _add_baseline(indicator, measure.baseline)
    for period in periods(measure.goals, measure.actuals, start=start, today=today):
        _add_period(indicator, measure, period)


def _add_baseline(indicator: Element, baseline: Baseline) -> None:
    day = baseline.date
    add(
        indicator,
        "baseline",
        {"year": str(day.year), "iso-date": day.isoformat(), "value": plain(baseline.value)},
    )


def _add_period(indicator: Element, measure: Measure, period: Period) -> None:
    child = add(indicator, "period")
    add(child, "period-start", {"iso-date": period.start.isoformat()})
    add(child, "period-end", {"iso-date": period.end.isoformat()})
    for goal in period.goals:
        # Only what is done or not goes without a value.
        if goal.value is not None or measure.code == QUALITATIVE:
            _add_target(child, goal)
    for actual in period.actuals:
        _add_actual(child, actual)


def _add_target(period: Element, goal: Goal) -> None:
    target = add(period, "target", {"value": None if goal.value is None else plain(goal.value)})
    titled(target, "comment", goal.comment, language=ENGLISH)


def _add_actual(period: Element, actual: Actual) -> None:
    child = add(period, "actual", {"value": None if actual.value is None else plain(actual.value)})
    comment = add(child, "comment")
    told = " ".join([actual.comment, *_sources(actual.evidence)])
    narrative(comment, told, language=ENGLISH)
    if actual.note is not None:
        narrative(comment, actual.note)
    for link in links(actual.evidence):
        add_link(child, link, RESULTS)


def _sources(evidence: Iterable[Source]) -> Iterable[str]:
    return (f"Source: {source}." for source in unlinked(evidence))
