"""Everything that a message to one recipient may speak of; templates choose the words."""

from dataclasses import dataclass
from datetime import date

from pledgetracker.domain.alert import AlertKind, Recipient
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Standing


@dataclass(frozen=True, slots=True)
class Links:
    """Where a recipient can go.

    Attributes:
        page: the pledge for people to read.
        progress: the address to POST progress updates to.
    """

    page: str
    progress: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What one message says.

    Attributes:
        kind: of the alert that leads the message; all flags open on the pledge are in `standing`.
        milestone: the milestone it is about, or None for the pledge itself.
        episode: the date that names the episode.
        step: days before the due day, after it, or since the flag opened; for news the number of the
            update or of the move of the deadline.
        standing: as at the day the message is written.
        pledger: the pledger's name.
        initiative: the initiative's title.
    """

    message_id: str
    recipient: Recipient
    kind: AlertKind
    milestone: str | None
    episode: date
    step: int
    record: Record
    standing: Standing
    pledger: str
    initiative: str | None
    links: Links
