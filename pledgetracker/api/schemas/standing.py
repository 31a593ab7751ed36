"""Where a pledge stands: figures, path, lateness and flags."""

from pledgetracker.api.fields import Choice, Day, Number, Slug, Whole
from pledgetracker.api.schemas.base import MAX_NUMBER, Document
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.standing import Delivery


class FlagNote(Document):
    """A flag open at the instant of the standing."""

    kind = Choice(FlagKind, dump_only=True)
    milestone = Slug(dump_only=True, allow_none=True)
    episode = Day(dump_only=True, metadata={"description": "The date that names this occurrence."})
    since = Day(dump_only=True, metadata={"description": "The local day from which it holds."})


class FigureDocument(Document):
    """What the reports amount to."""

    value = Number(dump_only=True)
    as_of = Day(dump_only=True)
    completion = Number(dump_only=True, allow_none=True)


class ClaimedDocument(Document):
    """What the figures would say if all that waits for a reviewer were accepted."""

    delivery = Choice(Delivery, dump_only=True)
    value = Number(dump_only=True, allow_none=True)
    as_of = Day(dump_only=True, allow_none=True)
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
