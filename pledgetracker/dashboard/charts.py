"""A pledge as a picture: SVG text made from its record and standing, without a library."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import cached_property

from markupsafe import Markup, escape

from pledgetracker.dashboard import marks, words
from pledgetracker.dashboard.scales import Days, Size, Values, as_decimal
from pledgetracker.domain.path import Path
from pledgetracker.domain.pledge import FINAL_MILESTONE, Milestone, SetBy
from pledgetracker.domain.record import Figure, Record
from pledgetracker.domain.standing import Delivery, Standing

# More points than this are a line and nothing else.
MAX_POINTS = 60
MAX_CONFLICTS = 60
TIMELINE_HEIGHT = 124
# How far the labels of the gridlines reach.
GUTTER = 80


def chart(record: Record, standing: Standing, size: Size, *, is_now: bool = True) -> Markup:
    """The pledge against its path as `standing` sees it; events and figureless pledges as a timeline.

    Unless `is_now`, the day of the standing is called by its date.
    """
    picture = _Picture(record, standing, size, is_now)
    is_line = picture.path is None and record.pledge.goal is None and not picture.figures
    return picture.timeline() if is_line else picture.plot()


@dataclass(frozen=True)
class _Picture:
    record: Record
    standing: Standing
    size: Size
    is_now: bool

    @cached_property
    def figures(self) -> Sequence[Figure]:
        return self.record.figures_until(self.standing.today)

    @cached_property
    def milestones(self) -> Sequence[Milestone]:
        stages = (stage.milestone for stage in self.standing.milestones)
        return [milestone for milestone in stages if milestone.id != FINAL_MILESTONE]

    @cached_property
    def path(self) -> Path | None:
        goal, due = self.record.pledge.goal, self.standing.due
        if goal is None or due is None or not goal.direction or due.date <= self.record.pledge.baseline.date:
            return None
        return Path.of(self.record.pledge, due.date)

    @cached_property
    def days(self) -> Days:
        pledge, standing = self.record.pledge, self.standing
        known = [pledge.baseline.date, pledge.announced_on]
        if standing.delivery not in {Delivery.MET, Delivery.WITHDRAWN}:
            known.append(standing.today)
        known += [due.date for due in (standing.due, pledge.due) if due is not None]
        known += [milestone.due.date for milestone in self.milestones]
        reports = self.record.reports_until(standing.today)
        known += [u.as_of for u in reports if u.as_of >= pledge.baseline.date]
        return Days.over(known, self.size)

    @cached_property
    def values(self) -> Values:
        pledge = self.record.pledge
        known = [Fraction(pledge.baseline.value), *(Fraction(figure.value) for figure in self.figures)]
        known += [Fraction(m.target) for m in self.milestones if m.target is not None]
        if pledge.goal is not None:
            known.append(Fraction(pledge.goal.value))
        for _, values in self._conflicts():
            known += [Fraction(value) for value in values]
        return Values.over(known, self.size)

    def plot(self) -> Markup:
        """Values over days."""
        parts = [
            *self._grid(),
            *self._day_labels(self.size.bottom),
            *self._target(),
            *self._days_of_note(self.size.bottom),
            *self._path(),
            *self._reported(),
            *self._milestone_marks(),
            *self._conflict_marks(),
            *self._caption(),
        ]
        return self._framed(parts, self.size.height)

    def timeline(self) -> Markup:
        """What is done or not, on one line."""
        level = TIMELINE_HEIGHT - 48
        parts = [
            marks.line("c-axis", self.size.left, level, self.size.right, level),
            *self._day_labels(TIMELINE_HEIGHT - 22),
            *self._days_of_note(level + 10),
        ]
        parts += [self._milestone(milestone, level) for milestone in self.milestones]
        for report in self.record.reports_until(self.standing.today)[-MAX_POINTS:]:
            kind = "c-done" if report.done and report.milestone is None else "c-said"
            note = f"{words.short_day(report.as_of)}: {words.reported(report, self.record.pledge.unit)}"
            parts.append(marks.dot(kind, self.days.x(report.as_of), level, note))
        if not self.record.reports_until(self.standing.today):
            parts.append(marks.text("c-none", self.size.right - 8, level - 10, "nothing reported yet", "end"))
        return self._framed(parts, TIMELINE_HEIGHT)

    def _framed(self, parts: Sequence[str], height: int) -> Markup:
        key = f"chart-{self.record.pledge.id}-{self.size.name}"
        head = (
            f'<svg class="chart chart-{self.size.name}" viewBox="0 0 {self.size.width} {height}" role="img"'
            f' aria-labelledby="{key}-title {key}-desc" xmlns="http://www.w3.org/2000/svg">'
            f'<title id="{key}-title">{escape(self.record.pledge.title)}</title>'
            f'<desc id="{key}-desc">{escape(self.description())}</desc>'
        )
        return Markup(f"{head}{''.join(parts)}</svg>")  # noqa: S704 -- marks and this module escape all texts

    def description(self) -> str:
        """What the picture shows, for those who do not see it."""
        pledge, standing = self.record.pledge, self.standing
        said = [f"Promised: {words.promise(pledge)}."]
        if standing.due is not None:
            said.append(f"Due {words.deadline(standing.due)}.")
        if self.path is not None:
            start = words.amount(pledge.baseline.value, pledge.unit)
            said.append(f"The path starts at {start} on {words.day(pledge.baseline.date)}.")
        figure = standing.figure
        if figure is not None:
            count = len(self.figures)
            said.append(f"{count:,} {'day has' if count == 1 else 'days have'} a reported figure.")
            last = words.amount(figure.value, pledge.unit)
            said.append(f"The latest is {last} as of {words.day(figure.as_of)}.")
        elif not self.record.reports_until(standing.today):
            said.append("Nothing has been reported.")
        if standing.progress.expected is not None:
            said.append(
                f"The path expects {words.computed(standing.progress.expected, pledge.unit)} by then."
            )
        return " ".join(said)

    def _grid(self) -> Iterator[str]:
        goal = self.record.pledge.goal
        largest = as_decimal(max(map(abs, self.values.ticks)))
        for tick in self.values.ticks:
            y = self.values.y(tick)
            yield marks.line("c-grid", self.size.left, y, self.size.right, y)
            if goal is None or Fraction(goal.value) != tick:
                label = words.compact(as_decimal(tick), largest)
                yield marks.text("c-label", self.size.left, y - 4, label, "start")

    def _day_labels(self, base: float) -> Iterator[str]:
        yield marks.line("c-axis", self.size.left, base, self.size.right, base)
        for day, label in self.days.ticks(self.size.days):
            x = self.days.x(day)
            yield marks.line("c-axis", x, base, x, base + 4)
            yield self._clamped("c-label", x, base + 17, label)

    def _target(self) -> Iterator[str]:
        pledge = self.record.pledge
        if pledge.goal is None:
            return
        y = self.values.y(Fraction(pledge.goal.value))
        yield marks.line("c-target", self.size.left, y, self.size.right, y)
        yield marks.text("c-strong", self.size.right - 8, y - 5, words.short_promise(pledge), "end")

    def _days_of_note(self, bottom: float) -> Iterator[str]:
        due, original = self.standing.due, self.record.pledge.due
        if original is not None and (due is None or due.date != original.date):
            x = self.days.x(original.date)
            note = f"first promised {words.deadline(original)}"
            yield marks.titled(marks.line("c-first", x, 30, x, bottom), note)
        if due is not None:
            yield from self._day_of_note("c-due", due.date, f"due {words.short_day(due.date)}", 25, bottom)
        if self.record.withdrawal is not None and self.record.withdrawn_on(self.standing.today):
            gone = self.record.withdrawal.on
            yield from self._day_of_note("c-due", gone, f"withdrawn {words.short_day(gone)}", 25, bottom)
        if self.standing.today <= self.days.last:
            today = self.standing.today
            label = "today" if self.is_now else words.short_day(today)
            yield from self._day_of_note("c-today", today, label, 11, bottom)

    def _day_of_note(self, kind: str, day: date, label: str, y: float, bottom: float) -> Iterator[str]:
        x = self.days.x(day)
        yield marks.line(kind, x, y + 4, x, bottom)
        yield self._clamped("c-label", x, y, label)

    def _clamped(self, kind: str, x: float, y: float, label: str) -> str:
        """A label centred on `x`, but never over the edge."""
        half = marks.width_of(label) / 2
        if x - half < 0:
            return marks.text(kind, self.size.left, y, label, "start")
        if x + half > self.size.width:
            return marks.text(kind, self.size.width - 2, y, label, "end")
        return marks.text(kind, x, y, label, "middle")

    def _path(self) -> Iterator[str]:
        if self.path is not None:
            points = [(self.days.x(date.fromordinal(d)), self.values.y(v)) for d, v in self.path.points]
            yield marks.polyline("c-path", points)

    def _reported(self) -> Iterator[str]:
        if not self.figures:
            return
        baseline = self.record.pledge.baseline
        start = self.days.x(baseline.date), self.values.y(Fraction(baseline.value))
        places = [(self.days.x(f.as_of), self.values.y(Fraction(f.value))) for f in self.figures]
        yield marks.steps("c-figure", start, places)
        last_x, last_y = places[-1]
        today = self.days.x(self.standing.today)
        if today > last_x:
            yield marks.line("c-silence", last_x, last_y, today, last_y)
        drawn = list(zip(self.figures, places, strict=True))
        for figure, (x, y) in drawn if len(drawn) <= MAX_POINTS else drawn[-1:]:
            note = f"{words.short_day(figure.as_of)}: {words.amount(figure.value, self.record.pledge.unit)}"
            yield marks.dot("c-point", x, y, note)

    def _milestone_marks(self) -> Iterator[str]:
        for milestone in self.milestones:
            value = milestone.target
            yield self._milestone(
                milestone, self.size.bottom if value is None else self.values.y(Fraction(value))
            )
        if self.path is not None:
            day, end = self.path.points[-1]
            yield marks.ring("c-goal", self.days.x(date.fromordinal(day)), self.values.y(end))

    def _milestone(self, milestone: Milestone, y: float) -> str:
        is_ours = milestone.set_by is SetBy.TRACKER
        what = "" if milestone.target is None else words.amount(milestone.target, self.record.pledge.unit)
        name = milestone.title or what or milestone.id
        note = (
            f"{'our checkpoint' if is_ours else 'milestone'}, {words.short_day(milestone.due.date)}: {name}"
        )
        return marks.diamond("c-ours" if is_ours else "c-milestone", self.days.x(milestone.due.date), y, note)

    def _conflicts(self) -> Iterator[tuple[date, list[Decimal]]]:
        days = [figure.as_of for figure in self.figures if figure.conflict_on == figure.as_of]
        reports = self.record.reports_until(self.standing.today)
        for day in days[-MAX_CONFLICTS:]:
            yield day, sorted({u.value for u in reports if u.as_of == day and u.value is not None})

    def _conflict_marks(self) -> Iterator[str]:
        for day, values in self._conflicts():
            x, low, high = self.days.x(day), *(self.values.y(Fraction(v)) for v in (values[0], values[-1]))
            said = " and ".join(words.amount(v, self.record.pledge.unit) for v in (values[0], values[-1]))
            yield marks.conflict(x, low, high, f"{words.short_day(day)}: reports disagree, {said}")

    def _caption(self) -> Iterator[str]:
        """The latest figure in numbers, or that there is none."""
        figure, pledge = self.standing.figure, self.record.pledge
        if figure is None:
            is_falling = pledge.goal is not None and pledge.goal.direction < 0
            level = self.size.top + 24 if is_falling else self.size.bottom - 10
            yield marks.text("c-none", self.size.right - 8, level, "nothing reported yet", "end")
            return
        x, y = self.days.x(figure.as_of), self.values.y(Fraction(figure.value))
        label = words.compact_amount(figure.value, pledge.unit)
        if x < GUTTER:
            # Beside the labels of the gridlines, not over them.
            yield marks.text("c-value", max(x + 8, GUTTER), y - 9, label, "start")
        else:
            yield self._clamped("c-value", x, y - 9, label)
