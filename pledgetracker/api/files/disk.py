"""Files on a disk: read under somebody's eyes, written whole or not at all."""

import csv
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import RawIOBase
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO

from pledgetracker.api.files.cells import guarded
from pledgetracker.api.files.incoming import FileKind, Incoming
from pledgetracker.api.files.mapping import TableMapping
from pledgetracker.api.files.sheets import Sheet

STANDARD = Path("-")


class Watched(RawIOBase):
    """A file that tells how many bytes were read whenever some were."""

    def __init__(self, path: Path, tell: Callable[[int], object]) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._tell = tell

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go elsewhere."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        """Read some."""
        number = self._file.readinto(buffer)
        self._tell(number)
        return number

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


@contextmanager
def written_whole(target: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `target` once all of it is written; `-` is the standard output."""
    if target == STANDARD:
        with TemporaryFile() as stream:
            yield stream
            stream.seek(0)
            shutil.copyfileobj(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    draft = target.with_name(f"{target.name}.{secrets.token_hex(8)}")
    try:
        with draft.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


def write_skipped(target: Path, found: Sequence[Incoming], mapping: TableMapping) -> None:
    """Write a table of the rows of which the mapping takes nothing: file, row, label, and why not."""
    with target.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "row", "label", "reason"])
        for file in found:
            if file.kind() is not FileKind.TABLE:
                continue
            with file.open() as source:
                sheet = Sheet(source, mapping.form)
                for number, row in sheet.rows():
                    skipped = mapping.skipped(number, mapping.read(sheet.columns, row))
                    if skipped is not None:
                        reasons = "; ".join(skipped.reasons)
                        table.writerow([file.name, number, guarded(skipped.label), guarded(reasons)])
