"""JSON as files have it: indented, exact, and written piece by piece."""

from collections.abc import Iterable
from typing import Any, BinaryIO

import orjson

from pledgetracker.api.answers import to_json
from pledgetracker.api.files.documents import spare


def write_list(target: BinaryIO, documents: Iterable[Any]) -> None:
    """Write a list of documents, each without what says nothing, one after the other."""
    is_empty = True
    for document in documents:
        target.write((b"[\n    " if is_empty else b",\n    ") + indented(spare(document), 4))
        is_empty = False
    target.write(b"[]" if is_empty else b"\n  ]")


def indented(document: Any, by: int) -> bytes:
    """JSON over several lines, all but the first moved to the right."""
    # No text in JSON holds a line end.
    text = orjson.dumps(document, default=_exact, option=orjson.OPT_INDENT_2)
    return text.replace(b"\n", b"\n" + b" " * by)


def _exact(value: Any) -> Any:
    return orjson.Fragment(to_json(value))
