"""What the operator chose, as far as use cases need to know it."""

from dataclasses import dataclass, field

from pledgetracker.domain.alert import Recipient
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy


@dataclass(frozen=True, slots=True)
class Rules:
    """The operator's choices.

    Attributes:
        time_zone: IANA zone of pledges that name none.
        watchers: who gets the alerts of every pledge.
        tells_news: whether news is mailed, or only what flags owe.
    """

    policy: Policy = field(default_factory=Policy)
    time_zone: str = "UTC"
    watchers: tuple[Recipient, ...] = ()
    tells_news: bool = True

    def recipients(self, pledge: Pledge) -> tuple[Recipient, ...]:
        """Who gets the alerts of `pledge`, each address once; a contact's own language wins."""
        contacts = (Recipient(c.email.lower(), c.name, c.language) for c in pledge.contacts)
        by_address: dict[str, Recipient] = {}
        for recipient in (*contacts, *self.watchers):
            by_address.setdefault(recipient.email, recipient)
        return tuple(by_address.values())
