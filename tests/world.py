"""What tests do to a record, and what they see of it, without going through HTTP."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, cast
from zoneinfo import ZoneInfo

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Attempt
from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Contact, Milestone, SetBy
from pledgetracker.domain.record import Record
from pledgetracker.domain.target import Comparator
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, monitoring, pledging, reporting
from pledgetracker.services.delivering import deliver
from pledgetracker.services.monitoring import TickReport
from pledgetracker.services.office import DeliveryReport
from pledgetracker.services.rules import Rules
from pledgetracker.storage.alerts import AlertEntry, AlertFilter
from pledgetracker.storage.database import Database
from pledgetracker.storage.flags import FlagEntry, FlagFilter
from pledgetracker.storage.paging import PageRequest

ZONE = "Europe/Paris"
ANN = "ann@example.org"
EVERYTHING = PageRequest("id", descending=False, after=None, limit=10_000)


def day(text: str) -> date:
    """`day("2026-03-01")`."""
    return date.fromisoformat(text)


def noon(on: date | str) -> datetime:
    """Noon of a day, where the pledges of these tests are."""
    chosen = day(on) if isinstance(on, str) else on
    return datetime.combine(chosen, time(12), ZoneInfo(ZONE)).astimezone(UTC)


def stone(key: str, due: str, target: int | None = None) -> Milestone:
    """A milestone of the pledger's."""
    return Milestone(key, Due.parse(due), None, None if target is None else Decimal(target), SetBy.PLEDGER)


def add_pledge(runtime: Runtime, *, key: str = "people", **said: Any) -> Record:
    """Record a pledge of 100 people by the end of 2026, announced on its first day, unless said otherwise."""
    fields: dict[str, Any] = {
        "id": key,
        "title": "People trained",
        "pledger": "acme",
        "comparator": Comparator.AT_LEAST,
        "target": Decimal(100),
        "announced_on": day("2026-01-01"),
        "time_zone": ZONE,
        "due": Due.parse("2026-12-31"),
        "contacts": (Contact(ANN, "Ann"),),
        "unit": "person",
        **said,
    }
    return add(runtime.database, fields, runtime.rules, now=runtime.clock())


def add(database: Database, fields: dict[str, Any], rules: Rules, *, now: datetime) -> Record:
    """Record a pledge, and its pledger where that is missing."""

    def work(tx: Any) -> Record:
        if not tx.pledgers.exists(fields["pledger"]):
            cataloguing.add_pledger(tx, {"id": fields["pledger"], "name": "Acme"}, now=now)
        return pledging.add_pledge(tx, cast("pledging.PledgeFields", fields), rules, now=now)

    return database.write(work)


def report(runtime: Runtime, *, key: str = "people", **said: Any) -> Record:
    """Record a progress update as of today, or of the day that it names."""
    now = runtime.clock()
    fields: dict[str, Any] = {"as_of": now.astimezone(ZoneInfo(ZONE)).date(), **said}
    for name in ("value", "increment"):
        if name in fields:
            fields[name] = Decimal(fields[name])
    record, _ = runtime.database.write(
        lambda tx: reporting.record_progress(
            tx, key, cast("reporting.ProgressFields", fields), runtime.rules, now=now
        )
    )
    return record


def tick(runtime: Runtime) -> TickReport:
    """Look at what is due, deliver nothing."""
    return monitoring.tick(runtime.database, runtime.rules, now=runtime.clock())


def send(runtime: Runtime) -> DeliveryReport:
    """Deliver what is owed, look at nothing."""
    return deliver(runtime.database, runtime.post_office(), runtime.rules)


def without_news(runtime: Runtime) -> Runtime:
    """The same, telling only what flags owe."""
    return replace(runtime, rules=replace(runtime.rules, tells_news=False))


def flags(runtime: Runtime | Database, key: str | None = None, **wanted: Any) -> Sequence[FlagEntry]:
    """The stored flags, in order of opening."""
    database = runtime.database if isinstance(runtime, Runtime) else runtime
    with database.read() as tx:
        return tx.flags.page(FlagFilter(pledge=key, **wanted), EVERYTHING).items


def open_flags(runtime: Runtime) -> set[str]:
    """The kinds of the flags that are open."""
    return {flag.kind.value for flag in flags(runtime, is_open=True)}


def alerts(
    runtime: Runtime | Database, state: AlertState | None = None, *, key: str | None = None
) -> Sequence[AlertEntry]:
    """The stored alerts, in order of planning."""
    database = runtime.database if isinstance(runtime, Runtime) else runtime
    with database.read() as tx:
        return tx.alerts.page(AlertFilter(pledge=key, state=state), EVERYTHING).items


def attempts(runtime: Runtime, alert: AlertEntry) -> Sequence[Attempt]:
    """What was tried to send an alert."""
    with runtime.database.read() as tx:
        return tx.attempts.of(alert.id)


def told(entries: Sequence[AlertEntry]) -> list[tuple[str, int, str]]:
    """Kind, step and state of each."""
    return [(alert.kind.value, alert.step, alert.state.value) for alert in entries]
