"""From a notice to the bytes of a message: the same notice at the same instant gives the same bytes."""

import hashlib
import re
from base64 import b64encode
from binascii import b2a_qp
from datetime import datetime
from email.headerregistry import Address
from email.utils import format_datetime
from functools import lru_cache
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pledgetracker.channels.base import RecipientRefused
from pledgetracker.channels.mail.facts import Facts, clean
from pledgetracker.channels.mail.page import Page, page
from pledgetracker.channels.mail.skeleton import Skeletons
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Notice

_CRLF = "\r\n"
_LINE_CHARACTERS = 76
_WORD_BYTES = 36
_DEFAULT_SENDER_NAME = "Pledgetracker"
# Characters with a meaning in address headers; a name is as good without them.
_ADDRESS_SPECIALS = re.compile(r'[()<>\[\]:;@\\,"]')

_DOMAIN = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def compose(notice: Notice, *, sender: str, now: datetime) -> Letter:
    """The message that tells its recipient of `notice`.

    Args:
        notice: what it says and to whom.
        sender: our address, with or without a name: `alerts@example.org` or `Pledges <alerts@example.org>`.
        now: the instant of writing, for the Date header.

    Raises:
        RecipientRefused: the recipient's address is none.
        ValueError: the sender's is none.
    """
    shown = page(Facts(notice))
    origin = _sender(sender)
    try:
        recipient = _address(notice.recipient.email, notice.recipient.name or "")
    except ValueError as error:
        raise RecipientRefused(f"Not an e-mail address: {notice.recipient.email!r} ({error})") from error
    headers = (
        f"From: {_shown(origin)}",
        f"To: {_shown(recipient)}",
        _text_header("Subject", shown.subject),
        f"Date: {format_datetime(now)}",
        f"Message-ID: {notice.message_id}",
        f"Content-Language: {shown.language}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        _text_header("X-Pledgetracker-Alert", _identification(notice)),
    )
    # Quoted-printable holds no such thing in its lines.
    boundary = f"=_{hashlib.sha256(notice.message_id.encode()).hexdigest()[:32]}"
    lines = (
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: multipart/alternative;",
        f' boundary="{boundary}"',
        "",
        *_part(boundary, "plain", _templates.get_template("mail.txt").render(page=shown)),
        *_part(boundary, "html", _skeletons.fill(shown)),
        f"--{boundary}--",
        "",
    )
    content = _CRLF.join(lines).encode()
    return Letter(notice.message_id, origin.addr_spec, recipient.addr_spec, content)


def lay_out(shown: Page) -> str:
    """The HTML of a page, styles in every element, as mail programs want it."""
    return _inliner.inline(_templates.get_template("mail.html").render(page=shown))


_skeletons = Skeletons(lay_out)


def _part(boundary: str, kind: str, text: str) -> tuple[str, ...]:
    """One part of the message, in lines."""
    # Every line short and in ASCII, which no relay has a reason to rewrite.
    content = b2a_qp(text.rstrip("\n").replace("\n", _CRLF).encode())
    return (
        f"--{boundary}",
        f'Content-Type: text/{kind}; charset="utf-8"',
        "Content-Transfer-Encoding: quoted-printable",
        "",
        content.decode(),
        "",
    )


def _text_header(name: str, text: str) -> str:
    """A folded header; `EmailMessage` itself loses the space between two encoded words."""
    if text.isascii() and "=?" not in text:
        return _folded(f"{name}: {text}")
    return f"{name}: {_encoded(text)}"


def _encoded(text: str) -> str:
    """Encoded words of RFC 2047, each on a line of its own; the library takes fifty times as long."""
    words = [""]
    for character in text:
        # A word holds whole characters, and with its frame at most 75.
        if len((words[-1] + character).encode()) > _WORD_BYTES:
            words.append("")
        words[-1] += character
    return f"{_CRLF} ".join(f"=?utf-8?b?{b64encode(word.encode()).decode()}?=" for word in words)


def _folded(line: str) -> str:
    """Plain words, broken at spaces; the library takes ten times as long for it."""
    name, *words = line.split(" ")
    lines = [f"{name} {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + len(word) < _LINE_CHARACTERS:
            lines[-1] += f" {word}"
        else:
            lines.append(f" {word}")
    return _CRLF.join(lines)


def _shown(address: Address) -> str:
    name, spec = address.display_name, f"<{address.addr_spec}>"
    if not name:
        return spec
    if name.isascii() and "=?" not in name:
        return f'"{name}" {spec}'
    return f"{_encoded(name)}{_CRLF} {spec}"


def _identification(notice: Notice) -> str:
    """For filters and for people who look at headers; pledge and milestone are slugs."""
    return (
        f"kind={notice.kind.value}; pledge={notice.record.pledge.id}; milestone={notice.milestone or '-'}; "
        f"episode={notice.episode}; step={notice.step}"
    )


@lru_cache(8)
def _sender(text: str) -> Address:
    """`alerts@example.org` or `Pledges <alerts@example.org>`; commas in the name are welcome."""
    match = re.fullmatch(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>\s*", text)
    if match is None:
        return _address(text.strip(), _DEFAULT_SENDER_NAME)
    return _address(match["address"].strip(), match["name"].strip() or _DEFAULT_SENDER_NAME)


def _address(text: str, name: str) -> Address:
    """An address whose domain is written in ASCII.

    Raises:
        ValueError: there is no such address.
    """
    local, at, domain = text.rpartition("@")
    if not (local and at and domain) or clean(text) != text or " " in text:
        raise ValueError("it needs the form name@domain, on one line")
    ascii_domain = domain.encode("idna").decode()
    if not _DOMAIN.fullmatch(ascii_domain):
        raise ValueError("its domain is none")
    shown_name = re.sub(" +", " ", _ADDRESS_SPECIALS.sub(" ", clean(name))).strip()
    return Address(shown_name, local, ascii_domain)
