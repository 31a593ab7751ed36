"""Reading one large JSON object piece by piece: members whole, members that are lists item by item."""

import re
from collections.abc import Collection, Iterator
from typing import Any, BinaryIO

from pledgetracker.api.parsing import MAX_DEPTH, Malformed, parse_json

CHUNK_BYTES = 64 * 1024
# One pledge with everything that hangs on it: some hundred thousand updates.
MAX_PIECE_BYTES = 256 * 1024 * 1024
# Beyond any text that the record takes.
MAX_TEXT_BYTES = 1024 * 1024

_TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},]|"', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]+")


class JsonStream:
    """The members of the object in `stream`, in their order; only a piece of it is in memory.

    Args:
        stream: UTF-8, with or without a byte order mark.
        lists: the members that are given item by item.
    """

    def __init__(self, stream: BinaryIO, lists: Collection[str]) -> None:
        self._stream = stream
        self._lists = lists
        self._buffer = bytearray()

    def pieces(self) -> Iterator[tuple[str, int | None, Any]]:
        """Each piece: the member's name, the place in its list (None for whole members), the value.

        An empty list is given as a whole.

        Raises:
            Malformed: it is not the JSON of one object, or is nested too deeply, or a piece is too large.
            Invalid: a piece holds what nothing can store.
        """
        self._fill()
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            del self._buffer[:3]
        self._expect(b"{", "The file must be one JSON object.")
        seen: set[str] = set()
        if self._peek() == b"}":
            self._skip()
        else:
            while True:
                name = self._name()
                if name in seen:
                    raise Malformed(f"The name {name[:100]!r} stands twice in the file.")
                seen.add(name)
                yield from self._member(name)
                if self._next_of(b",", b"}") == b"}":
                    break
        if self._peek():
            raise Malformed("Something follows the object that the file should be.")

    def _member(self, name: str) -> Iterator[tuple[str, int | None, Any]]:
        if name not in self._lists or self._peek() != b"[":
            yield name, None, self._value()
            return
        self._skip()
        if self._peek() == b"]":
            self._skip()
            yield name, None, []
            return
        place = 0
        while True:
            yield name, place, self._value()
            place += 1
            if self._next_of(b",", b"]") == b"]":
                return

    def _name(self) -> str:
        name = self._value()
        if not isinstance(name, str):
            raise Malformed("The file is not JSON: a name is missing.")
        self._expect(b":", f"The file is not JSON: nothing follows the name {name[:100]!r}.")
        return name

    def _value(self) -> Any:
        """The next value, parsed whole."""
        self._peek()
        return parse_json(bytes(self._cut()))

    def _cut(self) -> bytearray:
        """The bytes of the next value, taken out of the buffer."""
        if bytes(self._buffer[:1]) not in {b"{", b"[", b'"'}:
            return self._cut_word()
        depth = position = 0
        while True:
            token, position = self._token(position)
            if token in {b"[", b"{"}:
                depth += 1
                if depth > MAX_DEPTH:
                    raise Malformed(f"The file is nested more than {MAX_DEPTH} levels deep.")
            elif token in {b"]", b"}"}:
                depth -= 1
            if depth <= 0:
                piece = self._buffer[:position]
                del self._buffer[:position]
                return piece

    def _token(self, position: int) -> tuple[bytes, int]:
        """The first bracket, comma or text from `position` on, and where it ends."""
        while True:
            found = _TOKEN.search(self._buffer, position)
            # Half a text looks like a quotation mark alone.
            if found is not None and found.group() != b'"':
                return bytes(found.group()), found.end()
            position = len(self._buffer) if found is None else found.start()
            if len(self._buffer) - position > MAX_TEXT_BYTES:
                raise Malformed(f"A text in the file is longer than {MAX_TEXT_BYTES:,} bytes.")
            if not self._fill():
                raise Malformed("The file is not JSON: it ends too early.")

    def _cut_word(self) -> bytearray:
        """A number, true, false or null."""
        while True:
            end = re.search(rb"[,\]}\s:]", self._buffer)
            if end is not None:
                piece = self._buffer[: end.start()]
                del self._buffer[: end.start()]
                return piece
            if not self._fill():
                raise Malformed("The file is not JSON: it ends too early.")

    def _peek(self) -> bytes:
        """The next byte that is no space, b"" at the end."""
        while True:
            space = _SPACE.match(self._buffer)
            del self._buffer[: space.end() if space else 0]
            if self._buffer or not self._fill():
                return bytes(self._buffer[:1])

    def _skip(self) -> None:
        del self._buffer[:1]

    def _expect(self, byte: bytes, complaint: str) -> None:
        if self._peek() != byte:
            raise Malformed(complaint)
        self._skip()

    def _next_of(self, *wanted: bytes) -> bytes:
        found = self._peek()
        if found not in wanted:
            raise Malformed("The file is not JSON: a comma or an end is missing.")
        self._skip()
        return found

    def _fill(self) -> bool:
        """Read on; False at the end of the file."""
        if len(self._buffer) > MAX_PIECE_BYTES:
            raise Malformed(f"One piece of the file is larger than {MAX_PIECE_BYTES // 2**20} MiB.")
        chunk = self._stream.read(CHUNK_BYTES)
        if not chunk:
            return False
        self._buffer += chunk
        return True
