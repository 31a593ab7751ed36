"""`db`: the schema of the database, and the way from one database to another."""

import click

from pledgetracker.cli.starting import ready, started
from pledgetracker.settings import PREFIX, load
from pledgetracker.storage import copying, schema
from pledgetracker.storage.database import Database


@click.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    with started(may_begin=True) as runtime:
        schema.upgrade(runtime.database)
        click.echo(f"Schema {schema.newest()}, {runtime.database.description}.")


@db.command()
def version() -> None:
    """Tell the version of the schema, and the one that this program works with."""
    with started() as runtime, runtime.database.read() as tx:
        click.echo(f"found {tx.schema_version()}, wanted {schema.newest()}")


@db.command()
@click.option(
    "--to", "target_url", required=True, metavar="URL", help="The database to copy to; it is empty."
)
def copy(target_url: str) -> None:
    """Copy the whole record to another database, SQLite or PostgreSQL, and compare what arrived."""
    with ready() as runtime:
        target = Database(load({f"{PREFIX}DATABASE_URL": target_url}).database_url)
        try:
            with target.read() as tx:
                found = tx.schema_version()
            if found is None:
                schema.upgrade(target)
            else:
                schema.check(found)
            tallies = copying.copy(runtime.database, target)
            click.echo(f"{runtime.database.description} to {target.description}")
        finally:
            target.close()
    for tally in tallies:
        click.echo(f"{tally.table:<20}{tally.rows:>10}  {tally.checksum[:16]}")
    click.echo(f"{sum(tally.rows for tally in tallies)} rows, the same on both sides.")
