"""The file format that `seed`, import and export share: one JSON file per initiative.

`seeds/README.md` documents it for people who write such files.
"""

from typing import Any, cast

from marshmallow import ValidationError, fields, post_load, validate

from pledgetracker.api.fields import Choice, Day, Line, Slug, Whole
from pledgetracker.api.parsing import field_problems, parse_json
from pledgetracker.api.schemas.base import MAX_NUMBER, Document, Part
from pledgetracker.api.schemas.catalogue import InitiativeDocument, PledgerDocument
from pledgetracker.api.schemas.conflicts import ResolutionDocument
from pledgetracker.api.schemas.deadlines import RescheduleDocument
from pledgetracker.api.schemas.pledges import PledgeDocument, WithdrawalDocument
from pledgetracker.api.schemas.progress import DecisionDocument, ProgressDocument
from pledgetracker.api.schemas.rubrics import RubricDocument
from pledgetracker.api.schemas.verdicts import VerdictDocument
from pledgetracker.domain.errors import Invalid
from pledgetracker.domain.review import Review
from pledgetracker.services.importing import FileFields

FORMAT = "pledgetracker/1"
# What hangs on a pledge in an order that its ids repeat.
NUMBERED = ("reschedules", "progress", "verdicts")


class FileDecision(DecisionDocument):
    """What a reviewer decided about the update that it stands in."""

    class Meta(DecisionDocument.Meta):
        """Whose decision it is goes without saying."""

        exclude: tuple[str, ...] = ("id", "update", "recorded_at")

    before = Choice(Review, required=True)
    decided_on = Day(required=True)
    decided_by = Line(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """What is said, as it is."""
        return data


class FileResolution(ResolutionDocument):
    """Which of several updates about one day a reviewer chose."""

    class Meta(ResolutionDocument.Meta):
        """Its place in the list is its number."""

        exclude: tuple[str, ...] = ("id", "recorded_at")

    among = fields.List(Whole(1, MAX_NUMBER), required=True)
    decided_on = Day(required=True)
    decided_by = Line(allow_none=True)


class FileProgress(ProgressDocument):
    """A progress update in a file, numbered in order, with what reviewers decided about it."""

    id = Whole(1, MAX_NUMBER, required=True)
    review = Choice(Review, attribute="update.review")
    decisions = fields.List(Part(FileDecision))


class FileReschedule(RescheduleDocument):
    """A move of the deadline in a file, numbered in order."""

    id = Whole(1, MAX_NUMBER, required=True)


class FileVerdict(VerdictDocument):
    """A verdict in a file, numbered in order."""

    id = Whole(1, MAX_NUMBER, required=True)


class FileRubric(RubricDocument):
    """A rubric by which verdicts of a file were given."""

    version = Whole(1, MAX_NUMBER, required=True)


class FilePledger(PledgerDocument):
    """A pledger in a file."""

    id = Slug(required=True)


class FileInitiative(InitiativeDocument):
    """The initiative of a file."""

    id = Slug(required=True)


class FilePledge(PledgeDocument):
    """A pledge in a file, with everything that hangs on it; by its id a second load knows it again."""

    id = Slug(required=True, attribute="pledge.id")
    reschedules = fields.List(Part(FileReschedule), load_default=list)
    withdrawal = Part(WithdrawalDocument, allow_none=True, load_default=None)
    progress = fields.List(Part(FileProgress), load_default=list)
    verdicts = fields.List(Part(FileVerdict), load_default=list)
    resolutions = fields.List(Part(FileResolution), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """The pledge, and beside it what hangs on it."""
        hanging: dict[str, Any] = {"withdrawal": None, "resolutions": []} | {name: [] for name in NUMBERED}
        hanging |= {name: data.pop(name) for name in hanging if name in data}
        for name in NUMBERED:
            for i, entry in enumerate(hanging[name]):
                if entry.pop("id") != i + 1:
                    raise ValidationError({i: {"id": [f"Out of order: expected {i + 1}."]}}, name)
        return {"pledge": super().make(data, **kwargs), **hanging}


class FileDocument(Document):
    """A whole file."""

    format = fields.String(
        required=True, validate=validate.Equal(FORMAT, error=f"Only the format {FORMAT} is known.")
    )
    initiative = Part(FileInitiative, required=True, allow_none=True)
    pledgers = fields.List(Part(FilePledger), required=True)
    rubrics = fields.List(Part(FileRubric), load_default=list)
    pledges = fields.List(Part(FilePledge), required=True)


def read_file(content: bytes) -> FileFields:
    """What a file says, checked for form.

    Raises:
        Malformed: it is not JSON, or not well-formed.
        Invalid: it has fields that the format does not have, or the wrong values.
    """
    try:
        return cast("FileFields", FileDocument().load(parse_json(content)))
    except ValidationError as error:
        raise Invalid(field_problems(error.messages)) from error
