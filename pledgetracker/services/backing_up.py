"""Copying the record into a file while it is in use."""

from datetime import datetime
from pathlib import Path

from pledgetracker import __version__
from pledgetracker.domain.errors import Refusal
from pledgetracker.services import copies
from pledgetracker.services.copies import AUDIT_TABLES, Contents, CopyRefused, Manifest, NotAFile
from pledgetracker.storage import files
from pledgetracker.storage.database import Database
from pledgetracker.storage.dialects.files import may_be_database

# Rows of these come and never go, whatever else is done meanwhile.
GROWING = (
    "alerts",
    "api_keys",
    "audit_entries",
    "progress_updates",
    "reschedules",
    "withdrawals",
)


class PlaceTaken(Refusal):
    """A backup would overwrite something."""

    def __init__(self, file: Path, cure: str) -> None:
        super().__init__(f"{file} is there already: {cure}")


def back_up(database: Database, file: Path, *, overwrite: bool = False, now: datetime) -> Manifest:
    """Copy the record as it is at one instant into `file`, verified, with a manifest beside it.

    Whatever goes wrong, nothing half-written is left behind, and a backup that was there stays.

    Raises:
        NotAFile: a server keeps the record.
        PlaceTaken: there is such a file, and it is not to be overwritten.
        CopyRefused, Damaged: the copy is not what it should be: the record itself may be damaged.
        Unavailable, OSError: the record could not be read or the copy not be written.
    """
    if database.file is None:
        raise NotAFile("pg_dump")
    _check_place(database.file, file, overwrite=overwrite)
    with files.draft(file) as made:
        before = _contents(database)
        database.copy_into(made)
        after = _contents(database)
        found = copies.examine(made)
        if (wrong := _difference(before, found, after)) is not None:
            raise CopyRefused(made, f"the copy differs from the record: {wrong}")
        manifest = Manifest(now, __version__, files.sha256(made), found)
        # From here to the end the file has no manifest, or another's: a restore takes neither.
        copies.manifest_of(file).unlink(missing_ok=True)
        files.put(made, file)
        copies.write(manifest, file)
    return manifest


def _check_place(record: Path, file: Path, *, overwrite: bool) -> None:
    sides = [files.beside(record, suffix).resolve() for suffix in ("", *files.SIDE_FILES)]
    if file.resolve() in sides:
        raise PlaceTaken(file, "it is the record itself.")
    if overwrite and file.is_file() and not may_be_database(file):
        raise PlaceTaken(file, "it is no backup; choose another name.")
    if not overwrite and (file.exists() or copies.manifest_of(file).exists()):
        raise PlaceTaken(file, "choose another name, or say --force.")


def _contents(database: Database) -> Contents:
    with database.read() as tx:
        counts = tx.counts()
        entries, head = tx.audit.head() if counts.keys() >= AUDIT_TABLES else (0, None)
        return Contents(tx.schema_version(), counts, entries, head)


def _difference(before: Contents, found: Contents, after: Contents) -> str | None:
    """What a copy has that the record cannot have had between two looks at it, or None."""
    if found.schema != before.schema:
        return f"schema {found.schema} instead of {before.schema}"
    if before == after:
        return None if found == before else f"{found} instead of {before}"
    for name in GROWING:
        least, most = before.counts.get(name, 0), after.counts.get(name, 0)
        if not least <= found.counts.get(name, 0) <= most:
            return f"{found.counts.get(name, 0)} rows of {name}, not {least} to {most}"
    return None
