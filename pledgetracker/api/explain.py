"""/v1/pledges/{id}/explain: what a standing follows from, and what comes next."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from marshmallow import fields

from pledgetracker.api.access import needs
from pledgetracker.api.answers import answer
from pledgetracker.api.blueprint import ApiBlueprint
from pledgetracker.api.conditions import pledge_tag, unless_known
from pledgetracker.api.fields import Choice, Day, Documented, Line, Number, Slug, Truth, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.api.vantage import VantageQuery, vantage
from pledgetracker.domain.access import Scope
from pledgetracker.domain.agenda import EntryKind
from pledgetracker.domain.alert import OpenFlag
from pledgetracker.domain.explanation import SetIn
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.review import Review
from pledgetracker.domain.roles import Role
from pledgetracker.domain.standing import Status
from pledgetracker.domain.target import Comparator
from pledgetracker.services.explaining import explained, open_case
from pledgetracker.web import runtime

blueprint = ApiBlueprint("explain", __name__, description="Public promises and where they stand")


def _list(schema: type[Document], attribute: str | None = None) -> fields.List[Any]:
    """A list of documents that is only shown."""
    return fields.List(fields.Nested(schema), attribute=attribute, dump_only=True)


class Outcome(fields.Field[Any], Documented):
    """A number, or a day."""

    openapi: Mapping[str, Any] = {"type": ["number", "string", "null"]}


class SymbolDocument(Document):
    """A letter of the formulas."""

    symbol = Line(dump_only=True)
    meaning = Line(dump_only=True)
    value = Outcome(dump_only=True, allow_none=True)


class RoleDocument(Document):
    """An update, and what it has to do with the figure."""

    id = Whole(1, MAX_NUMBER, attribute="update.number", dump_only=True)
    as_of = Day(attribute="update.as_of", dump_only=True)
    value = Number(attribute="update.value", dump_only=True, allow_none=True)
    increment = Number(attribute="update.increment", dump_only=True, allow_none=True)
    no_change = Truth(attribute="update.no_change", dump_only=True)
    done = Truth(attribute="update.done", dump_only=True, allow_none=True)
    milestone = Slug(attribute="update.milestone", dump_only=True, allow_none=True)
    review = Choice(Review, attribute="update.review", dump_only=True)
    counts = Truth(attribute="role.counts", dump_only=True)
    role = Choice(Role, dump_only=True)
    why = Line(dump_only=True)


class InputsDocument(Document):
    """What goes into the numbers."""

    comparator = Choice(Comparator, attribute="record.pledge.comparator", dump_only=True)
    tolerance = Number(attribute="record.pledge.tolerance", dump_only=True, allow_none=True)
    symbols = _list(SymbolDocument)
    conflict_on = Day(
        dump_only=True,
        allow_none=True,
        metadata={"description": "The day about which sources differ, if the figure is the worst of theirs."},
    )
    updates = _list(RoleDocument, "parts")
    updates_left_out = Whole(
        0,
        MAX_NUMBER,
        attribute="parts_left_out",
        dump_only=True,
        metadata={"description": "Updates that describe earlier days than those listed."},
    )


class PathPointDocument(Document):
    """A point of the path; between two it goes straight."""

    name = Line(dump_only=True, metadata={"description": "`baseline`, or the id of the milestone."})
    day = Day(dump_only=True)
    value = Number(dump_only=True)


class FormulaDocument(Document):
    """One number of the standing and how it comes about."""

    name = Line(dump_only=True)
    formula = Line(dump_only=True)
    filled = Line(
        data_key="with",
        dump_only=True,
        allow_none=True,
        metadata={"description": "The numbers put in; an ellipsis stands for more decimals."},
    )
    exact = Line(
        attribute="fraction",
        dump_only=True,
        allow_none=True,
        metadata={"description": "The outcome before rounding, as a fraction."},
    )
    result = Outcome(dump_only=True, allow_none=True)
    undefined = Line(
        dump_only=True, allow_none=True, metadata={"description": "Why there is no result, if there is none."}
    )


class ThresholdDocument(Document):
    """A number that a rule compares with."""

    name = Line(dump_only=True)
    value = Number(dump_only=True)
    set_in = Choice(
        SetIn,
        dump_only=True,
        metadata={
            "description": "`pledge`: it stands on the pledge, which was recorded with it or took it over"
            " from the settings of its day; other settings do not change it."
        },
    )
    meaning = Line(dump_only=True)


class ReasonDocument(Document):
    """A word of the standing, and the rule that gave it."""

    about = Line(dump_only=True, metadata={"description": "delivery, reporting, schedule or status."})
    word = Line(dump_only=True)
    rule = Line(dump_only=True)


class ExplainedMilestoneDocument(Document):
    """A milestone, and why it has its status."""

    id = Slug(attribute="stage.id", dump_only=True)
    due = Day(attribute="stage.milestone.due.date", dump_only=True)
    target = Number(attribute="stage.milestone.target", dump_only=True, allow_none=True)
    status = Choice(MilestoneStatus, attribute="stage.status", dump_only=True)
    rule = Line(dump_only=True)


class ExplainedFlagDocument(Document):
    """A flag of the day, and why it is open."""

    kind = Choice(FlagKind, attribute="flag.kind", dump_only=True)
    milestone = Slug(attribute="flag.milestone", dump_only=True, allow_none=True)
    episode = Day(attribute="flag.episode", dump_only=True)
    since = Day(attribute="flag.since", dump_only=True)
    why = Line(dump_only=True)


class EntryDocument(Document):
    """Something that is to come, if nothing more is reported."""

    on = Day(dump_only=True)
    kind = Choice(EntryKind, dump_only=True)
    flag = Choice(FlagKind, dump_only=True, allow_none=True)
    milestone = Slug(dump_only=True, allow_none=True)
    step = Whole(
        0,
        MAX_NUMBER,
        dump_only=True,
        allow_none=True,
        metadata={"description": "Of an alert: days before the due day, after it, or since opening."},
    )
    words = Line(dump_only=True)


class ExplanationDocument(Document):
    """What a standing follows from, and what comes next."""

    pledge = Slug(attribute="told.record.pledge.id", dump_only=True)
    today = Day(
        attribute="told.standing.today",
        dump_only=True,
        metadata={"description": "The local day at whose end it stands so."},
    )
    status = Choice(Status, attribute="told.standing.status", dump_only=True)
    because = Line(dump_only=True)
    inputs = fields.Nested(InputsDocument, attribute="told", dump_only=True)
    path = _list(PathPointDocument, "told.path")
    formulas = _list(FormulaDocument, "told.formulas")
    thresholds = _list(ThresholdDocument, "told.thresholds")
    reasons = _list(ReasonDocument, "told.reasons")
    milestones = _list(ExplainedMilestoneDocument, "told.milestones")
    flags = _list(ExplainedFlagDocument, "told.flags")
    next = _list(EntryDocument, "told.agenda")


@blueprint.route("/pledges/<slug:pledge>/explain", methods=["GET"])
@needs(Scope.READ)
@blueprint.arguments(VantageQuery(), location="query")
@blueprint.response(200, ExplanationDocument)
@blueprint.refuses(404)
def get(query: dict[str, Any], pledge: str) -> Response:
    """Explain where a pledge stands: inputs, formulas, thresholds, reasons, and what comes next and when."""
    with runtime().database.read(may_lag=True) as tx:
        case = open_case(tx, pledge, runtime().rules, vantage(query))
    tag = f"{pledge_tag(case.record.pledge, case.policy, case.today)}-{_digest(case.open_flags)}"
    return unless_known(tag, lambda: answer(ExplanationDocument, explained(case)))


def _digest(open_flags: Sequence[OpenFlag] | None) -> str:
    """Tells the flags on record apart: from when they are open decides which reminders are to come."""
    ids = None if open_flags is None else [flag.id for flag in open_flags]
    return hashlib.sha256(repr(ids).encode()).hexdigest()[:8]
