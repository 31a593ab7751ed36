"""Pledges as feeds get them, and their files read by parsers that are not ours."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from lxml import etree

from pledgetracker.domain.catalogue import Initiative, Pledger, PledgerKind
from pledgetracker.domain.record import Record
from pledgetracker.domain.vantage import Vantage
from pledgetracker.feeds import iati, ocds
from pledgetracker.feeds.publisher import Publisher, publisher
from pledgetracker.services.gathering import Attributed
from pledgetracker.services.reading import view
from pledgetracker.services.rules import Rules
from pledgetracker.settings import Settings

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
PUBLISHER = publisher(
    Settings(
        public_url="https://pledges.example.org",
        reporting_org_ref="XI-IATI-99999",
        reporting_org_name="The watchers",
        ocid_prefix="ocds-a1b2c3",
    )
)
ADDRESS = "https://pledges.example.org/v1/initiatives/plan/ocds.json"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
ACME = Pledger("acme", "Acme", 1, NOW, NOW, PledgerKind.COMPANY)


def initiative(key: str = "plan", parent: str | None = None, **more: Any) -> Initiative:
    """An initiative."""
    return replace(Initiative(key, f"The {key}", 1, NOW, NOW, parent), **more)


def attributed(
    record: Record, today: date | None = None, *, pledger: Pledger = ACME, under: Initiative | None = None
) -> Attributed:
    """A pledge as feeds get it, judged on a day."""
    return Attributed(view(record, Rules(), Vantage(NOW, today)), pledger, under)


def activity_file(
    found: Sequence[Attributed], initiatives: Sequence[Initiative] = (), by: Publisher = PUBLISHER
) -> Any:
    """The root of an IATI file."""
    return etree.fromstring(b"".join(iati.document([found], initiatives, by, now=NOW)))


def activity(found: Attributed) -> Any:
    """The activity of one pledge."""
    return activity_file([found])[0]


def package(found: Sequence[Attributed]) -> dict[str, Any]:
    """The OCDS package of some pledges."""
    return dict(json.loads(b"".join(ocds.package([found], PUBLISHER, address=ADDRESS, now=NOW))))


def release(found: Attributed) -> dict[str, Any]:
    """The OCDS release of one pledge."""
    return dict(package([found])["releases"][0])


def texts(element: Any, path: str) -> list[str]:
    """The texts at a path."""
    return [node.text or "" for node in element.findall(path)]


def values(element: Any, path: str, name: str) -> list[str | None]:
    """One attribute of all elements at a path."""
    return [node.get(name) for node in element.findall(path)]


def periods_of(indicator: Any) -> list[tuple[str, str, list[str | None], list[str | None]]]:
    """Of each period its first and last day, and the values of its targets and actuals."""
    return [
        (
            period.find("period-start").get("iso-date"),
            period.find("period-end").get("iso-date"),
            values(period, "target", "value"),
            values(period, "actual", "value"),
        )
        for period in indicator.findall("period")
    ]
