"""The command line: one module for each thing that people do with it."""

import os
from pathlib import Path

import click

from pledgetracker import __version__
from pledgetracker.cli import alerts, audit, backups, check, db, files, keys, serve, ticks
from pledgetracker.settings import CONFIG_VARIABLE


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The settings file; else the one named by {CONFIG_VARIABLE}.",
)
def main(config: Path | None) -> None:
    """Track public pledges with targets and deadlines."""
    if config is not None:
        # Server processes are started anew and find the file by the environment.
        os.environ[CONFIG_VARIABLE] = str(config)


for _command in (
    serve.serve,
    ticks.schedule,
    ticks.tick,
    ticks.simulate,
    db.db,
    files.seed,
    files.import_files,
    files.export_record,
    keys.keys,
    audit.audit,
    backups.backup,
    backups.restore,
    alerts.hold,
    alerts.release,
    alerts.alerts,
    check.check,
):
    main.add_command(_command)
