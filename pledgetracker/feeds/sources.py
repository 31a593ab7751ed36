"""Sources as other formats want them: with an address that is a URI, a title, and a media type."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import SplitResult, quote, urlsplit, urlunsplit

from pledgetracker.domain.pledge import Source

HTML = "text/html"
# By the end of an address; what says nothing is a page.
_MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "xml": "application/xml",
    "zip": "application/zip",
}
# RFC 3986: what may stand in a part of an address as it is.
_UNRESERVED_AND_DELIMITERS = "!$&'()*+,;=:@~"
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_USER = r"(?:[A-Za-z0-9._~%!$&'()*+,;=:-]*@)?"
_HOST = r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]+)"
_AUTHORITY = re.compile(rf"{_USER}{_HOST}(?::[0-9]{{1,5}})?")


@dataclass(frozen=True, slots=True)
class Link:
    """A document somewhere in the web.

    Attributes:
        url: a URI as in RFC 3986.
        media_type: as far as its address tells.
        published_on: the day it was published, where known.
        quote: a few of its words.
    """

    url: str
    title: str
    media_type: str
    published_on: date | None = None
    quote: str | None = None


def uri(address: str) -> str | None:
    """`address` as a URI, what has no place in one percent-encoded; None if that does not make it one."""
    try:
        parts = urlsplit(address)
        # An empty port says nothing, and not every reader takes it.
        host = _quoted(parts.netloc, "[]").removesuffix(":")
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not _AUTHORITY.fullmatch(host):
        return None
    path, query = _quoted(parts.path, "/"), _quoted(parts.query, "/?")
    return urlunsplit(SplitResult(parts.scheme, host, path, query, _quoted(parts.fragment, "/?")))


def links(sources: Iterable[Source]) -> Iterator[Link]:
    """The documents that can be linked to: each source, then its archived copy."""
    for source in sources:
        title = source.title or source.publisher
        for address, is_copy in ((source.url, False), (source.archived_url, True)):
            url = None if address is None else uri(address)
            if url is not None:
                named = title or url
                yield Link(
                    url,
                    f"{named} (archived copy)" if is_copy else named,
                    HTML if is_copy else _media_type(url),
                    source.published_on,
                    source.quote,
                )


def unlinked(sources: Iterable[Source]) -> Iterator[str]:
    """In one line each, the sources that cannot be linked to: printed ones, and addresses that are none."""
    for source in sources:
        if not any(links([source])):
            said = (source.title, source.publisher, source.published_on, source.url, source.archived_url)
            quoted = () if source.quote is None else (f"“{source.quote}”",)
            told = [*(str(part) for part in said if part is not None), *quoted]
            if told:
                yield ", ".join(told)


def _quoted(text: str, more: str) -> str:
    return quote(_LONE_PERCENT.sub("%25", text), safe=_UNRESERVED_AND_DELIMITERS + "%" + more)


def _media_type(url: str) -> str:
    ending = urlsplit(url).path.rpartition(".")[2].lower()
    return _MEDIA_TYPES.get(ending, HTML)
