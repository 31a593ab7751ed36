"""`audit`: whether the audit log is whole."""

import click

from pledgetracker.cli.starting import ready
from pledgetracker.services import auditing


@click.group()
def audit() -> None:
    """Look after the audit log."""


@audit.command()
@click.option(
    "--expect", metavar="HASH", help="A hash that the log ended with once: its entry must be there."
)
def verify(expect: str | None) -> None:
    """Recompute the whole audit log; exit with 1 if an entry was changed, removed or put in."""
    with ready() as runtime:
        with runtime.database.read() as tx:
            verdict = auditing.verify(tx, noted=expect)
        if verdict.noted is not None:
            click.echo(f"The hash expected is that of entry {verdict.noted}.")
        if verdict.broken is not None:
            raise click.ClickException(f"{verdict.broken} Good until entry {verdict.entries}: {verdict.head}")
        click.echo(f"{verdict.entries} entries, none missing or changed. Head: {verdict.head}")
