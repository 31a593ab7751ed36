"""Mails, read as a mail program reads them."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser

from pledgetracker.channels.mail import compose
from pledgetracker.domain.alert import AlertKind, NewsKind
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Notice
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.update import ProgressUpdate

NoticeOf = Callable[..., Notice]
Report = Callable[..., ProgressUpdate]
Pledges = dict[str, Pledge]
NOW = datetime(2026, 3, 1, 6, 30, tzinfo=UTC)
KINDS: list[AlertKind] = [*FlagKind, *NewsKind]
LANGUAGES = ["en", "fr"]


def written(notice: Notice, sender: str = "alerts@pledges.example") -> Letter:
    return compose(notice, sender=sender, now=NOW)


def parsed(letter: Letter) -> EmailMessage:
    message = message_from_bytes(letter.content, policy=policy.default)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def plain(text: str) -> str:
    """With ordinary spaces, for comparison."""
    return re.sub(r"[\s\u00a0\u202f]+", " ", text)


def text_of(notice: Notice) -> str:
    return plain(body(parsed(written(notice)), "plain"))


def html_of(notice: Notice) -> str:
    return body(parsed(written(notice)), "html")


def subject_of(notice: Notice) -> str:
    return plain(parsed(written(notice))["Subject"])


class Assets(HTMLParser):
    """Collects what a mail program would fetch or run."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "href" and tag == "a":
                self.links.append(value or "")
            elif name in {"src", "href", "background", "srcset", "poster", "action"} or name.startswith("on"):
                self.addresses.append(value or "")
