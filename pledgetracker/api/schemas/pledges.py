"""A pledge: what was promised, and with it where it stands."""

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from pledgetracker.api.fields import (
    Choice,
    Day,
    DueField,
    Email,
    Line,
    Number,
    Share,
    Slug,
    Text,
    TimeZone,
    Whole,
)
from pledgetracker.api.schemas.base import (
    MAX_DAYS,
    MAX_ITEMS,
    MAX_NUMBER,
    Document,
    Part,
    parts,
    said_of,
    slugs,
)
from pledgetracker.api.schemas.conflicts import ConflictDocument
from pledgetracker.api.schemas.deadlines import DueDocument, RescheduleDocument
from pledgetracker.api.schemas.sources import SourceDocument, StatementDocument
from pledgetracker.api.schemas.standing import (
    ClaimedDocument,
    FigureDocument,
    FlagNote,
    LatenessDocument,
    PathDocument,
)
from pledgetracker.api.schemas.verdicts import VerdictDocument
from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.pledge import FINAL_MILESTONE, MAX_TAGS, Contact, Milestone, OtherTarget, SetBy
from pledgetracker.domain.standing import Delivery, ReportingState, Schedule, Status
from pledgetracker.domain.target import Comparator
from pledgetracker.services.pledging import Repeated

# Of what is not said, where the operator decides; it stays with the pledge when the settings change.
SETTINGS = "what the settings say when it is recorded, unless said"


class BaselineDocument(Document):
    """The value at the start and its day; 0 on the day of the announcement unless said."""

    value = Number(allow_none=True)
    date = Day(allow_none=True)


class ContactDocument(Document):
    """Somebody who is told when a deadline nears."""

    name = Line(allow_none=True)
    email = Email(required=True)
    language = Line(max_length=10, load_default="en", metadata={"description": "en or fr."})
    role = Line(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Contact:
        """The contact."""
        if data["language"] not in {"en", "fr"}:
            raise ValidationError("Must be en or fr.", "language")
        return Contact(**data)


class ContactList(Schema):
    """The contacts of a pledge."""

    items = fields.List(fields.Nested(ContactDocument), attribute="contacts", required=True)


class MilestoneDocument(Document):
    """A dated intermediate target, or an event where it has none; `target` is the pledge's own."""

    id = Slug(required=True)
    title = Line(allow_none=True)
    set_by = Choice(
        SetBy,
        metadata={
            "description": "Whose date it is; the tracker's never bend the path.",
            "default": SetBy.PLEDGER.value,
        },
    )
    due = DueField(DueDocument(), required=True)
    target = Number(allow_none=True)
    status = Choice(MilestoneStatus, dump_only=True)
    flags = fields.List(fields.Nested(FlagNote), dump_only=True)


class WithdrawalDocument(Document):
    """That a pledge was taken back."""

    on = Day(allow_none=True, metadata={"description": "From when; today unless said."})
    reason = Text(allow_none=True)
    source = Part(SourceDocument, allow_none=True)
    recorded_at = fields.AwareDateTime(dump_only=True)


class FindingDocument(Document):
    """Something that a promise leaves open; a warning, never a reason to refuse it."""

    field = Line(dump_only=True, metadata={"description": "JSON Pointer to where it is mended."})
    code = Line(dump_only=True, metadata={"description": "`no_source`, say; the same for all pledges."})
    message = Line(dump_only=True)
    suggestion = Line(dump_only=True)


class OtherTargetDocument(Document):
    """What another source says the target is; kept beside it, never averaged with it."""

    value = Number(required=True)
    source = Part(SourceDocument, allow_none=True)
    note = Text(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> OtherTarget:
        """The other target."""
        return OtherTarget(**data)


class PledgeDocument(Document):
    """A pledge and where it stands."""

    id = Slug(attribute="pledge.id", metadata={"description": "Permanent; made from the title unless said."})
    title = Line(attribute="pledge.title", required=True)
    pledger = Slug(attribute="pledge.pledger", required=True)
    initiative = Slug(attribute="pledge.initiative", allow_none=True)
    statement = Part(StatementDocument, attribute="pledge.statement", allow_none=True)
    indicator = Line(
        attribute="pledge.indicator",
        allow_none=True,
        metadata={"description": "What is counted, spelled out: people who completed a course."},
    )
    unit = Line(attribute="pledge.unit", allow_none=True, metadata={"examples": ["person", "EUR"]})
    comparator = Choice(
        Comparator, attribute="pledge.comparator", metadata={"default": Comparator.AT_LEAST.value}
    )
    target = Number(attribute="pledge.target", allow_none=True)
    tolerance = Share(
        attribute="pledge.tolerance",
        allow_none=True,
        metadata={"description": "For `about`; 0.1 unless said."},
    )
    announced_on = Day(attribute="pledge.announced_on", required=True)
    baseline = Part(BaselineDocument, attribute="pledge.baseline", allow_none=True)
    cadence_days = Whole(
        1,
        MAX_DAYS,
        attribute="pledge.cadence_days",
        allow_none=True,
        metadata={"description": f"Days from one report to the next; {SETTINGS}."},
    )
    grace_days = Whole(
        0,
        MAX_DAYS,
        attribute="pledge.grace_days",
        allow_none=True,
        metadata={"description": f"Days that a report may be late; {SETTINGS}."},
    )
    time_zone = TimeZone(
        attribute="pledge.time_zone", metadata={"description": f"Whose days count; {SETTINGS}."}
    )
    due = DueField(DueDocument(), allow_none=True)
    # GET shows one more: the pledge's own target.
    milestones = parts(MilestoneDocument, max_items=MAX_ITEMS + 1)
    contacts = parts(ContactDocument, load_only=True)
    tags = slugs(MAX_TAGS, attribute="pledge.tags")
    restates = slugs(
        MAX_ITEMS,
        attribute="pledge.restates",
        metadata={"description": "The pledges that it announces again, in whole."},
    )
    part_of = Slug(
        attribute="pledge.part_of",
        allow_none=True,
        metadata={"description": "The pledge whose target it is a part of: the total of a summit, say."},
    )
    owner = Line(
        attribute="pledge.owner",
        allow_none=True,
        metadata={"description": "Who at the pledger answers for it."},
    )
    verification = Text(
        attribute="pledge.verification", allow_none=True, metadata={"description": "How it will be verified."}
    )
    other_targets = parts(OtherTargetDocument, attribute="pledge.other_targets")
    status = Choice(Status, attribute="standing.status", dump_only=True)
    because = Line(dump_only=True)
    delivery = Choice(Delivery, attribute="standing.delivery", dump_only=True)
    reporting = Choice(ReportingState, attribute="standing.reporting", dump_only=True)
    schedule = Choice(Schedule, attribute="standing.schedule", dump_only=True)
    figure = fields.Nested(FigureDocument, dump_only=True, allow_none=True)
    claimed = fields.Nested(ClaimedDocument, dump_only=True)
    conflicts = fields.List(
        fields.Nested(ConflictDocument), dump_only=True, metadata={"description": "Those that are open."}
    )
    path = fields.Nested(PathDocument, attribute="standing.progress", dump_only=True)
    lateness = fields.Nested(LatenessDocument, attribute="standing.lateness", dump_only=True)
    report_due_on = Day(attribute="standing.calendar.due", dump_only=True)
    reschedules = fields.List(fields.Nested(RescheduleDocument), dump_only=True)
    withdrawal = fields.Nested(
        WithdrawalDocument, attribute="record.withdrawal", dump_only=True, allow_none=True
    )
    flags = fields.List(fields.Nested(FlagNote), attribute="standing.flags", dump_only=True)
    verdicts = fields.List(
        fields.Nested(VerdictDocument),
        dump_only=True,
        metadata={"description": "Those in force, one for each version of each rubric."},
    )
    quality = fields.List(
        fields.Nested(FindingDocument),
        dump_only=True,
        metadata={"description": "What the promise leaves open: missing or ambiguous, with suggestions."},
    )
    version = Whole(1, MAX_NUMBER, attribute="pledge.version", dump_only=True)
    created_at = fields.AwareDateTime(attribute="pledge.created_at", dump_only=True)
    updated_at = fields.AwareDateTime(attribute="pledge.updated_at", dump_only=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields of the pledge alone, the zone said once."""
        said = said_of(data, "pledge")
        if (zone := _zone(said)) is not None:
            said["time_zone"] = zone
        if said.get("due") is not None:
            said["due"], _ = said["due"]
        if "milestones" in said:
            said |= _milestones(said["milestones"])
        for name in ("contacts", "other_targets"):
            if name in said:
                said[name] = tuple(said[name])
        for name in ("tags", "restates"):
            if name in said:
                said[name] = tuple(sorted(said[name]))
        return said


def _zone(said: dict[str, Any]) -> str | None:
    """The one time zone that is named, wherever it is named."""
    zone: str | None = said.get("time_zone")
    detail = "Differs from the time zone named before; all days of a pledge are of one zone."
    _, named = said.get("due") or (None, None)
    zone = zone or named
    if named not in {None, zone}:
        raise ValidationError({"time_zone": [detail]}, "due")
    for i, milestone in enumerate(said.get("milestones", ())):
        _, named = milestone["due"]
        zone = zone or named
        if named not in {None, zone}:
            raise ValidationError({i: {"due": {"time_zone": [detail]}}}, "milestones")
    return zone


def _milestones(documents: list[dict[str, Any]]) -> dict[str, Any]:
    """The milestones, and apart from them the last, which repeats the pledge's own target and deadline."""
    made = [Milestone(**{**document, "due": document["due"][0]}) for document in documents]
    own = tuple(milestone for milestone in made if milestone.id != FINAL_MILESTONE)
    if len(own) > MAX_ITEMS:
        raise ValidationError(f"At most {MAX_ITEMS} fit.", "milestones")
    if len(made) - len(own) > 1:
        raise ValidationError("The milestone 'target' is listed twice.", "milestones")
    repeated = [Repeated(i, milestone) for i, milestone in enumerate(made) if milestone not in own]
    return {"milestones": own, **({"repeated": repeated[0]} if repeated else {})}


class PledgeChange(PledgeDocument):
    """What may be changed of a pledge: any of what GET shows, the rest staying as it is."""
