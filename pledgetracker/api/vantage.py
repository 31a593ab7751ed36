"""The part of a query that says from where to look: `as_of` and `known_at`."""

from typing import Any

from pledgetracker.api.fields import Day, Moment
from pledgetracker.api.paging import Query
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.vantage import Vantage
from pledgetracker.web import now


class VantageQuery(Query):
    """As of which day an answer is wanted, and knowing what."""

    as_of = Day(metadata={"description": "Answer as if it were the last instant of this local day."})
    known_at = Moment(
        metadata={
            "description": "Leave out whatever was recorded after this instant; such an answer never changes."
            " Without `as_of`, the day is that of the instant."
        }
    )


def vantage(query: dict[str, Any]) -> Vantage:
    """From where a query, as `VantageQuery` has it, wants to look; takes its part out of it.

    Raises:
        Invalid: it wants to know what is not known yet.
    """
    known_at = query.pop("known_at", None)
    if known_at is not None and known_at > now():
        raise Invalid.field("?known_at", "Lies ahead; nobody can say what will be known then.")
    return Vantage(now(), query.pop("as_of", None), known_at)
