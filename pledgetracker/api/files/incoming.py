"""Files as they come: what each is, found out by how it begins, and opened anew as often as it is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from pledgetracker.api.files.sheets import SheetForm

_ARCHIVE = b"PK\x03\x04"
_MARK = b"\xef\xbb\xbf"
SNIFFED_BYTES = 1024


class FileKind(StrEnum):
    """What a file is."""

    ARCHIVE = "archive"
    JSON = "json"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One file.

    Attributes:
        name: what it is called where it is told of.
        open: gives its bytes from the beginning, each time that it is called.
        form: how it is written, if it is a table.
    """

    name: str
    open: Callable[[], BinaryIO]
    form: SheetForm = field(default_factory=SheetForm)

    def kind(self) -> FileKind:
        """What it is, as its first bytes tell; names tell nothing."""
        with self.open() as stream:
            head = stream.read(SNIFFED_BYTES)
        if head.startswith(_ARCHIVE):
            return FileKind.ARCHIVE
        return FileKind.JSON if head.removeprefix(_MARK).lstrip()[:1] == b"{" else FileKind.TABLE
