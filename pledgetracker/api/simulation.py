"""/v1/simulation: which flags would come and go between two days, and what would be owed to whom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import may, needs
from pledgetracker.api.answers import listed
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.fields import Choice, Day, Email, Line, Slug, TimeZone, Whole
from pledgetracker.api.paging import PageQuery
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.alert import OpenFlag, Owed
from pledgetracker.domain.days import LAST_DAY, local_day
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.vantage import Vantage
from pledgetracker.domain.watch import Message
from pledgetracker.services.simulating import MOST_DAYS, Scene, Simulated, Span, simulate_page
from pledgetracker.storage.alerts import AlertEntry
from pledgetracker.storage.paging import Page
from pledgetracker.web import next_cursor, runtime

DAYS_AHEAD = 90

blueprint = ApiBlueprint("simulation", __name__, description="What ticks would find and owe")


class SimulationQuery(PageQuery, VantageQuery):
    """Which days of which pledges are wanted, knowing what; `limit` counts pledges."""

    class Meta(PageQuery.Meta):
        """No day but those of the range."""

        exclude = ("as_of",)

    first = Day(
        data_key="from",
        metadata={"description": "The first local day; unless said today, or that of `known_at`."},
    )
    last = Day(
        data_key="to",
        metadata={
            "description": f"The last local day, at most {MOST_DAYS} days in all; unless said the range has "
            f"{DAYS_AHEAD} days."
        },
    )
    pledge = Slug(metadata={"description": "This one alone."})
    initiative = Slug(metadata={"description": "This one and all that stand under it."})
    pledger = Slug(metadata={"description": "Whose pledges."})


class SimulatedFlagDocument(Document):
    """A flag that would come or go."""

    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True, metadata={"description": "The date that names this occurrence."})
    opened_on = Day(dump_only=True, metadata={"description": "The local day from which it counts."})


class SimulatedAlertDocument(Document):
    """An alert that would be owed."""

    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True)
    step = Whole(0, MAX_NUMBER, dump_only=True)


class SimulatedMessageDocument(Document):
    """One message to one recipient, whose address shows only to keys with scope write.

    With `known_at` it stands for all recipients of then, whose addresses are not kept.
    """

    recipient = Email(dump_only=True, allow_none=True)
    channel = Line(dump_only=True)
    alert = fields.Nested(SimulatedAlertDocument, dump_only=True)
    speaks_for = fields.List(
        fields.Nested(SimulatedAlertDocument),
        dump_only=True,
        metadata={"description": "What else is owed by then, and is folded into this message."},
    )


class SimulatedDayDocument(Document):
    """A day on which something would happen."""

    day = Day(dump_only=True)
    opened = fields.List(fields.Nested(SimulatedFlagDocument), dump_only=True)
    cleared = fields.List(fields.Nested(SimulatedFlagDocument), dump_only=True)
    messages = fields.List(fields.Nested(SimulatedMessageDocument), dump_only=True)


class SimulatedDocument(Document):
    """What would happen to one pledge, day by day; days without anything are left out."""

    pledge = Slug(dump_only=True)
    time_zone = TimeZone(dump_only=True)
    days = fields.List(fields.Nested(SimulatedDayDocument), dump_only=True)


@dataclass(frozen=True, slots=True)
class MessageView:
    """A message as a caller may see it; who gets it is not for everyone."""

    recipient: str | None
    channel: str
    alert: Owed | AlertEntry
    speaks_for: Sequence[Owed | AlertEntry]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day as a caller may see it."""

    day: date
    opened: Sequence[OpenFlag]
    cleared: Sequence[OpenFlag]
    messages: Sequence[MessageView]


@dataclass(frozen=True, slots=True)
class SimulatedView:
    """A pledge as a caller may see it."""

    pledge: str
    time_zone: str
    days: Sequence[DayView]


@blueprint.route("/simulation", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(SimulationQuery(), location="query")
@blueprint.response(200, list_of(SimulatedDocument))
def list_all(query: dict[str, Any]) -> Response:
    """Simulate flags and alerts between two days, as if nothing more were reported; nothing is changed."""
    page, at = query.pop("page"), vantage(query)
    span = _span(query.pop("first", None), query.pop("last", None), at)
    with runtime().database.read(may_lag=True) as tx:
        found = simulate_page(tx, Scene(**query), span, page, runtime().rules, at)
    may_name = may(Scope.WRITE)
    shown = Page([_seen(item, may_name=may_name) for item in found.items], found.positions, found.has_more)
    return listed(SimulatedDocument, shown, next_cursor(page, found.after))


def _span(first: date | None, last: date | None, at: Vantage) -> Span:
    """The days asked for.

    Raises:
        Invalid: they are none, or too many.
    """
    begin = first or local_day(at.instant, runtime().rules.time_zone)
    span = Span(begin, last or min(begin + timedelta(days=DAYS_AHEAD - 1), LAST_DAY))
    if (complaint := span.complaint()) is not None:
        raise Invalid.field("?to", complaint)
    return span


def _seen(item: Simulated, *, may_name: bool) -> SimulatedView:
    days = [
        DayView(on.day, on.opened, on.cleared, list(_messages(on.messages, may_name=may_name)))
        for on in item.days
    ]
    return SimulatedView(item.pledge, item.time_zone, days)


def _messages(messages: Sequence[Message[AlertEntry]], *, may_name: bool) -> Iterator[MessageView]:
    for message in messages:
        recipient = (message.leader.recipient.email or None) if may_name else None
        yield MessageView(recipient, message.leader.channel.value, message.alert, message.speaks_for)
