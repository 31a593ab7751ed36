"""Where a pledge stands: each comparator before, on and after the due day, and the order of headlines."""

from dataclasses import replace
from decimal import Decimal

import pytest

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import ProgressUpdate
from tests.domain.cases import day, moved, numbers, on, open_flags, pledge, update, withdrawn

DUE, AFTER = "2025-12-31", "2026-01-01"


def rising(comparator: str) -> Pledge:
    return pledge(comparator, 100, cadence_days=1000)


def falling(comparator: str) -> Pledge:
    return pledge(comparator, 100, baseline=200, cadence_days=1000)


@pytest.mark.parametrize(
    ("comparator", "said", "delivery", "on_the_day", "after"),
    [
        ("at_least", 100, "met", "met_on_time", "met_on_time"),
        ("at_least", 99, "in_progress", "on_track", "overdue"),
        ("at_least", 80, "in_progress", "at_risk", "overdue"),
        ("at_least", 60, "in_progress", "off_track", "overdue"),
        ("at_least", -1, "regressing", "off_track", "overdue"),
        ("at_least", 0, "not_started", "off_track", "overdue"),
        ("more_than", 100, "in_progress", "on_track", "overdue"),
        ("more_than", 101, "met", "met_on_time", "met_on_time"),
        ("about", "89.999999", "in_progress", "at_risk", "overdue"),
        ("about", 90, "met", "met_on_time", "met_on_time"),
        ("about", 500, "met", "met_on_time", "met_on_time"),
        ("exactly", 99, "in_progress", "on_track", "overdue"),
        ("exactly", 100, "met", "met_on_time", "met_on_time"),
        ("exactly", 101, "in_progress", "off_track", "overdue"),
        ("up_to", 60, "in_progress", "off_track", "indeterminate"),
        ("up_to", 99, "in_progress", "on_track", "indeterminate"),
        ("up_to", 100, "met", "met_on_time", "met_on_time"),
        ("up_to", 101, "met", "met_on_time", "met_on_time"),
        ("at_most", 100, "met", "met_on_time", "met_on_time"),
        ("at_most", 101, "in_progress", "overdue", "overdue"),
    ],
)
def test_a_figure_of_the_due_day_is_judged_by_the_hedge(
    comparator: str, said: int | str, delivery: str, on_the_day: str, after: str
) -> None:
    report = update(DUE, said)
    seen, later = on(DUE, rising(comparator), report), on(AFTER, rising(comparator), report)
    assert [seen.delivery, seen.schedule, later.delivery, later.schedule] == [
        delivery,
        on_the_day,
        delivery,
        after,
    ]


@pytest.mark.parametrize(
    ("comparator", "said", "delivery", "after"),
    [
        ("at_least", 100, "met", "met_on_time"),
        ("at_least", 99, "met", "met_on_time"),
        ("at_least", 101, "in_progress", "overdue"),
        ("at_least", 201, "regressing", "overdue"),
        ("more_than", 100, "in_progress", "overdue"),
        ("more_than", 99, "met", "met_on_time"),
        ("about", 110, "met", "met_on_time"),
        ("about", 111, "in_progress", "overdue"),
        ("exactly", 99, "in_progress", "overdue"),
        ("up_to", 101, "in_progress", "indeterminate"),
        ("up_to", 100, "met", "met_on_time"),
    ],
)
def test_a_target_below_the_baseline_means_that_lower_is_better(
    comparator: str, said: int, delivery: str, after: str
) -> None:
    seen = on(AFTER, falling(comparator), update(DUE, said))
    assert (seen.delivery, seen.schedule) == (delivery, after)


@pytest.mark.parametrize("comparator", ["at_least", "more_than", "about", "exactly", "up_to", "event"])
def test_without_a_figure_the_schedule_is_unknown_until_the_day_after_the_due_day(comparator: str) -> None:
    promised = pledge(comparator, None if comparator == "event" else 100)
    seen = [on(today, promised) for today in ("2025-06-01", DUE, AFTER)]
    assert [stand.schedule for stand in seen] == ["unknown", "unknown", "overdue"]
    assert {stand.delivery.value for stand in seen} == {"not_started"}


def test_an_exact_target_overshot_is_off_track_well_before_the_due_day() -> None:
    assert on("2025-02-01", rising("exactly"), update("2025-02-01", 101)).schedule == "off_track"


def test_a_cap_is_on_track_while_it_is_kept_and_never_met_before_its_due_day() -> None:
    capped = pledge("at_most", 100, baseline=100, cadence_days=1000)
    kept = on("2025-06-01", capped, update("2025-05-01", 90))
    assert (kept.delivery, kept.schedule) == ("in_progress", "on_track")
    assert on("2025-06-01", capped, update("2025-05-01", 101)).schedule == "off_track"
    assert on("2025-06-01", capped, update("2025-05-01", 100)).delivery == "not_started"


def test_a_cap_is_kept_or_not_on_its_due_day_and_figures_after_it_change_nothing() -> None:
    capped = rising("at_most")
    kept = on("2026-03-01", capped, update(DUE, 90), update("2026-02-01", 500))
    broken = on("2026-03-01", capped, update(DUE, 101), update("2026-02-01", 5))
    assert (kept.delivery, kept.schedule) == ("met", "met_on_time")
    assert (broken.delivery, broken.schedule) == ("in_progress", "overdue")


def test_a_cap_is_overdue_from_its_due_day_on_and_late_from_the_day_after() -> None:
    silent, above = rising("at_most"), (update("2025-06-01", 101),)
    for reports in ((), above):
        eve, due, after = (on(today, silent, *reports) for today in ("2025-12-30", DUE, AFTER))
        assert eve.schedule == ("off_track" if reports else "unknown")
        assert (due.status, due.schedule, due.milestones[-1].status) == ("overdue", "overdue", "overdue")
        assert ("overdue", "target", DUE) not in open_flags(eve)
        assert ("overdue", "target", DUE) in open_flags(due)
        # No day of lateness is none.
        assert (due.lateness.current, due.lateness.original) == (None, None)
        assert (after.lateness.current, after.lateness.original) == (1, 1)


def test_a_cap_without_a_value_is_judged_after_its_due_day_like_any_other_pledge_without() -> None:
    seen = [on(today, pledge("at_most", None)) for today in (DUE, AFTER)]
    assert [stand.schedule for stand in seen] == ["unknown", "overdue"]


def test_a_cap_has_a_rate_and_a_projection_but_no_path() -> None:
    seen = on("2025-06-30", rising("at_most"), update("2025-04-11", 50))
    assert numbers(seen) == {"current_rate": "0.5", "projected_value": "182"}


@pytest.mark.parametrize(
    ("reports", "delivery", "schedule"),
    [
        ([], "not_started", "overdue"),
        ([update("2025-05-01")], "not_started", "overdue"),
        ([update("2025-05-01", said=False)], "in_progress", "overdue"),
        ([update(DUE, said=True)], "met", "met_on_time"),
        ([update("2026-01-05", said=True)], "met", "met_late"),
        ([update(DUE, said=True), update("2026-01-05", said=False)], "reversed", "met_on_time"),
        ([update("2025-05-01", said=True), update(DUE, said=False)], "reversed", "overdue"),
    ],
)
def test_an_event_is_done_or_not_and_has_no_figure(
    reports: list[ProgressUpdate], delivery: str, schedule: str
) -> None:
    seen = on("2026-02-01", pledge("event", None), *reports)
    assert (seen.delivery, seen.schedule, seen.figure) == (delivery, schedule, None)


def test_without_a_deadline_only_completion_rate_and_projected_date_are_given() -> None:
    seen = on("2025-06-01", pledge(due=None), update("2025-01-11", 10))
    assert seen.schedule == "unknown"
    assert numbers(seen) == {"completion": "0.1", "current_rate": "1", "projected_date": "2025-04-11"}


def test_without_a_target_only_the_figure_and_its_rate_are_given() -> None:
    seen = on("2025-06-01", pledge(target=None), update("2025-01-11", 10))
    assert (seen.delivery, seen.schedule) == ("in_progress", "unknown")
    assert numbers(seen) == {"current_rate": "1"}


def test_without_a_target_the_deadline_leaves_it_indeterminate_once_reported_else_overdue() -> None:
    promised = pledge(target=None)
    assert on(AFTER, promised).schedule == "overdue"
    assert on(DUE, promised, update("2025-05-01", 3)).schedule == "unknown"
    assert on(AFTER, promised, update("2025-05-01", 3)).schedule == "indeterminate"
    assert on(AFTER, promised, update("2024-05-01", 3)).schedule == "indeterminate"


def test_met_before_and_not_any_more_is_reversed() -> None:
    seen = on("2025-06-01", pledge(), update("2025-04-01", 100), update("2025-05-01", 90))
    assert (seen.delivery, seen.status) == ("reversed", "reversed")


def test_met_after_the_due_day_is_met_late_by_so_many_days() -> None:
    seen = on("2026-03-01", pledge(), update(DUE, 90), update("2026-01-10", 100), update("2026-02-10", 120))
    assert (seen.schedule, seen.status, seen.lateness.current) == ("met_late", "met_late", 10)


def test_a_met_pledge_awaits_no_report() -> None:
    seen = on("2030-01-01", pledge(), update(DUE, 100))
    assert (seen.status, seen.reporting, open_flags(seen)) == ("met", "closed", [])


class TestReporting:
    """Due 90 days after the last report, stale after 30 more."""

    @pytest.mark.parametrize(
        ("today", "state"),
        [
            ("2025-03-31", "current"),
            ("2025-04-01", "due"),
            ("2025-05-01", "due"),
            ("2025-05-02", "never_reported"),
        ],
    )
    def test_silence_from_the_announcement_becomes_never_reported(self, today: str, state: str) -> None:
        assert on(today, pledge()).reporting == state

    @pytest.mark.parametrize(
        ("today", "state"),
        [
            ("2025-04-30", "current"),
            ("2025-05-01", "due"),
            ("2025-05-31", "due"),
            ("2025-06-01", "stale"),
        ],
    )
    @pytest.mark.parametrize("as_of", ["2025-01-31", "2024-12-01"])
    def test_silence_after_a_report_becomes_stale(self, today: str, state: str, as_of: str) -> None:
        report = update(as_of, 5, reported_at=day("2025-01-31"))
        assert on(today, pledge(), report).reporting == state

    def test_the_flag_is_named_by_the_day_the_report_was_due(self) -> None:
        assert ("never_reported", None, "2025-04-01") in open_flags(on("2025-05-02", pledge()))
        stale = on("2025-06-01", pledge(), update("2025-01-31"))
        assert ("stale", None, "2025-05-01") in open_flags(stale)

    def test_a_pledge_may_name_its_own_cadence_even_of_no_days(self) -> None:
        promised = replace(pledge(), cadence_days=0, grace_days=0)
        assert on("2025-01-01", promised).reporting == "due"
        assert on("2025-01-02", promised).reporting == "never_reported"

    def test_a_correction_is_no_new_report(self) -> None:
        first = update("2025-01-31", 5)
        correction = update("2025-01-31", 6, supersedes=1)
        assert on("2025-06-01", pledge(), first, correction).calendar.last == day("2025-01-31")


class TestMoves:
    """The deadline in force changes on the day a move is announced; the original is never forgotten."""

    def test_a_move_counts_from_its_announcement(self) -> None:
        move = moved("2026-06-30", "2026-02-01")
        before, after = (
            on(today, pledge(), reschedules=(move,), withdrawals=()) for today in ("2026-01-31", "2026-02-01")
        )
        assert (before.schedule, before.due and before.due.text) == ("overdue", DUE)
        assert (after.schedule, after.due and after.due.text) == ("unknown", "2026-06-30")

    def test_the_move_announced_last_holds_whatever_the_order_of_recording(self) -> None:
        moves = moved("2027", "2025-05-01", 1), moved("2026", "2025-04-01", 2)
        seen = on("2025-06-01", pledge(), reschedules=moves)
        assert seen.due is not None
        assert seen.due.text == "2027"

    def test_lateness_is_told_against_both_dates(self) -> None:
        move = moved("2026-06-30", "2025-06-01")
        met = on("2026-07-01", pledge(), update("2026-01-10", 100), reschedules=(move,))
        assert (met.lateness.current, met.lateness.original) == (0, 10)
        unmet = on("2026-07-02", pledge(), update("2026-01-10", 90), reschedules=(move,))
        assert (unmet.lateness.current, unmet.lateness.original) == (2, 183)
        between = on("2026-01-02", pledge(), update("2025-12-10", 90), reschedules=(move,))
        assert (between.lateness.current, between.lateness.original) == (None, 2)

    @pytest.mark.parametrize(
        "silent", [pledge(), pledge("event", None), pledge("at_most"), pledge("up_to"), pledge(target=None)]
    )
    def test_moving_the_deadline_of_a_silent_pledge_does_not_make_it_forget_the_first(
        self, silent: Pledge
    ) -> None:
        move = moved("2026-06-30", "2025-06-01")
        seen = on("2026-01-10", silent, reschedules=(move,))
        assert (seen.schedule, seen.lateness.current, seen.lateness.original) == ("unknown", None, 10)

    def test_what_was_reported_without_a_target_is_not_late_against_the_first_deadline(self) -> None:
        move = moved("2026-06-30", "2025-06-01")
        told = on("2026-01-10", pledge(target=None), update("2025-03-01", 5), reschedules=(move,))
        assert (told.schedule, told.lateness.original) == ("unknown", None)

    def test_a_cap_kept_from_the_first_day_on_was_never_late(self) -> None:
        move = moved("2026-06-30", "2025-06-01")
        kept = on("2026-07-01", pledge("at_most"), update("2025-03-01", 50), reschedules=(move,))
        assert (kept.lateness.current, kept.lateness.original) == (0, 0)

    @pytest.mark.parametrize("today", ["2026-01-10", "2026-06-30", "2026-07-01", "2026-09-01"])
    def test_a_figure_below_a_ceiling_is_late_against_neither_date(self, today: str) -> None:
        move = moved("2026-06-30", "2025-06-01")
        told = on(today, pledge("up_to"), update("2025-03-01", 5), reschedules=(move,))
        assert (told.lateness.current, told.lateness.original) == (None, None)

    @pytest.mark.parametrize("today", ["2025-12-31", "2026-01-10", "2026-06-29"])
    def test_a_cap_kept_on_the_first_date_is_not_late_against_it(self, today: str) -> None:
        move = moved("2026-06-30", "2025-06-01")
        kept = on(today, pledge("at_most"), update("2025-03-01", 50), reschedules=(move,))
        assert (kept.lateness.current, kept.lateness.original) == (None, 0)

    @pytest.mark.parametrize("today", ["2026-01-10", "2026-07-01", "2026-08-01"])
    def test_what_was_met_on_the_first_date_stays_in_time_for_it_when_it_is_lost_again(
        self, today: str
    ) -> None:
        move, reports = (
            moved("2026-06-30", "2025-06-01"),
            (update("2025-12-31", 100), update("2026-01-05", 90)),
        )
        seen = on(today, pledge(), *reports, reschedules=(move,))
        assert (seen.delivery, seen.lateness.original) == ("reversed", 0)

    def test_a_deadline_dropped_leaves_the_schedule_unknown(self) -> None:
        seen = on("2026-03-01", pledge(), reschedules=(moved(None, "2026-02-01"),))
        assert (seen.schedule, seen.milestones) == ("unknown", ())

    @pytest.mark.parametrize(
        ("promised", "reports", "today", "original"),
        [
            (pledge(), [], DUE, None),
            (pledge(), [], AFTER, 1),
            (pledge(), [update("2025-03-01", 5)], "2026-03-01", 60),
            (pledge(), [update("2025-12-01", 100)], "2026-03-01", 0),
            (pledge(), [update("2026-01-10", 100)], "2026-03-01", 10),
            (pledge("up_to"), [update("2025-03-01", 5)], "2026-03-01", None),
            (pledge("at_most"), [update("2025-03-01", 5)], "2026-03-01", 0),
            (pledge("event", None), [update("2026-01-03", said=True)], "2026-03-01", 3),
            (pledge(due=None), [update("2025-03-01", 5)], "2026-03-01", None),
        ],
    )
    def test_a_deadline_dropped_does_not_hide_how_late_the_pledge_is_against_it(
        self, promised: Pledge, reports: list[ProgressUpdate], today: str, original: int | None
    ) -> None:
        seen = on(today, promised, *reports, reschedules=(moved(None, "2025-06-01"),))
        assert (seen.lateness.current, seen.lateness.original) == (None, original)

    def test_what_was_taken_back_is_late_against_no_deadline(self) -> None:
        drop, gone = moved(None, "2025-06-01"), withdrawn("2026-02-01")
        seen = on("2026-03-01", pledge(), reschedules=(drop,), withdrawals=(gone,))
        assert (seen.lateness.current, seen.lateness.original) == (None, None)

    def test_a_deadline_given_late_has_no_original_to_be_late_against(self) -> None:
        seen = on("2026-01-05", pledge(due=None), reschedules=(moved(DUE, "2025-06-01"),))
        assert (seen.schedule, seen.lateness.current, seen.lateness.original) == ("overdue", 5, None)


def test_a_withdrawn_pledge_is_withdrawn_from_its_day_and_owes_nothing() -> None:
    gone = withdrawn("2026-02-01")
    before, after = (on(today, pledge(), withdrawals=(gone,)) for today in ("2026-01-31", "2026-02-01"))
    assert before.status == "overdue"
    assert (after.status, after.delivery, after.reporting, after.schedule) == (
        "withdrawn",
        "withdrawn",
        "closed",
        "unknown",
    )
    assert open_flags(after) == []


@pytest.mark.parametrize(
    ("today", "reports", "headline"),
    [
        # Indeterminate before stale, overdue before never reported, stale before what the figure once said.
        ("2026-05-01", [update("2025-05-01", 100), update("2025-06-01", 50)], "reversed"),
        ("2026-05-01", [], "overdue"),
        ("2025-06-01", [], "never_reported"),
        ("2025-12-01", [update("2025-02-01", 50)], "stale"),
        ("2025-03-01", [update("2025-02-01", 1)], "off_track"),
        ("2025-03-01", [update("2025-02-01", 7)], "at_risk"),
        ("2025-03-01", [update("2025-02-01", 50)], "on_track"),
        ("2025-03-01", [], "not_started"),
    ],
)
def test_the_headline_is_the_first_word_that_applies(
    today: str, reports: list[ProgressUpdate], headline: str
) -> None:
    assert on(today, pledge(), *reports).status == headline


def test_with_no_schedule_to_speak_of_the_headline_is_the_delivery() -> None:
    seen = [on("2025-03-01", pledge(due=None), update("2025-02-01", said)) for said in (50, -1, 100)]
    assert [stand.status for stand in seen] == ["in_progress", "regressing", "met"]


def test_a_ceiling_not_reached_is_indeterminate_even_when_the_reports_are_stale() -> None:
    seen = on("2027-01-01", pledge("up_to"), update("2025-02-01", 50))
    assert (seen.status, seen.reporting) == ("indeterminate", "stale")


class TestBehind:
    """Opens below a pace of 0.90, closes above 0.95; 365 days from 0 to 365 make one a day."""

    PROMISED = pledge(target=365, due="2026-01-01")

    @pytest.mark.parametrize(
        ("paces", "since"),
        [
            ([(100, 90)], None),  # day 100, figure 90: pace 0.90 exactly
            ([(100, 89)], 100),
            ([(100, 89), (200, 190)], 100),  # 0.95 exactly does not close
            ([(100, 89), (200, 191)], None),
            ([(100, 89), (200, 191), (300, 200)], 300),
            ([(100, 89), (150, 50), (200, 185)], 100),
        ],
    )
    def test_it_opens_and_closes_at_different_paces(
        self, paces: list[tuple[int, int]], since: int | None
    ) -> None:
        start = self.PROMISED.baseline.date
        days = {n: start.fromordinal(start.toordinal() + n).isoformat() for n in (100, 150, 200, 300)}
        seen = on("2025-12-01", self.PROMISED, *(update(days[n], value) for n, value in paces))
        behind = [episode for kind, _, episode in open_flags(seen) if kind == "behind"]
        assert behind == ([] if since is None else [days[since]])

    def test_where_nothing_is_expected_yet_at_the_baseline_is_on_the_path_and_below_it_is_not(self) -> None:
        seen = [on("2025-01-01", self.PROMISED, update("2025-01-01", said)) for said in (0, -1)]
        assert [stand.schedule for stand in seen] == ["on_track", "off_track"]
        assert [open_flags(stand) for stand in seen] == [[], [("behind", None, "2025-01-01")]]
        assert all(stand.progress.pace is None for stand in seen)

    @pytest.mark.parametrize(
        ("comparator", "after", "since"),
        [
            # It stays open past the deadline, and a figure there is held against the target.
            ("at_least", [], "2025-12-30"),
            ("at_least", [("2026-02-01", 346)], "2025-12-30"),  # 0.948 does not close
            ("at_least", [("2026-02-01", 347)], None),
            ("at_least", [("2026-02-01", 347), ("2026-02-02", 300)], "2026-02-02"),
            ("at_least", [("2026-02-01", 365)], None),
            # Met late, and lost again.
            ("at_least", [("2026-02-01", 365), ("2026-02-02", 300)], "2026-02-02"),
            # No sum can say that a ceiling was missed.
            ("up_to", [], None),
            ("up_to", [("2026-02-01", 2)], None),
        ],
    )
    def test_past_the_due_day_it_stays_open_until_the_pledge_comes_near_the_target(
        self, comparator: str, after: list[tuple[str, int]], since: str | None
    ) -> None:
        promised = replace(self.PROMISED, comparator=Comparator(comparator))
        reports = [update("2025-12-30", 1), *(update(when, said) for when, said in after)]
        seen = on("2026-03-01", promised, *reports)
        assert [when for kind, _, when in open_flags(seen) if kind == "behind"] == ([since] if since else [])

    def test_it_opens_past_the_due_day_too(self) -> None:
        seen = on("2026-03-01", self.PROMISED, update("2026-02-01", 300))
        assert [kind for kind, _, _ in open_flags(seen)] == ["overdue", "behind"]

    def test_in_silence_nothing_is_behind(self) -> None:
        assert "behind" not in {kind for kind, _, _ in open_flags(on("2026-03-01", self.PROMISED))}

    def test_what_meets_a_wide_tolerance_ends_it_at_whatever_pace(self) -> None:
        promised = replace(self.PROMISED, comparator=Comparator.ABOUT, tolerance=Decimal("0.5"))
        reports = update("2025-10-01", 100), update("2025-12-01", 200), update("2025-12-02", 150)
        behind = [
            [when for kind, _, when in open_flags(on(today, promised, *reports)) if kind == "behind"]
            for today in ("2025-11-30", "2025-12-01", "2025-12-02", "2026-01-02")
        ]
        assert behind == [["2025-10-01"], [], ["2025-12-02"], ["2025-12-02"]]

    def test_withdrawn_it_is_no_longer_behind(self) -> None:
        gone = (withdrawn("2026-02-01"),)
        assert open_flags(on("2026-03-01", self.PROMISED, update("2025-12-30", 1), withdrawals=gone)) == []
