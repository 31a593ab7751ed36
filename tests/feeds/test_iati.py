"""What an IATI file says of a pledge, and of an initiative."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from pledgetracker.domain.catalogue import PledgerKind
from pledgetracker.domain.pledge import Contact, Pledge, Source, Statement
from pledgetracker.domain.review import Resolution, Review
from pledgetracker.feeds.publisher import publisher
from pledgetracker.settings import Settings
from tests.domain.cases import RECORDED, day, milestone, moved, pledge, record, update, withdrawn
from tests.feeds.reading import (
    ACME,
    LANGUAGE,
    PUBLISHER,
    activity,
    activity_file,
    attributed,
    initiative,
    periods_of,
    texts,
    values,
)

EVIDENCE = Source("https://example.org/report.pdf", "The report", published_on=day("2025-07-01"))


def seen(promised: Pledge, *updates: Any, today: str = "2025-10-01", **more: Any) -> Any:
    """The activity of a pledge."""
    return activity(attributed(record(promised, *updates, **more), day(today)))


def comments(indicator: Any, of: str) -> list[str]:
    return texts(indicator, f"period/{of}/comment/narrative")


def test_a_file_says_which_version_it_is_and_when_it_was_made() -> None:
    root = activity_file([attributed(record(pledge()))])
    assert root.tag == "iati-activities"
    assert dict(root.attrib) == {"version": "2.03", "generated-datetime": "2026-06-01T12:00:00Z"}


def test_an_activity_names_its_publisher_as_one_who_tells_of_others() -> None:
    found = seen(pledge())
    assert found.findtext("iati-identifier") == "XI-IATI-99999-pledge-p"
    reporter = found.find("reporting-org")
    assert dict(reporter.attrib) == {"ref": "XI-IATI-99999", "type": "90", "secondary-reporter": "true"}
    assert texts(reporter, "narrative") == ["The watchers"]


def test_without_a_registered_publisher_the_place_of_the_service_stands_there() -> None:
    unset = publisher(Settings(public_url="https://pledges.example.org:8443/of/all"))
    found = activity_file([attributed(record(pledge()))], by=unset)[0]
    assert found.findtext("iati-identifier") == "pledges.example.org:8443-of-all-pledge-p"
    assert found.find("reporting-org").get("ref") == "pledges.example.org:8443-of-all"
    assert texts(found, "reporting-org/narrative") == [
        "pledgetracker at https://pledges.example.org:8443/of/all"
    ]
    assert unset.ocid("p") == "pledges.example.org:8443-of-all-p"


def test_the_statement_describes_the_pledge_and_its_source_is_linked_to() -> None:
    said = Statement("We shall train 100 people.", Source("https://example.org/", "The speech"))
    found = seen(pledge(statement=said))
    assert texts(found, "title/narrative") == ["P"]
    general, standing = found.findall("description")
    assert (general.get("type"), texts(general, "narrative")) == ("1", [said.text])
    assert standing.get("type") == "4"
    assert texts(standing, "narrative")[0].startswith("Standing on 2025-10-01: Nothing reported since")
    page, speech = found.findall("document-link")
    assert (page.get("url"), page.find("category").get("code")) == (
        "https://pledges.example.org/pledges/p",
        "A12",
    )
    assert (speech.get("url"), texts(speech, "title/narrative")) == ("https://example.org/", ["The speech"])
    assert speech.find("category").get("code") == "A02"


def test_a_source_without_an_address_is_told_in_words() -> None:
    found = seen(pledge(statement=Statement("We shall.", Source(None, "The speech", "Le Monde"))))
    assert texts(found, "description/narrative")[-1] == "Source: The speech, Le Monde"


def test_sources_of_moves_and_of_a_withdrawal_are_linked_to_once_they_were_announced() -> None:
    move = replace(moved("2027", "2025-06-01"), source=Source("https://example.org/moved"))
    taken_back = replace(withdrawn("2025-08-01"), source=Source("https://example.org/withdrawn"))

    def linked(today: str) -> list[str | None]:
        found = seen(pledge(), today=today, reschedules=(move,), withdrawals=(taken_back,))
        return values(found, "document-link", "url")[1:]

    assert linked("2025-05-31") == []
    assert linked("2025-06-01") == ["https://example.org/moved"]
    assert linked("2025-08-01") == ["https://example.org/moved", "https://example.org/withdrawn"]


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (PledgerKind.COMPANY, "70"),
        (PledgerKind.GOVERNMENT, "10"),
        (PledgerKind.FOUNDATION, "60"),
        (PledgerKind.INTERNATIONAL_ORGANISATION, "40"),
        (PledgerKind.OTHER, "90"),
        (None, None),
    ],
)
def test_the_pledger_takes_part_as_who_answers_for_it(kind: PledgerKind | None, code: str | None) -> None:
    found = activity(attributed(record(pledge()), pledger=replace(ACME, kind=kind)))
    [organisation] = found.findall("participating-org")
    assert (organisation.get("role"), organisation.get("type")) == ("2", code)
    assert texts(organisation, "narrative") == ["Acme"]


@pytest.mark.parametrize(
    ("said", "more", "status", "ended"),
    [
        ([], {}, "1", None),
        ([update("2025-02-01", 0)], {}, "1", None),
        ([update("2025-02-01", 10)], {}, "2", None),
        ([update("2025-02-01", -10)], {}, "2", None),
        ([update("2025-02-01", 100), update("2025-03-01", 10)], {}, "2", None),
        ([update("2025-02-01", 100), update("2025-03-01", 110)], {}, "4", "2025-02-01"),
        ([update("2025-02-01", 10)], {"withdrawals": (withdrawn("2025-05-01"),)}, "5", "2025-05-01"),
    ],
)
def test_the_status_of_an_activity_is_what_was_delivered(
    said: list[Any], more: dict[str, Any], status: str, ended: str | None
) -> None:
    found = seen(pledge(), *said, **more)
    assert found.find("activity-status").get("code") == status
    dates = {node.get("type"): node.get("iso-date") for node in found.findall("activity-date")}
    assert dates == {"1": "2025-01-01", "3": "2025-12-31"} | ({} if ended is None else {"4": ended})


def test_overdue_is_no_status_of_an_activity_and_is_told_in_words() -> None:
    found = seen(pledge(), update("2025-11-01", 10), today="2026-01-02")
    assert found.find("activity-status").get("code") == "2"
    assert "Due by 31 December 2025, 2 days ago" in texts(found, "description/narrative")[1]


def test_a_pledge_without_a_deadline_ends_when_it_is_met() -> None:
    found = seen(
        pledge(due=None), update("2025-02-01", 99), update("2025-03-01", 100), update("2025-04-01", 101)
    )
    dates = {node.get("type"): node.get("iso-date") for node in found.findall("activity-date")}
    assert dates == {"1": "2025-01-01", "4": "2025-03-01"}


def test_a_cap_is_closed_on_its_due_day() -> None:
    found = seen(pledge("at_most"), update("2025-02-01", 10), today="2026-02-01")
    assert found.find("activity-status").get("code") == "4"
    assert found.findall("activity-date")[-1].get("iso-date") == "2025-12-31"


def test_each_milestone_and_the_target_has_a_period_with_what_was_reported_in_it() -> None:
    promised = pledge(
        unit="person",
        indicator="people who completed a course",
        milestones=(milestone("half", "2025-06", 50), milestone("ours", "2025-09", 70, "tracker")),
    )
    found = seen(
        promised,
        update("2024-12-01", 7),
        update("2025-03-01", 20, evidence=(EVIDENCE,), reported_by="Acme", note="Really."),
        update("2025-06-30", increment=5),
        update("2025-08-01"),
    )
    [result] = found.findall("result")
    assert dict(result.attrib) == {"type": "9", "aggregation-status": "false"}
    [indicator] = result.findall("indicator")
    assert dict(indicator.attrib) == {"measure": "1", "ascending": "true", "aggregation-status": "false"}
    assert texts(indicator, "title/narrative") == ["people who completed a course"]
    assert texts(indicator, "description/narrative") == ["Unit: person."]
    assert dict(indicator.find("baseline").attrib) == {"year": "2025", "iso-date": "2025-01-01", "value": "0"}
    assert periods_of(indicator) == [
        ("2025-01-01", "2025-06-30", ["50"], ["20", "25"]),
        ("2025-07-01", "2025-09-30", ["70"], ["25"]),
        ("2025-10-01", "2025-12-31", ["100"], []),
    ]
    assert comments(indicator, "target") == [
        "Milestone “half”, by 2025-06.",
        "Milestone “ours”, by 2025-09 (a checkpoint of the tracker's own).",
        "Promised: at least 100 people, by 2025-12-31.",
    ]
    assert comments(indicator, "actual") == [
        "As of 2025-03-01: the total to date (said on 2025-03-01 by Acme; self-reported).",
        "Really.",
        "As of 2025-06-30: reported as an increment of 5 people (said on 2025-06-30; self-reported).",
        "As of 2025-08-01: no change (said on 2025-08-01; self-reported).",
    ]
    [link] = indicator.findall("period/actual/document-link")
    assert (link.get("url"), link.get("format")) == (EVIDENCE.url, "application/pdf")
    assert link.find("category").get("code") == "A08"
    assert link.find("document-date").get("iso-date") == "2025-07-01"


def test_corrected_reports_are_not_told_of() -> None:
    found = seen(pledge(), update("2025-02-01", 10), update("2025-02-01", 12, supersedes=1))
    assert values(found, "result/indicator/period/actual", "value") == ["12"]


def test_reports_about_later_days_are_not_told_of() -> None:
    said = (update("2025-02-01", 10), update("2025-05-01", 20))
    found = seen(pledge(), *said, today="2025-04-30")
    assert values(found, "result/indicator/period/actual", "value") == ["10"]


def test_sources_that_disagree_are_both_told_of_with_what_the_record_goes_by() -> None:
    found = seen(pledge(), update("2025-02-01", 10), update("2025-02-01", 12))
    assert values(found, "result/indicator/period/actual", "value") == ["10", "12"]
    for comment in comments(found.find("result/indicator"), "actual"):
        assert comment.endswith("Sources disagree about this day; the record goes by 10.")


def test_a_report_that_a_reviewer_set_aside_is_told_of_as_such() -> None:
    chosen = Resolution(1, day("2025-02-01"), None, 2, (1, 2), day("2025-03-01"), None, None, RECORDED)
    said = (update("2025-02-01", 10), update("2025-02-01", 12))
    found = seen(pledge(), *said, resolutions=(chosen,)).find("result/indicator")
    assert values(found, "period/actual", "value") == ["10", "12"]
    first, second = comments(found, "actual")
    assert first.endswith("Set aside: a reviewer chose another report about this day, 12.")
    assert second.endswith("self-reported).")


def test_sources_that_disagree_about_an_event_are_both_told_of() -> None:
    found = seen(pledge("event", None), update("2025-02-01", True), update("2025-02-01", False))
    for comment in comments(found.find("result/indicator"), "actual"):
        assert comment.endswith("Sources disagree about this day; the record goes by not done.")


@pytest.mark.parametrize("review", [Review.SUBMITTED, Review.RETURNED, Review.DISPUTED])
def test_only_accepted_reports_are_told_of(review: Review) -> None:
    found = seen(pledge(), update("2025-02-01", 10), update("2025-03-01", 20, review=review))
    assert values(found, "result/indicator/period/actual", "value") == ["10"]


def test_evidence_in_print_is_told_in_words() -> None:
    found = seen(pledge(), update("2025-02-01", 10, evidence=(Source(None, "A letter"),)))
    [comment] = comments(found.find("result/indicator"), "actual")
    assert comment.endswith("Source: A letter.")


def test_a_moved_deadline_is_shown_with_the_first_one() -> None:
    found = seen(pledge(), reschedules=(moved("2027", "2025-06-01"),))
    [comment] = comments(found.find("result/indicator"), "target")
    assert comment == "Promised: at least 100, by 2027 (at first by 2025-12-31)."
    assert periods_of(found.find("result/indicator")) == [("2025-01-01", "2027-12-31", ["100"], [])]


def test_lower_may_be_better_and_a_cap_is_to_stay_low() -> None:
    assert seen(pledge(target=10, baseline=50)).find("result/indicator").get("ascending") == "false"
    assert seen(pledge("at_most", 60)).find("result/indicator").get("ascending") == "false"
    assert seen(pledge(target=None)).find("result/indicator").get("ascending") is None


@pytest.mark.parametrize(("unit", "code"), [("%", "2"), ("Percent", "2"), ("EUR", "1"), (None, "1")])
def test_a_share_is_measured_as_a_percentage(unit: str | None, code: str) -> None:
    assert seen(pledge(unit=unit)).find("result/indicator").get("measure") == code


def test_digits_are_kept() -> None:
    promised = pledge(target="999999999999999000", baseline="0.000001")
    indicator = seen(promised, update("2025-02-01", "123456789.123456")).find("result/indicator")
    assert indicator.find("baseline").get("value") == "0.000001"
    assert values(indicator, "period/target", "value") == ["999999999999999000"]
    assert values(indicator, "period/actual", "value") == ["123456789.123456"]


def test_without_a_target_periods_have_no_target() -> None:
    indicator = seen(pledge(target=None), update("2025-02-01", 10)).find("result/indicator")
    assert periods_of(indicator) == [("2025-01-01", "2025-12-31", [], ["10"])]


def test_without_a_deadline_the_target_is_that_of_a_period_that_ends_today() -> None:
    indicator = seen(pledge(due=None), update("2025-02-01", 10)).find("result/indicator")
    assert periods_of(indicator) == [("2025-01-01", "2025-10-01", ["100"], ["10"])]
    [comment] = comments(indicator, "target")
    assert comment == "Promised: at least 100, without a deadline. The period ends on the day of this file."


def test_an_event_is_qualitative_and_told_in_comments() -> None:
    promised = pledge("event", None)
    indicator = seen(
        promised, update("2025-02-01", False), update("2025-03-01"), update("2025-04-01", True)
    ).find("result/indicator")
    assert (indicator.get("measure"), indicator.get("ascending")) == ("5", None)
    assert indicator.find("baseline") is None
    assert periods_of(indicator) == [("2025-01-01", "2025-12-31", [None], [None, None, None])]
    assert comments(indicator, "target") == ["Promised: done, by 2025-12-31."]
    assert [said[:27] for said in comments(indicator, "actual")] == [
        "As of 2025-02-01: not done ",
        "As of 2025-03-01: no change",
        "As of 2025-04-01: done (sai",
    ]


def test_a_milestone_that_is_an_event_is_an_indicator_of_its_own() -> None:
    promised = pledge(milestones=(replace(milestone("permit", "2025-06"), title="Building permit"),))
    found = seen(promised, update("2025-05-01", True, milestone="permit"), update("2025-05-02", 10))
    main, event = found.findall("result/indicator")
    assert periods_of(main) == [("2025-01-01", "2025-12-31", ["100"], ["10"])]
    assert (event.get("measure"), texts(event, "title/narrative")) == ("5", ["Building permit"])
    assert periods_of(event) == [("2025-01-01", "2025-06-30", [None], [None])]
    assert comments(event, "target") == ["Milestone “Building permit”, to be done by 2025-06."]


def test_sentences_of_ours_are_marked_as_english_and_those_recorded_as_the_record_is() -> None:
    french = replace(PUBLISHER, language="fr")
    found = activity_file(
        [attributed(record(pledge(), update("2025-02-01", 1, note="Vraiment.")))], by=french
    )[0]
    assert found.get(LANGUAGE) == "fr"
    ours, theirs = found.findall("result/indicator/period/actual/comment/narrative")
    assert (ours.get(LANGUAGE), theirs.get(LANGUAGE)) == ("en", None)


def test_contacts_are_nobody_elses_business() -> None:
    promised = pledge(contacts=(Contact("ann@example.org", "Ann"),))
    found = attributed(record(promised))
    assert "ann@example.org" not in "".join(activity(found).itertext()).lower()


def test_what_xml_cannot_carry_is_replaced() -> None:
    found = seen(pledge(title="a\x0bb\x00c\ufffed<e>&]]>"))
    assert texts(found, "title/narrative") == ["a\ufffdb\ufffdc\ufffdd<e>&]]>"]


def test_an_initiative_is_an_activity_over_those_of_its_pledges() -> None:
    plan, part = initiative("plan", "wider", description="What is planned."), initiative("part", "plan")
    first = attributed(record(pledge(initiative="plan")), under=plan)
    second = attributed(
        record(pledge(id="q", initiative="part", announced_on=day("2024-05-01")), update("2025-02-01", 10)),
        pledger=replace(ACME, id="beta", name="Beta", kind=None),
        under=part,
    )
    one, two, over, below = activity_file([first, second], [plan, part])
    assert [node.get("ref") for node in (one.find("related-activity"), two.find("related-activity"))] == [
        "XI-IATI-99999-initiative-plan",
        "XI-IATI-99999-initiative-part",
    ]
    assert over.findtext("iati-identifier") == "XI-IATI-99999-initiative-plan"
    assert texts(over, "description/narrative") == ["What is planned."]
    assert texts(over, "participating-org/narrative") == ["Acme", "Beta"]
    assert over.find("activity-status").get("code") == "2"
    assert over.find("activity-date").get("iso-date") == "2024-05-01"
    assert [tuple(node.attrib.values()) for node in over.findall("related-activity")] == [
        ("XI-IATI-99999-initiative-wider", "1"),
        ("XI-IATI-99999-initiative-part", "2"),
    ]
    assert over.find("result") is None
    assert texts(below, "participating-org/narrative") == ["Beta"]
    assert texts(below, "description/narrative") == ["The part"]


def test_a_pledge_is_under_its_total_and_beside_what_it_restates() -> None:
    found = seen(pledge(initiative="plan", part_of="total", restates=("first", "second")))
    assert [tuple(node.attrib.values()) for node in found.findall("related-activity")] == [
        ("XI-IATI-99999-initiative-plan", "1"),
        ("XI-IATI-99999-pledge-total", "1"),
        ("XI-IATI-99999-pledge-first", "3"),
        ("XI-IATI-99999-pledge-second", "3"),
    ]
    told = "Announces again: XI-IATI-99999-pledge-first, XI-IATI-99999-pledge-second. Not to be added to it."
    assert told in texts(found, "description/narrative")
    assert seen(pledge()).find("related-activity") is None


@pytest.mark.parametrize(
    ("pledges", "status"),
    [
        ([], "1"),
        ([[]], "1"),
        ([[update("2025-02-01", 100)]], "4"),
        ([[update("2025-02-01", 100)], []], "2"),
    ],
)
def test_the_status_of_an_initiative_is_what_its_pledges_share(pledges: list[list[Any]], status: str) -> None:
    found = [
        attributed(record(pledge(id=f"p{n}", initiative="plan"), *said), day("2025-10-01"))
        for n, said in enumerate(pledges)
    ]
    assert activity_file(found, [initiative()])[-1].find("activity-status").get("code") == status


def test_an_initiative_whose_pledges_were_met_or_withdrawn_is_closed() -> None:
    met = attributed(record(pledge(initiative="plan"), update("2025-02-01", 100)), day("2025-10-01"))
    gone = attributed(
        record(pledge(id="q", initiative="plan"), withdrawals=(withdrawn("2025-05-01"),)), day("2025-10-01")
    )
    assert activity_file([met, gone], [initiative()])[-1].find("activity-status").get("code") == "4"
    assert activity_file([gone], [initiative()])[-1].find("activity-status").get("code") == "5"


def test_an_initiative_without_pledges_stands_for_itself() -> None:
    empty = initiative(created_at=datetime(2024, 3, 1, tzinfo=UTC), url="https://example.org/plan")
    [found] = activity_file([], [empty])
    assert texts(found, "participating-org/narrative") == ["The plan"]
    assert found.find("activity-date").get("iso-date") == "2024-03-01"
    assert found.find("document-link").get("url") == "https://example.org/plan"


def test_a_ring_of_initiatives_ends() -> None:
    ring = [initiative("a", "b"), initiative("b", "a")]
    assert len(activity_file([], ring)) == 2


def test_numbers_are_written_without_exponents() -> None:
    indicator = seen(pledge(target="1E+3")).find("result/indicator")
    assert values(indicator, "period/target", "value") == ["1000"]
