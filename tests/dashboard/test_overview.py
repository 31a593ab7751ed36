"""The first page: what was promised, and where each pledge stands."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker.runtime import Runtime

Visit = Callable[[str], Any]


def _promise(editor: FlaskClient, **fields: Any) -> None:
    pledge = {"pledger": "acme", "announced_on": "2026-01-01", "unit": "tree", "target": 100, "due": "2027"}
    answer = editor.post("/v1/pledges", json=pledge | fields)
    assert answer.status_code == 201, answer.text


def test_an_empty_record_says_how_to_fill_it(visit: Visit) -> None:
    assert "No pledge is recorded yet" in visit("/").text


def test_every_seed_is_on_the_page_with_title_promise_status_reason_and_chart(
    seeded: Runtime, anybody: FlaskClient, visit: Visit
) -> None:
    page = visit("/")
    cards = {card.get("aria-labelledby"): card.text for card in page.all("article")}
    pledges = anybody.get("/v1/pledges?limit=200").json["items"]  # type: ignore[index]
    assert set(cards) == {f"pledge-{pledge['id']}" for pledge in pledges}
    for pledge in pledges:
        card = cards[f"pledge-{pledge['id']}"]
        assert " ".join(pledge["title"].split()) in card
        assert " ".join(pledge["because"].split()) in card
    assert len(page.classed("chart")) == len(pledges)


def test_a_card_tells_hedge_target_due_figure_and_completion(seeded: Runtime, visit: Visit) -> None:
    [card] = visit("/?q=one+million+people").all("article")
    for words in (
        "At least 1,000,000 people, by the end of 2027",
        "No recent report",
        "Microsoft",
        "250,000 people as of 4 November 2025",
        "25% of the way, 40.6% expected by then",
        "Behind the path since the figure of 4 November 2025.",
    ):
        assert words in card.text


def test_the_counts_add_up_to_the_pledges_shown_and_lead_to_them(seeded: Runtime, visit: Visit) -> None:
    page = visit("/")
    counts = [e for e in page.all("a") if "badge" in (e.get("class") or "")]
    assert sum(int(e.text.split()[0]) for e in counts) == len(page.all("article"))
    for count in counts:
        assert len(visit(count.get("href")).all("article")) == int(count.text.split()[0])


def test_what_needs_attention_comes_first(seeded: Runtime, visit: Visit) -> None:
    page = visit("/?initiative=choose-france-2024")
    badges = [e.text for e in page.classed("badge") if e.name == "span"]
    assert badges[0] == "Overdue"
    assert badges[-1] == "Met"
    assert badges.index("Never reported on") < badges.index("No recent report")


def test_an_initiative_brings_those_under_it(seeded: Runtime, visit: Visit) -> None:
    family = len(visit("/?initiative=choose-france").all("article"))
    alone = len(visit("/?initiative=choose-france-2024").all("article"))
    assert family > alone > 0


def test_initiatives_with_a_single_pledge_stand_together_under_their_parent(
    seeded: Runtime, visit: Visit
) -> None:
    page = visit("/")
    headings = [e.text.removesuffix("Part of Choose France").strip() for e in page.all("h2")]
    assert headings.count("Choose France") == 1
    assert {"Choose France 2024", "Choose France May 2025"} <= set(headings)
    assert not {"Choose France 2018", "Choose France 2023"} & set(headings)
    alone = visit("/?initiative=choose-france-2018")
    assert [e.text for e in alone.all("h2")][-1].startswith("Choose France 2018")


def test_of_those_that_need_the_same_attention_the_latest_comes_first(seeded: Runtime, visit: Visit) -> None:
    titles = [e.text for e in visit("/?q=summit&status=not_started").all("h3")]
    years = [title for title in titles if "billion announced at Choose France 20" in title]
    assert years == sorted(years, key=lambda title: title.partition("France")[2], reverse=True)
    assert len(years) > 4


def test_the_form_keeps_what_was_asked(seeded: Runtime, visit: Visit) -> None:
    page = visit("/?q=GPU&status=overdue&initiative=choose-france-2024")
    assert len(page.all("article")) == 1
    assert [e.get("value") for e in page.all("option") if "selected" in e.attributes] == [
        "choose-france-2024",
        "overdue",
    ]
    assert [e.get("value") for e in page.all("input")] == ["GPU"]
    assert "No pledge fits" in visit("/?q=GPU&status=met").text


def test_fifty_fit_a_page_and_the_link_leads_through_all(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    for n in range(103):
        _promise(editor, title=f"Trees {n}", due=f"20{27 + n % 7}", initiative=None)
    seen: list[str] = []
    address, pages = "/", 0
    while address:
        page = visit(address)
        assert len(page.all("article")) <= 50
        seen += [str(card.get("aria-labelledby")) for card in page.all("article")]
        address = next((e.get("href") for e in page.all("a") if e.get("rel") == "next"), "")
        pages += 1
    assert pages == 3
    assert sorted(seen) == sorted(f"pledge-trees-{n}" for n in range(103))


def test_texts_of_users_stay_texts(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    nasty = "<script>alert(1)</script> & \"quotes' </title></svg>"
    _promise(editor, title=nasty, id="nasty", indicator=nasty, unit='<b>&"', statement={"text": nasty})
    update = {"value": 3, "as_of": "2026-05-01", "note": nasty, "reported_by": nasty}
    assert editor.post("/v1/pledges/nasty/progress", json=update).status_code == 201
    for address in ("/", "/pledges/nasty", "/?q=%3Cscript%3E"):
        page = visit(address)
        assert not page.all("script")
        assert nasty in page.text


@pytest.mark.parametrize(
    "query",
    [
        "status=broken",
        "initiative=../etc",
        "initiative=%00",
        "tag=../etc",
        "q=%00",
        f"q={'x' * 201}",
        "cursor=x",
        "cursor=%FF",
        f"cursor={'A' * 5000}",
        "cursor=WyJpZCIsICJhIiwgImEiXQ==",
    ],
)
def test_a_query_that_cannot_be_meant_is_refused_with_its_place(
    anybody: FlaskClient, query: str, parse: Callable[[str], Any]
) -> None:
    answer = anybody.get(f"/?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert parse(answer.text).complaints() == []
    problem = anybody.get(f"/?{query}").json
    assert problem is not None
    assert problem["errors"][0]["parameter"] == query.partition("=")[0]


def test_a_tag_narrows_the_list_and_stays_while_it_is_narrowed_further(
    editor: FlaskClient, pledger: str, visit: Visit
) -> None:
    _promise(editor, id="oaks", title="Oaks", tags=["forest"])
    _promise(editor, id="elms", title="Elms")
    page = visit("/?tag=forest")
    assert [e.get("aria-labelledby") for e in page.all("article")] == ["pledge-oaks"]
    assert "Tagged “forest”: 1 pledge" in page.text
    assert {e.get("name"): e.get("value") for e in page.all("input")} == {"q": "", "tag": "forest"}
    assert all("tag=forest" in e.get("href") for e in page.classed("badge") if e.name == "a")


def test_links_stay_at_the_day_that_is_looked_at(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    assert editor.post("/v1/initiatives", json={"id": "green", "title": "Green"}).status_code == 201
    _promise(editor, id="oaks", title="Oaks", initiative="green", tags=["forest"])
    then = "as_of=2026-05-05"
    for address in (f"/?{then}", f"/initiatives/green?{then}", f"/pledges/oaks?{then}"):
        page = visit(address)
        within = [e for e in page.all("a") if any(p.name == "main" for p in e.parents)]
        kept = [e.get("href") for e in within if "/docs" not in e.get("href")]
        bare = {href for href in kept if then not in href and not href.startswith("#")}
        # The present as the way out, and what has no day of its own.
        assert bare <= {
            "/",
            "/initiatives/green",
            "/pledges/oaks",
            "/v1/pledges/oaks",
            "/v1/pledges/oaks/history",
        }, address
    fields = {e.get("name"): e.get("value") for e in visit(f"/?{then}").all("input")}
    assert fields == {"q": "", "as_of": "2026-05-05"}


def test_the_first_page_says_of_which_day_it_speaks(editor: FlaskClient, pledger: str, visit: Visit) -> None:
    _promise(editor, id="oaks", title="Oaks")
    assert "This is what one could say today about 5 May 2026." in visit("/?as_of=2026-05-05").text
    assert "This is what one could say" not in visit("/").text


@pytest.mark.parametrize("address", ["/", "/pledges/oaks", "/initiatives/green"])
@pytest.mark.parametrize(
    "query",
    [
        "as_of=9999-12-31",
        "as_of=0001-01-01",
        "as_of=2026-W01-1",
        "as_of=20260101",
        "known_at=0001-01-01T00:00:00%2B14:00",
        "known_at=9999-12-31T23:59:59-23:00",
        "known_at=2026-01-01T00:00:00",
        "known_at=2199-01-01T00:00:00Z",
    ],
)
def test_days_and_instants_in_addresses_are_read_as_the_api_reads_them(
    address: str, query: str, editor: FlaskClient, pledger: str
) -> None:
    editor.post("/v1/initiatives", json={"id": "green", "title": "Green"})
    _promise(editor, id="oaks", title="Oaks", initiative="green")
    answer = editor.get(f"{address}?{query}")
    assert answer.status_code == 422
    [problem] = answer.get_json()["errors"]
    same = editor.get(f"/v1/pledges?{query}").get_json()["errors"]
    assert same == [problem]


def test_what_others_add_to_the_address_does_no_harm(visit: Visit) -> None:
    visit("/?utm_source=mail")


def test_the_style_sheet_may_be_kept_for_long_under_its_version(anybody: FlaskClient) -> None:
    [address] = re.findall(r'rel="stylesheet" href="([^"]+)"', anybody.get("/").text)
    with anybody.get(address) as answer:
        assert answer.mimetype == "text/css"
        assert "immutable" in answer.headers["Cache-Control"]
        assert "max-age=31536000" in answer.headers["Cache-Control"]
    with anybody.get(address.partition("?")[0]) as answer:
        assert "immutable" not in answer.headers.get("Cache-Control", "")


@pytest.mark.parametrize(
    "address", ["/", "/docs", "/pledges/no-such-pledge", "/initiatives/none", "/nowhere"]
)
def test_a_page_may_load_its_style_and_run_nothing(anybody: FlaskClient, address: str) -> None:
    headers = anybody.get(address, headers={"Accept": "text/html"}).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
