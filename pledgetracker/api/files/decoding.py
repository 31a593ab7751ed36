"""From bytes to lines: which encoding a table is in, and where it is not."""

import codecs
import io
from collections.abc import Iterator
from typing import BinaryIO

from pledgetracker.domain.errors import Refusal

CHUNK_BYTES = 64 * 1024
# Longer than any row that the record takes: a file without line ends should not fill the memory.
MAX_LINE = 4_000_000

# Those of UTF-32 first: the little-endian one begins with that of UTF-16.
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class Undecodable(Refusal):
    """The bytes are not of the encoding that they are taken for."""

    def __init__(self, encoding: str, at: int, byte: int) -> None:
        cure = "Save it as UTF-8, or say which it is: --encoding cp1252, say."
        super().__init__(f"Byte {at:,} (0x{byte:02x}) is not {encoding}. {cure}")


class EncodingUnknown(Refusal):
    """Nobody knows an encoding of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no encoding {name[:40]!r}: utf-8, utf-16, cp1252, latin-1, say.")


class LineEndless(Refusal):
    """A line is longer than any that means something."""

    def __init__(self) -> None:
        super().__init__(f"A line is longer than {MAX_LINE:,} characters; is this a table?")


def lines(stream: BinaryIO, encoding: str | None = None) -> Iterator[str]:
    """The lines of `stream` with their ends, as they come; a byte order mark says more than `encoding`.

    Raises:
        Undecodable: a byte is out of place; all lines before it have been given.
        EncodingUnknown: there is no such encoding.
        LineEndless: a line goes on and on.
    """
    rest = ""
    for text, problem in _decoded(stream, encoding):
        buffered = rest + text
        # The second half of a line end may come with the next chunk.
        held = "\r" if buffered.endswith("\r") and problem is None else ""
        found = list(io.StringIO(buffered[: len(buffered) - len(held)], newline=""))
        rest = (found.pop() if found and not found[-1].endswith(("\n", "\r")) else "") + held
        yield from found
        if problem is not None:
            raise problem
        if len(rest) > MAX_LINE:
            raise LineEndless
    if rest:
        yield rest


def _decoded(stream: BinaryIO, encoding: str | None) -> Iterator[tuple[str, Undecodable | None]]:
    """The text chunk by chunk; beside the last that can be read, what is wrong with what follows."""
    first = stream.read(CHUNK_BYTES)
    mark, name = next(
        ((bom, name) for bom, name in _BOMS if first.startswith(bom)), (b"", encoding or "utf-8")
    )
    decoder = _decoder(name)
    consumed, chunk = len(mark), first[len(mark) :]
    while True:
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            at = consumed - pending + error.start
            good = error.object[: error.start].decode(name)
            yield good, Undecodable(name, at, error.object[error.start])
            return
        yield text, None
        if not chunk:
            return
        consumed += len(chunk)
        chunk = stream.read(CHUNK_BYTES)


def _decoder(name: str) -> codecs.IncrementalDecoder:
    try:
        # Codecs that make no text of bytes, as rot13 and hex, are known by the same names.
        "".encode(name)
        return codecs.getincrementaldecoder(name)()
    except (LookupError, ValueError):
        raise EncodingUnknown(name) from None
