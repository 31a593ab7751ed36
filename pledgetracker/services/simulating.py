"""What ticks between two days would find and owe if nothing more were reported; nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from pledgetracker.domain.days import local_day
from pledgetracker.domain.record import Record
from pledgetracker.domain.simulation import SimulatedDay, Start, onwards, replay
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest
from pledgetracker.storage.pledges import PledgeFilter

MOST_DAYS = 400
CHUNK = 200
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scene:
    """Which pledges a simulation is about; None asks for all.

    Attributes:
        initiative: this one and all that stand under it.
    """

    pledge: str | None = None
    pledger: str | None = None
    initiative: str | None = None


@dataclass(frozen=True, slots=True)
class Simulated:
    """What happens to one pledge, on those of its local days on which something does."""

    pledge: str
    time_zone: str
    days: Sequence[SimulatedDay[AlertEntry]]


@dataclass(frozen=True, slots=True)
class Span:
    """The days from `first` to `last`, both included."""

    first: date
    last: date

    def complaint(self) -> str | None:
        """What is wrong with the last day, or None."""
        if self.last < self.first:
            return f"Lies before the first day, {self.first}."
        if (days := (self.last - self.first).days + 1) > MOST_DAYS:
            return f"{days:,} days; at most {MOST_DAYS} are simulated at once. Ask for the rest by itself."
        return None


def simulate_page(
    tx: Transaction, scene: Scene, span: Span, request: PageRequest, rules: Rules, *, now: datetime
) -> Page[Simulated]:
    """One page of pledges, each with what would happen to it in `span`.

    Days before today are replayed by the record as it is now. From today on it goes as ticks would, from the
    flags and alerts that are on record, each alert leaving on the day on which it is owed.
    """
    family = None if scene.initiative is None else tx.initiatives.family(scene.initiative)
    wanted = PledgeFilter(now=now, key=scene.pledge, pledger=scene.pledger, initiatives=family)
    page = tx.pledges.page(wanted, request)
    appointed = tx.pledges.appointments(page.items)
    items = []
    for record in tx.records.get_many(page.items):
        pledge = record.pledge
        since = min(appointed[pledge.id] or now, now)
        days = [*_before_today(record, span, rules, now), *_from_today(tx, record, span, rules, since, now)]
        items.append(Simulated(pledge.id, pledge.time_zone, days))
    return Page(items, page.positions, page.has_more)


def simulate_all(
    tx: Transaction, scene: Scene, span: Span, rules: Rules, *, now: datetime
) -> Iterator[Simulated]:
    """What would happen in `span` to each pledge that matches, in order of their ids."""
    request = PageRequest("id", descending=False, after=None, limit=CHUNK)
    while True:
        page = simulate_page(tx, scene, span, request, rules, now=now)
        yield from page.items
        if page.after is None:
            return
        request = replace(request, after=page.after)


def _before_today(
    record: Record, span: Span, rules: Rules, now: datetime
) -> Iterator[SimulatedDay[AlertEntry]]:
    last = min(span.last, local_day(now, record.pledge.time_zone) - DAY)
    if span.first <= last:
        recipients = rules.recipients(record.pledge)
        yield from replay(record, rules.policy, recipients, first=span.first, last=last)


def _from_today(
    tx: Transaction, record: Record, span: Span, rules: Rules, since: datetime, now: datetime
) -> Iterator[SimulatedDay[AlertEntry]]:
    """What ticks would do from today on; what they did before `span` is left out."""
    pledge = record.pledge
    today = local_day(now, pledge.time_zone)
    if span.last < today:
        return
    start = Start(
        local_day(since, pledge.time_zone),
        tx.flags.open_on(pledge.id),
        tx.alerts.keys_of(pledge.id),
        tx.alerts.waiting(pledge.id),
    )
    recipients = rules.recipients(pledge)
    first = max(span.first, today)
    yield from onwards(record, rules.policy, recipients, start, today=today, first=first, last=span.last)
