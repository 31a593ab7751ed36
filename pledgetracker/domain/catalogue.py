"""Who promises, and what groups promises."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pledgetracker.domain.audit import SubjectKind


class PledgerKind(StrEnum):
    """What sort of organisation made the promise."""

    COMPANY = "company"
    GOVERNMENT = "government"
    FOUNDATION = "foundation"
    INTERNATIONAL_ORGANISATION = "international_organisation"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Pledger:
    """Who made the promise."""

    id: str
    name: str
    version: int
    created_at: datetime
    updated_at: datetime
    kind: PledgerKind | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Initiative:
    """What groups pledges; may stand under another."""

    id: str
    title: str
    version: int
    created_at: datetime
    updated_at: datetime
    parent: str | None = None
    description: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Former:
    """What a pledger or an initiative said from an instant on, and says no more.

    Attributes:
        kind: whether it is a pledger or an initiative.
        entry: all of it as it was from `recorded_at` on; None where it was gone from then on.
    """

    kind: SubjectKind
    id: str
    recorded_at: datetime
    entry: Pledger | Initiative | None
