"""What the record holds, as the documents that files have."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any

from marshmallow import Schema, fields

from pledgetracker.api.fields import DueField
from pledgetracker.domain.days import Due
from pledgetracker.domain.pledge import Edition, Pledge, Reschedule
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Decision, Review
from pledgetracker.domain.update import ProgressUpdate
from pledgetracker.domain.verdict import Verdict

# What stands in a file even where there is nothing to say: whoever reads it sees that nothing is said.
ALWAYS = frozenset(
    {
        *("id", "title", "name", "kind", "url", "parent", "description"),
        *("pledger", "statement", "text", "source", "publisher", "published_on", "indicator", "unit"),
        *("comparator", "target", "announced_on", "baseline", "value", "date", "time_zone", "due"),
        *(
            "milestones",
            "set_by",
            "progress",
            "as_of",
            "reported_at",
            "claim",
            "reported_by",
            "note",
            "evidence",
            "entry",
        ),
    }
)
# Of an update: one of them is said, and the others are not there.
SAID = frozenset({"value", "increment", "no_change", "done"})


@dataclass(frozen=True, slots=True)
class FiledPledge:
    """A pledge as files have it; `due` is the deadline as first promised, or in a table the one in force."""

    record: Record
    due: Due | None

    @property
    def pledge(self) -> Pledge:
        """The promise itself."""
        return self.record.pledge

    @property
    def version(self) -> int:
        """How often the pledge and what hangs on it was changed, and once more."""
        return self.pledge.version

    @property
    def created_at(self) -> datetime | None:
        """When it was recorded."""
        return self.pledge.created_at

    @property
    def updated_at(self) -> datetime | None:
        """When it, or what hangs on it, was last changed."""
        return self.pledge.updated_at

    @property
    def edited_at(self) -> datetime:
        """From when on it has said what it says."""
        return self.record.editions[-1].recorded_at

    @property
    def earlier(self) -> Any:
        """What it said before."""
        return [FiledEdition(edition) for edition in self.record.editions[:-1]]

    @property
    def rescinded(self) -> Any:
        """That it was taken back, and then was not."""
        return [taken for taken in self.record.withdrawals if taken.rescinded_at is not None]

    @property
    def milestones(self) -> Any:
        """The milestones, without the pledge's own target."""
        return self.pledge.milestones

    @property
    def contacts(self) -> Any:
        """Who is told when a deadline nears."""
        return self.pledge.contacts

    @property
    def reschedules(self) -> Any:
        """Every move of the deadline."""
        return [FiledMove(move) for move in self.record.reschedules]

    @property
    def withdrawal(self) -> Any:
        """That it was taken back."""
        return self.record.withdrawal

    @property
    def progress(self) -> Any:
        """Everything that was reported."""
        decisions = self.record.decisions
        return [FiledUpdate(update, decided=decisions) for update in self.record.updates]

    @property
    def verdicts(self) -> Any:
        """What people ruled on it."""
        return [FiledVerdict(verdict) for verdict in self.record.verdicts]

    @property
    def resolutions(self) -> Any:
        """Which of several updates reviewers chose."""
        return self.record.resolutions


@dataclass(frozen=True, slots=True)
class FiledEdition:
    """What a pledge said once, as files have it."""

    edition: Edition

    @property
    def pledge(self) -> Pledge:
        """The promise as it was worded."""
        return self.edition.pledge

    @property
    def due(self) -> Due | None:
        """The deadline as first promised."""
        return self.pledge.due

    @property
    def milestones(self) -> Any:
        """The milestones, without the pledge's own target."""
        return self.pledge.milestones

    @property
    def recorded_at(self) -> datetime:
        """From when on it said so."""
        return self.edition.recorded_at


@dataclass(frozen=True, slots=True)
class FiledPolicy:
    """Thresholds, and the instant from which standings were judged by them."""

    recorded_at: datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class FiledUpdate:
    """A progress update as files have it, in tables with the id of its pledge."""

    update: ProgressUpdate
    pledge: str = ""
    decided: Sequence[Decision] = ()

    @property
    def id(self) -> int:
        """Its number."""
        return self.update.number

    @property
    def decisions(self) -> Any:
        """What reviewers decided about it."""
        return [decision for decision in self.decided if decision.update == self.update.number]


@dataclass(frozen=True, slots=True)
class FiledVerdict:
    """A verdict as files have it."""

    verdict: Verdict

    @property
    def id(self) -> int:
        """Its number."""
        return self.verdict.number


@dataclass(frozen=True, slots=True)
class FiledMove:
    """A move of the deadline as files have it."""

    move: Reschedule

    def __getattr__(self, name: str) -> Any:
        return getattr(self.move, "number" if name == "id" else name)


def writer(schema: Schema) -> Callable[[Any], dict[str, Any]]:
    """What turns a value into the document that `schema` would load: all that can be said, as it is said."""
    parts = [
        (field.data_key or name, attrgetter(field.attribute or name), _part(field))
        for name, field in schema.load_fields.items()
    ]

    def write(value: Any) -> dict[str, Any]:
        return {name: convert(get(value)) for name, get, convert in parts}

    return write


def _part(field: fields.Field[Any]) -> Callable[[Any], Any]:
    if isinstance(field, DueField):
        return lambda due: None if due is None else due.text
    if isinstance(field, fields.Nested):
        inner = writer(field.schema)
        return lambda value: None if value is None else inner(value)
    if isinstance(field, fields.List):
        convert = _part(field.inner)
        return lambda values: [convert(value) for value in values]
    return _plain


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def spare(document: Any) -> Any:
    """The document without what says nothing and may be left out."""
    if isinstance(document, list):
        return [spare(item) for item in document]
    if not isinstance(document, Mapping):
        return document
    is_update = "as_of" in document
    return {
        name: spare(value)
        for name, value in document.items()
        if not _is_left_out(name, value, is_update=is_update)
    }


def _is_left_out(name: str, value: Any, *, is_update: bool) -> bool:
    if is_update and name in SAID:
        return value is None or (name == "no_change" and not value)
    if is_update and name == "review" and value == Review.ACCEPTED:
        return True
    return value in (None, [], ()) and name not in ALWAYS
