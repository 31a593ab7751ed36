"""What ticks between two days would find and owe if nothing more were reported; nothing is changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import islice

from pledgetracker.domain.alert import OpenFlag, Owed, Recipient
from pledgetracker.domain.days import local_day
from pledgetracker.domain.record import Record
from pledgetracker.domain.simulation import SimulatedDay, Start, onwards, replay
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services.cataloguing import family
from pledgetracker.services.listing import records_known
from pledgetracker.services.reading import rules_known
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.paging import Page, PageRequest, Position
from pledgetracker.storage.pledges import PledgeFilter

MOST_DAYS = 400
CHUNK = 200
DAY = timedelta(days=1)
# Stands for whoever was to get the alerts of a pledge at a past instant.
SOMEBODY = Recipient("")


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


_Case = tuple[Record, Start[AlertEntry]]


def simulate_page(
    tx: Transaction, scene: Scene, span: Span, request: PageRequest, rules: Rules, vantage: Vantage
) -> Page[Simulated]:
    """One page of pledges by id, each with what would happen to it in `span`.

    Days before today are replayed by the record as it is now. From today on it goes as ticks would, from the
    flags and alerts that are on record, each alert leaving on the day on which it is owed. With `known_at`,
    today and what is on record are those of that instant, and all that was owed by then has left. Who was to
    get it is not kept: then there is one message to `SOMEBODY`.
    """
    rules = rules_known(tx, rules, vantage)
    page = (_present if vantage.known_at is None else _past)(tx, scene, request, vantage)
    items = [_simulated(record, start, span, rules, vantage) for record, start in page.items]
    return Page(items, page.positions, page.has_more)


def simulate_all(
    tx: Transaction, scene: Scene, span: Span, rules: Rules, vantage: Vantage
) -> Iterator[Simulated]:
    """What would happen in `span` to each pledge that matches, in order of their ids."""
    request = PageRequest("id", descending=False, after=None, limit=CHUNK)
    while True:
        page = simulate_page(tx, scene, span, request, rules, vantage)
        yield from page.items
        if page.after is None:
            return
        request = replace(request, after=page.after)


def _present(tx: Transaction, scene: Scene, request: PageRequest, vantage: Vantage) -> Page[_Case]:
    """The pledges that are wanted, with what their next ticks begin with."""
    under = None if scene.initiative is None else tx.initiatives.family(scene.initiative)
    wanted = PledgeFilter(now=vantage.now, key=scene.pledge, pledger=scene.pledger, initiatives=under)
    page = tx.pledges.page(wanted, request)
    appointed = tx.pledges.appointments(page.items)
    found = []
    for record in tx.records.get_many(page.items):
        pledge = record.pledge
        since = min(appointed[pledge.id] or vantage.now, vantage.now)
        start = Start(
            local_day(since, pledge.time_zone),
            tx.flags.open_on(pledge.id),
            tx.alerts.keys_of(pledge.id),
            tx.alerts.waiting(pledge.id),
        )
        found.append((record, start))
    return Page(found, page.positions, page.has_more)


def _past(tx: Transaction, scene: Scene, request: PageRequest, vantage: Vantage) -> Page[_Case]:
    """The pledges that were wanted at `known_at`, with what their next ticks began with then."""
    under = None if scene.initiative is None else set(family(tx, scene.initiative, vantage))
    after = "" if request.after is None else str(request.after.key)
    wanted = (
        record
        for record in records_known(tx, vantage, after=after)
        if scene.pledge in {None, record.pledge.id}
        and scene.pledger in {None, record.pledge.pledger}
        and (under is None or record.pledge.initiative in under)
    )
    found = list(islice(wanted, request.limit + 1))
    shown = found[: request.limit]
    positions = [Position(record.pledge.id, record.pledge.id) for record in shown]
    return Page(
        [(record, _start_known(tx, record, vantage)) for record in shown], positions, len(found) > len(shown)
    )


def _start_known(tx: Transaction, record: Record, vantage: Vantage) -> Start[AlertEntry]:
    """What was open and told by `known_at`; all is settled up to whatever was recorded last by then.

    What waited then for a mail server nobody knows any more: it has left since, or was folded.
    """
    pledge, instant = record.pledge, vantage.known_at
    assert instant is not None
    flags = tx.flags.known_of(pledge.id, instant)
    told = tx.alerts.planned_of(pledge.id, by=instant)
    turns = (
        pledge.updated_at,
        *(alert.planned_at for alert in told),
        *(turn for flag in flags for turn in (flag.opened_at, flag.cleared_at)),
    )
    since = max(turn for turn in turns if turn is not None)
    kept = [
        OpenFlag(flag.id, flag.kind, flag.milestone, flag.episode, flag.opened_on)
        for flag in flags
        if flag.cleared_at is None
    ]
    return Start(local_day(since, pledge.time_zone), kept, frozenset(_told_somebody(alert) for alert in told))


def _told_somebody(alert: AlertEntry) -> str:
    owed = (alert.pledge, alert.milestone, alert.kind, alert.episode, alert.step, SOMEBODY, alert.due_at)
    return Owed(*owed, channel=alert.channel).dedup_key


def _simulated(
    record: Record, start: Start[AlertEntry], span: Span, rules: Rules, vantage: Vantage
) -> Simulated:
    pledge = record.pledge
    today = local_day(vantage.instant, pledge.time_zone)
    recipients = rules.recipients(pledge) if vantage.known_at is None else (SOMEBODY,)
    days: list[SimulatedDay[AlertEntry]] = []
    if span.first < today:
        last = min(span.last, today - DAY)
        days += replay(record, rules.policy, recipients, first=span.first, last=last)
    if span.last >= today:
        # What ticks did before `span` is left out.
        first = max(span.first, today)
        days += onwards(record, rules.policy, recipients, start, today=today, first=first, last=span.last)
    return Simulated(pledge.id, pledge.time_zone, days)
