"""The files of an archive: those of `portable`, with the instants at which everything was recorded.

Where such a file is merged into a record, what it says of the past is left aside;
`services/reinstating.py` brings it into an empty one.
"""

from typing import Any

from marshmallow import ValidationError, fields, post_load

from pledgetracker.api.fields import Choice, Day, Moment, Number, Slug, Text, Whole
from pledgetracker.api.portable import (
    FileDecision,
    FileInitiative,
    FilePledge,
    FilePledger,
    FileProgress,
    FileReschedule,
    FileResolution,
    FileRubric,
    FileVerdict,
)
from pledgetracker.api.rates import RateDocument
from pledgetracker.api.schemas.base import MAX_DAYS, MAX_NUMBER, Document, Part
from pledgetracker.api.schemas.pledges import PledgeDocument, WithdrawalDocument
from pledgetracker.domain.audit import SubjectKind
from pledgetracker.domain.catalogue import Former, Initiative, Pledger
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.policy import Policy
from pledgetracker.storage.flags import FlagEntry

# Of a file of an initiative in an archive.
PAST_FORMAT = "pledgetracker/2"
# Of the file of what belongs to no initiative and no pledge, and of what was found of them.
RECORD_FORMAT = "pledgetracker-record/1"


class PastDecision(FileDecision):
    """A decision, numbered in the order in which those of the pledge were taken."""

    class Meta(FileDecision.Meta):
        """Whose decision it is goes without saying."""

        exclude = ("update",)

    id = Whole(1, MAX_NUMBER, attribute="number", required=True)
    recorded_at: Any = Moment(required=True)


class PastProgress(FileProgress):
    """A progress update, and when it was recorded."""

    recorded_at: Any = Moment(attribute="update.recorded_at", required=True)
    decisions = fields.List(Part(PastDecision))


class PastReschedule(FileReschedule):
    """A move of the deadline, and when it was recorded."""

    recorded_at: Any = Moment(required=True)


class PastWithdrawal(WithdrawalDocument):
    """The withdrawal in force, and when it was recorded."""

    recorded_at: Any = Moment(required=True)


class RescindedWithdrawal(PastWithdrawal):
    """A withdrawal that was rescinded, and when."""

    rescinded_at = Moment(required=True)


class PastVerdict(FileVerdict):
    """A row of the ledger of verdicts, and when it was recorded."""

    recorded_at: Any = Moment(attribute="verdict.recorded_at", required=True)


class PastResolution(FileResolution):
    """A choice between updates, and when it was recorded."""

    class Meta(FileResolution.Meta):
        """Its place in the list is its number."""

        exclude = ("id",)

    recorded_at: Any = Moment(required=True)


class PastRubric(FileRubric):
    """A rubric, and when it was recorded."""

    recorded_at: Any = Moment(required=True)


class PastEdition(PledgeDocument):
    """What a pledge said from an instant on, until the next."""

    class Meta(PledgeDocument.Meta):
        """Whose edition it is goes without saying; contacts are nobody's business later."""

        exclude = ("id", "contacts")

    recorded_at: Any = Moment(required=True)

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """What it said, and beside it the instant."""
        at = data.pop("recorded_at")
        return {"pledge": super().make(data, **kwargs), "recorded_at": at}


INSTANTS = ("version", "created_at", "updated_at", "edited_at")


class PastPledge(FilePledge):
    """A pledge with everything that hangs on it, and when all of it was recorded."""

    version = Whole(1, MAX_NUMBER, required=True)
    created_at: Any = Moment(required=True)
    updated_at: Any = Moment(required=True)
    edited_at: Any = Moment(required=True)
    earlier = fields.List(Part(PastEdition), load_default=list)
    reschedules = fields.List(Part(PastReschedule), load_default=list)
    rescinded = fields.List(Part(RescindedWithdrawal), load_default=list)
    withdrawal = Part(PastWithdrawal, allow_none=True, load_default=None)
    progress = fields.List(Part(PastProgress), load_default=list)
    verdicts = fields.List(Part(PastVerdict), load_default=list)
    resolutions = fields.List(Part(PastResolution), load_default=list)

    @post_load
    def make(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """The pledge, and beside it what hangs on it and what it said before."""
        beside = {name: data.pop(name) for name in (*INSTANTS, "earlier", "rescinded")}
        return {**super().make(data, **kwargs), **beside}


class MergedDecision(FileDecision):
    """A decision where it is merged: its number and its instant are left aside."""

    class Meta(FileDecision.Meta):
        """Whose decision it is goes without saying."""

        exclude = ("update",)


class MergedProgress(FileProgress):
    """A progress update where it is merged: its instants are left aside."""

    decisions = fields.List(Part(MergedDecision))


class MergedResolution(FileResolution):
    """A choice where it is merged: its instant is left aside."""

    class Meta(FileResolution.Meta):
        """Its place in the list is its number."""

        exclude = ("id",)


class MergedPledge(FilePledge):
    """A pledge where it is merged: what tells of its past elsewhere is left aside."""

    progress = fields.List(Part(MergedProgress), load_default=list)
    resolutions = fields.List(Part(MergedResolution), load_default=list)
    edited_at: Any = Moment(dump_only=True)
    earlier = fields.List(Part(PastEdition), dump_only=True)
    rescinded = fields.List(Part(RescindedWithdrawal), dump_only=True)


class PastPledger(FilePledger):
    """A pledger, and when it was recorded."""

    version = Whole(1, MAX_NUMBER, required=True)
    created_at: Any = Moment(required=True)
    updated_at: Any = Moment(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Pledger:
        """The pledger."""
        return Pledger(**data)


class PastInitiative(FileInitiative):
    """An initiative, and when it was recorded."""

    version = Whole(1, MAX_NUMBER, required=True)
    created_at: Any = Moment(required=True)
    updated_at: Any = Moment(required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Initiative:
        """The initiative."""
        return Initiative(**data)


class FormerPledger(Document):
    """What a pledger said from an instant on and says no more; null where it was gone."""

    id = Slug(required=True)
    recorded_at: Any = Moment(required=True)
    entry = Part(PastPledger, required=True, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Former:
        """What it said."""
        return _former(SubjectKind.PLEDGER, data)


class FormerInitiative(Document):
    """What an initiative said from an instant on and says no more; null where it was gone."""

    id = Slug(required=True)
    recorded_at: Any = Moment(required=True)
    entry = Part(PastInitiative, required=True, allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Former:
        """What it said."""
        return _former(SubjectKind.INITIATIVE, data)


def _former(kind: SubjectKind, data: dict[str, Any]) -> Former:
    if data["entry"] is not None and data["entry"].id != data["id"]:
        raise ValidationError({"id": ["Ids are permanent: not that of what is told of."]}, "entry")
    return Former(kind, **data)


class PastRate(RateDocument):
    """An exchange rate, or a correction of the one before it, and when it was recorded.

    One without a rate takes back the one before it.
    """

    rate = Number(allow_none=True, load_default=None)
    reason = Text(allow_none=True)
    recorded_at: Any = Moment(required=True)


class PastPolicy(Document):
    """The thresholds by which standings were judged from an instant on."""

    recorded_at: Any = Moment(required=True)
    lead_days = Whole(0, MAX_DAYS, attribute="policy.lead_days", required=True)
    cadence_days = Whole(0, MAX_DAYS, attribute="policy.cadence_days", required=True)
    grace_days = Whole(0, MAX_DAYS, attribute="policy.grace_days", required=True)
    on_track_pace = Number(attribute="policy.on_track_pace", required=True)
    at_risk_pace = Number(attribute="policy.at_risk_pace", required=True)
    behind_clears_pace = Number(attribute="policy.behind_clears_pace", required=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> tuple[Any, Policy]:
        """The instant and the thresholds."""
        return data["recorded_at"], Policy(**data["policy"])


class PastFlag(Document):
    """A flag as it stood in the record."""

    id = Whole(1, MAX_NUMBER, required=True)
    pledge = Slug(required=True)
    kind = Choice(FlagKind, required=True)
    milestone = Slug(allow_none=True, load_default=None)
    episode = Day(required=True)
    opened_on = Day(required=True)
    opened_at = Moment(required=True)
    cleared_at = Moment(allow_none=True, load_default=None)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> FlagEntry:
        """The flag."""
        return FlagEntry(**data)
