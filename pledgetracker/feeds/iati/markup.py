"""Building XML that nothing recorded can break: all is escaped, and free of what XML forbids."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from xml.etree.ElementTree import Element, SubElement, tostring

ENGLISH = "en"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
# Of XML 1.0, production Char.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

Attributes = Mapping[str, str | None]


def root(tag: str, attributes: Attributes, *, language: str) -> Element:
    """An element under which all is in `language` unless it says so."""
    return Element(tag, {_LANGUAGE: language, **_allowed(attributes)})


def add(parent: Element, tag: str, attributes: Attributes | None = None) -> Element:
    """An element under `parent`; attributes that are None are left out."""
    return SubElement(parent, tag, _allowed(attributes or {}))


def narrative(parent: Element, text: str, *, language: str | None = None) -> None:
    """A text under `parent`, in `language` or in that of the element around it."""
    child = SubElement(parent, "narrative", {} if language is None else {_LANGUAGE: language})
    child.text = allowed(text)


def titled(parent: Element, tag: str, text: str, *, language: str | None = None) -> None:
    """An element under `parent` that holds one text."""
    narrative(add(parent, tag), text, language=language)


def allowed(text: str) -> str:
    """The text, with a replacement character for each that XML cannot carry in any way."""
    return _FORBIDDEN.sub("\ufffd", text)


def instant(moment: datetime) -> str:
    """`2025-11-04T12:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def serialised(element: Element) -> bytes:
    """The element, on lines of its own."""
    return tostring(element, encoding="unicode").encode() + b"\n"


def _allowed(attributes: Attributes) -> dict[str, str]:
    return {name: allowed(value) for name, value in attributes.items() if value is not None}
