"""What the reports amount to, day by day."""

from dataclasses import replace

from pledgetracker.domain.update import ProgressUpdate
from tests.domain.cases import day, pledge, record, update


def figures(*updates: ProgressUpdate, baseline: int = 10) -> dict[str, str]:
    known = record(pledge(target=1000, baseline=baseline), *updates)
    return {figure.as_of.isoformat(): str(figure.value) for figure in known.figures}


def test_increments_add_to_the_baseline_until_there_is_a_value() -> None:
    assert figures(update("2025-02-01", increment=5), update("2025-03-01", increment=-2)) == {
        "2025-02-01": "15",
        "2025-03-01": "13",
    }


def test_a_value_includes_its_own_day_and_later_increments_add_to_it() -> None:
    reports = (
        update("2025-02-01", increment=5),
        update("2025-03-01", increment=7),
        update("2025-03-01", 100),
        update("2025-04-01", increment=1),
    )
    assert figures(*reports) == {"2025-02-01": "15", "2025-03-01": "100", "2025-04-01": "101"}


def test_no_change_confirms_the_figure_and_moves_its_day() -> None:
    assert figures(update("2025-02-01", 50), update("2025-03-01")) == {
        "2025-02-01": "50",
        "2025-03-01": "50",
    }
    assert figures(update("2025-03-01")) == {"2025-03-01": "10"}


def test_reports_from_before_the_baseline_are_kept_and_make_no_figure() -> None:
    early = update("2024-12-31", 500), update("2024-12-31", increment=5), update("2024-12-31")
    assert figures(*early) == {}
    known = record(pledge(), *early)
    assert len(known.reports_until(day("2025-01-01"))) == 3
    assert known.figure_on(day("2025-06-01")) is None


def test_a_report_of_the_baseline_day_counts() -> None:
    assert figures(update("2025-01-01", increment=5)) == {"2025-01-01": "15"}


def test_a_correction_replaces_what_it_supersedes_wherever_it_lies() -> None:
    chain = update("2025-02-01", 50), update("2025-02-01", 60), update("2025-03-01", 70)
    corrected = chain[0], replace(chain[1], supersedes=1), replace(chain[2], supersedes=2)
    assert figures(*corrected) == {"2025-03-01": "70"}
    assert record(pledge(), *corrected).successors == {1: 2, 2: 3}
    assert record(pledge(), *corrected).figure_on(day("2025-02-15")) is None


def test_the_figure_of_a_day_is_the_last_by_then() -> None:
    known = record(pledge(), update("2025-03-01", 60), update("2025-02-01", 50))
    seen = [known.figure_on(day(text)) for text in ("2025-01-31", "2025-02-28", "2025-03-01", "2026-01-01")]
    assert [figure and int(figure.value) for figure in seen] == [None, 50, 60, 60]


def test_sums_of_the_largest_and_the_smallest_numbers_stay_exact() -> None:
    reports = [update(f"2025-02-{n:02}", increment="999999999999999000") for n in range(1, 29)]
    total = figures(*reports, update("2025-03-01", increment="0.000001"), baseline=0)["2025-03-01"]
    assert total == "27999999999999972000.000001"


def test_an_event_has_no_figures() -> None:
    assert record(pledge("event", None), update("2025-02-01", said=True)).figures == ()
