"""What delivering needs besides the record, and what it tells of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from pledgetracker.channels.base import Channel
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Links, Notice

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class PostOffice:
    """What delivering needs besides the record.

    Attributes:
        channel: how letters leave.
        compose: turns a notice into a letter; (notice, now) to letter.
        links: where a recipient can read of the pledge with that id, and report.
        mail_domain: the domain of Message-IDs; the same on every machine of an installation.
        clock: tells the time anew at each step, because sending takes some.
        at: the instant that alerts are looked at as if it were, or None for the clock's.
        is_stopping: whether no further letter is to be sent, asked before each one.
        hold_above: from more alerts than these at once they are held if that is unusual; 0 for never.
    """

    channel: Channel
    compose: Callable[[Notice, datetime], Letter]
    links: Callable[[str], Links]
    mail_domain: str
    clock: Clock
    is_stopping: Callable[[], bool] = lambda: False
    at: datetime | None = None
    hold_above: int = 0

    def judging_at(self) -> datetime:
        """The instant by which alerts are due, called for and worded; claims and attempts go by the clock."""
        return self.at or self.clock()


@dataclass(slots=True)
class DeliveryReport:
    """What became of the alerts that one delivery took up.

    Attributes:
        outage: why it ended early: the channel is down, or alerts are held.
        unanswered: how many letters in a row got no answer, the last one included.
    """

    sent: int = 0
    cancelled: int = 0
    put_off: int = 0
    dead: int = 0
    outage: str | None = None
    unanswered: int = 0
