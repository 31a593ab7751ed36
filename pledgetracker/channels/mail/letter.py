"""From a notice to the bytes of a message: the same notice at the same instant gives the same bytes."""

import hashlib
import re
from datetime import datetime
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

import css_inline
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from pledgetracker.channels.base import RecipientRefused
from pledgetracker.channels.mail.facts import Facts, clean
from pledgetracker.channels.mail.page import page
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Notice

_CRLF = "\r\n"
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
    message = EmailMessage(policy=SMTP)
    # Quoted-printable keeps every line short and in ASCII, which no relay has a reason to rewrite.
    message.set_content(_templates.get_template("mail.txt").render(page=shown), cte="quoted-printable")
    html = _inliner.inline(_templates.get_template("mail.html").render(page=shown))
    message.add_alternative(html, subtype="html", cte="quoted-printable")
    message.set_boundary(f"=_{hashlib.sha256(notice.message_id.encode()).hexdigest()[:32]}")
    content = "".join(f"{header}\r\n" for header in headers).encode() + message.as_bytes()
    return Letter(notice.message_id, origin.addr_spec, recipient.addr_spec, content)


def _text_header(name: str, text: str) -> str:
    """A folded header; `EmailMessage` itself loses the space between two encoded words."""
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return f"{name}: {Header(text, charset, header_name=name).encode(linesep=_CRLF)}"


def _shown(address: Address) -> str:
    name, spec = address.display_name, f"<{address.addr_spec}>"
    if not name:
        return spec
    if name.isascii() and "=?" not in name:
        return f'"{name}" {spec}'
    return f"{Header(name, 'utf-8', header_name='From').encode(linesep=_CRLF)}{_CRLF} {spec}"


def _identification(notice: Notice) -> str:
    """For filters and for people who look at headers; pledge and milestone are slugs."""
    return (
        f"kind={notice.kind.value}; pledge={notice.record.pledge.id}; milestone={notice.milestone or '-'}; "
        f"episode={notice.episode}; step={notice.step}"
    )


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
