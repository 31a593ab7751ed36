"""`keys`: who may write."""

from datetime import timedelta

import click

from pledgetracker.cli.starting import actor, ready
from pledgetracker.domain.access import Scope
from pledgetracker.services import keyring


@click.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.argument("name")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), required=True)
@click.option("--pledger", help="Tie the key to the pledges of this pledger.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days until it expires; never unless said.")
def create(name: str, scope: str, pledger: str | None, days: int | None) -> None:
    """Make a key and print it, this once."""
    with ready() as runtime:
        now = runtime.clock()
        expires_at = None if days is None else now + timedelta(days=days)
        key = runtime.database.write(
            lambda tx: keyring.create_key(
                tx, name, Scope(scope), runtime.pepper, pledger=pledger, expires_at=expires_at, now=now
            ),
            actor=actor(),
        )
        click.echo(key)


@keys.command("list")
def list_keys() -> None:
    """List keys by their public ids."""
    with ready() as runtime:
        with runtime.database.read() as tx:
            found = tx.keys.all()
        for key in found:
            ends = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "valid"
            if key.expires_at and not key.revoked_at:
                ends = f"until {key.expires_at:%Y-%m-%d}"
            tied = f" for {key.pledger}" if key.pledger else ""
            click.echo(f"{key.id}  {key.scope:<8}  {ends}  {key.name}{tied}")


@keys.command()
@click.argument("key_id")
def revoke(key_id: str) -> None:
    """End the validity of the key with the public id KEY_ID."""
    with ready() as runtime:
        runtime.database.write(lambda tx: keyring.revoke_key(tx, key_id, now=runtime.clock()), actor=actor())
