"""Putting a backup in the place of the record."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pledgetracker.domain.audit import Action, Actor
from pledgetracker.services import copies
from pledgetracker.services.copies import CopyRefused, Manifest, NotAFile
from pledgetracker.services.holding import hold_restored
from pledgetracker.storage import files, schema
from pledgetracker.storage.database import Database, Transaction
from pledgetracker.storage.dialects.files import url_of


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did.

    Attributes:
        kept: where the database that was there before lies now; None if there was none.
    """

    manifest: Manifest
    kept: Path | None


def restore(database: Database, file: Path, *, actor: Actor, now: datetime) -> Restored:
    """Put the backup `file` in the place of the record, which is kept under another name; alerts are held.

    The backup is verified before anything is touched, and again in its place. It comes there in one step,
    and with the hold in it: at no instant can alerts go out that were sent already.

    Raises:
        NotAFile: a server keeps the record.
        CopyRefused, Damaged, FromTheFuture: the backup cannot be used; nothing was changed.
        InUse: somebody has the record open; nothing was changed.
        OSError: no room, say; nothing was changed.
    """
    place = database.file
    if place is None:
        raise NotAFile("pg_restore")
    if place.exists() and file.exists() and place.samefile(file):
        raise CopyRefused(file, "this is the record itself.")
    manifest = copies.read(file)
    _check(file, manifest)
    with database.alone(), files.draft(place) as made:
        if files.copy(file, made) != manifest.sha256:
            raise CopyRefused(file, "changed while it was being copied.")
        expected = _mark(made, manifest, actor, now)
        files.resemble(made, place)
        kept = files.set_aside(place, mark=f"replaced-{now:%Y%m%dT%H%M%S.%fZ}")
        files.put(made, place)
        if copies.examine(place) != expected:
            raise CopyRefused(place, f"not as it was written; the record before lies in {kept}.")
    return Restored(manifest, kept)


def _check(file: Path, manifest: Manifest) -> None:
    """Refuse a backup that is not what its manifest says.

    Raises:
        CopyRefused, Damaged, FromTheFuture: see `restore`.
    """
    if not file.is_file():
        raise CopyRefused(file, "not there.")
    if files.sha256(file) != manifest.sha256:
        raise CopyRefused(file, "not the file that its manifest tells of: damaged, cut short, or another.")
    if copies.examine(file) != manifest.contents:
        raise CopyRefused(file, "does not hold what its manifest says.")
    schema.check_known(manifest.contents.schema)


def _mark(made: Path, manifest: Manifest, actor: Actor, now: datetime) -> copies.Contents:
    """Write into the copy that it was restored, and what follows from that; returns what it then holds."""
    told = {"made_at": manifest.made_at, "program": manifest.program, "sha256": manifest.sha256}

    def tell(tx: Transaction) -> None:
        hold_restored(tx, now=now)
        if manifest.contents.head is not None:
            tx.audit.append(Action.RECORD_RESTORE, "record", None, told, now=now)

    copy = Database(url_of(made))
    try:
        copy.write(tell, actor=actor)
    finally:
        copy.close()
    return copies.examine(made)
