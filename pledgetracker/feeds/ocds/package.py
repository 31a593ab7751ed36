"""A release package, made piece by piece: however many pledges it tells of, few are held at a time."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

import orjson

from pledgetracker.domain.days import start_of
from pledgetracker.domain.pledge import Source
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Delivery, Standing
from pledgetracker.domain.verdict import in_force
from pledgetracker.feeds.ocds.milestones import milestones
from pledgetracker.feeds.ocds.values import Object, begin_of, instant, without_nothing
from pledgetracker.feeds.publisher import Publisher
from pledgetracker.feeds.sources import HTML, Link, links
from pledgetracker.feeds.words import promise
from pledgetracker.services.gathering import Attributed

VERSION = "1.1"


def package(
    pages: Iterable[Sequence[Attributed]], publisher: Publisher, *, address: str, now: datetime
) -> Iterator[bytes]:
    """A release package of the pledges in `pages`, piece by piece, so that few are held at a time.

    Its publishedDate is that of the last change that it tells of, or `now` if it tells of no pledge.
    """
    head = {
        "uri": address,
        "version": VERSION,
        "publisher": {"name": publisher.name, "uri": publisher.site},
    }
    yield orjson.dumps(head)[:-1] + b',"releases":[\n'
    last: datetime | None = None
    for page in pages:
        releases = [orjson.dumps(release(found, publisher, now=now)) for found in page]
        if releases:
            yield (b"" if last is None else b",\n") + b",\n".join(releases)
            last = max([*(since(found, now=now) for found in page), *([] if last is None else [last])])
    yield b'\n],"publishedDate":' + orjson.dumps(instant(last or now, "UTC")) + b"}\n"


def release(found: Attributed, publisher: Publisher, *, now: datetime) -> Object:
    """A pledge, as on the day that it was judged on."""
    record, standing = found.record, found.view.standing
    pledge = record.pledge
    ocid = publisher.ocid(pledge.id)
    return {
        "ocid": ocid,
        # The same version of a pledge stands otherwise on another day.
        "id": f"{ocid}-{pledge.version}-{standing.today:%Y%m%d}",
        "date": instant(since(found, now=now), "UTC"),
        "tag": ["planning"],
        "initiationType": "tender",  # the only code there is
        "language": publisher.language,
        "parties": [{"id": pledge.pledger, "name": found.pledger.name, "roles": ["pledger"]}],
        "planning": _planning(found, publisher),
    }


def since(found: Attributed, *, now: datetime) -> datetime:
    """From when on all that a release says has been so: the last change, or the beginning of its day."""
    pledge = found.record.pledge
    begun = min(start_of(found.view.standing.today, pledge.time_zone), now)
    return begun if pledge.updated_at is None else max(begun, pledge.updated_at)


def _planning(found: Attributed, publisher: Publisher) -> Object:
    record, standing = found.record, found.view.standing
    pledge = record.pledge
    project = {
        "id": pledge.id,
        "title": pledge.title,
        "description": f"{promise(record, standing)} Standing on {standing.today}: {found.view.because}",
        "uri": publisher.page(pledge.id),
    }
    return without_nothing(
        {
            "rationale": pledge.statement and pledge.statement.text,
            "project": project,
            "budget": found.initiative
            and {"project": found.initiative.title, "projectID": found.initiative.id},
            "documents": list(_documents(record, standing, publisher)),
            "milestones": milestones(record, standing) or None,
            **_end(record, standing),
        }
    )


def _end(record: Record, standing: Standing) -> Object:
    taken_back = record.withdrawal
    if taken_back is None or standing.delivery is not Delivery.WITHDRAWN:
        return {}
    return {
        "finalStatus": "cancelled",
        "finalStatusDetails": f"Withdrawn. {taken_back.reason}" if taken_back.reason else "Withdrawn.",
        "finalStatusDate": begin_of(taken_back.on, record.pledge.time_zone),
    }


def _documents(record: Record, standing: Standing, publisher: Publisher) -> Iterator[Object]:
    """The page of the pledge, where it was promised, and the evidence of reports and verdicts."""
    pledge = record.pledge
    zone = pledge.time_zone
    yield _document("page", Link(publisher.page(pledge.id), pledge.title, HTML), zone)
    stated = () if pledge.statement is None or pledge.statement.source is None else (pledge.statement.source,)
    yield from _numbered("statement", stated, zone)
    for update in record.reports_until(standing.today):
        yield from _numbered(
            f"progress-{update.number}", update.evidence, zone, kind="physicalProgressReport"
        )
    for verdict in in_force(record.verdicts, standing.today):
        yield from _numbered(f"verdict-{verdict.number}", verdict.evidence, zone)


def _numbered(
    name: str, sources: Iterable[Source], zone: str, *, kind: str | None = None
) -> Iterator[Object]:
    for n, link in enumerate(links(sources), start=1):
        yield _document(f"{name}-{n}", link, zone, kind=kind)


def _document(key: str, link: Link, zone: str, *, kind: str | None = None) -> Object:
    published = None if link.published_on is None else begin_of(link.published_on, zone)
    return without_nothing(
        {
            "id": key,
            "documentType": kind,
            "title": link.title,
            "description": link.quote,
            "url": link.url,
            "datePublished": published,
            "format": link.media_type,
        }
    )
