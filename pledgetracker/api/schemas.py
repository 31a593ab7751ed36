"""The documents that go in and out: one schema each, for both ways, and the truth for /openapi.json.

What GET shows may be sent back: names that are only shown are taken and left aside, any other unknown
name is refused.
"""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, pre_load, validate

from pledgetracker.api.fields import (
    Choice,
    Day,
    DueField,
    Email,
    Kept,
    Line,
    Number,
    RatingId,
    Share,
    Slug,
    Text,
    TimeZone,
    Truth,
    Url,
    Whole,
)
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Phase
from pledgetracker.domain.audit import ActorKind
from pledgetracker.domain.catalogue import PledgerKind
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.history import Happening
from pledgetracker.domain.milestone import MilestoneStatus
from pledgetracker.domain.pledge import (
    FINAL_MILESTONE,
    MAX_TAGS,
    Contact,
    Milestone,
    OtherTarget,
    SetBy,
    Source,
    Statement,
)
from pledgetracker.domain.review import CounterClaim, Review
from pledgetracker.domain.standing import Delivery, ReportingState, Schedule, Status
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, Correction
from pledgetracker.services.pledging import Repeated

MAX_DAYS = 36_500
MAX_ITEMS = 200
MAX_NUMBER = 2**31 - 1


class Document(Schema):
    """A document in which nothing unknown passes, and what is only shown may come back."""

    class Meta:
        """Nothing unknown passes."""

        unknown = RAISE

    @pre_load
    def leave_aside(self, data: Any, **_: Any) -> Any:
        """Take out what is shown and never set."""
        if not isinstance(data, dict):
            return data
        shown = {field.data_key or name for name, field in self.dump_fields.items() if field.dump_only}
        return {name: value for name, value in data.items() if name not in shown}


class Part(fields.Nested):
    """A document inside another; always whole, also where the outer one is a partial change."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        del partial
        return super()._deserialize(value, attr, data, partial=False, **kwargs)


def _parts(schema: type[Schema], *, max_items: int = MAX_ITEMS, **kwargs: Any) -> fields.List[Any]:
    """A list of documents, not endless."""
    not_endless = validate.Length(max=max_items, error=f"At most {MAX_ITEMS} fit.")
    return fields.List(Part(schema), validate=not_endless, **kwargs)


def _slugs(max_items: int, **kwargs: Any) -> fields.List[Any]:
    """A list of ids, in any order, not endless."""
    not_endless = validate.Length(max=max_items, error=f"At most {max_items} fit.")
    return fields.List(Slug(), validate=not_endless, **kwargs)


def _said(data: dict[str, Any], of: str) -> dict[str, Any]:
    """What was loaded, without the detour that a dotted attribute makes."""
    detour: dict[str, Any] = data.get(of, {})
    return {name: value for name, value in data.items() if name != of} | detour


class SourceDocument(Document):
    """Where something was said."""

    url = Url(allow_none=True, metadata={"description": "Where it is to be read."})
    title = Line(allow_none=True)
    publisher = Line(allow_none=True)
    published_on = Day(allow_none=True)
    archived_url = Url(allow_none=True, metadata={"description": "A copy that outlives the page."})
    quote = Text(allow_none=True, metadata={"description": "A few of its words."})

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Source:
        """The source, which must be found somehow."""
        if not any(value for name, value in data.items() if name != "published_on"):
            raise ValidationError("Say at least one of url, title, publisher, archived_url and quote.")
        return Source(**data)


class StatementDocument(Document):
    """The promise in the words it was made in."""

    text = Text(required=True)
    source = Part(SourceDocument, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Statement:
        """The statement."""
        return Statement(**data)


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


class DateDocument(Document):
    """A date as it was said, and the last day of the period it names."""

    text = Line(required=True, metadata={"description": "2025, 2025-Q4, 2025-12 or 2025-12-31."})
    precision = Line(dump_only=True, metadata={"description": "year, quarter, month or day."})
    date = Day(dump_only=True)


class DueDocument(DateDocument):
    """A due date: as it is now, as it was first promised, and the zone whose days they are."""

    original_date = Day(dump_only=True, allow_none=True, metadata={"description": "As first promised."})
    time_zone = TimeZone()


class FlagNote(Document):
    """A flag open at the instant of the standing."""

    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True, metadata={"description": "The date that names this occurrence."})
    since = Day(dump_only=True, metadata={"description": "The local day from which it holds."})


class MilestoneDocument(Document):
    """A dated intermediate target, or an event where it has none; `target` is the pledge's own."""

    id = Slug(required=True)
    title = Line(allow_none=True)
    set_by = Choice(SetBy, metadata={"description": "Whose date it is; the tracker's never bend the path."})
    due = DueField(DueDocument(), required=True)
    target = Number(allow_none=True)
    status = Choice(MilestoneStatus, dump_only=True)
    flags = fields.List(fields.Nested(FlagNote), dump_only=True)


class FigureDocument(Document):
    """What the reports amount to."""

    value = Number(dump_only=True)
    as_of = Day(dump_only=True)
    completion = Number(dump_only=True, allow_none=True)


class PathDocument(Document):
    """The figure held against the path; null where undefined. Rates are per day."""

    expected = Number(dump_only=True, allow_none=True)
    gap = Number(dump_only=True, allow_none=True, metadata={"description": "Ahead is positive."})
    pace = Number(dump_only=True, allow_none=True)
    days_ahead = Whole(-MAX_NUMBER, MAX_NUMBER, dump_only=True, allow_none=True)
    current_rate = Number(dump_only=True, allow_none=True)
    required_rate = Number(dump_only=True, allow_none=True)
    projected_value = Number(dump_only=True, allow_none=True)
    projected_date = Day(dump_only=True, allow_none=True)


class LatenessDocument(Document):
    """Days past the deadline in force, and past the one first promised."""

    current = Whole(0, MAX_NUMBER, dump_only=True, allow_none=True)
    original = Whole(0, MAX_NUMBER, dump_only=True, allow_none=True)


class CounterClaimDocument(Document):
    """What somebody else says instead of a disputed update."""

    value = Number(allow_none=True, metadata={"description": "The total to date by their account."})
    text = Text(allow_none=True)
    source = Part(SourceDocument, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CounterClaim:
        """The counter-claim, which must say something."""
        if all(value is None for value in data.values()):
            raise ValidationError("Say at least one of value, text and source.")
        return CounterClaim(**data)


class DecisionDocument(Document):
    """What a reviewer decided about an update."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    update = Whole(1, MAX_NUMBER, dump_only=True)
    before = Choice(Review, dump_only=True)
    review = Choice(Review, required=True, metadata={"description": "accepted, returned or disputed."})
    reason = Text(allow_none=True, metadata={"description": "Why; of a returned update, what is wanted."})
    counter_claim = Part(CounterClaimDocument, allow_none=True)
    decided_on = Day(dump_only=True)
    decided_by = Line(dump_only=True, allow_none=True, metadata={"description": "The name of the key."})
    recorded_at = fields.AwareDateTime(dump_only=True)


class ResolutionDocument(Document):
    """Which of several updates about one day makes the figure."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    as_of = Day(required=True, metadata={"description": "The day about which they differ."})
    milestone = Slug(allow_none=True, metadata={"description": "The event milestone that they speak of."})
    chosen = Whole(1, MAX_NUMBER, required=True, metadata={"description": "The update that counts."})
    among = fields.List(Whole(1, MAX_NUMBER), dump_only=True)
    reason = Text(allow_none=True)
    decided_on = Day(dump_only=True)
    decided_by = Line(dump_only=True, allow_none=True, metadata={"description": "The name of the key."})
    recorded_at = fields.AwareDateTime(dump_only=True)


class ClaimedDocument(Document):
    """What the figures would say if all that waits for a reviewer were accepted."""

    delivery = Choice(Delivery, dump_only=True)
    value = Number(dump_only=True, allow_none=True)
    as_of = Day(dump_only=True, allow_none=True)
    completion = Number(dump_only=True, allow_none=True)


class RivalDocument(Document):
    """One of several updates about one day that differ."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    value = Number(dump_only=True, allow_none=True)
    done = Truth(dump_only=True, allow_none=True)
    claim = Choice(Claim, dump_only=True)
    reported_by = Line(dump_only=True, allow_none=True)
    evidence = fields.List(fields.Nested(SourceDocument), dump_only=True)


class ConflictDocument(Document):
    """Accepted updates about one day that differ; until one is chosen, the least favourable counts."""

    as_of = Day(dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    is_open = Truth(dump_only=True, metadata={"description": "Whether some still differ."})
    updates = fields.List(fields.Nested(RivalDocument), attribute="rivals", dump_only=True)
    choice = fields.Nested(
        ResolutionDocument,
        dump_only=True,
        allow_none=True,
        metadata={"description": "What was last chosen."},
    )


class RescheduleDocument(Document):
    """A move of the deadline."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    due = DueField(DateDocument(), required=True, allow_none=True)
    announced_on = Day(allow_none=True, metadata={"description": "From when it counts; today unless said."})
    moved_by = Choice(SetBy)
    reason = Text(allow_none=True)
    source = Part(SourceDocument, allow_none=True)
    recorded_at = fields.AwareDateTime(dump_only=True)

    @post_load
    def unpair(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Only the date: the zone is the pledge's."""
        if data.get("due") is not None:
            data["due"], _zone = data["due"]
        return data


class WithdrawalDocument(Document):
    """That a pledge was taken back."""

    on = Day(allow_none=True, metadata={"description": "From when; today unless said."})
    reason = Text(allow_none=True)
    source = Part(SourceDocument, allow_none=True)
    recorded_at = fields.AwareDateTime(dump_only=True)


class VerdictDocument(Document):
    """What somebody ruled under a rubric, or that an earlier verdict is taken back."""

    id = Whole(1, MAX_NUMBER, attribute="verdict.number", dump_only=True)
    rubric = Slug(
        attribute="verdict.rubric",
        allow_none=True,
        metadata={"description": "The name of the rubric; needed but where a verdict is taken back."},
    )
    rubric_version = Whole(
        1,
        MAX_NUMBER,
        attribute="verdict.rubric_version",
        allow_none=True,
        metadata={"description": "The newest unless said."},
    )
    rating = RatingId(
        attribute="verdict.rating",
        allow_none=True,
        metadata={"description": "One of that version's; null where a verdict is taken back."},
    )
    ruled_on = Day(
        attribute="verdict.ruled_on",
        allow_none=True,
        metadata={"description": "The day from which it holds; today unless said."},
    )
    ruled_by = Line(
        attribute="verdict.ruled_by", required=True, metadata={"description": "Who answers for it."}
    )
    reason = Text(attribute="verdict.reason", required=True)
    evidence = _parts(
        SourceDocument,
        attribute="verdict.evidence",
        metadata={"description": "A final rating needs some."},
    )
    retracts = Whole(
        1,
        MAX_NUMBER,
        attribute="verdict.retracts",
        allow_none=True,
        metadata={"description": "The verdict, recorded by mistake, that this takes back."},
    )
    retracted_by = Whole(1, MAX_NUMBER, dump_only=True, allow_none=True)
    recorded_at = fields.AwareDateTime(attribute="verdict.recorded_at", dump_only=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields, lists as tuples."""
        said = _said(data, "verdict")
        if "evidence" in said:
            said["evidence"] = tuple(said["evidence"])
        return said


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
    comparator = Choice(Comparator, attribute="pledge.comparator")
    target = Number(attribute="pledge.target", allow_none=True)
    tolerance = Share(
        attribute="pledge.tolerance",
        allow_none=True,
        metadata={"description": "For `about`; 0.1 unless said."},
    )
    announced_on = Day(attribute="pledge.announced_on", required=True)
    baseline = Part(BaselineDocument, attribute="pledge.baseline", allow_none=True)
    cadence_days = Whole(1, MAX_DAYS, attribute="pledge.cadence_days", allow_none=True)
    grace_days = Whole(0, MAX_DAYS, attribute="pledge.grace_days", allow_none=True)
    time_zone = TimeZone(attribute="pledge.time_zone")
    due = DueField(DueDocument(), allow_none=True)
    # GET shows one more: the pledge's own target.
    milestones = _parts(MilestoneDocument, max_items=MAX_ITEMS + 1)
    contacts = _parts(ContactDocument, load_only=True)
    tags = _slugs(MAX_TAGS, attribute="pledge.tags")
    restates = _slugs(
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
    other_targets = _parts(OtherTargetDocument, attribute="pledge.other_targets")
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
    reschedules = fields.List(
        fields.Nested(RescheduleDocument), attribute="record.reschedules", dump_only=True
    )
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
        said = _said(data, "pledge")
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


class ProgressDocument(Document):
    """A progress update: exactly one of value, increment, no_change and done."""

    id = Whole(1, MAX_NUMBER, attribute="update.number", dump_only=True)
    as_of = Day(
        attribute="update.as_of",
        metadata={"description": "The day that the figure describes; only a retraction may leave it out."},
    )
    reported_at = Day(
        attribute="update.reported_at",
        allow_none=True,
        metadata={"description": "When its source said it; today unless said."},
    )
    recorded_at = fields.AwareDateTime(attribute="update.recorded_at", dump_only=True)
    value = Number(attribute="update.value", allow_none=True, metadata={"description": "Total to date."})
    increment = Number(
        attribute="update.increment", allow_none=True, metadata={"description": "What came on top."}
    )
    no_change = Truth(attribute="update.no_change", allow_none=True)
    done = Truth(attribute="update.done", allow_none=True)
    milestone = Slug(
        attribute="update.milestone",
        allow_none=True,
        metadata={"description": "The event milestone that `done` speaks of."},
    )
    claim = Choice(Claim, attribute="update.claim", allow_none=True)
    note = Text(attribute="update.note", allow_none=True)
    reported_by = Line(
        attribute="update.reported_by", allow_none=True, metadata={"description": "Who says so."}
    )
    evidence = _parts(SourceDocument, attribute="update.evidence")
    supersedes = Whole(
        1,
        MAX_NUMBER,
        attribute="update.supersedes",
        allow_none=True,
        metadata={"description": "The update this corrects, once it is accepted."},
    )
    reason = Choice(
        Correction,
        attribute="update.reason",
        allow_none=True,
        metadata={"description": "Why it corrects; `retracted` takes back and says nothing else."},
    )
    review = Choice(
        Review,
        attribute="update.review",
        dump_only=True,
        metadata={"description": "Only accepted ones count."},
    )
    decisions = fields.List(fields.Nested(DecisionDocument), dump_only=True)
    superseded_by = Whole(1, MAX_NUMBER, dump_only=True, allow_none=True)
    counts = Truth(
        dump_only=True,
        metadata={"description": "Whether it makes figures: accepted, in force, not before the baseline."},
    )

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """The fields, lists as tuples."""
        said = _said(data, "update")
        if "evidence" in said:
            said["evidence"] = tuple(said["evidence"])
        return said


class WaitingDocument(Document):
    """An update that waits for a reviewer."""

    pledge = Slug(attribute="pledge.id", dump_only=True)
    title = Line(attribute="pledge.title", dump_only=True)
    pledger = Slug(attribute="pledge.pledger", dump_only=True)
    unit = Line(attribute="pledge.unit", dump_only=True, allow_none=True)
    update = fields.Nested(ProgressDocument, attribute="shown", dump_only=True)


class PledgerDocument(Document):
    """Who made promises."""

    id = Slug(metadata={"description": "Permanent; made from the name unless said."})
    name = Line(required=True)
    kind = Choice(PledgerKind, allow_none=True)
    url = Url(allow_none=True)
    version = Whole(1, MAX_NUMBER, dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)


class PledgerChange(PledgerDocument):
    """What may be changed of a pledger."""


class InitiativeDocument(Document):
    """What groups pledges."""

    id = Slug(metadata={"description": "Permanent; made from the title unless said."})
    title = Line(required=True)
    parent = Slug(allow_none=True)
    description = Text(allow_none=True)
    url = Url(allow_none=True)
    version = Whole(1, MAX_NUMBER, dump_only=True)
    created_at = fields.AwareDateTime(dump_only=True)
    updated_at = fields.AwareDateTime(dump_only=True)


class InitiativeChange(InitiativeDocument):
    """What may be changed of an initiative."""


class HistoryDocument(Document):
    """One thing that was recorded of a pledge."""

    at = fields.AwareDateTime(dump_only=True, metadata={"description": "The instant of recording."})
    what = Choice(Happening, dump_only=True)
    number = Whole(1, MAX_NUMBER, dump_only=True, metadata={"description": "Of the row that it tells of."})
    day = Day(dump_only=True, metadata={"description": "The day that it speaks of."})
    summary = Text(dump_only=True, metadata={"description": "A sentence that can be read alone."})
    by = Line(dump_only=True, allow_none=True, metadata={"description": "Who did it, where that is known."})


class FlagDocument(Document):
    """A flag as it stands in the record."""

    id = Whole(1, MAX_NUMBER, dump_only=True)
    pledge = Slug(dump_only=True)
    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True, metadata={"description": "The date that names this occurrence."})
    opened_on = Day(dump_only=True, metadata={"description": "The local day from which it counts."})
    opened_at = fields.AwareDateTime(dump_only=True)
    cleared_at = fields.AwareDateTime(dump_only=True, allow_none=True)


class AlertDocument(Document):
    """An owed alert and what became of it. The recipient shows only to keys with scope write."""

    id = Whole(1, MAX_NUMBER, attribute="entry.id", dump_only=True)
    pledge = Slug(attribute="entry.pledge", dump_only=True)
    milestone = Slug(attribute="entry.milestone", dump_only=True, allow_none=True)
    kind = Line(attribute="entry.kind", dump_only=True)
    episode = Day(attribute="entry.episode", dump_only=True)
    step = Whole(0, MAX_NUMBER, attribute="entry.step", dump_only=True)
    recipient = Email(dump_only=True, allow_none=True)
    channel = Line(attribute="entry.channel", dump_only=True)
    due_at = fields.AwareDateTime(attribute="entry.due_at", dump_only=True)
    planned_at = fields.AwareDateTime(attribute="entry.planned_at", dump_only=True)
    state = Choice(AlertState, attribute="entry.state", dump_only=True)
    reason = Line(attribute="entry.reason", dump_only=True, allow_none=True)
    superseded_by = Whole(1, MAX_NUMBER, attribute="entry.superseded_by", dump_only=True, allow_none=True)
    attempts = Whole(0, MAX_NUMBER, attribute="entry.attempts", dump_only=True)
    next_attempt_at = fields.AwareDateTime(attribute="entry.next_attempt_at", dump_only=True, allow_none=True)
    ended_at = fields.AwareDateTime(attribute="entry.ended_at", dump_only=True, allow_none=True)
    message_id = Line(dump_only=True, allow_none=True)


class AttemptDocument(Document):
    """One attempt to send an alert."""

    number = Whole(1, MAX_NUMBER, dump_only=True)
    begun_at = fields.AwareDateTime(dump_only=True)
    ended_at = fields.AwareDateTime(
        dump_only=True, allow_none=True, metadata={"description": "Null while it is under way."}
    )
    outcome = Choice(
        Outcome,
        dump_only=True,
        allow_none=True,
        metadata={
            "description": "`outage`: no letter could leave, which counts against none; "
            "`lost`: whoever made it was killed."
        },
    )
    phase = Choice(
        Phase,
        dump_only=True,
        allow_none=True,
        metadata={"description": "How far it came; null where nobody knows."},
    )
    code = Whole(0, MAX_NUMBER, dump_only=True, allow_none=True)
    words = Line(
        dump_only=True, allow_none=True, metadata={"description": "What the server said, or was met."}
    )


class ActorDocument(Document):
    """Who changed something."""

    kind = Choice(ActorKind, attribute="kind", dump_only=True)
    key = Line(dump_only=True, allow_none=True, metadata={"description": "The public id of the key."})
    name = Line(dump_only=True, metadata={"description": "Of the key, or of the user on the command line."})


class AuditDocument(Document):
    """One change, as the audit log keeps it."""

    id = Whole(1, MAX_NUMBER, attribute="number", dump_only=True)
    at = fields.AwareDateTime(attribute="deed.at", dump_only=True)
    actor = Part(ActorDocument, attribute="deed.actor", dump_only=True)
    request = Line(
        attribute="deed.actor.request",
        dump_only=True,
        allow_none=True,
        metadata={"description": "The X-Request-Id of the request."},
    )
    action = Line(attribute="deed.action", dump_only=True, metadata={"description": "`pledge.create`, say."})
    subject = Line(
        attribute="deed.subject",
        dump_only=True,
        metadata={"description": "The id of what was changed; for progress and verdicts, of the pledge."},
    )
    before = Kept(attribute="deed.before", dump_only=True, allow_none=True)
    after = Kept(attribute="deed.after", dump_only=True, allow_none=True)
    previous = Line(dump_only=True, metadata={"description": "The hash of the entry before."})
    hash = Line(dump_only=True, metadata={"description": "SHA-256 of this entry and of the hash before."})
