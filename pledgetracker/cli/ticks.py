"""`schedule`, `tick` and `simulate`: what days bring, as they come or before they do."""

from collections.abc import Sequence
from datetime import date, datetime, time
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

import click

from pledgetracker.cli.days import day_option, instant_option
from pledgetracker.cli.starting import ready
from pledgetracker.domain.alert import OpenFlag, Owed
from pledgetracker.domain.vantage import Vantage
from pledgetracker.scheduler import run, turn
from pledgetracker.services import monitoring
from pledgetracker.services.monitoring import TickReport
from pledgetracker.services.reading import get_record, known
from pledgetracker.services.simulating import Scene, Span, simulate_all
from pledgetracker.storage.alerts import AlertEntry


@click.command()
def schedule() -> None:
    """Tick: find what is due, flag it, deliver what is owed. Runs beside `serve`, once or several times."""
    with ready() as runtime:
        run(runtime)


@click.command()
@day_option("--at", "day", help="The day to look at, at its noon; now unless said.")
@click.option("--apply/--dry-run", default=None, help="With --at nothing is changed unless told to.")
def tick(day: date | None, apply: bool | None) -> None:
    """Tick once, or show what the tick of a day would bring."""
    with ready() as runtime:
        now = runtime.clock() if day is None else _noon_of(day, runtime.settings.time_zone)
        if apply if apply is not None else day is None:
            found, delivered = turn(runtime, now=now, at=None if day is None else now)
            _tell(found)
            click.echo(
                f"{delivered.sent} sent, {delivered.cancelled} cancelled, {delivered.put_off} put off, "
                f"{delivered.dead} given up."
            )
            if delivered.outage is not None:
                raise click.ClickException(f"Mail waits: {delivered.outage}")
            return
        _tell(monitoring.rehearse(runtime.database, runtime.rules, now=now))
        ahead = now > runtime.clock()
        click.echo(
            "Nothing was changed; --apply does it"
            + (", flags, mails and all, as if that day had come: on a copy, say." if ahead else ".")
        )


def _noon_of(day: date, zone: str) -> datetime:
    """An instant that is of `day` in nearly every zone; by its end, the next day has begun east of `zone`."""
    return datetime.combine(day, time(12), ZoneInfo(zone))


def _tell(report: TickReport) -> None:
    for found in report.looks:
        _tell_changes(found.pledge, found.opened, found.cleared)
        for alert in found.planned:
            _tell_alert(alert)
        if found.superseded:
            click.echo(f"           which speaks for {len(found.superseded)} more")
    planned = sum(len(found.planned) for found in report.looks)
    click.echo(f"{report.checked} pledges looked at, {len(report.looks)} changed, {planned} alerts owed.")


@click.command()
@day_option("--from", "first", required=True, help="The first day.")
@day_option("--to", "last", required=True, help="The last day.")
@click.option("--pledge", help="This one alone; all unless said.")
@instant_option(
    "--known-at",
    help="Leave out whatever was recorded after this instant, 2025-12-31T23:00:00Z say.",
)
def simulate(first: date, last: date, pledge: str | None, known_at: datetime | None) -> None:
    """Say day by day which flags would come and go, and what would be owed, if nothing more were reported."""
    span = Span(first, last)
    if (complaint := span.complaint()) is not None:
        raise click.BadParameter(complaint, param_hint="--to")
    with ready() as runtime, runtime.database.read() as tx:
        at = _vantage(known_at, now=runtime.clock())
        if pledge is not None:
            known(get_record(tx, pledge), at)
        found = list(simulate_all(tx, Scene(pledge), span, runtime.rules, at))
    happening = sorted(
        ((on.day, simulated.pledge, on) for simulated in found for on in simulated.days), key=itemgetter(0, 1)
    )
    for day, of_day in groupby(happening, key=itemgetter(0)):
        click.echo(day)
        for _, key, on in of_day:
            _tell_changes(key, on.opened, on.cleared)
            for message in on.messages:
                _tell_alert(message.alert, len(message.speaks_for))
    pledges = "1 pledge" if len(found) == 1 else f"{len(found)} pledges"
    click.echo(f"{pledges} simulated; nothing was changed.")


def _vantage(known_at: datetime | None, *, now: datetime) -> Vantage:
    at = Vantage(now, known_at=known_at)
    if at.instant > now:
        detail = "Lies ahead; nobody can say what will be known then."
        raise click.BadParameter(detail, param_hint="--known-at")
    return at


def _tell_changes(pledge: str, opened: Sequence[OpenFlag], cleared: Sequence[OpenFlag]) -> None:
    click.echo(pledge)
    for flag in cleared:
        click.echo(f"  cleared  {flag.kind}{_on(flag.milestone)} ({flag.episode})")
    for flag in opened:
        click.echo(f"  opened   {flag.kind}{_on(flag.milestone)} ({flag.episode})")


def _tell_alert(alert: Owed | AlertEntry, others: int = 0) -> None:
    words = f"{alert.kind}{_on(alert.milestone)}, step {alert.step}"
    click.echo(f"  alert    {words}" + (alert.recipient.email and f", to {alert.recipient.email}"))
    if others:
        click.echo(f"           which speaks for {others} more")


def _on(milestone: str | None) -> str:
    return f" on {milestone}" if milestone else ""
