"""Files that are there whole or not at all, also after a power cut."""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pledgetracker.storage.occupancy import SUFFIX

# What SQLite keeps beside a database, and we do.
SIDE_FILES = ("-wal", "-shm", "-journal")
_ONLY_OWNER = 0o600
_CHUNK_BYTES = 1024 * 1024


@contextmanager
def draft(place: Path) -> Iterator[Path]:
    """An empty file beside `place` that only its owner may read; gone in the end unless it was moved.

    Raises:
        OSError: it cannot be made.
    """
    made = place.with_name(f".{place.name}.{secrets.token_hex(4)}.part")
    os.close(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _ONLY_OWNER))
    try:
        yield made
    finally:
        for suffix in ("", *SIDE_FILES, SUFFIX):
            beside(made, suffix).unlink(missing_ok=True)


def put(made: Path, place: Path) -> None:
    """Put a finished draft in its place, over what is there, in one step that lasts."""
    sync(made)
    made.replace(place)
    sync(place.parent)


def write(place: Path, content: bytes) -> None:
    """Write a whole file that only its owner may read."""
    with draft(place) as made:
        made.write_bytes(content)
        put(made, place)


def copy(source: Path, target: Path) -> str:
    """Copy a file's content; returns its SHA-256 in hexadecimal."""
    told = hashlib.sha256()
    with source.open("rb") as reading, target.open("wb") as writing:
        while chunk := reading.read(_CHUNK_BYTES):
            told.update(chunk)
            writing.write(chunk)
    return told.hexdigest()


def sha256(file: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    with file.open("rb") as reading:
        return hashlib.file_digest(reading, "sha256").hexdigest()


def set_aside(file: Path, *, mark: str) -> Path | None:
    """Give a database file and its side files other names, ending in `mark`; returns the file's.

    The file itself keeps its name too, until another is put over it: there is no instant without a database.
    """
    if not file.exists():
        return None
    kept = file.with_name(f"{file.name}.{mark}")
    os.link(file, kept)
    for suffix in SIDE_FILES:
        if beside(file, suffix).exists():
            beside(file, suffix).rename(beside(kept, suffix))
    sync(file.parent)
    return kept


def resemble(made: Path, model: Path) -> None:
    """Give a file the owner and mode of another, if that is there: whoever used the one is to use the other.

    Raises:
        OSError: it cannot be given to that owner.
    """
    if model.exists():
        known = model.stat()
        if (known.st_uid, known.st_gid) != (made.stat().st_uid, made.stat().st_gid):
            os.chown(made, known.st_uid, known.st_gid)
        made.chmod(stat.S_IMODE(known.st_mode))


def beside(file: Path, suffix: str) -> Path:
    """A side file of a database file."""
    return file.with_name(file.name + suffix)


def sync(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
