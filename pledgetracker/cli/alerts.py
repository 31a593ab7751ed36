"""`hold`, `release` and `alerts`: what leaves, and what does not."""

import click

from pledgetracker.cli.starting import actor, ready
from pledgetracker.services import holding, requeuing
from pledgetracker.services.holding import HoldName
from pledgetracker.storage.database import Transaction


@click.command()
@click.option("--reason", required=True, help="Why; /readyz and 'check' say it.")
def hold(reason: str) -> None:
    """Let no alert leave until 'release': before a record that was put back is put to work, say."""
    with ready() as runtime:
        now = runtime.clock()
        runtime.database.write(lambda tx: holding.hold_by_hand(tx, reason, now=now), actor=actor())
        click.echo("Alerts are held. 'pledgetracker release' lets them leave.")


@click.command()
@click.option(
    "--only", type=click.Choice([name.value for name in HoldName]), help="End this hold and no other."
)
def release(only: str | None) -> None:
    """Let held alerts leave (a restore, a mass of them, a clock in doubt); moot ones are cancelled."""
    with ready() as runtime:
        chosen = None if only is None else HoldName(only)
        ended = runtime.database.write(
            lambda tx: holding.release(tx, runtime.uptime(), only=chosen, now=runtime.clock()), actor=actor()
        )
        for past in ended:
            click.echo(f"Released ({past.name}, held since {past.since:%Y-%m-%d %H:%M} UTC): {past.reason}")
        if not ended:
            click.echo("Nothing was held.")


@click.group()
def alerts() -> None:
    """Decide about single alerts."""


@alerts.command()
@click.argument("alert", type=click.IntRange(1), required=False)
@click.option("--all-dead", is_flag=True, help="Every one that was given up.")
def requeue(alert: int | None, all_dead: bool) -> None:
    """Try the dead alert with the id ALERT anew, for another five days and under the same Message-ID."""
    if (alert is None) is not all_dead:
        raise click.UsageError("Name one alert, or say --all-dead.")
    with ready() as runtime:
        now = runtime.clock()

        def anew(tx: Transaction) -> int:
            if alert is None:
                return len(requeuing.requeue_all(tx, now=now))
            requeuing.requeue(tx, alert, now=now)
            return 1

        count = runtime.database.write(anew, actor=actor())
        click.echo(f"{count} alerts will be tried anew." if count != 1 else "1 alert will be tried anew.")


@alerts.command()
@click.argument("alert", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why; it is kept with the alert.")
def suppress(alert: int, reason: str) -> None:
    """See that the alert with the id ALERT, which waits, is never sent."""
    with ready() as runtime:
        now = runtime.clock()
        runtime.database.write(lambda tx: requeuing.suppress(tx, alert, reason, now=now), actor=actor())
        click.echo("It will not be sent.")
