"""One example of each body, for the document; sent in this order they are all taken."""

from typing import Any

Example = dict[str, Any]

PLEDGER: Example = {"id": "microsoft", "name": "Microsoft", "kind": "company"}
PLEDGER_CHANGE: Example = {"url": "https://www.microsoft.com/"}

INITIATIVE: Example = {"id": "choose-france-2024", "title": "Choose France 2024"}
INITIATIVE_CHANGE: Example = {"description": "The summit at Versailles on 13 May 2024."}

PLEDGE: Example = {
    "id": "microsoft-france-people-trained",
    "title": "One million people in France trained by 2027",
    "pledger": "microsoft",
    "initiative": "choose-france-2024",
    "indicator": "people who completed a course in AI",
    "unit": "person",
    "comparator": "at_least",
    "target": 1_000_000,
    "announced_on": "2024-05-13",
    "due": "2027",
    "time_zone": "Europe/Paris",
    "milestones": [{"id": "halfway", "due": "2025-12", "target": 500_000, "set_by": "tracker"}],
}
PLEDGE_CHANGE: Example = {"cadence_days": 60, "grace_days": 15}

PROGRESS: Example = {
    "value": 250_000,
    "as_of": "2025-11-04",
    "claim": "self_reported",
    "note": "As told at the press conference.",
    "evidence": [{"url": "https://example.org/report", "title": "Half-year report"}],
}

DECISION: Example = {
    "review": "disputed",
    "reason": "The ministry's own count differs.",
    "counter_claim": {"value": 210_000, "text": "Completed courses only, by the ministry's count."},
}

RESOLUTION: Example = {"as_of": "2025-11-04", "chosen": 1, "reason": "Audited."}

RESCHEDULE: Example = {
    "due": "2028-Q2",
    "announced_on": "2026-01-15",
    "moved_by": "pledger",
    "reason": "Courses began later than planned.",
}

WITHDRAWAL: Example = {"on": "2026-06-01", "reason": "The programme was closed."}

VERDICT: Example = {
    "rubric": "political",
    "rubric_version": 1,
    "rating": "in_the_works",
    "ruled_on": "2026-01-20",
    "ruled_by": "Editorial board",
    "reason": "Courses are running; whether there will be enough of them is open.",
    "evidence": [{"url": "https://example.org/report", "title": "Half-year report"}],
}

RUBRIC: Example = {
    "name": "house-scale",
    "title": {"en": "House scale", "fr": "Barème maison"},
    "ratings": [
        {
            "id": "done",
            "title": {"en": "Done"},
            "meaning": {"en": "Whatever was promised is there."},
            "final": True,
            "suggested_on": ["met", "met_late"],
        },
        {
            "id": "open",
            "title": {"en": "Open"},
            "meaning": {"en": "It is not there, and may still come."},
            "suggested_on": ["on_track", "at_risk", "off_track"],
        },
    ],
}

RATE: Example = {
    "base": "EUR",
    "quote": "USD",
    "date": "2024-05-28",
    "rate": 1.0870,
    "source": {"title": "Euro foreign exchange reference rates", "publisher": "A central bank"},
}
