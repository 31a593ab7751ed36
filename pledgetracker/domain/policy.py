"""The thresholds by which standings are judged; settings fill them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Policy:
    """Thresholds.

    Attributes:
        lead_days: days before a due day from which silence is a `no_progress` flag.
        cadence_days: days between reports, for pledges that name no cadence.
        grace_days: days a report may be late before it is stale, for pledges that name none.
        on_track_pace: share of the path from which a pledge is on track; below it `behind` opens.
        at_risk_pace: share of the path from which a pledge is at risk rather than off track.
        behind_clears_pace: share of the path above which `behind` closes again.
    """

    lead_days: int = 90
    cadence_days: int = 90
    grace_days: int = 30
    on_track_pace: Decimal = Decimal("0.90")
    at_risk_pace: Decimal = Decimal("0.70")
    behind_clears_pace: Decimal = Decimal("0.95")
