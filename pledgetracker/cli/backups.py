"""`backup` and `restore`: the whole record in one file, and back (SQLite)."""

from pathlib import Path

import click

from pledgetracker.cli.starting import actor, started
from pledgetracker.services import backing_up, restoring
from pledgetracker.storage import schema


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
def backup(file: Path, force: bool) -> None:
    """Copy the record into FILE, verified, with a manifest beside it; others may go on using it (SQLite)."""
    with started() as runtime:
        made = backing_up.back_up(runtime.database, file, overwrite=force, now=runtime.clock())
        rows = sum(made.contents.counts.values())
        click.echo(f"{file}: schema {made.contents.schema}, {rows} rows, SHA-256 {made.sha256}")
        if made.contents.head is not None:
            click.echo(f"Audit log: {made.contents.entries} entries. Head: {made.contents.head}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def restore(file: Path) -> None:
    """Put the backup FILE in the place of the record, which is kept under another name (SQLite)."""
    with started(may_begin=True) as runtime:
        done = restoring.restore(runtime.database, file, actor=actor(), now=runtime.clock())
        click.echo(f"Restored the record of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
        if done.kept is not None:
            click.echo(f"The one before is kept: {done.kept}")
        click.echo("Alerts are held. 'pledgetracker release' lets them leave.")
        if done.manifest.contents.schema != schema.newest():
            click.echo("Its schema is older than this program: run 'pledgetracker db upgrade'.")
