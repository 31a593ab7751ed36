"""`seed`, `import` and `export`: the record as files."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import resources
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import click

from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.disk import Watched, write_skipped, written_whole
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.intake import ImportReport, bring_in
from pledgetracker.api.files.mapping_files import read_mapping
from pledgetracker.api.files.outgoing import Export, ExportForm
from pledgetracker.api.files.sheets import SEPARATORS, SheetForm
from pledgetracker.api.parsing import Malformed
from pledgetracker.api.portable import read_file
from pledgetracker.cli.starting import actor, ready
from pledgetracker.domain.errors import FieldProblem, Invalid
from pledgetracker.services.importing import FileFields, FileRefused, add_missing
from pledgetracker.storage.database import Transaction

_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
_NEW_FILE = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
def seed(folder: Path | None) -> None:
    """Load the pledges in FOLDER, or those that come along; what is there already stays as it is."""
    paths = sorted((folder or bundled("seeds")).glob("*.json"))
    if not paths:
        raise click.ClickException(f"There are no .json files in {folder}.")
    with ready() as runtime:
        documents = {path.name: _read(path) for path in paths}
        now = runtime.clock()
        added = runtime.database.write(
            lambda tx: add_missing(tx, documents, runtime.rules, now=now), actor=actor()
        )
        click.echo(
            f"Added {added.initiatives} initiatives, {added.pledgers} pledgers, "
            f"{added.pledges} pledges and {added.updates} progress updates from {len(paths)} files."
        )


def _read(path: Path) -> FileFields:
    try:
        return read_file(path.read_bytes())
    except Invalid as refusal:
        raise FileRefused(path.name, refusal.problems) from refusal
    except Malformed as refusal:
        raise FileRefused(path.name, [FieldProblem("", str(refusal.description))]) from refusal


def bundled(name: str) -> Path:
    """Where what comes with the program lies: in the package, or in a checkout beside it."""
    package = Path(str(resources.files("pledgetracker")))
    packed = package / "_data" / name
    return packed if packed.exists() else package.parent / name


@click.command("import")
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
def import_files(
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
    with ready() as runtime, _watching(paths) as watch:
        chosen = None if mapping is None else read_mapping(mapping.read_bytes())
        found = [Incoming(str(path), partial(watch, path), form) for path in paths]
        now = runtime.clock()

        def work(tx: Transaction) -> ImportReport:
            return bring_in(tx, found, runtime.rules, now=now, mapping=chosen)

        write = runtime.database.rehearse if dry_run else partial(runtime.database.write, actor=actor())
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


@click.command("export")
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
def export_record(target: Path, form: str, initiative: str | None, contacts: bool) -> None:
    """Write the record to FILE, or with - to the output; the same record gives the same bytes."""
    with ready() as runtime, runtime.database.read() as tx, written_whole(target) as stream:
        export = Export(tx, runtime.clock(), has_contacts=contacts)
        export.write(ExportForm(form), stream, initiative)
