"""A large JSON object read piece by piece says what the whole says, and what is no JSON is refused."""

import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.api.files import json_stream
from pledgetracker.api.files.json_stream import JsonStream
from pledgetracker.api.parsing import Malformed
from pledgetracker.domain.errors import Invalid

characters = st.sampled_from('ab"\\{}[],: é\n') | st.characters(codec="utf-8", exclude_characters="\x00")
texts = st.text(characters)
leaves = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | texts
values = st.recursive(
    leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3)
)


class Slow(io.BytesIO):
    """Gives a few bytes at a time."""

    chunk = 3

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(self.chunk)


def pieces(content: bytes | str, *lists: str) -> list[tuple[str, int | None, Any]]:
    raw = content.encode() if isinstance(content, str) else content
    return list(JsonStream(Slow(raw), lists).pieces())


@given(st.dictionaries(texts, values, max_size=4), st.sampled_from([None, 2]))
def test_the_pieces_are_the_members(document: dict[str, Any], indent: int | None) -> None:
    content = json.dumps(document, indent=indent, ensure_ascii=False)
    assert {name: value for name, _, value in pieces(content)} == document


@given(st.lists(values, max_size=4))
def test_a_list_comes_item_by_item(items: list[Any]) -> None:
    found = pieces(json.dumps({"a": 1, "many": items, "b": 2}), "many")
    assert [value for name, place, value in found if name == "many" and place is not None] == items
    assert [name for name, _, _ in found if name != "many"] == ["a", "b"]


def test_a_byte_order_mark_is_passed_over() -> None:
    assert pieces(b'\xef\xbb\xbf {"a": 1}\n') == [("a", None, 1)]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{",
        '{"a"',
        '{"a": ',
        '{"a": 1',
        '{"a": 1,}',
        '{"a": "x',
        '{"a": [1, 2',
        '{"many": [1 2]}',
        '{"many": [1,]}',
        '{"a" 1}',
        "{1: 2}",
        '{"a": 1} {"b": 2}',
        '{"a": 1, "a": 2}',
        '{"a": tru}',
        '{"a": {"b": 1]}',
        '{"a": ' + "[" * 30 + "]" * 30 + "}",
        '{"a": ' + "[" * 100_000,
        b'{"a": "\xff"}',
        '{"a": {"b": 1, "b": 2}}',
    ],
)
def test_what_is_no_json_object_is_refused(content: bytes | str) -> None:
    with pytest.raises(Malformed):
        pieces(content, "many")


def test_what_nothing_can_store_is_refused() -> None:
    with pytest.raises(Invalid):
        pieces('{"a": "\\u0000"}')


@pytest.mark.parametrize(("limit", "value"), [("MAX_TEXT_BYTES", '"x'), ("MAX_PIECE_BYTES", "[1,")])
def test_what_never_ends_is_refused_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch, limit: str, value: str
) -> None:
    monkeypatch.setattr(json_stream, limit, 100_000)

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1, /) -> bytes:
            self.given += size
            assert self.given < 1_000_000
            return (b'{"a": ' + value.encode() if self.given == size else b"") + b"1, " * (size // 3)

    with pytest.raises(Malformed, match=r"longer than|larger than"):
        list(JsonStream(Endless(), ()).pieces())  # type: ignore[arg-type]
