"""/v1/pledges: the promises, what becomes of them, and where they stand."""

from datetime import date, datetime
from typing import Any

from flask import Response, url_for
from marshmallow import ValidationError, validates_schema

from pledgetracker.api import examples
from pledgetracker.api.access import needs
from pledgetracker.api.answers import JSON, Whole, answer, created, dumper, listed, nothing, to_json
from pledgetracker.api.blueprint import ApiBlueprint, list_of
from pledgetracker.api.conditions import check_pledge_unchanged, pledge_tag, tagged, unless_known
from pledgetracker.api.effects import effect
from pledgetracker.api.fields import Choice, Day, Line, Slug
from pledgetracker.api.paging import PageQuery, Sort
from pledgetracker.api.schemas.deadlines import RescheduleDocument
from pledgetracker.api.schemas.pledges import ContactList, PledgeChange, PledgeDocument, WithdrawalDocument
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.days import local_day
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Status
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services import pledging, rescheduling, withdrawing
from pledgetracker.services.listing import Wanted, list_pledges
from pledgetracker.services.reading import PledgeView, fetch_known, get_record, view
from pledgetracker.storage.database import Transaction
from pledgetracker.web import next_cursor, now, runtime

blueprint = ApiBlueprint("pledges", __name__, description="Public promises and where they stand")


class PledgeQuery(PageQuery, VantageQuery):
    """Which pledges are wanted, in which order, as of which day and knowing what."""

    types = {"id": str, "title": str, "announced_on": date, "updated_at": datetime, "due": date}

    pledger = Slug(metadata={"description": "Whose pledges."})
    initiative = Slug(metadata={"description": "This one and all that stand under it."})
    tag = Slug(metadata={"description": "One that they have among theirs."})
    status = Choice(Status)
    q = Line(max_length=200, metadata={"description": "Words that must all occur."})
    due_from = Day(metadata={"description": "Due on this day or later."})
    due_to = Day(metadata={"description": "Due on this day or earlier."})
    sort = Sort(("id", "title", "announced_on", "updated_at", "due"), load_default="id")

    @validates_schema
    def check_range(self, data: dict[str, Any], **_: Any) -> None:
        """Refuse a range of days that has none."""
        first, last = data.get("due_from"), data.get("due_to")
        if first is not None and last is not None and last < first:
            raise ValidationError(f"Lies before due_from, {first}: no day is in between.", "due_to")


@blueprint.route("/pledges", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(PledgeQuery(), location="query")
@blueprint.response(200, list_of(PledgeDocument))
def list_all(query: dict[str, Any]) -> Response:
    """List pledges, each with where it stands."""
    page, at = query.pop("page"), vantage(query)
    wanted = Wanted(text=query.pop("q", None), **query)
    with runtime().database.read(may_lag=True) as tx:
        found = list_pledges(tx, wanted, page, runtime().rules, at)
    return listed(PledgeDocument, found, next_cursor(page, found.after))


@blueprint.route("/pledges", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(PledgeDocument(), example=examples.PLEDGE)
@blueprint.response(201, PledgeDocument)
@blueprint.refuses(409)
def add(fields: Any) -> Response:
    """Record a pledge."""

    def record(tx: Transaction) -> Response:
        made = pledging.add_pledge(tx, fields, runtime().rules, now=now())
        return _created(made)

    return effect(record)


@blueprint.route("/pledges/<slug:pledge>", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, PledgeDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], pledge: str) -> Response:
    """Show a pledge and where it stands."""
    at = vantage(query)
    record, rules = fetch_known(runtime().database, pledge, runtime().rules, at)
    today = at.today(record.pledge.time_zone)

    def shown() -> tuple[str, bytes]:
        document = dumper(PledgeDocument)(view(record, rules, at))
        return pledge_tag(record.pledge, rules.policy, today), to_json(document)

    tag, body = record.recall(("document", rules.policy, today), shown)
    return unless_known(tag, lambda: Whole(body, content_type=JSON))


@blueprint.route("/pledges/<slug:pledge>", methods=["PATCH"])
@needs(Scope.WRITE)
@blueprint.arguments(PledgeChange(partial=True), example=examples.PLEDGE_CHANGE)
@blueprint.response(200, PledgeDocument)
@blueprint.refuses(404, 409, 412, 428)
def change(fields: Any, pledge: str) -> Response:
    """Change a pledge. A new `due` is recorded as a move by the tracker, announced today."""

    def edit(tx: Transaction) -> Response:
        check_pledge_unchanged(tx, pledge)
        changed = pledging.change_pledge(tx, pledge, fields, runtime().rules, now=now())
        return _tagged(answer(PledgeDocument, _seen(changed)), changed)

    return effect(edit)


@blueprint.route("/pledges/<slug:pledge>", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(204)
@blueprint.refuses(404, 409, 412, 428)
def delete(pledge: str) -> Response:
    """Remove a pledge entered by mistake; one with a history can only be withdrawn."""

    def remove(tx: Transaction) -> Response:
        check_pledge_unchanged(tx, pledge)
        pledging.delete_pledge(tx, pledge, now=now())
        return nothing()

    return effect(remove)


@blueprint.route("/pledges/<slug:pledge>/contacts", methods=["GET"])
@needs(Scope.WRITE)
@blueprint.response(200, ContactList)
@blueprint.refuses(404)
def contacts(pledge: str) -> Response:
    """Show who is told when a deadline nears; change them by PATCH of the pledge."""
    with runtime().database.read() as tx:
        return answer(ContactList, get_record(tx, pledge).pledge)


@blueprint.route("/pledges/<slug:pledge>/reschedules", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(RescheduleDocument(), example=examples.RESCHEDULE)
@blueprint.response(201, PledgeDocument)
@blueprint.refuses(404)
def reschedule(fields: Any, pledge: str) -> Response:
    """Record that the deadline was moved; the one first promised stays on record."""

    def record(tx: Transaction) -> Response:
        moved = rescheduling.reschedule(tx, pledge, fields, runtime().rules, now=now())
        return _created(moved)

    return effect(record)


@blueprint.route("/pledges/<slug:pledge>/withdrawal", methods=["POST"])
@needs(Scope.WRITE)
@blueprint.arguments(WithdrawalDocument(), example=examples.WITHDRAWAL)
@blueprint.response(201, PledgeDocument)
@blueprint.refuses(404, 409)
def withdraw(fields: Any, pledge: str) -> Response:
    """Record that the pledge was taken back."""

    def record(tx: Transaction) -> Response:
        withdrawn = withdrawing.withdraw(tx, pledge, fields, runtime().rules, now=now())
        return _created(withdrawn)

    return effect(record)


@blueprint.route("/pledges/<slug:pledge>/withdrawal", methods=["DELETE"])
@needs(Scope.WRITE)
@blueprint.response(200, PledgeDocument)
@blueprint.refuses(404, 412, 428)
def rescind_withdrawal(pledge: str) -> Response:
    """Record that the pledge stands after all."""

    def rescind(tx: Transaction) -> Response:
        check_pledge_unchanged(tx, pledge)
        standing = withdrawing.rescind_withdrawal(tx, pledge, runtime().rules, now=now())
        return _tagged(answer(PledgeDocument, _seen(standing)), standing)

    return effect(rescind)


def _seen(record: Record) -> PledgeView:
    return view(record, runtime().rules, Vantage(now()))


def _created(record: Record) -> Response:
    location = url_for("pledges.get", pledge=record.pledge.id)
    return _tagged(created(PledgeDocument, _seen(record), location), record)


def _tagged(shown: Response, record: Record) -> Response:
    today = local_day(now(), record.pledge.time_zone)
    return tagged(shown, pledge_tag(record.pledge, runtime().rules.policy, today))
