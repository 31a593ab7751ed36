"""Charts: what is drawn, that it is always drawable, and that much data stays small."""

import math
import re
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from xml.etree import ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.dashboard.bars import bar
from pledgetracker.dashboard.charts import chart
from pledgetracker.dashboard.scales import CARD, NARROW, WIDE, Days, Size, Values
from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Baseline, Milestone, Pledge, Reschedule, SetBy, Withdrawal, problems
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import ProgressUpdate
from tests.examples import times

START, TODAY = date(2025, 1, 1), date(2026, 11, 23)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PROMISE = Pledge(
    id="it",
    title="A <b>title</b> & more",
    pledger="acme",
    announced_on=START,
    baseline=Baseline(Decimal(0), START),
    time_zone="UTC",
    unit="tree",
    target=Decimal(1000),
    due=Due.parse("2027"),
)


def _updates(*said: tuple[date, int | Decimal]) -> tuple[ProgressUpdate, ...]:
    return tuple(
        ProgressUpdate(n, day, day, NOON, value=Decimal(value)) for n, (day, value) in enumerate(said, 1)
    )


def _drawn(record: Record, *, today: date = TODAY, size: Size = WIDE) -> ET.Element:
    return ET.fromstring(chart(record, standing(record, Policy(), today=today), size))


def _of(svg: ET.Element, kind: str) -> list[ET.Element]:
    return [e for e in svg.iter() if e.get("class") == kind]


def _texts(svg: ET.Element) -> list[str]:
    return [(e.text or "").replace("\u00a0", " ") for e in svg.iter() if e.tag.endswith("}text")]


def _notes(svg: ET.Element) -> list[str]:
    notes = [e.text or "" for e in svg.iter() if e.tag.endswith("}title")][1:]
    return [note.replace("\u00a0", " ") for note in notes]


def test_a_chart_says_what_it_shows_to_those_who_do_not_see_it() -> None:
    svg = _drawn(Record(PROMISE, _updates((date(2026, 1, 1), 250))))
    title, desc = list(svg)[:2]
    assert svg.get("role") == "img"
    assert svg.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text == "A <b>title</b> & more"
    said = (desc.text or "").replace("\u00a0", " ")
    assert "Promised: at least 1,000 trees. Due by the end of 2027." in said
    assert "1 day has a reported figure. The latest is 250 trees as of 1 January 2026." in said


def test_path_figure_target_today_and_deadline_are_drawn() -> None:
    svg = _drawn(Record(PROMISE, _updates((date(2026, 1, 1), 250))))
    for kind in ("c-path", "c-figure", "c-point", "c-target", "c-today", "c-due", "c-goal", "c-silence"):
        assert len(_of(svg, kind)) == 1, kind
    for label in ("at least 1,000 trees", "250 trees", "today", "due 31 Dec 2027", "400"):
        assert label in _texts(svg)


def test_our_checkpoints_are_hollow_and_do_not_bend_the_path() -> None:
    ours = Milestone("ours", Due.parse("2026-06"), None, Decimal(900), SetBy.TRACKER)
    theirs = Milestone("theirs", Due.parse("2026-09"), "Half", Decimal(500))
    svg = _drawn(Record(replace(PROMISE, milestones=(ours, theirs))))
    assert len(_of(svg, "c-ours")) == len(_of(svg, "c-milestone")) == 1
    [path] = _of(svg, "c-path")
    assert len(str(path.get("points")).split()) == 3
    assert "our checkpoint, 30 Jun 2026: 900 trees" in _notes(svg)
    assert "milestone, 30 Sep 2026: Half" in _notes(svg)


def test_a_falling_target_falls() -> None:
    falling = replace(PROMISE, baseline=Baseline(Decimal(90), START), target=Decimal(10))
    svg = _drawn(Record(falling))
    [path] = _of(svg, "c-path")
    (_, y1), (_, y2) = (map(float, point.split(",")) for point in str(path.get("points")).split())
    assert y1 < y2
    assert "down to 10 trees" in _texts(svg)
    assert "nothing reported yet" in _texts(svg)


def test_a_cap_is_a_line_without_a_path() -> None:
    svg = _drawn(Record(replace(PROMISE, comparator=Comparator.AT_MOST)))
    assert _of(svg, "c-target")
    assert not _of(svg, "c-path")
    assert "at most 1,000 trees" in _texts(svg)


def test_an_event_is_a_timeline() -> None:
    event = replace(PROMISE, comparator=Comparator.EVENT, target=None)
    day = date(2026, 2, 1)
    said = (
        ProgressUpdate(1, day, day, NOON, done=False),
        ProgressUpdate(2, day + timedelta(30), day, NOON, done=True),
    )
    svg = _drawn(Record(event, said))
    assert len(_of(svg, "c-said")) == len(_of(svg, "c-done")) == 1
    assert not _of(svg, "c-grid")
    assert "nothing reported yet" in _texts(_drawn(Record(event)))


def test_a_day_on_which_reports_disagree_is_marked_with_both_figures() -> None:
    day = date(2026, 1, 1)
    svg = _drawn(Record(PROMISE, _updates((day, 250), (day, 700), (date(2026, 2, 1), 300))))
    assert len(_of(svg, "c-conflict")) == 1
    assert "1 Jan 2026: reports disagree, 250 trees and 700 trees" in _notes(svg)


def test_the_deadline_first_promised_stays_on_the_chart() -> None:
    move = Reschedule(1, Due.parse("2029"), date(2026, 1, 1), SetBy.PLEDGER, None, None, NOON)
    svg = _drawn(Record(PROMISE, reschedules=(move,)))
    assert len(_of(svg, "c-first")) == 1
    assert "due 31 Dec 2029" in _texts(svg)
    withdrawn = _drawn(Record(PROMISE, withdrawals=(Withdrawal(1, date(2026, 5, 1), None, None, NOON),)))
    assert "withdrawn 1 May 2026" in _texts(withdrawn)


def test_a_pledge_met_long_ago_is_not_squeezed_by_today() -> None:
    met = Record(replace(PROMISE, due=Due.parse("2025-06")), _updates((date(2025, 5, 1), 1000)))
    assert "today" not in _texts(_drawn(met, today=date(2060, 1, 1)))


def test_a_day_that_is_looked_back_at_is_not_called_today() -> None:
    record = Record(PROMISE)
    stands = standing(record, Policy(), today=date(2025, 11, 4))
    texts = _texts(ET.fromstring(chart(record, stands, WIDE, is_now=False)))
    assert "4 Nov 2025" in texts
    assert "today" not in texts


def test_gridlines_are_told_on_one_scale() -> None:
    texts = _texts(_drawn(Record(replace(PROMISE, target=Decimal(1_500_000_000), unit="EUR")), size=CARD))
    assert {"0", "0.5 billion", "1 billion"} <= set(texts)


def test_billions_are_told_in_words() -> None:
    svg = _drawn(Record(replace(PROMISE, unit="EUR", target=Decimal(15_000_000_000))))
    assert "at least €15 billion" in _texts(svg)
    assert "5 billion" in _texts(svg)


def test_a_thousand_updates_make_a_small_chart_fast() -> None:
    said = _updates(*((START + timedelta(days=n % 690), n * 997 % 1000) for n in range(1000)))
    record = Record(PROMISE, said)
    stands = standing(record, Policy(), today=TODAY)
    begin = time.perf_counter()
    drawn = chart(record, stands, CARD)
    assert time.perf_counter() - begin < 0.5
    assert len(drawn) < 40_000
    assert len(_of(ET.fromstring(drawn), "c-point")) == 1


def test_a_thinned_line_keeps_its_extremes() -> None:
    said = [(START + timedelta(days=n), 100) for n in range(600)]
    said[300] = (said[300][0], 777)
    svg = _drawn(Record(PROMISE, _updates(*said)), size=CARD)
    [line] = _of(svg, "c-figure")
    values = Values.over([*map(int, (0, 1000))], CARD)  # type: ignore[list-item]  # whole numbers are fractions
    assert f"V{values.y(777):.1f}" in str(line.get("d"))  # type: ignore[arg-type]  # the same


def test_a_bar_is_clamped() -> None:
    for share in ("-3", "0", "0.5", "17"):
        svg = ET.fromstring(bar(Decimal(share), Decimal(2)))
        [done] = _of(svg, "b-done")
        assert 0 <= float(str(done.get("width"))) <= 100


def test_labels_of_days_are_few_and_within() -> None:
    for last in (date(2025, 1, 2), date(2025, 3, 9), date(2026, 1, 1), date(2033, 5, 5), date(2200, 12, 31)):
        scale = Days.over([START, last], CARD)
        ticks = scale.ticks(CARD.days)
        assert 2 <= len(ticks) <= CARD.days
        assert all(scale.first <= day <= scale.last for day, _ in ticks)


days = st.dates(date(1970, 1, 1), date(2200, 12, 31))
values = st.one_of(
    st.integers(-(10**17), 10**17).map(Decimal),
    st.decimals(-1000, 1000, places=6, allow_nan=False, allow_infinity=False),
)


@st.composite
def updates(draw: st.DrawFn) -> tuple[ProgressUpdate, ...]:
    made = []
    for n in range(1, draw(st.integers(0, 8)) + 1):
        day = draw(days)
        said = draw(
            st.one_of(
                st.builds(lambda v: {"value": v}, values),
                st.builds(lambda v: {"increment": v}, values),
                st.builds(lambda v: {"done": v}, st.booleans()),
                st.just({"no_change": True}),
            )
        )
        made.append(ProgressUpdate(n, day, day, NOON, **said))
    return tuple(made)


@st.composite
def records(draw: st.DrawFn) -> Record:
    start, comparator = draw(days), draw(st.sampled_from(Comparator))
    due = draw(st.none() | days.map(lambda day: Due.parse(day.isoformat())))
    marks = draw(st.lists(st.tuples(days, st.none() | values, st.sampled_from(SetBy)), max_size=3))
    pledge = Pledge(
        id="it",
        title=draw(st.text(max_size=20).filter(lambda t: t.isprintable())),
        pledger="acme",
        announced_on=start,
        baseline=Baseline(draw(values), start),
        time_zone="UTC",
        comparator=comparator,
        unit=draw(st.sampled_from([None, "EUR", "person", "%", "CHF", "x" * 60])),
        target=None if comparator is Comparator.EVENT else draw(st.none() | values),
        due=due,
    )
    broken = {problem.pointer for problem in problems(pledge)}
    if broken:
        pledge = replace(
            pledge,
            target=None if broken - {"/due"} else pledge.target,
            due=None if "/due" in broken else pledge.due,
        )
    for n, (day, value, by) in enumerate(marks):
        more = (*pledge.milestones, Milestone(f"m{n}", Due.parse(day.isoformat()), None, value, by))
        tried = replace(pledge, milestones=more)
        pledge = pledge if list(problems(tried)) else tried
    withdrawal = draw(st.none() | days.map(lambda day: Withdrawal(1, day, None, None, NOON)))
    return Record(pledge, draw(updates()), withdrawals=(withdrawal,) if withdrawal else ())


PLACES = ("x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "points", "d", "width")


def _numbers(svg: ET.Element) -> Sequence[float]:
    found = [value for e in svg.iter() for name in PLACES if (value := e.get(name)) is not None]
    return [float(n) for value in found for n in re.findall(r"-?[\w.]+", re.sub("[MHVLlmhvz]", " ", value))]


@times(1.5)
@given(records(), days, st.sampled_from([CARD, NARROW, WIDE]))
def test_whatever_is_recorded_can_be_drawn_within_its_frame(record: Record, today: date, size: Size) -> None:
    svg = _drawn(record, today=today, size=size)
    for number in _numbers(svg):
        assert math.isfinite(number)
        assert -20 <= number <= size.width + 20
