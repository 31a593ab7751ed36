"""The seed files, checked by themselves: as text, as data, and as pledges of the domain."""

import json
from collections import Counter
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pledgetracker.domain.days import Due
from pledgetracker.domain.numbers import complaint
from pledgetracker.domain.path import Path as ExpectedPath
from pledgetracker.domain.pledge import Baseline, Milestone, Pledge, SetBy, problems
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.slug import is_slug
from pledgetracker.domain.standing import Standing, Status, standing
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, ProgressUpdate

SEEDS = Path(__file__).parents[2] / "seeds"
FILES = sorted(SEEDS.glob("*.json"))

INITIATIVE_KEYS = ["id", "title", "parent", "description", "url"]
PLEDGER_KEYS = ["id", "name", "kind", "url"]
PLEDGE_KEYS = [
    *("id", "title", "pledger", "statement", "indicator", "unit", "comparator", "target", "tolerance"),
    *("announced_on", "baseline", "cadence_days", "grace_days", "time_zone", "due", "milestones"),
    *("tags", "restates", "part_of", "owner", "verification", "other_targets"),
    *("reschedules", "withdrawal", "contacts", "progress", "verdicts"),
]
OTHER_TARGET_KEYS = ["value", "source", "note"]
OPTIONAL = {
    *("tolerance", "cadence_days", "grace_days", "reschedules", "withdrawal", "contacts", "verdicts"),
    *("tags", "restates", "part_of", "owner", "verification", "other_targets"),
    *("milestone", "supersedes", "archived_url", "quote"),
}
MILESTONE_KEYS = ["id", "title", "due", "target", "set_by"]
SAID = ["value", "increment", "no_change", "done"]
UPDATE_KEYS = [
    *("id", "as_of", "reported_at", *SAID, "milestone", "claim"),
    *("reported_by", "note", "evidence", "supersedes"),
]
VERDICT_KEYS = [
    *("id", "rubric", "rubric_version", "rating", "ruled_on", "ruled_by"),
    *("reason", "evidence", "retracts"),
]
RUBRIC_KEYS = ["name", "version", "title", "ratings"]
RATING_KEYS = ["id", "title", "meaning", "final", "suggested_on"]
SOURCE_KEYS = ["url", "title", "publisher", "published_on", "archived_url", "quote"]
KINDS = {"company", "government", "foundation", "international_organisation", "other"}

# What was promised: comparator, target, deadline.
PROMISED: dict[str, tuple[str, int | None, str | None]] = {
    "microsoft-france-investment": ("at_least", 4_000_000_000, None),
    "microsoft-france-gpus": ("up_to", 25_000, "2025"),
    "microsoft-france-people-trained": ("at_least", 1_000_000, "2027"),
    "microsoft-france-startups": ("at_least", 2_500, "2027"),
    "microsoft-mulhouse-data-centre": ("event", None, None),
    "microsoft-mistral-stake": ("event", None, None),
    "amazon-france-investment": ("at_least", 1_200_000_000, None),
    "amazon-france-jobs": ("more_than", 3_000, None),
    "amazon-france-logistics-network": ("event", None, None),
    "amazon-france-delivery-footprint": ("event", None, None),
    "amazon-france-permanent-contracts": ("at_least", 24_000, "2024"),
    "france-ai-plan-2018": ("at_least", 1_500_000_000, "2022"),
    "france-ai-champions-2023": ("at_least", 500_000_000, None),
    "france-ai-summit-investment": ("at_least", 109_000_000_000, None),
    "french-companies-investment-2025": ("at_least", 21_200_000_000, None),
}
# Of each summit, in millions of euros: the total announced, and what other sources have.
ANNOUNCED = {
    "2018": (3_500, [2_100]),
    "2019": (547, []),
    "2020": (8_000, []),
    "2021": (3_600, []),
    "2022": (6_700, [6_800, 10_800]),
    "2023": (13_000, []),
    "2024": (15_000, []),
    "2025-05": (37_300, [40_800]),
    "2025-11": (30_400, []),
}
# What is said of a total: parts, in millions of euros.
SPLIT = {
    "2025-05": {"new": (20_000, None), "restated": (17_000, "france-ai-summit-investment")},
    "2025-11": {"new": (9_200, None), "restated": (21_200, "french-companies-investment-2025")},
}
MILLION = 10**6


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    repeated = [key for key, n in Counter(key for key, _ in pairs).items() if n > 1]
    assert not repeated, f"keys given twice: {repeated}"
    return dict(pairs)


def _read(path: Path) -> Any:
    return json.loads(path.read_text("utf-8"), parse_float=Decimal, object_pairs_hook=_unique_keys)


def _pledges() -> dict[str, Any]:
    return {pledge["id"]: pledge for path in FILES for pledge in _read(path)["pledges"]}


def _sources(pledge: Any) -> list[Any]:
    return [
        pledge["statement"]["source"],
        *(source for update in pledge["progress"] for source in update["evidence"]),
        *(move["source"] for move in pledge.get("reschedules", [])),
        *(other["source"] for other in pledge.get("other_targets", []) if other["source"]),
    ]


def _assert_keys(given: Any, keys: list[str], *, choice: tuple[str, ...] = ()) -> None:
    """In order, none unknown, none missing but optional ones and all but one of `choice`."""
    assert list(given) == [key for key in keys if key in given]
    assert set(keys) - set(given) <= OPTIONAL | set(choice)


def _as_pledge(data: Any) -> Pledge:
    baseline = data["baseline"]
    return Pledge(
        id=data["id"],
        title=data["title"],
        pledger=data["pledger"],
        announced_on=date.fromisoformat(data["announced_on"]),
        baseline=Baseline(Decimal(baseline["value"]), date.fromisoformat(baseline["date"])),
        time_zone=data["time_zone"],
        indicator=data["indicator"],
        unit=data["unit"],
        comparator=Comparator(data["comparator"]),
        target=_number(data["target"]),
        tolerance=data.get("tolerance"),
        cadence_days=data.get("cadence_days"),
        grace_days=data.get("grace_days"),
        due=None if data["due"] is None else Due.parse(data["due"]),
        milestones=tuple(
            Milestone(m["id"], Due.parse(m["due"]), m["title"], _number(m["target"]), SetBy(m["set_by"]))
            for m in data["milestones"]
        ),
    )


def _as_update(data: Any) -> ProgressUpdate:
    return ProgressUpdate(
        number=data["id"],
        as_of=date.fromisoformat(data["as_of"]),
        reported_at=date.fromisoformat(data["reported_at"]),
        recorded_at=datetime(2026, 1, 1, tzinfo=UTC),
        value=_number(data.get("value")),
        increment=_number(data.get("increment")),
        no_change=data.get("no_change", False),
        done=data.get("done"),
        milestone=data.get("milestone"),
        claim=Claim(data["claim"]),
        supersedes=data.get("supersedes"),
    )


def _number(value: Any) -> Decimal | None:
    return None if value is None else Decimal(value)


def _standing(pledge_id: str, day: str) -> Standing:
    data = _pledges()[pledge_id]
    record = Record(_as_pledge(data), tuple(_as_update(update) for update in data["progress"]))
    return standing(record, Policy(), today=date.fromisoformat(day))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_is_written_one_way_only_and_named_after_its_initiative(path: Path) -> None:
    data = _read(path)

    assert path.read_text("utf-8") == json.dumps(data, indent=2, ensure_ascii=False) + "\n"
    assert list(data) == ["format", "initiative", "pledgers", "pledges"]
    assert data["format"] == "pledgetracker/1"
    if data["initiative"] is not None:
        assert list(data["initiative"]) == INITIATIVE_KEYS
        assert data["initiative"]["id"] == path.stem


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_keys_stand_in_their_order_and_none_is_unknown(pledge: Any) -> None:
    _assert_keys(pledge, PLEDGE_KEYS)
    _assert_keys(pledge["statement"], ["text", "source"])
    _assert_keys(pledge["baseline"], ["value", "date"])
    for milestone in pledge["milestones"]:
        _assert_keys(milestone, MILESTONE_KEYS)
    for update in pledge["progress"]:
        _assert_keys(update, UPDATE_KEYS, choice=tuple(SAID))
        assert len(set(SAID) & set(update)) == 1
    for source in _sources(pledge):
        _assert_keys(source, SOURCE_KEYS)
    for other in pledge.get("other_targets", []):
        assert list(other) == OTHER_TARGET_KEYS


def test_ids_are_slugs_and_each_belongs_to_one_thing() -> None:
    pledges = [pledge["id"] for path in FILES for pledge in _read(path)["pledges"]]
    initiatives = [data["initiative"]["id"] for data in map(_read, FILES) if data["initiative"]]

    assert len(set(pledges)) == len(pledges)
    assert len(set(initiatives)) == len(initiatives)
    assert all(map(is_slug, [*pledges, *initiatives]))


def test_a_parent_is_an_initiative_of_one_of_the_files() -> None:
    initiatives = [data["initiative"] for data in map(_read, FILES) if data["initiative"]]

    assert {i["parent"] for i in initiatives} - {None} <= {i["id"] for i in initiatives}
    assert {i["id"]: i["parent"] for i in initiatives}["choose-france-2024"] == "choose-france"


def test_a_pledger_is_the_same_in_every_file_and_in_none_that_does_not_need_it() -> None:
    known: dict[str, Any] = {}
    for data in map(_read, FILES):
        for pledger in data["pledgers"]:
            assert list(pledger) == PLEDGER_KEYS
            assert pledger["kind"] in KINDS
            assert known.setdefault(pledger["id"], pledger) == pledger
        given = [pledger["id"] for pledger in data["pledgers"]]
        assert len(set(given)) == len(given)
        assert set(given) == {pledge["pledger"] for pledge in data["pledges"]}


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_a_pledge_is_well_formed(pledge: Any) -> None:
    assert list(problems(_as_pledge(pledge))) == []
    assert ZoneInfo(pledge["time_zone"]).key == pledge["time_zone"]
    assert (pledge["unit"] is None) == (pledge["comparator"] == "event")
    assert pledge["indicator"]
    assert "contacts" not in pledge


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_milestones_lie_between_baseline_and_deadline_and_never_go_back(pledge: Any) -> None:
    start, milestones = pledge["baseline"], pledge["milestones"]
    days = [date.fromisoformat(start["date"]), *(Due.parse(m["due"]).date for m in milestones)]
    if pledge["due"] is not None:
        days.append(Due.parse(pledge["due"]).date)
    targets = [start["value"], *(m["target"] for m in milestones), pledge["target"]] if milestones else []

    assert all(earlier < later for earlier, later in pairwise(days))
    assert all(before <= after for before, after in pairwise(targets))


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_numbers_are_ones_that_the_record_takes(pledge: Any) -> None:
    numbers = [
        pledge["baseline"]["value"],
        pledge["target"],
        *(m["target"] for m in pledge["milestones"]),
        *(update.get(said) for update in pledge["progress"] for said in ("value", "increment")),
    ]

    assert [complaint(Decimal(n)) for n in numbers if n is not None and complaint(Decimal(n))] == []


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_every_source_can_be_found_again(pledge: Any) -> None:
    for source in _sources(pledge):
        has_place = source["url"] or source["publisher"]
        assert has_place or (source["title"] and source["published_on"])
        assert source["url"] is None or source["url"].startswith("https://")
        assert source["published_on"] is None or date.fromisoformat(source["published_on"]).year >= 2018
        assert len(source.get("quote", "").split()) <= 5


@pytest.mark.parametrize("pledge", _pledges().values(), ids=_pledges())
def test_updates_are_numbered_and_said_no_earlier_than_what_they_describe(pledge: Any) -> None:
    updates = [_as_update(update) for update in pledge["progress"]]

    assert [update.number for update in updates] == list(range(1, len(updates) + 1))
    for update in updates:
        assert date.fromisoformat(pledge["announced_on"]) <= update.as_of <= update.reported_at
        assert (update.done is None) or pledge["comparator"] == "event" or update.milestone
        assert update.supersedes is None or update.supersedes < update.number


@pytest.mark.parametrize("pledge_id", PROMISED)
def test_every_promise_is_there_with_its_hedge_target_and_deadline(pledge_id: str) -> None:
    pledge = _pledges()[pledge_id]

    assert (pledge["comparator"], pledge["target"], pledge["due"]) == PROMISED[pledge_id]


def test_nothing_is_there_but_the_promises_and_the_totals_with_what_is_said_of_them() -> None:
    totals = {f"choose-france-{key}-total" for key in ANNOUNCED}
    split = {f"choose-france-{key}-{part}" for key, parts in SPLIT.items() for part in parts}
    assert set(_pledges()) == {*PROMISED, *totals, *split}


def test_links_lead_to_pledges_of_the_files_and_lists_are_sorted() -> None:
    known = _pledges()
    for pledge in known.values():
        for field in ("tags", "restates"):
            listed = pledge.get(field, [])
            assert listed == sorted(set(listed))
        assert set(pledge.get("restates", [])) <= known.keys() - {pledge["id"]}
        assert pledge.get("part_of") in {None, *known}


@pytest.mark.parametrize(
    ("comparator", "hedges"), [("up_to", ('"up to"',)), ("more_than", ('"over"', '"more than"'))]
)
def test_a_hedge_that_lowers_the_bar_is_in_the_words_of_the_statement(
    comparator: str, hedges: tuple[str, ...]
) -> None:
    hedged = [p["statement"]["text"] for p in _pledges().values() if p["comparator"] == comparator]

    assert hedged
    assert all(any(hedge in text for hedge in hedges) for text in hedged)


def test_both_hedges_of_amazons_investment_are_told() -> None:
    text = _pledges()["amazon-france-investment"]["statement"]["text"]

    assert '"at least"' in text
    assert '"more than"' in text


def test_the_investments_of_the_two_companies_make_5_2_billion_euros() -> None:
    in_file = _read(SEEDS / "choose-france-2024.json")["pledges"]
    companies = [p for p in in_file if p["unit"] == "EUR" and p["pledger"] in {"microsoft", "amazon"}]

    assert sum(p["target"] for p in companies) == 5_200_000_000


@pytest.mark.parametrize("key", ANNOUNCED)
def test_a_total_is_the_hosts_and_what_other_sources_say_stands_beside_it(key: str) -> None:
    total = _pledges()[f"choose-france-{key}-total"]
    target, others = ANNOUNCED[key]
    now = _standing(total["id"], "2026-11-23")

    assert (total["pledger"], total["unit"], total["target"]) == ("french-state", "EUR", target * MILLION)
    assert [other["value"] for other in total.get("other_targets", [])] == [o * MILLION for o in others]
    assert now.status is Status.NOT_STARTED
    assert now.flags == ()


@pytest.mark.parametrize("key", ANNOUNCED)
def test_each_summit_is_an_initiative_of_its_own(key: str) -> None:
    initiative = _read(SEEDS / f"choose-france-{key}.json")["initiative"]

    assert initiative["parent"] == "choose-france"


@pytest.mark.parametrize("key", SPLIT)
def test_what_was_new_and_what_was_announced_before_are_parts_of_the_total(key: str) -> None:
    for name, (value, restates) in SPLIT[key].items():
        part = _pledges()[f"choose-france-{key}-{name}"]
        assert part["target"] == value * MILLION
        assert part["part_of"] == f"choose-france-{key}-total"
        assert part.get("restates") == ([restates] if restates else None)


def test_the_companies_investments_are_parts_of_the_total_of_2024() -> None:
    parts = [key for key, p in _pledges().items() if p.get("part_of") == "choose-france-2024-total"]

    assert parts == ["microsoft-france-investment", "amazon-france-investment"]


def test_the_golden_case_comes_out_of_the_file() -> None:
    then = _standing("microsoft-france-people-trained", "2025-11-04")

    assert then.status is Status.OFF_TRACK
    assert then.progress.expected == Decimal("406932.931424")
    assert then.progress.pace == Decimal("0.614352")
    assert then.progress.days_ahead == -209
    assert then.progress.projected_date == date(2030, 4, 12)


def test_people_who_started_a_course_are_told_of_and_not_counted() -> None:
    updates = _pledges()["microsoft-france-people-trained"]["progress"]

    assert [update["value"] for update in updates] == [250_000]
    assert "700,000" in updates[0]["note"]


def test_misprints_of_the_startups_are_told_of_and_not_counted() -> None:
    startups = _pledges()["microsoft-france-startups"]

    assert [update["value"] for update in startups["progress"]] == [1_000]
    assert "theaiinnovator.com" in startups["statement"]["text"]
    assert "techtaffy.com" in startups["statement"]["text"]


@pytest.mark.parametrize(
    ("pledge_id", "day", "status"),
    [
        ("microsoft-france-gpus", "2025-12-31", Status.NEVER_REPORTED),
        ("microsoft-france-gpus", "2026-01-01", Status.OVERDUE),
        ("microsoft-france-investment", "2026-11-23", Status.NEVER_REPORTED),
        ("microsoft-mulhouse-data-centre", "2025-12-01", Status.IN_PROGRESS),
        ("microsoft-mulhouse-data-centre", "2026-11-23", Status.STALE),
        ("microsoft-mistral-stake", "2026-11-23", Status.MET),
        ("amazon-france-permanent-contracts", "2026-11-23", Status.MET_LATE),
        ("amazon-france-jobs", "2026-11-23", Status.NEVER_REPORTED),
        ("france-ai-champions-2023", "2026-11-23", Status.NEVER_REPORTED),
    ],
)
def test_the_pledges_stand_where_the_facts_put_them(pledge_id: str, day: str, status: Status) -> None:
    assert _standing(pledge_id, day).status is status


@pytest.mark.parametrize("pledge_id", ["microsoft-france-people-trained", "microsoft-france-startups"])
def test_checkpoints_are_marked_as_ours_and_lie_on_the_straight_line(pledge_id: str) -> None:
    pledge = _as_pledge(_pledges()[pledge_id])
    assert pledge.due is not None
    assert pledge.target is not None
    path = ExpectedPath.of(pledge, pledge.due.date)

    assert len(path.points) == 2
    for milestone in pledge.milestones:
        assert milestone.set_by is SetBy.TRACKER
        assert milestone.target is not None
        off_the_line = abs(path.value_on(milestone.due.date) - Fraction(milestone.target))
        assert off_the_line < Fraction(pledge.target) / 250


def test_the_format_page_shows_a_file_that_keeps_its_own_rules() -> None:
    page = (SEEDS / "README.md").read_text("utf-8")
    example = json.loads(page.split("```json\n")[1].split("```")[0], object_pairs_hook=_unique_keys)
    pledge = example["pledges"][0]

    assert list(example["initiative"]) == INITIATIVE_KEYS
    _assert_keys(pledge, PLEDGE_KEYS)
    _assert_keys(pledge["milestones"][0], MILESTONE_KEYS)
    _assert_keys(pledge["progress"][0], UPDATE_KEYS, choice=tuple(SAID))
    assert list(problems(_as_pledge(pledge))) == []
    assert _as_update(pledge["progress"][0]).value == 6


def test_the_format_page_names_every_key_and_every_file() -> None:
    page = (SEEDS / "README.md").read_text("utf-8")
    keys = {*INITIATIVE_KEYS, *PLEDGER_KEYS, *PLEDGE_KEYS, *MILESTONE_KEYS, *UPDATE_KEYS, *SOURCE_KEYS}
    keys |= {*VERDICT_KEYS, *RUBRIC_KEYS, *RATING_KEYS}
    keys |= set(OTHER_TARGET_KEYS)

    assert {key for key in keys if f"`{key}`" not in page} == set()
    assert {path.name for path in FILES if f"`{path.name}`" not in page} == set()
    assert {c.value for c in Comparator if f"`{c}`" not in page} == set()
