"""What every channel offers: a session that sends letters one by one and says what became of each."""

from contextlib import AbstractContextManager
from enum import StrEnum
from typing import Protocol

from pledgetracker.domain.letter import Letter


class Session(Protocol):
    """An open channel."""

    def send(self, letter: Letter) -> None:
        """Hand over one letter; returns once the other side has taken it.

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
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class RecipientRefused(DeliveryFailure):
    """This recipient or this message is refused for good; to try again is pointless."""


class Phase(StrEnum):
    """How far a letter got before it failed."""

    BEFORE_FINAL_DOT = "before_final_dot"
    AFTER_FINAL_DOT = "after_final_dot"


class TryLater(DeliveryFailure):
    """This letter did not pass now and may pass later.

    Attributes:
        phase: before the final dot the server has not taken the letter; after it, it may have, and the
            answer was lost. A 4xx that answers the final dot counts as before: the server has said no.
    """

    def __init__(self, reason: str, *, phase: Phase) -> None:
        self.phase = phase
        super().__init__(reason)


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

    def __init__(self, reason: str, *, kind: Outage) -> None:
        self.kind = kind
        super().__init__(reason)
