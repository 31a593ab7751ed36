"""One example of each body, for the API's document; each is taken where the seeds are."""

from typing import Any

Example = dict[str, Any]

PLEDGER: Example = {"name": "Example Foundation", "kind": "foundation"}
PLEDGER_CHANGE: Example = {"url": "https://www.microsoft.com/"}

INITIATIVE: Example = {"title": "Example initiative"}
INITIATIVE_CHANGE: Example = {"description": "What was promised, one by one."}

PLEDGE: Example = {
    "title": "Plant 1,000 trees by the end of 2027",
    "pledger": "microsoft",
    "announced_on": "2026-01-15",
    "indicator": "trees planted and alive a year later",
    "unit": "tree",
    "comparator": "at_least",
    "target": 1000,
    "due": "2027",
    "time_zone": "Europe/Paris",
    "milestones": [{"id": "halfway", "due": "2026", "target": 500, "set_by": "tracker"}],
}
PLEDGE_CHANGE: Example = {"cadence_days": 180}

PROGRESS: Example = {
    "value": 300000,
    "as_of": "2026-06-30",
    "claim": "self_reported",
    "evidence": [{"url": "https://example.org/report", "title": "Half-year report"}],
}

DECISION: Example = {
    "review": "disputed",
    "reason": "An audit counted otherwise.",
    "counter_claim": {"value": 231000, "text": "Completed courses, by the audit office's count."},
}

RESOLUTION: Example = {
    "as_of": "2025-11-04",
    "chosen": 1,
    "reason": "The other figure counts courses begun.",
}

RESCHEDULE: Example = {
    "due": "2028-06",
    "announced_on": "2026-06-30",
    "moved_by": "pledger",
    "reason": "The second phase starts later.",
}

WITHDRAWAL: Example = {"on": "2026-06-30", "reason": "The programme was ended."}

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

RATE_CHANGE: Example = {"rate": 1.0857, "reason": "Mistyped."}

RATE: Example = {
    "base": "EUR",
    "quote": "USD",
    "date": "2024-05-28",
    "rate": 1.087,
    "source": {"title": "Euro foreign exchange reference rates", "publisher": "European Central Bank"},
}
