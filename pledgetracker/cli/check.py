"""`check`: what is missing for production, and what is wrong."""

import sys

import click

from pledgetracker.cli.starting import started
from pledgetracker.services.checking import advise, ending_keys, readiness


@click.command()
def check() -> None:
    """Say what is missing for production and what is wrong; exit with 1 if anything is a problem."""
    with started() as runtime:
        report = readiness(runtime.database, runtime.settings.tick_seconds, now=runtime.clock())
        for looked in report.checks:
            click.echo(f"{'ok     ' if looked.ok else 'PROBLEM'}  {looked.name}: {looked.detail}")
        advice = [*advise(runtime.settings)]
        if report.is_ready:
            with runtime.database.read() as tx:
                advice += ending_keys(tx, now=runtime.clock())
        for item in advice:
            mark = "PROBLEM" if item.is_serious else "advice "
            click.echo(f"{mark}  {item.id}: {item.finding} {item.cure}")
        if not all(looked.ok for looked in report.checks) or any(item.is_serious for item in advice):
            sys.exit(1)
