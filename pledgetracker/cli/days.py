"""Days and instants as options of commands: spelled, and refused, as in the API."""

from collections.abc import Callable
from typing import Any

import click

from pledgetracker.domain.days import read_day, read_instant


def day_option(*names: str, **more: Any) -> Callable[[Any], Any]:
    """An option that takes a full date."""
    return click.option(*names, metavar="DAY", callback=_reading(read_day), **more)


def instant_option(*names: str, **more: Any) -> Callable[[Any], Any]:
    """An option that takes an instant."""
    return click.option(*names, metavar="INSTANT", callback=_reading(read_instant), **more)


def _reading(read: Callable[[str], Any]) -> Callable[[click.Context, click.Parameter, str | None], Any]:
    """What `read` makes of what was typed; it raises ValueError, with the cure, for what it does not take."""

    def convert(_context: click.Context, _parameter: click.Parameter, typed: str | None) -> Any:
        try:
            return None if typed is None else read(typed)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    return convert
