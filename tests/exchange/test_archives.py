"""Archives are not trusted: what is not whole, not ours, or a bomb is refused with a sentence."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable
from typing import Any

import pytest

from pledgetracker.api.files import archives
from pledgetracker.api.files.archives import MANIFEST, ArchiveRefused, ArchiveWriter, members
from tests.exchange.conftest import Bring, Refuse, file

DOCUMENT = json.dumps(
    {"format": "pledgetracker/1", "initiative": None, "pledgers": [], "pledges": []}
).encode()


RECORD = json.dumps(
    {
        "format": "pledgetracker-record/1",
        **{name: [] for name in ("rates", "policies", "former_pledgers", "former_initiatives", "flags")},
    }
).encode()


def archive(**contents: bytes) -> bytes:
    """An archive of ours with members `name` + .json, and what belongs to the whole."""
    target = io.BytesIO()
    made = ArchiveWriter(target)
    made.add("record.json", lambda stream: stream.write(RECORD))  # type: ignore[arg-type]
    for name, content in contents.items():
        made.add(f"{name}.json", lambda stream, content=content: stream.write(content))  # type: ignore[misc]
    made.close()
    return target.getvalue()


def zipped(*named: tuple[str, bytes], manifest: Any = ..., compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip file of anybody's, with a manifest that is right unless said otherwise."""
    if manifest is ...:
        told = [{"name": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in named]
        manifest = {"format": archives.FORMAT_WITHOUT_PAST, "members": told}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as made:
        for name, content in named:
            made.writestr(name, content)
        if manifest is not None:
            made.writestr(MANIFEST, manifest if isinstance(manifest, bytes) else json.dumps(manifest))
    return target.getvalue()


def test_members_are_read_as_files(bring: Bring) -> None:
    found = members(file(archive(one=DOCUMENT), "a.zip"))
    assert found.record is not None
    for member, name, content in zip(
        (*found.documents, found.record), ("one", "record"), (DOCUMENT, RECORD), strict=True
    ):
        with member.open() as stream:
            assert (member.name, stream.read()) == (f"a.zip/{name}.json", content)
    bring(file(archive(one=DOCUMENT.replace(b"tracker/1", b"tracker/2"))))


def test_archives_from_before_they_told_of_the_past_are_read(bring: Bring) -> None:
    old = zipped(("one.json", DOCUMENT))
    assert members(file(old)).record is None
    assert bring(file(old)).lines() == ["Nothing was in it."]


def test_the_same_members_give_the_same_bytes() -> None:
    assert archive(one=DOCUMENT, two=b"x") == archive(one=DOCUMENT, two=b"x")


def test_names_are_names_and_no_paths(bring: Bring, tmp_path: Any) -> None:
    bring(file(zipped(("../../escaped.json", DOCUMENT), ("/etc/passwd.json", DOCUMENT))))
    assert list(tmp_path.rglob("*escaped*")) == []


def large_directory() -> bytes:
    """An archive whose end says that its list of members is enormous."""
    content = bytearray(archive(one=DOCUMENT))
    at = content.rfind(b"PK\x05\x06")
    content[at + 12 : at + 16] = (0x7FFFFFFF).to_bytes(4, "little")
    return bytes(content)


def flag_encrypted() -> bytes:
    content = bytearray(zipped(("a.json", DOCUMENT)))
    at = content.find(b"PK\x01\x02")
    content[at + 8] |= 1
    return bytes(content)


WRONG: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut short": (lambda: archive(one=DOCUMENT)[:-30], "cannot be read"),
    "only its beginning": (lambda: b"PK\x03\x04" + b"x" * 100, "no zip file"),
    "a byte changed": (
        lambda: archive(one=DOCUMENT).replace(b"PK\x03\x04", b"PK\x03\x05", 2),
        "no .json|cannot be read|no zip",
    ),
    "no manifest": (lambda: zipped(("a.json", DOCUMENT), manifest=None), "no archive of a record"),
    "a workbook": (lambda: zipped(("[Content_Types].xml", b"<x/>"), manifest=None), "save its table as CSV"),
    "another format": (lambda: zipped(manifest={"format": "other"}), "only the formats"),
    "a manifest that is none": (lambda: zipped(manifest=b"{"), "cannot be read"),
    "a manifest of nothing": (lambda: zipped(manifest={"format": archives.FORMAT}), "which members"),
    "a member more": (
        lambda: zipped(("a.json", DOCUMENT), manifest={"format": archives.FORMAT, "members": []}),
        "other members than there are",
    ),
    "a member that is not what the manifest says": (
        lambda: zipped(
            ("a.json", DOCUMENT),
            manifest={"format": archives.FORMAT, "members": [{"name": "a.json", "sha256": "0"}]},
        ),
        "a.json is not what the manifest says",
    ),
    "a list of members beyond all bounds": (large_directory, "list of members is larger"),
    "one that tells of no whole": (
        lambda: zipped(manifest={"format": archives.FORMAT, "members": []}),
        "no record.json",
    ),
    "encrypted": (flag_encrypted, "cannot be read"),
    "a member that is no JSON": (lambda: zipped(("a.json", b"[]")), "must be one JSON object"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_no_archive_of_ours_is_refused(refuse: Refuse, case: str) -> None:
    make, complaint = WRONG[case]
    content = make()
    told = refuse(file(b"PK\x03\x04" + content[4:], "a.zip"))
    assert len(told) == 1
    assert told[0].startswith("a.zip")
    assert re.search(complaint, told[0]), told[0]


def test_two_members_of_one_name_are_refused() -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(("a.json", DOCUMENT), ("a.json", b"{}"))
    with pytest.raises(ArchiveRefused, match="one name"):
        members(file(content))


def test_too_many_members_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    with pytest.raises(ArchiveRefused, match="11 members"):
        members(file(archive(**{f"m{n}": DOCUMENT for n in range(9)})))


def test_a_bomb_is_refused_before_it_goes_off(refuse: Refuse) -> None:
    """A hundred megabytes of zeros in a hundred kilobytes; a thousandth of that is read."""
    bomb = zipped(("a.json", bytes(100 * 1024 * 1024)))
    assert len(bomb) < 200 * 1024
    assert refuse(file(bomb, "bomb.zip")) == [
        "bomb.zip: It unpacks to more than any record does; nothing of it was brought in."
    ]


def test_many_small_bombs_are_one_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "FREE_BYTES", 0)
    bomb = zipped(*((f"{n}.json", bytes(1024 * 1024)) for n in range(20)))
    with pytest.raises(ArchiveRefused, match="more than any record"):
        members(file(bomb))


def test_a_bomb_that_lies_about_its_size_is_no_better(refuse: Refuse) -> None:
    content = bytearray(zipped(("a.json", bytes(30 * 1024 * 1024))))
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = content.find(mark)
        content[at + place : at + place + 4] = (10).to_bytes(4, "little")
    [told] = refuse(file(bytes(content), "liar.zip"))
    assert told.startswith("liar.zip: ")


def test_an_archive_of_the_library_without_compression_is_read(bring: Bring) -> None:
    bring(file(zipped(("a.json", DOCUMENT), compression=zipfile.ZIP_STORED)))
