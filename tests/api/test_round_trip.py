"""POST and PATCH take what GET shows; the compiled dumper says what the schema says."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from marshmallow import Schema

from pledgetracker.api import examples
from pledgetracker.api.alerts import AlertDocument, AlertView
from pledgetracker.api.answers import dumper, to_json
from pledgetracker.api.flags import FlagDocument
from pledgetracker.api.parsing import parse_json
from pledgetracker.api.schemas.catalogue import PledgerDocument
from pledgetracker.api.schemas.pledges import ContactList, PledgeDocument
from pledgetracker.api.schemas.progress import ProgressDocument
from pledgetracker.api.schemas.rubrics import RubricDocument, SuggestionDocument
from pledgetracker.api.schemas.verdicts import VerdictDocument
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.grading import list_rubrics
from pledgetracker.services.reading import get_record, view, view_update, view_verdict
from pledgetracker.services.ruling import suggestions
from pledgetracker.storage.alerts import AlertFilter
from pledgetracker.storage.flags import FlagFilter
from pledgetracker.storage.paging import PageRequest
from tests.api.conftest import Shared
from tests.examples import times

ids = count(1)
FIRST, LAST = date(1990, 1, 1), date(2026, 11, 1)
text = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=30
).filter(str.strip)
lines = st.lists(text, min_size=1, max_size=3).map("\n".join)
days = st.dates(FIRST, LAST)
numbers = st.decimals(-(10**8), 10**8, places=6, allow_nan=False)
urls = st.sampled_from(
    ["https://example.org/", "http://example.org/a?b=c#d", "https://\u00e9xample.org/\u00fc"]
)
sources = st.fixed_dictionaries(
    {"title": text},
    optional={
        "url": urls,
        "publisher": text,
        "published_on": days.map(str),
        "archived_url": urls,
        "quote": lines,
    },
)
statements = st.fixed_dictionaries({"text": lines}, optional={"source": st.none() | sources})


@st.composite
def due_texts(draw: st.DrawFn, year: int) -> str:
    return draw(
        st.sampled_from([str(year), f"{year}-Q1", f"{year}-Q4", f"{year}-02", f"{year}-12", f"{year}-12-31"])
    )


@st.composite
def pledges(draw: st.DrawFn) -> dict[str, Any]:
    """A pledge of any kind, as a client would write it."""
    comparator = draw(
        st.sampled_from(["at_least", "more_than", "about", "exactly", "up_to", "at_most", "event"])
    )
    announced = draw(days)
    baseline = draw(numbers)
    distance = draw(st.decimals(1, 10**8, places=6)) * draw(st.sampled_from([1, -1]))
    target = baseline + (abs(distance) if comparator == "at_most" else distance)
    has_target = comparator != "event" and draw(st.booleans())
    last_year = announced.year + draw(st.integers(4, 100))
    has_deadline = draw(st.booleans())
    said: dict[str, Any] = {
        "title": draw(text),
        "pledger": "acme",
        "comparator": comparator,
        "announced_on": str(announced),
        "baseline": {"value": baseline} | draw(st.sampled_from([{}, {"date": str(announced)}])),
        "time_zone": draw(
            st.sampled_from(["UTC", "Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago"])
        ),
        "milestones": [
            {
                "id": f"m-{i}",
                "due": draw(due_texts(announced.year + 1 + i)),
                "set_by": draw(st.sampled_from(["pledger", "tracker"])),
            }
            | ({"target": target} if has_target and draw(st.booleans()) else {})
            | draw(st.sampled_from([{}, {"title": "A stage"}]))
            for i in range(draw(st.integers(0, 2)))
        ],
        **draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "initiative": st.sampled_from([None, "choose"]),
                    "statement": st.none() | statements,
                    "indicator": text,
                    "unit": text,
                    "cadence_days": st.integers(1, 36500),
                    "grace_days": st.none() | st.integers(0, 36500),
                    "tags": st.lists(st.sampled_from(["ai", "jobs", "skills"]), unique=True).map(sorted),
                    "restates": st.sampled_from([[], ["first"], ["first", "second"]]),
                    "part_of": st.sampled_from([None, "total"]),
                    "owner": st.none() | text,
                    "verification": st.none() | lines,
                },
            )
        ),
    }
    if has_target:
        said["target"] = target
        said["other_targets"] = [
            {"value": target + step} | draw(st.sampled_from([{}, {"note": "Elsewhere."}, {"source": None}]))
            for step in range(1, draw(st.integers(1, 3)))
        ]
    if comparator == "about":
        # Small enough that no baseline is inside already.
        said["tolerance"] = Decimal("0.000001") if abs(target) < 10**6 else Decimal(0)
    if has_deadline:
        said["due"] = draw(due_texts(last_year))
    return said


@st.composite
def reports(draw: st.DrawFn, pledge: dict[str, Any]) -> list[dict[str, Any]]:
    """Updates that suit the pledge, some of them corrections."""
    is_event = pledge["comparator"] == "event"
    found = []
    for number in range(1, draw(st.integers(0, 4)) + 1):
        kinds: list[dict[str, Any]] = [{"no_change": True}]
        kinds += (
            [{"done": draw(st.booleans())}]
            if is_event
            else [{"value": draw(numbers)}, {"increment": draw(numbers)}]
        )
        said = {"as_of": str(draw(days)), **draw(st.sampled_from(kinds))}
        said |= draw(
            st.fixed_dictionaries(
                {}, optional={"note": lines, "evidence": st.lists(sources, max_size=2), "reported_by": text}
            )
        )
        if number > 1 and draw(st.booleans()):
            said["supersedes"] = number - 1
        found.append(said)
    return found


@pytest.fixture(scope="module")
def service(shared: Shared) -> Shared:
    shared.post("/v1/pledgers", {"id": "acme", "name": "ACME"})
    shared.post("/v1/initiatives", {"id": "choose", "title": "Choose"})
    for key in ("first", "second", "total"):
        named = {"id": key, "title": key, "pledger": "acme", "announced_on": "2024-01-01"}
        shared.post("/v1/pledges", named)
    return shared


def send(service: Shared, method: str, address: str, document: Any, status: int) -> Any:
    """Send exact numbers, read exact numbers."""
    answer = service.editor.open(
        address, method=method, data=to_json(document), content_type="application/json"
    )
    assert answer.status_code == status, answer.text
    return parse_json(answer.data)


def record(service: Shared, said: dict[str, Any], updates: list[dict[str, Any]]) -> str:
    key = f"p-{next(ids)}"
    send(service, "POST", "/v1/pledges", said | {"id": key}, 201)
    for update in updates:
        send(service, "POST", f"/v1/pledges/{key}/progress", update, 201)
    return key


cases = pledges().flatmap(lambda said: st.tuples(st.just(said), reports(said)))
at_ease = times(0.3, suppress_health_check=list(HealthCheck))
# What differs between a record and its copy by nature.
OF_ITS_OWN = {"id", "version", "created_at", "updated_at"}


@at_ease
@given(case=cases, move=st.booleans())
def test_what_get_shows_changes_nothing_when_it_comes_back(
    service: Shared, case: tuple[dict[str, Any], list[dict[str, Any]]], *, move: bool
) -> None:
    key = record(service, *case)
    if move:
        send(service, "POST", f"/v1/pledges/{key}/reschedules", {"due": "2199"}, 201)
    shown = send(service, "GET", f"/v1/pledges/{key}", None, 200)
    assert send(service, "PATCH", f"/v1/pledges/{key}", shown, 200) == shown
    assert send(service, "GET", f"/v1/pledges/{key}", None, 200) == shown


@at_ease
@given(case=cases)
def test_what_get_shows_means_the_same_under_another_id(
    service: Shared, case: tuple[dict[str, Any], list[dict[str, Any]]]
) -> None:
    said, updates = case
    key = record(service, said, updates)
    shown = send(service, "GET", f"/v1/pledges/{key}", None, 200)
    again = record(service, shown, updates)
    copied = send(service, "GET", f"/v1/pledges/{again}", None, 200)
    assert {k: v for k, v in copied.items() if k not in OF_ITS_OWN} == {
        k: v for k, v in shown.items() if k not in OF_ITS_OWN
    }
    for name, value in said.items():
        # What is left open about reporting gets what the settings say.
        if name not in {"due", "baseline", "milestones", "statement", "other_targets"} and value is not None:
            assert shown[name] == value
    for number in range(1, len(updates) + 1):
        first, second = (
            send(service, "GET", f"/v1/pledges/{one}/progress/{number}", None, 200) for one in (key, again)
        )
        assert first == second


def same(schema: type[Schema], value: Any) -> None:
    """Check that the compiled dumper and the schema say the same, as JSON with exact numbers."""
    compiled = to_json(dumper(schema)(value))
    # Two spellings of the same instant: orjson's and marshmallow's.
    dumped = to_json(schema().dump(value)).replace(b'+00:00"', b'Z"')
    assert parse_json(compiled) == parse_json(dumped)
    assert orjson.loads(compiled)


@at_ease
@given(case=cases, as_of=st.none() | st.dates(date(1970, 1, 1), date(2200, 12, 31)))
def test_the_compiled_dumper_says_what_the_schema_says(
    service: Shared, case: tuple[dict[str, Any], list[dict[str, Any]]], as_of: date | None
) -> None:
    key = record(service, case[0] | {"contacts": [{"email": "ada@example.org"}]}, case[1])
    if as_of is not None and as_of > date.fromisoformat(case[0]["announced_on"]) + timedelta(1):
        source = {"source": {"title": "A letter"}, "reason": "No."}
        send(service, "POST", f"/v1/pledges/{key}/withdrawal", {"on": str(as_of), **source}, 201)
        send(service, "POST", f"/v1/pledges/{key}/reschedules", {"due": "2199-Q3", **source}, 201)
    for said in (examples.VERDICT, {"retracts": 1, "ruled_by": "Ann", "reason": "A mistake."}):
        send(service, "POST", f"/v1/pledges/{key}/verdicts", {**said, "ruled_on": "2026-11-20"}, 201)
    runtime = service.runtime
    page = PageRequest("id", descending=False, after=None, limit=200)
    with runtime.database.read() as tx:
        found = get_record(tx, key)
        same(PledgeDocument, view(found, runtime.rules, Vantage(runtime.clock(), as_of)))
        same(ContactList, found.pledge)
        for verdict in found.verdicts:
            same(VerdictDocument, view_verdict(found, verdict))
        for rubric in list_rubrics(tx, replace(page, sort="name")).items:
            same(RubricDocument, rubric)
        for suggestion in suggestions(tx, key, runtime.rules, Vantage(runtime.clock(), as_of)).items:
            same(SuggestionDocument, suggestion)
        for update in found.updates:
            same(ProgressDocument, view_update(found, update))
        for flag in tx.flags.page(FlagFilter(key), page).items:
            same(FlagDocument, flag)
        for alert in tx.alerts.page(AlertFilter(key), page).items:
            same(AlertDocument, AlertView(alert, alert.recipient.email, "<a@b>"))
            assert alert.state in set(AlertState)
        pledger = tx.pledgers.get("acme")
    same(PledgerDocument, pledger)
