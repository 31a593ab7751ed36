"""The command line: serving, ticking, and looking after the record."""

import getpass
import os
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime, time, timedelta
from functools import partial
from importlib.resources import files
from io import BufferedReader
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from zoneinfo import ZoneInfo

import click

from pledgetracker import __version__, logs
from pledgetracker import runtime as composition
from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.disk import Watched, write_skipped, written_whole
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.intake import ImportReport, bring_in
from pledgetracker.api.files.mapping_files import read_mapping
from pledgetracker.api.files.outgoing import Export, ExportForm
from pledgetracker.api.files.sheets import SEPARATORS, SheetForm
from pledgetracker.api.parsing import Malformed
from pledgetracker.api.portable import read_file
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import OpenFlag, Owed
from pledgetracker.domain.audit import Actor, ActorKind
from pledgetracker.domain.days import FIRST_DAY, LAST_DAY
from pledgetracker.domain.errors import FieldProblem, Invalid, Refusal
from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import run, turn
from pledgetracker.services import (
    auditing,
    backing_up,
    holding,
    keyring,
    monitoring,
    policing,
    requeuing,
    restoring,
)
from pledgetracker.services.checking import advise, ending_keys, readiness
from pledgetracker.services.holding import HoldName
from pledgetracker.services.importing import FileRefused, add_missing
from pledgetracker.services.monitoring import TickReport
from pledgetracker.services.reading import get_record
from pledgetracker.services.simulating import Scene, Span, simulate_all
from pledgetracker.settings import CONFIG_VARIABLE, PREFIX, Settings, SettingsError, load
from pledgetracker.storage import copying, schema
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.database import Database, Transaction, Unavailable

# How long requests under way may take to end once the server is told to stop.
STOP_SECONDS = 30
# As the library that counts knows it; it looks once, when it is first imported.
SHARED_COUNTS = "PROMETHEUS_MULTIPROC_DIR"

CONFIG = click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"The settings file; else the one named by {CONFIG_VARIABLE}.",
)

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
@CONFIG
def main(config: Path | None) -> None:
    """Track public pledges with targets and deadlines."""
    if config is not None:
        # Server processes are started anew and find the file by the environment.
        os.environ[CONFIG_VARIABLE] = str(config)


@main.command()
def serve() -> None:
    """Serve the API and the pages."""
    with _started() as runtime:
        settings = runtime.settings
        _check_schema(runtime)
        _check_port(settings)
        # A record that can only be read is served all the same; the scheduler notes it too.
        with suppress(Unavailable):
            policing.note(runtime.database, runtime.rules.policy, now=runtime.clock())
        runtime.database.close()
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    with _counting_together(settings.processes):
        Granian(
            "pledgetracker.app:create",
            factory=True,
            interface=Interfaces.WSGI,
            address=settings.host,
            port=settings.port,
            workers=settings.processes,
            workers_kill_timeout=STOP_SECONDS,
            blocking_threads=settings.threads,
            respawn_failed_workers=True,
            websockets=False,
            log_level=LogLevels(settings.log_level),
            log_dictconfig=logs.server_logging(),
        ).serve()


@contextmanager
def _counting_together(processes: int) -> Iterator[None]:
    """Give several server processes a folder in which they count requests together.

    One that serves alone needs none. It is no folder of the record's: writing into mapped files on a disk
    that is full would kill the servers, which could still answer from what is there.
    """
    if processes == 1:
        yield
        return
    with TemporaryDirectory(prefix="pledgetracker-") as folder:
        os.environ[SHARED_COUNTS] = folder
        yield


def _check_port(settings: Settings) -> None:
    """Refuse a taken port: the server would share it silently with whoever has it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            cure = "Stop what listens there, or set PLEDGETRACKER_PORT to another port."
            raise click.ClickException(f"{settings.host}:{settings.port}: {error.strerror}. {cure}") from None


@main.command()
def schedule() -> None:
    """Tick: find what is due, flag it, deliver what is owed. Runs beside `serve`, once or several times."""
    with _started() as runtime:
        _check_schema(runtime)
        run(runtime)


@main.command()
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%d"]), help="The day to look at, at its noon; now unless said."
)
@click.option("--apply/--dry-run", default=None, help="With --at nothing is changed unless told to.")
def tick(at: datetime | None, apply: bool | None) -> None:
    """Tick once, or show what the tick of a day would bring."""
    day = None if at is None else _within(at, "--at")
    with _started() as runtime:
        _check_schema(runtime)
        now = runtime.clock() if day is None else _noon_of(day, runtime.settings.time_zone)
        if apply if apply is not None else at is None:
            found, delivered = turn(runtime, now=now, at=None if at is None else now)
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


def _tell_changes(pledge: str, opened: Sequence[OpenFlag], cleared: Sequence[OpenFlag]) -> None:
    click.echo(pledge)
    for flag in cleared:
        click.echo(f"  cleared  {flag.kind}{_on(flag.milestone)} ({flag.episode})")
    for flag in opened:
        click.echo(f"  opened   {flag.kind}{_on(flag.milestone)} ({flag.episode})")


def _tell_alert(alert: Owed | AlertEntry, others: int = 0) -> None:
    words = f"{alert.kind}{_on(alert.milestone)}, step {alert.step}"
    click.echo(f"  alert    {words}, to {alert.recipient.email}")
    if others:
        click.echo(f"           which speaks for {others} more")


def _on(milestone: str | None) -> str:
    return f" on {milestone}" if milestone else ""


@main.command("simulate")
@click.option("--from", "first", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The first day.")
@click.option("--to", "last", type=click.DateTime(["%Y-%m-%d"]), required=True, help="The last day.")
@click.option("--pledge", help="This one alone; all unless said.")
def simulate_days(first: datetime, last: datetime, pledge: str | None) -> None:
    """Say day by day which flags would come and go, and what would be owed, if nothing more were reported."""
    span = Span(_within(first, "--from"), _within(last, "--to"))
    if (complaint := span.complaint()) is not None:
        raise click.BadParameter(complaint, param_hint="--to")
    with _started() as runtime:
        _check_schema(runtime)
        with runtime.database.read() as tx:
            if pledge is not None:
                get_record(tx, pledge)
            found = list(simulate_all(tx, Scene(pledge), span, runtime.rules, now=runtime.clock()))
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


def _within(day: datetime, option: str) -> date:
    """A day that the record may speak of."""
    if not FIRST_DAY <= day.date() <= LAST_DAY:
        raise click.BadParameter(f"Days lie between {FIRST_DAY} and {LAST_DAY}.", param_hint=option)
    return day.date()


@main.group()
def db() -> None:
    """Look after the database."""


@db.command()
def upgrade() -> None:
    """Bring the schema up to date."""
    with _started() as runtime:
        schema.upgrade(runtime.database)
        click.echo(f"Schema {schema.newest()}, {runtime.database.description}.")


@db.command()
def version() -> None:
    """Tell the version of the schema, and the one that this program works with."""
    with _started() as runtime, runtime.database.read() as tx:
        click.echo(f"found {tx.schema_version()}, wanted {schema.newest()}")


@db.command()
@click.option(
    "--to", "target_url", required=True, metavar="URL", help="The database to copy to; it is empty."
)
def copy(target_url: str) -> None:
    """Copy the whole record to another database, SQLite or PostgreSQL, and compare what arrived."""
    with _started() as runtime:
        _check_schema(runtime)
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


@main.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
def seed(folder: Path | None) -> None:
    """Load the pledges in FOLDER, or those that come along; what is there already stays as it is."""
    paths = sorted((folder or bundled("seeds")).glob("*.json"))
    if not paths:
        raise click.ClickException(f"There are no .json files in {folder}.")
    with _started() as runtime:
        _check_schema(runtime)
        documents = {}
        for path in paths:
            try:
                documents[path.name] = read_file(path.read_bytes())
            except Invalid as refusal:
                raise FileRefused(path.name, refusal.problems) from refusal
            except Malformed as refusal:
                problem = FieldProblem("", str(refusal.description))
                raise FileRefused(path.name, [problem]) from refusal
        now = runtime.clock()
        added = runtime.database.write(
            lambda tx: add_missing(tx, documents, runtime.rules, now=now), actor=_actor()
        )
        click.echo(
            f"Added {added.initiatives} initiatives, {added.pledgers} pledgers, "
            f"{added.pledges} pledges and {added.updates} progress updates from {len(paths)} files."
        )


@main.command("import")
@click.argument("paths", metavar="FILE…", nargs=-1, required=True, type=_FILE)
@click.option("--dry-run", is_flag=True, help="Do everything, say what it came to, and undo it.")
@click.option(
    "--mapping", type=_FILE, help="A file that says how the columns of a foreign table become ours."
)
@click.option(
    "--skipped", type=_NEW_FILE, help="With --mapping, write the rows of which nothing was taken here."
)
@click.option("--encoding", help="Of tables without a byte order mark; UTF-8 unless said.")
@click.option("--separator", type=click.Choice([*SEPARATORS]), help="Of tables; found out unless said.")
@click.option("--decimal", type=click.Choice([*map(str, DecimalSign)]), default="point", show_default=True)
def bring(
    paths: tuple[Path, ...],
    dry_run: bool,
    mapping: Path | None,
    skipped: Path | None,
    encoding: str | None,
    separator: str | None,
    decimal: str,
) -> None:
    """Bring in FILEs, whatever each is: an archive, JSON of an initiative, a table of pledges or of progress.

    What is missing is added, pledges that are there are changed where a file says other, and of updates
    nothing is overwritten. All of it comes in, or nothing.
    """
    form = SheetForm(encoding, None if separator is None else SEPARATORS[separator], DecimalSign(decimal))
    with _started() as runtime, _watching(paths) as watch:
        _check_schema(runtime)
        chosen = None if mapping is None else read_mapping(mapping.read_bytes())
        found = [Incoming(str(path), partial(watch, path), form) for path in paths]
        now = runtime.clock()

        def work(tx: Transaction) -> ImportReport:
            return bring_in(tx, found, runtime.rules, now=now, mapping=chosen)

        write = runtime.database.rehearse if dry_run else partial(runtime.database.write, actor=_actor())
        report = write(work)
        if skipped is not None and chosen is not None:
            write_skipped(skipped, found, chosen)
    if chosen is not None and chosen.source:
        click.echo(f"Source: {chosen.source.get('attribution') or chosen.source.get('title', '')}")
    for line in report.lines():
        click.echo(line)
    if dry_run:
        click.echo("Nothing was changed: this was a dry run.")


@contextmanager
def _watching(paths: Sequence[Path]) -> Iterator[Callable[[Path], BinaryIO]]:
    """What opens files and, on a terminal, shows how much of them has been read."""
    total = sum(path.stat().st_size for path in paths)
    with click.progressbar(
        length=total, label="Importing", file=sys.stderr, hidden=not sys.stderr.isatty()
    ) as bar:
        yield lambda path: BufferedReader(Watched(path, bar.update))


@main.command("export")
@click.argument("target", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, allow_dash=True))
@click.option(
    "--form",
    type=click.Choice([*map(str, ExportForm)]),
    default="archive",
    show_default=True,
    help="The whole record as one archive, one JSON file, or one of two tables.",
)
@click.option("--initiative", help="With --form json: whose file; without it, that of what belongs to none.")
@click.option("--contacts", is_flag=True, help="Write the e-mail addresses of contacts too.")
def take_out(target: Path, form: str, initiative: str | None, contacts: bool) -> None:
    """Write the record to FILE, or with - to the output; the same record gives the same bytes."""
    with _started() as runtime:
        _check_schema(runtime)
        with runtime.database.read() as tx, written_whole(target) as stream:
            export = Export(tx, runtime.clock(), has_contacts=contacts)
            export.write(ExportForm(form), stream, initiative)


def bundled(name: str) -> Path:
    """Where what comes with the program lies: in the package, or in a checkout beside it."""
    package = Path(str(files("pledgetracker")))
    packed = package / "_data" / name
    return packed if packed.exists() else package.parent / name


@main.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command()
@click.argument("name")
@click.option("--scope", type=click.Choice([scope.value for scope in Scope]), required=True)
@click.option("--pledger", help="Tie the key to the pledges of this pledger.")
@click.option("--days", type=click.IntRange(1, 36_500), help="Days until it expires; never unless said.")
def create(name: str, scope: str, pledger: str | None, days: int | None) -> None:
    """Make a key and print it, this once."""
    with _started() as runtime:
        _check_schema(runtime)
        now = runtime.clock()
        expires_at = None if days is None else now + timedelta(days=days)
        key = runtime.database.write(
            lambda tx: keyring.create_key(
                tx, name, Scope(scope), runtime.pepper, pledger=pledger, expires_at=expires_at, now=now
            ),
            actor=_actor(),
        )
        click.echo(key)


@keys.command("list")
def list_keys() -> None:
    """List keys by their public ids."""
    with _started() as runtime:
        _check_schema(runtime)
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
    with _started() as runtime:
        _check_schema(runtime)
        runtime.database.write(lambda tx: keyring.revoke_key(tx, key_id, now=runtime.clock()), actor=_actor())


@main.group()
def audit() -> None:
    """Look after the audit log."""


@audit.command("verify")
@click.option(
    "--expect", metavar="HASH", help="A hash that the log ended with once: its entry must be there."
)
def verify_log(expect: str | None) -> None:
    """Recompute the whole audit log; exit with 1 if an entry was changed, removed or put in."""
    with _started() as runtime:
        _check_schema(runtime)
        with runtime.database.read() as tx:
            verdict = auditing.verify(tx, noted=expect)
        if verdict.noted is not None:
            click.echo(f"The hash expected is that of entry {verdict.noted}.")
        if verdict.broken is not None:
            raise click.ClickException(f"{verdict.broken} Good until entry {verdict.entries}: {verdict.head}")
        click.echo(f"{verdict.entries} entries, none missing or changed. Head: {verdict.head}")


@main.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Overwrite FILE if it is there.")
def backup(file: Path, force: bool) -> None:
    """Copy the record into FILE, verified, with a manifest beside it; others may go on using it (SQLite)."""
    with _started() as runtime:
        made = backing_up.back_up(runtime.database, file, overwrite=force, now=runtime.clock())
        rows = sum(made.contents.counts.values())
        click.echo(f"{file}: schema {made.contents.schema}, {rows} rows, SHA-256 {made.sha256}")
        if made.contents.head is not None:
            click.echo(f"Audit log: {made.contents.entries} entries. Head: {made.contents.head}")


@main.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def put_back(file: Path) -> None:
    """Put the backup FILE in the place of the record, which is kept under another name (SQLite)."""
    with _started() as runtime:
        done = restoring.restore(runtime.database, file, actor=_actor(), now=runtime.clock())
        click.echo(f"Restored the record of {done.manifest.made_at:%Y-%m-%d %H:%M:%S} UTC.")
        if done.kept is not None:
            click.echo(f"The one before is kept: {done.kept}")
        click.echo("Alerts are held. 'pledgetracker release' lets them leave.")
        if done.manifest.contents.schema != schema.newest():
            click.echo("Its schema is older than this program: run 'pledgetracker db upgrade'.")


@main.command("hold")
@click.option("--reason", required=True, help="Why; /readyz and 'check' say it.")
def keep_alerts(reason: str) -> None:
    """Let no alert leave until 'release': before a record that was put back is put to work, say."""
    with _started() as runtime:
        _check_schema(runtime)
        now = runtime.clock()
        runtime.database.write(lambda tx: holding.hold_by_hand(tx, reason, now=now), actor=_actor())
        click.echo("Alerts are held. 'pledgetracker release' lets them leave.")


@main.command("release")
@click.option(
    "--only", type=click.Choice([name.value for name in HoldName]), help="End this hold and no other."
)
def let_alerts_leave(only: str | None) -> None:
    """Let held alerts leave (a restore, a mass of them, a clock in doubt); moot ones are cancelled."""
    with _started() as runtime:
        _check_schema(runtime)
        chosen = None if only is None else HoldName(only)
        ended = runtime.database.write(
            lambda tx: holding.release(tx, runtime.uptime(), only=chosen, now=runtime.clock()), actor=_actor()
        )
        for hold in ended:
            click.echo(f"Released ({hold.name}, held since {hold.since:%Y-%m-%d %H:%M} UTC): {hold.reason}")
        if not ended:
            click.echo("Nothing was held.")


@main.group()
def alerts() -> None:
    """Decide about single alerts."""


@alerts.command("requeue")
@click.argument("alert", type=click.IntRange(1), required=False)
@click.option("--all-dead", is_flag=True, help="Every one that was given up.")
def try_anew(alert: int | None, all_dead: bool) -> None:
    """Try the dead alert with the id ALERT anew, for another five days and under the same Message-ID."""
    if (alert is None) is not all_dead:
        raise click.UsageError("Name one alert, or say --all-dead.")
    with _started() as runtime:
        _check_schema(runtime)
        now = runtime.clock()

        def anew(tx: Transaction) -> int:
            return len(requeuing.requeue_all(tx, now=now)) if alert is None else _requeue(tx, alert, now)

        count = runtime.database.write(anew, actor=_actor())
        click.echo(f"{count} alerts will be tried anew." if count != 1 else "1 alert will be tried anew.")


def _requeue(tx: Transaction, alert: int, now: datetime) -> int:
    requeuing.requeue(tx, alert, now=now)
    return 1


@alerts.command("suppress")
@click.argument("alert", type=click.IntRange(1))
@click.option("--reason", required=True, help="Why; it is kept with the alert.")
def keep_from_leaving(alert: int, reason: str) -> None:
    """See that the alert with the id ALERT, which waits, is never sent."""
    with _started() as runtime:
        _check_schema(runtime)
        now = runtime.clock()
        runtime.database.write(lambda tx: requeuing.suppress(tx, alert, reason, now=now), actor=_actor())
        click.echo("It will not be sent.")


def _actor() -> Actor:
    """Whoever typed the command."""
    try:
        name = getpass.getuser()
    except (OSError, KeyError):
        # In a container a user need not have a name.
        name = f"user {os.getuid()}"
    return Actor(ActorKind.CLI, name)


@main.command()
def check() -> None:
    """Say what is missing for production and what is wrong; exit with 1 if anything is a problem."""
    with _started() as runtime:
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


@contextmanager
def _started() -> Iterator[Runtime]:
    """The runtime; what it and its use refuse, said in a sentence instead of a traceback."""
    try:
        runtime = composition.start()
        logs.start(runtime.settings)
        try:
            yield runtime
        finally:
            runtime.database.close()
    except (SettingsError, Refusal, Unavailable) as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except OSError as error:
        # A folder that cannot be made, a file that cannot be read; a disk that is full names no file.
        place = f"{error.filename}: " if error.filename else ""
        raise click.ClickException(f"{place}{error.strerror}.") from error


def _check_schema(runtime: Runtime) -> None:
    with runtime.database.read() as tx:
        schema.check(tx.schema_version())
