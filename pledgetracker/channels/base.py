"""What every channel offers: a session that sends letters one by one and says what became of each."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pledgetracker.domain.attempt import Phase
from pledgetracker.domain.letter import Letter


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side said when it took a letter."""

    code: int
    words: str


def nothing() -> None:
    """What is done at the brink where nobody waits for it."""


class Session(Protocol):
    """An open channel."""

    def send(self, letter: Letter, at_brink: Callable[[], None] = nothing) -> Reply | None:
        """Hand over one letter; returns once the other side has taken it, with its words if it gave any.

        `at_brink` is called just before the content leaves; what it raises leaves the letter unsent.

        Raises:
            RecipientRefused: it will never be taken.
            TryLater: it was not taken this time, or it is not known whether it was.
            ChannelDown: no letter can leave now.
        """


class Channel(Protocol):
    """A way for letters to leave."""

    def open(self) -> AbstractContextManager[Session]:
        """A session for any number of letters; it connects when the first is sent.

        Closing it raises nothing: what was sent stays sent.
        """


class DeliveryFailure(Exception):  # noqa: N818 -- what became of a letter is an answer, not an error
    """A letter was not sent.

    Attributes:
        reason: one line, with the code and the words of the mail server where it gave any.
        code: that code; None where it gave no answer.
    """

    def __init__(self, reason: str, *, code: int | None = None) -> None:
        self.reason = reason
        self.code = code
        super().__init__(reason)


class RecipientRefused(DeliveryFailure):
    """This recipient or this message is refused for good; to try again is pointless."""


class TryLater(DeliveryFailure):
    """This letter did not pass now and may pass later.

    Attributes:
        phase: before the final dot the server has not taken the letter; after it, it may have, and the
            answer was lost. A 4xx that answers the final dot counts as before: the server has said no.
        is_general: whether the server's words fit any letter of ours as well as this one.
    """

    def __init__(
        self, reason: str, *, phase: Phase, code: int | None = None, is_general: bool = False
    ) -> None:
        self.phase = phase
        self.is_general = is_general
        super().__init__(reason, code=code)


class Outage(StrEnum):
    """What is wrong with a channel."""

    CONNECTION = "connection"
    TLS = "tls"
    AUTHENTICATION = "authentication"
    RELAY = "relay"


class ChannelDown(DeliveryFailure):
    """Nothing is wrong with the letter; the channel takes none at the moment.

    Attributes:
        kind: what is wrong, and so who can mend it: connection, tls, authentication or relay.
    """

    def __init__(self, reason: str, *, kind: Outage, code: int | None = None) -> None:
        self.kind = kind
        super().__init__(reason, code=code)
