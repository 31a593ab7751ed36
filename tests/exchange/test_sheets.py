"""Tables: encodings, separators and shapes, found out, or told with the row."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.api.files import decoding
from pledgetracker.api.files.decoding import EncodingUnknown, LineEndless, lines
from pledgetracker.api.files.sheets import (
    ColumnTwice,
    RowMalformed,
    Sheet,
    SheetEmpty,
    SheetForm,
    TooManyColumns,
)
from pledgetracker.domain.errors import Refusal


def sheet(content: bytes, encoding: str | None = None, separator: str | None = None) -> Sheet:
    return Sheet(io.BytesIO(content), SheetForm(encoding, separator))


def rows(content: bytes, encoding: str | None = None) -> Sequence[list[str]]:
    return [row for _, row in sheet(content, encoding).rows()]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "cp1252"],
)
def test_what_is_known_of_the_encoding_is_enough(encoding: str) -> None:
    marks = {
        "utf-16-le": b"\xff\xfe",
        "utf-16-be": b"\xfe\xff",
        "utf-32-le": b"\xff\xfe\0\0",
        "utf-32-be": b"\0\0\xfe\xff",
    }
    content = marks.get(encoding, b"") + "é,b\nà,ü\n".encode(encoding)
    found = sheet(content, "cp1252" if encoding == "cp1252" else None)
    assert (list(found.columns), [row for _, row in found.rows()]) == (["é", "b"], [["à", "ü"]])


def test_bytes_out_of_place_are_told_with_row_and_byte_and_the_cure() -> None:
    found = sheet(b"a,b\n1,2\n3,\xe9t\xe9\n").rows()
    assert next(found) == (2, ["1", "2"])
    with pytest.raises(RowMalformed, match=r"row 3: Byte 10 \(0xe9\) is not utf-8.*--encoding cp1252"):
        next(found)


def test_a_place_far_into_the_file_is_told_rightly() -> None:
    good = b"a,b\n" + b"1,2\n" * 100_000
    with pytest.raises(RowMalformed, match=f"row 100002: Byte {len(good):,} "):
        rows(good + b"\xff,1\n")


def test_half_a_character_at_the_end_is_told() -> None:
    with pytest.raises(RowMalformed, match="Byte 6 "):
        rows(b"a,b\n1,\xc3")


def test_an_encoding_that_nobody_knows_is_told() -> None:
    with pytest.raises(EncodingUnknown, match="'klingon'"):
        sheet(b"a,b\n", "klingon")


@pytest.mark.parametrize("name", ["rot13", "hex", "zlib", "undefined", "idn\0a"])
def test_a_codec_that_makes_no_text_is_no_encoding(name: str) -> None:
    with pytest.raises(EncodingUnknown):
        sheet(b"a,b\n", name)


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "MAX_LINE", 100_000)
    with pytest.raises(LineEndless):
        list(lines(io.BytesIO(b"x" * 1_000_000)))


@given(st.text(st.sampled_from('ab\r\n"é\u2028'), max_size=200), st.integers(1, 7))
def test_lines_are_those_of_the_library_wherever_the_chunks_end(text: str, chunk: int) -> None:
    class Slow(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return super().read(chunk)

    assert list(lines(Slow(text.encode()))) == list(io.StringIO(text, newline=""))


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_is_found_out_from_the_first_line(separator: str) -> None:
    head, row = separator.join(["one", '"a,b;c"', "two"]), separator.join(["1", "x,y;z,y;z", "3"])
    found = sheet(f'{head}\n"{row}"\n'.encode()) if separator == "," else sheet(f"{head}\n{row}\n".encode())
    assert list(found.columns) == ["one", "a,b;c", "two"]


def test_a_separator_that_is_said_is_taken() -> None:
    assert list(sheet(b"a,b;c,d\n", separator=";").columns) == ["a,b", "c,d"]


@pytest.mark.parametrize("line", ["sep=;", "SEP=; "])
def test_a_file_may_say_its_separator_before_the_names(line: str) -> None:
    found = sheet(f"\ufeff{line}\r\na,b;c\r\n1,5;2\r\n".encode())
    assert list(found.columns) == ["a,b", "c"]
    assert list(found.rows()) == [(3, ["1,5", "2"])]
    with pytest.raises(SheetEmpty):
        sheet(f"{line}\n".encode())


def test_lines_within_quotation_marks_are_one_cell_and_blank_lines_nothing() -> None:
    content = b'a,b\r\n"one\r\ntwo\n",2\r\n\r\n3,"say ""hi"""\r\n'
    assert rows(content) == [["one\r\ntwo\n", "2"], ["3", 'say "hi"']]


def test_rows_and_columns_that_a_spreadsheet_left_empty_are_no_content() -> None:
    found = sheet(b'a,b,,\n1,2,,\n,,,\n"","",\n3,,,\n')
    assert list(found.columns) == ["a", "b", "", ""]
    assert list(found.rows()) == [(2, ["1", "2", "", ""]), (5, ["3", "", "", ""])]


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", SheetEmpty),
        (b"\xef\xbb\xbf", SheetEmpty),
        (b"\n\na,b\n", SheetEmpty),
        (b"a,b,a\n", ColumnTwice),
        (b"a,b, a\n", ColumnTwice),
        (b",".join(b"c%d" % n for n in range(6_000)), TooManyColumns),
        (b'a,"b\n', RowMalformed),
    ],
)
def test_a_first_row_that_names_no_columns_is_refused(content: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal):
        sheet(content)


@pytest.mark.parametrize("row", [b'"x" y,2', b'"never ends', b"x" * 1_100_000 + b",2"])
def test_a_row_that_cannot_be_read_is_told_by_its_number(row: bytes) -> None:
    with pytest.raises(RowMalformed, match="row 3: Cannot be read"):
        rows(b"a,b\n1,2\n" + row + b"\n")


def test_rows_of_another_length_are_told() -> None:
    found = sheet(b"a,b\n1\n1,2,3\n1,2\n")
    assert [found.misfit(row) for _, row in found.rows()] == [
        "Has 1 cells, and there are 2 columns.",
        "Has 3 cells, and there are 2 columns.",
        None,
    ]
