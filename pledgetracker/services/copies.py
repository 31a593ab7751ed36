"""What a copy of the record says of itself, and whether that is so."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from pledgetracker.domain.errors import Refusal
from pledgetracker.services.auditing import verify
from pledgetracker.storage import files
from pledgetracker.storage.database import look_into

FORMAT = 1
# The tables that make an audit log; older records have none.
AUDIT_TABLES = {"audit_entries", "audit_head"}


class CopyRefused(Refusal):
    """A copy is not what it should be."""

    def __init__(self, file: Path, found: str) -> None:
        super().__init__(f"{file}: {found}")


class NotAFile(Refusal):
    """The record is kept by a server, which has tools of its own."""

    def __init__(self, tool: str) -> None:
        super().__init__(f"This record is kept by a database server: use {tool}; see docs/operating.md.")


@dataclass(frozen=True, slots=True)
class Contents:
    """What a record holds.

    Attributes:
        schema: its version.
        counts: rows by table.
        entries: how many entries its audit log has.
        head: the hash of the last of them; None where there is no log yet.
    """

    schema: str | None
    counts: Mapping[str, int]
    entries: int
    head: str | None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is written beside a backup.

    Attributes:
        program: the version of pledgetracker that made it.
        sha256: of the file, in hexadecimal.
    """

    made_at: datetime
    program: str
    sha256: str
    contents: Contents


def manifest_of(file: Path) -> Path:
    """Where the manifest of a backup lies."""
    return files.beside(file, ".manifest.json")


def examine(file: Path) -> Contents:
    """What a database file that nobody writes holds.

    Raises:
        Damaged: it is not whole.
        CopyRefused: its audit log is not.
    """
    with look_into(file) as tx:
        counts = tx.counts()
        if not counts.keys() >= AUDIT_TABLES:
            return Contents(tx.schema_version(), counts, 0, None)
        verdict = verify(tx)
        if verdict.broken is not None:
            raise CopyRefused(file, f"its audit log does not hold: {verdict.broken}")
        return Contents(tx.schema_version(), counts, verdict.entries, verdict.head)


def write(manifest: Manifest, file: Path) -> None:
    """Write the manifest of the backup `file`."""
    document = {
        "format": FORMAT,
        "made_at": manifest.made_at.isoformat(),
        "program": manifest.program,
        "sha256": manifest.sha256,
        **asdict(manifest.contents),
    }
    files.write(manifest_of(file), json.dumps(document, indent=2).encode() + b"\n")


def read(file: Path) -> Manifest:
    """The manifest of the backup `file`.

    Raises:
        CopyRefused: there is none, or it is not one.
    """
    place = manifest_of(file)
    try:
        document: dict[str, Any] = json.loads(place.read_bytes())
        if document["format"] != FORMAT:
            raise CopyRefused(place, "this program does not know its format; use the newer one that made it.")
        return Manifest(
            made_at=datetime.fromisoformat(document["made_at"]),
            program=str(document["program"]),
            sha256=str(document["sha256"]),
            contents=Contents(
                document["schema"], dict(document["counts"]), document["entries"], document["head"]
            ),
        )
    except FileNotFoundError:
        raise CopyRefused(place, "not there; a backup is restored together with its manifest.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise CopyRefused(place, "not a manifest of a backup.") from error
