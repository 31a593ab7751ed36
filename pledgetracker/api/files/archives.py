"""Archives of a whole record: one zip file, the same bytes for the same record, read without trusting it."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import orjson

from pledgetracker.api.files.incoming import Incoming
from pledgetracker.domain.errors import Refusal

FORMAT = "pledgetracker-archive/2"
# Without the instants at which everything was recorded.
FORMAT_WITHOUT_PAST = "pledgetracker-archive/1"
MANIFEST = "manifest.json"
INITIATIVES = "initiatives/"
WITHOUT_INITIATIVE = "without_initiative.json"
RECORD = "record.json"

# What the files of spreadsheets, which are zip files too, have in them.
_OF_SPREADSHEETS = {"[Content_Types].xml", "mimetype"}

MAX_MEMBERS = 20_000
MAX_MANIFEST_BYTES = 16 * 1024 * 1024
MAX_DIRECTORY_BYTES = 16 * 1024 * 1024
MAX_BYTES = 16 * 1024**3
# Our own shrink to a twentieth at best; a bomb, to a thousandth.
MAX_RATIO = 200
FREE_BYTES = 16 * 1024 * 1024
CHUNK_BYTES = 64 * 1024

_END = b"PK\x05\x06"
_END_BYTES = 22
_LARGE_END = b"PK\x06\x07"
_LARGE_END_BYTES = 20
_MAX_COMMENT_BYTES = 65_535
_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_READABLE = 0o644 << 16

# What the library raises of a broken archive, or of one packed in a way that it does not know.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    UnicodeDecodeError,
)


class ArchiveRefused(Refusal):
    """It is no archive of a record, or not whole, or made to fill the memory."""


class ArchiveWriter:
    """Writes an archive: members in the order in which they come, the manifest last."""

    def __init__(self, target: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED)
        self._members: list[dict[str, Any]] = []

    def add(self, name: str, write: Callable[[BinaryIO], None]) -> None:
        """Add the member that `write` writes."""
        with self._zip.open(_entry(name), "w") as stream:
            counting = _Counting(stream)
            write(counting)  # type: ignore[arg-type]
        self._members.append({"name": name, "bytes": counting.bytes, "sha256": counting.sha256.hexdigest()})

    def close(self) -> None:
        """Write the manifest, and end the archive."""
        manifest = {"format": FORMAT, "members": self._members}
        self._zip.writestr(_entry(MANIFEST), orjson.dumps(manifest, option=orjson.OPT_INDENT_2) + b"\n")
        self._zip.close()


def _entry(name: str) -> zipfile.ZipInfo:
    """A member without anything that differs from one day or machine to the next."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = _UNIX
    info.external_attr = _READABLE
    return info


class _Counting:
    """Counts and hashes what is written."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.bytes = 0
        self.sha256 = hashlib.sha256()

    def write(self, content: bytes) -> int:
        self._stream.write(content)
        self.sha256.update(content)
        self.bytes += len(content)
        return len(content)


@dataclass(frozen=True, slots=True)
class Members:
    """What is brought in of an archive; the tables in it are copies for people who read.

    Attributes:
        documents: the files of initiatives, and of pledges without one.
        record: what belongs to the record as a whole; None in archives from before there was that.
    """

    documents: list[Incoming]
    record: Incoming | None


def members(archive: Incoming) -> Members:
    """The JSON files of an archive, once all of it is found to be what its manifest says.

    Raises:
        ArchiveRefused: it is no archive of a record, or not whole, or made to fill the memory.
    """
    with _opened(archive) as (found, size):
        form, manifest = _manifest(found)
        budget = _Budget(size)
        for name, wanted in manifest.items():
            if _sha256(found, name, budget) != wanted:
                raise ArchiveRefused(f"{name} is not what the manifest says: its SHA-256 differs.")
    files = {name: _member(archive, name) for name in manifest if name.endswith(".json")}
    if form == FORMAT_WITHOUT_PAST:
        return Members(list(files.values()), None)
    if RECORD not in files:
        raise ArchiveRefused(f"It has no {RECORD}, and so is not whole.")
    record = files.pop(RECORD)
    return Members(list(files.values()), record)


def _member(archive: Incoming, name: str) -> Incoming:
    return Incoming(f"{archive.name}/{name}", lambda: _member_stream(archive, name))


def _manifest(archive: zipfile.ZipFile) -> tuple[str, Mapping[str, str]]:
    """The format, and the SHA-256 of each member by its name."""
    names = archive.namelist()
    if len(names) > MAX_MEMBERS:
        raise ArchiveRefused(f"It has {len(names):,} members; at most {MAX_MEMBERS:,} are read.")
    if len(set(names)) < len(names):
        raise ArchiveRefused("Two members have one name.")
    if not _OF_SPREADSHEETS.isdisjoint(names):
        raise ArchiveRefused("It is a workbook of a spreadsheet: save its table as CSV, and bring that in.")
    if MANIFEST not in names:
        raise ArchiveRefused(f"It has no {MANIFEST}, and so is no archive of a record.")
    with archive.open(MANIFEST) as stream:
        content = stream.read(MAX_MANIFEST_BYTES + 1)
    if len(content) > MAX_MANIFEST_BYTES:
        raise ArchiveRefused(f"{MANIFEST} is larger than {MAX_MANIFEST_BYTES // 1024**2} MiB.")
    said: Any = orjson.loads(content)
    if not isinstance(said, dict) or said.get("format") not in {FORMAT, FORMAT_WITHOUT_PAST}:
        raise ArchiveRefused(f"{MANIFEST}: only the formats {FORMAT_WITHOUT_PAST} and {FORMAT} are known.")
    try:
        told = {str(member["name"]): str(member["sha256"]) for member in said["members"]}
    except (KeyError, TypeError):
        raise ArchiveRefused(f"{MANIFEST} does not say which members there are.") from None
    if told.keys() != set(names) - {MANIFEST}:
        raise ArchiveRefused(f"{MANIFEST} tells of other members than there are.")
    return said["format"], told


class _Budget:
    """How much may come out of an archive, whatever it says of itself."""

    def __init__(self, size: int) -> None:
        self._left = min(MAX_BYTES, FREE_BYTES + MAX_RATIO * size)

    def spend(self, number: int) -> None:
        """Count what came out.

        Raises:
            ArchiveRefused: it is too much.
        """
        self._left -= number
        if self._left < 0:
            raise ArchiveRefused("It unpacks to more than any record does; nothing of it was brought in.")


def _sha256(archive: zipfile.ZipFile, name: str, budget: _Budget) -> str:
    digest = hashlib.sha256()
    with archive.open(name) as stream:
        while chunk := stream.read(CHUNK_BYTES):
            budget.spend(len(chunk))
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def _opened(archive: Incoming) -> Iterator[tuple[zipfile.ZipFile, int]]:
    """The archive, and how many bytes it has."""
    with archive.open() as stream, _told():
        size = stream.seek(0, io.SEEK_END)
        _check_directory(stream, size)
        with zipfile.ZipFile(stream) as found:
            yield found, size


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except _UNREADABLE as error:
        raise ArchiveRefused(f"It cannot be read: {error}.") from error


def _check_directory(stream: BinaryIO, size: int) -> None:
    """Look how large the list of members is before the library reads it whole.

    Raises:
        ArchiveRefused: it is larger than that of any archive of ours.
    """
    tail = min(size, _END_BYTES + _MAX_COMMENT_BYTES + _LARGE_END_BYTES)
    stream.seek(size - tail)
    end = stream.read(tail)
    at = end.rfind(_END)
    if at < 0 or len(end) - at < _END_BYTES:
        raise ArchiveRefused("It cannot be read: it is no zip file, or not whole.")
    directory = int.from_bytes(end[at + 12 : at + 16], "little")
    is_large = end[max(0, at - _LARGE_END_BYTES) : at].startswith(_LARGE_END)
    if is_large or directory > MAX_DIRECTORY_BYTES:
        raise ArchiveRefused("Its list of members is larger than that of any record.")


class _MemberStream(io.RawIOBase):
    """One member, as a file of its own that closes the archive with it."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        super().__init__()
        self._source = source
        with _told():
            self._zip = zipfile.ZipFile(source)
            self._member = self._zip.open(name)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read some."""
        with _told():
            chunk = self._member.read(len(buffer))
        buffer[: len(chunk)] = chunk
        return len(chunk)

    def close(self) -> None:
        """Close everything that was opened for it."""
        if not self.closed:
            self._member.close()
            self._zip.close()
            self._source.close()
        super().close()


def _member_stream(archive: Incoming, name: str) -> BinaryIO:
    return io.BufferedReader(_MemberStream(archive.open(), name), CHUNK_BYTES)
