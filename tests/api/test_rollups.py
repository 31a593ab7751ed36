"""Roll-ups over HTTP: the summits of the seeds add up as they were told, and no further."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker.api.parsing import parse_json
from pledgetracker.api.portable import read_file
from pledgetracker.api.rollups import RollUpDocument
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services import importing, rolling_up
from pledgetracker.services.rolling_up import Terms
from tests.api.conftest import RATE, Post, Promise, Refused, Shared
from tests.conftest import Clock

SEEDS = Path(__file__).parents[2] / "seeds"
B = 10**9


@pytest.fixture(scope="module")
def summits(shared: Shared) -> FlaskClient:
    """A client of an installation with the seeds, and one exchange rate of the day of the article."""
    files = {path.name: read_file(path.read_bytes()) for path in SEEDS.glob("*.json")}
    runtime = shared.runtime
    runtime.database.write(lambda tx: importing.add_missing(tx, files, runtime.rules, now=runtime.clock()))
    dollars = {"base": "EUR", "quote": "USD", "date": "2024-05-28", "rate": 1.0769}
    shared.post("/v1/rates", dollars | {"source": {"title": "The rate that the article went by"}})
    return shared.anybody


def rolled(client: FlaskClient, address: str) -> dict[str, Any]:
    answer = client.get(f"/v1/{address}")
    assert answer.status_code == 200, answer.text
    return dict(parse_json(answer.data))


def amount(found: dict[str, Any], unit: str) -> dict[str, Any]:
    [one] = [amount for amount in found["amounts"] if amount["unit"] == unit]
    return dict(one)


def split(of: dict[str, Any]) -> tuple[float, ...]:
    return tuple(of[name] for name in ("announced", "new", "restated", "unexplained"))


def test_may_2024_is_15_billion_of_which_9_8_have_no_pledge(summits: FlaskClient) -> None:
    found = rolled(summits, "initiatives/choose-france-2024/rollup")
    euros = amount(found, "EUR")
    assert split(euros) == (15 * B, 5.2 * B, 0, 9.8 * B)
    [total] = euros["totals"]
    assert (total["pledge"], total["sum"], total["difference"]) == (
        "choose-france-2024-total",
        5.2 * B,
        9.8 * B,
    )
    assert {part["pledge"] for part in total["parts"]} == {
        "microsoft-france-investment",
        "amazon-france-investment",
    }
    assert total["because"] == (
        "15,000,000,000 EUR announced; the parts on record come to 5,200,000,000; "
        "9,800,000,000 has no pledge here."
    )
    assert {a["unit"] for a in found["amounts"]} == {"EUR", "GPU", "job", "person", "startup"}
    assert {item["reason"] for item in found["not_added"]} == {"event"}
    assert found["pledges"] == sum(found["by_status"].values()) == 11


def test_the_two_companies_come_to_5_6_billion_dollars_by_a_dated_rate_only(
    summits: FlaskClient, shared: Shared
) -> None:
    companies = {"microsoft": 4 * B, "amazon": 1.2 * B}
    for pledger, euros in companies.items():
        assert amount(rolled(summits, f"pledgers/{pledger}/rollup"), "EUR")["announced"] == euros
    dollars = 0
    for pledger in companies:
        found = rolled(summits, f"pledgers/{pledger}/rollup?currency=USD&rates_on=2024-05-28")
        [rate] = found["rates"]
        assert (rate["id"], rate["rate"]) == ("eur-usd-2024-05-28", Decimal("1.0769"))
        dollars += amount(found, "USD")["announced"]
    assert round(dollars / B, 1) == 5.6
    for query in ("currency=USD", "currency=USD&rates_on=2024-05-29"):
        found = rolled(summits, f"pledgers/microsoft/rollup?{query}")
        assert amount(found, "EUR")["announced"] == 4 * B
        assert {"pledge": "microsoft-france-investment", "reason": "no_rate"}.items() <= next(
            item for item in found["not_added"] if item["reason"] == "no_rate"
        ).items()
        assert found["rates"] == []


def test_may_2025_is_20_new_17_restated_and_0_3_unexplained_beside_40_8(summits: FlaskClient) -> None:
    euros = amount(rolled(summits, "initiatives/choose-france-2025-05/rollup"), "EUR")
    assert split(euros) == (37.3 * B, 20 * B, 17 * B, 0.3 * B)
    others = {item["pledge"]: (item["value"], item["source"]) for item in euros["conflicting"]}
    value, source = others["choose-france-2025-05-total"]
    assert value == 40.8 * B
    assert source["publisher"] == "iactualites.fr"


def test_all_summits_together_count_what_was_restated_once(summits: FlaskClient) -> None:
    euros = amount(rolled(summits, "initiatives/choose-france/rollup"), "EUR")
    announced = [3.5, 0.547, 8, 3.6, 6.7, 13, 15, 37.3, 30.4]
    assert euros["announced"] == round(sum(announced) * 1000) * 10**6
    assert euros["restated"] == (17 + 21.2) * B
    assert euros["pledges"] == len(announced)
    state = amount(rolled(summits, "pledgers/french-state/rollup"), "EUR")
    # The state's own announcement of February 2025 is in this scope; what restates it is not promised twice.
    assert state["completion"]["denominator"] == state["announced"] - 17 * B


def test_a_past_day_knows_only_what_had_been_announced(summits: FlaskClient) -> None:
    then = amount(rolled(summits, "tags/summit-total/rollup?as_of=2018-12-31"), "EUR")
    assert then["announced"] == 3.5 * B
    assert [item["value"] for item in then["conflicting"]] == [2.1 * B]


def test_the_compiled_dumper_says_what_the_schema_says(summits: FlaskClient, shared: Shared) -> None:
    runtime = shared.runtime
    with runtime.database.read() as tx:
        found = rolling_up.roll_up_initiative(
            tx, "choose-france", Terms(), runtime.rules, Vantage(runtime.clock())
        )
    shown = rolled(summits, "initiatives/choose-france/rollup")
    assert RollUpDocument().dump(found).keys() == shown.keys()


@pytest.mark.parametrize(
    ("query", "place"),
    [
        ("currency=usd", "?currency"),
        ("currency=XYZ", "?currency"),
        ("rates_on=2024-05-28", "?rates_on"),
        ("currency=USD&rates_on=2024", "?rates_on"),
        ("as_of=tomorrow", "?as_of"),
        ("known_at=2199-01-01T00:00:00Z", "?known_at"),
        ("unit=EUR", "?unit"),
    ],
)
def test_queries_that_mean_nothing_are_refused(
    summits: FlaskClient, refused: Refused, pointers: Any, query: str, place: str
) -> None:
    for address in ("initiatives/choose-france", "pledgers/microsoft", "tags/choose-france"):
        assert pointers(refused(summits.get(f"/v1/{address}/rollup?{query}"), 422)) == {place}


@pytest.mark.parametrize("address", ["initiatives/no", "pledgers/no", "tags/no"])
def test_nothing_is_not_found(summits: FlaskClient, refused: Refused, address: str) -> None:
    refused(summits.get(f"/v1/{address}/rollup"), 404)


class TestLinksOfPledges:
    def test_what_get_shows_may_be_sent_back(self, editor: FlaskClient, promise: Promise) -> None:
        promise(id="first")
        promise(id="total", target=5000000)
        said = {
            "tags": ["skills", "ai"],
            "restates": ["first"],
            "part_of": "total",
            "owner": "Ada, who runs the courses",
            "verification": "By the certificates handed out.",
            "other_targets": [{"value": 900000.5, "source": {"title": "A paper"}, "note": None}],
        }
        shown = promise(**said)
        assert shown["tags"] == ["ai", "skills"]
        plain = ("restates", "part_of", "owner", "verification")
        assert [shown[name] for name in plain] == [said[name] for name in plain]
        [other] = shown["other_targets"]
        assert (other["value"], other["source"]["title"], other["note"]) == (900000.5, "A paper", None)
        again = editor.patch("/v1/pledges/people-trained", json=shown)
        assert again.get_json() == shown

    def test_lists_are_filtered_by_tag(self, anybody: FlaskClient, promise: Promise, clock: Clock) -> None:
        promise(id="a", tags=["ai"])
        clock.now += timedelta(days=1)
        promise(id="b", tags=["ai", "skills"])
        promise(id="c")
        for query, found in {"tag=ai": ["a", "b"], "tag=skills": ["b"], "tag=none": []}.items():
            items = anybody.get(f"/v1/pledges?{query}").get_json()["items"]
            assert [item["id"] for item in items] == found
        then = anybody.get("/v1/pledges?tag=ai&known_at=2026-11-24T11:00:00Z").get_json()["items"]
        assert [item["id"] for item in then] == ["a"]

    @pytest.mark.parametrize(
        ("said", "place"),
        [
            ({"tags": ["Not a tag"]}, "/tags/0"),
            ({"tags": "ai"}, "/tags"),
            ({"tags": ["ai", "ai"]}, "/tags"),
            ({"tags": [f"t{n}" for n in range(51)]}, "/tags"),
            ({"restates": ["nobody"]}, "/restates"),
            ({"restates": ["people-trained"]}, "/restates"),
            ({"part_of": "nobody"}, "/part_of"),
            ({"part_of": "people-trained"}, "/part_of"),
            ({"other_targets": [{"note": "?"}]}, "/other_targets/0/value"),
            ({"other_targets": [{"value": 1000000}]}, "/other_targets/0/value"),
            ({"target": None, "other_targets": [{"value": 1}]}, "/other_targets/0"),
        ],
    )
    def test_what_means_nothing_is_refused_by_its_place(
        self,
        editor: FlaskClient,
        pledge: dict[str, Any],
        refused: Refused,
        pointers: Any,
        said: dict[str, Any],
        place: str,
    ) -> None:
        answer = editor.patch("/v1/pledges/people-trained", json=said)
        assert pointers(refused(answer, 422)) == {place}

    def test_a_pledge_that_others_name_is_not_deleted(
        self, editor: FlaskClient, promise: Promise, refused: Refused
    ) -> None:
        promise(id="total")
        promise(part_of="total")
        assert "people-trained" in refused(editor.delete("/v1/pledges/total"), 409)["detail"]


class TestRates:
    def test_a_rate_is_recorded_once_and_shown(
        self, editor: FlaskClient, anybody: FlaskClient, post: Post, refused: Refused
    ) -> None:
        made = editor.post("/v1/rates", json=RATE)
        assert made.headers["Location"] == "/v1/rates/eur-usd-2024-05-28"
        assert anybody.get(made.headers["Location"]).get_json() == made.get_json()
        assert refused(editor.post("/v1/rates", json=RATE | {"rate": 2}), 409)["type"].endswith("rate-exists")
        post("/v1/rates", RATE | {"base": "USD", "quote": "EUR", "rate": 0.92})
        post("/v1/rates", RATE | {"quote": "GBP", "date": "2024-05-27"})
        for query, found in {
            "currency=USD": ["eur-usd-2024-05-28", "usd-eur-2024-05-28"],
            "on=2024-05-27": ["eur-gbp-2024-05-27"],
            "sort=date&limit=1": ["eur-gbp-2024-05-27"],
        }.items():
            items = anybody.get(f"/v1/rates?{query}").get_json()["items"]
            assert [item["id"] for item in items] == found
        refused(anybody.get("/v1/rates/eur-usd-2020-01-01"), 404)

    def test_a_wrong_rate_is_corrected_and_what_was_known_before_stays(
        self, editor: FlaskClient, anybody: FlaskClient, post: Post, promise: Promise, clock: Clock
    ) -> None:
        promise(unit="EUR", tags=["skills"], target=100)
        wrong = post("/v1/rates", RATE | {"rate": 10.87})
        before = f"{clock.now:%Y-%m-%dT%H:%M:%SZ}"
        clock.now += timedelta(hours=1)
        address, reason = f"/v1/rates/{wrong['id']}", "The point was one place off."
        tag = anybody.get(address).headers["ETag"]
        answer = editor.patch(address, json={"rate": 1.087, "reason": reason}, headers={"If-Match": tag})
        right = wrong | {
            "rate": 1.087,
            "reason": reason,
            "version": 2,
            "recorded_at": "2026-11-23T13:00:00Z",
        }
        assert answer.get_json() == anybody.get(address).get_json() == right
        assert answer.headers["ETag"] == anybody.get(address).headers["ETag"] != tag
        assert anybody.get("/v1/rates").get_json()["items"] == [right]
        clock.now += timedelta(hours=1)
        gone = editor.patch(address, json={"rate": None, "reason": "Of another day."}).get_json()
        assert (gone["rate"], gone["version"]) == (None, 3)

        def announced(**query: str) -> object:
            query |= {"currency": "USD", "rates_on": "2024-05-28"}
            found = anybody.get("/v1/tags/skills/rollup", query_string=query).get_json()
            return [(amount["unit"], amount["announced"]) for amount in found["amounts"]]

        assert announced() == [("EUR", 100)]
        assert announced(known_at="2026-11-23T13:00:00Z") == [("USD", 108.7)]
        assert announced(known_at=before) == [("USD", 1087)]
        for known_at, version in ((before, wrong), ("2026-11-23T13:30:00Z", right)):
            then = {"known_at": known_at}
            assert anybody.get(address, query_string=then).get_json() == version
            assert anybody.get("/v1/rates", query_string=then).get_json()["items"] == [version]

    def test_a_correction_is_made_by_who_saw_what_it_corrects_and_says_why(
        self, editor: FlaskClient, anybody: FlaskClient, post: Post, refused: Refused, pointers: Any
    ) -> None:
        made = post("/v1/rates", RATE)
        address, said = f"/v1/rates/{made['id']}", {"rate": 2, "reason": "Mistyped."}
        tag = anybody.get(address).headers["ETag"]
        for body, place in (
            ({"rate": 2}, "/reason"),
            ({"rate": 0, "reason": "x"}, "/rate"),
            ({"rate": 2, "date": "2024-05-29", "reason": "x"}, "/date"),
            ({"rate": 2, "quote": "GBP", "reason": "x"}, "/quote"),
        ):
            assert pointers(refused(editor.patch(address, json=body), 422)) == {place}
        # What GET shows changes nothing when it is sent back, and is no version of its own.
        assert editor.patch(address, json=made).get_json() == made
        keyed = {"If-Match": tag, "Idempotency-Key": "a"}
        first = editor.patch(address, json=said, headers=keyed)
        again = editor.patch(address, json=said, headers=keyed)
        assert (again.get_json(), again.headers["Idempotent-Replayed"]) == (first.get_json(), "true")
        refused(editor.patch(address, json=said, headers={"If-Match": tag}), 412)
        refused(editor.patch(address, json=said, headers={"If-Match": ""}), 428)
        refused(editor.patch("/v1/rates/eur-usd-2020-01-01", json=said), 404)
        problem = refused(editor.post("/v1/rates", json=RATE), 409)
        assert "correct that one" in problem["detail"]

    @pytest.mark.parametrize(
        ("said", "place"),
        [
            ({"rate": None}, "/rate"),
            ({"base": "eur"}, "/base"),
            ({"quote": "EUR"}, "/quote"),
            ({"rate": 0}, "/rate"),
            ({"rate": -1}, "/rate"),
            ({"rate": 1.0000001}, "/rate"),
            ({"date": "2026-11-26"}, "/date"),
            ({"source": None}, "/source"),
            ({"source": {}}, "/source"),
        ],
    )
    def test_what_is_no_rate_is_refused_by_its_place(
        self, editor: FlaskClient, refused: Refused, pointers: Any, said: dict[str, Any], place: str
    ) -> None:
        assert pointers(refused(editor.post("/v1/rates", json=RATE | said), 422)) == {place}
