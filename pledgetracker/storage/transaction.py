"""One transaction: all the stores, over the same state."""

from functools import cached_property

from sqlalchemy import Connection, func, inspect, select, table

from pledgetracker.domain.audit import ITSELF, Actor
from pledgetracker.storage.alerts import AlertStore
from pledgetracker.storage.attempts import AttemptStore
from pledgetracker.storage.audit import AuditStore
from pledgetracker.storage.deliveries import DeliveryStore
from pledgetracker.storage.earlier import EarlierStore
from pledgetracker.storage.flags import FlagStore
from pledgetracker.storage.heartbeats import HeartbeatStore
from pledgetracker.storage.idempotency import IdempotencyStore
from pledgetracker.storage.initiatives import InitiativeStore
from pledgetracker.storage.keys import KeyStore
from pledgetracker.storage.letters import LetterStore
from pledgetracker.storage.links import LinkStore
from pledgetracker.storage.pledgers import PledgerStore
from pledgetracker.storage.pledges import PledgeStore
from pledgetracker.storage.policies import PolicyStore
from pledgetracker.storage.progress import ProgressStore
from pledgetracker.storage.rate_limits import RateLimitStore
from pledgetracker.storage.rates import RateStore
from pledgetracker.storage.records import RecordCache, RecordStore
from pledgetracker.storage.reviews import ReviewStore
from pledgetracker.storage.rubrics import RubricStore
from pledgetracker.storage.tables import alembic_version
from pledgetracker.storage.verdicts import VerdictStore


class Transaction:
    """One transaction and the stores that work in it; `actor` is who changes something by it."""

    def __init__(
        self, connection: Connection, cache: RecordCache, *, may_cache: bool, actor: Actor = ITSELF
    ) -> None:
        self._connection = connection
        self._cache = cache
        self._may_cache = may_cache
        self._actor = actor

    @cached_property
    def records(self) -> RecordStore:
        """Pledges with everything that hangs on them."""
        return RecordStore(self._connection, self._cache, may_cache=self._may_cache)

    @cached_property
    def pledges(self) -> PledgeStore:
        """Pledges, their milestones, moves and withdrawals: adding, changing, listing."""
        return PledgeStore(self._connection)

    @cached_property
    def links(self) -> LinkStore:
        """What pledges say of each other."""
        return LinkStore(self._connection)

    @cached_property
    def rates(self) -> RateStore:
        """Exchange rates."""
        return RateStore(self._connection)

    @cached_property
    def progress(self) -> ProgressStore:
        """Progress updates."""
        return ProgressStore(self._connection)

    @cached_property
    def reviews(self) -> ReviewStore:
        """What reviewers decided, and what waits for them."""
        return ReviewStore(self._connection)

    @cached_property
    def policies(self) -> PolicyStore:
        """By which thresholds standings were judged."""
        return PolicyStore(self._connection)

    @cached_property
    def pledgers(self) -> PledgerStore:
        """Who promises."""
        return PledgerStore(self._connection)

    @cached_property
    def initiatives(self) -> InitiativeStore:
        """What groups pledges."""
        return InitiativeStore(self._connection)

    @cached_property
    def earlier(self) -> EarlierStore:
        """What pledgers and initiatives said before they came here."""
        return EarlierStore(self._connection)

    @cached_property
    def verdicts(self) -> VerdictStore:
        """What people ruled."""
        return VerdictStore(self._connection)

    @cached_property
    def rubrics(self) -> RubricStore:
        """The scales by which they rule."""
        return RubricStore(self._connection)

    @cached_property
    def flags(self) -> FlagStore:
        """What the scheduler found."""
        return FlagStore(self._connection)

    @cached_property
    def alerts(self) -> AlertStore:
        """What is owed to whom."""
        return AlertStore(self._connection)

    @cached_property
    def deliveries(self) -> DeliveryStore:
        """How far sending them has come."""
        return DeliveryStore(self._connection)

    @cached_property
    def letters(self) -> LetterStore:
        """What is sent."""
        return LetterStore(self._connection)

    @cached_property
    def attempts(self) -> AttemptStore:
        """What was tried to send alerts."""
        return AttemptStore(self._connection)

    @cached_property
    def keys(self) -> KeyStore:
        """API keys."""
        return KeyStore(self._connection)

    @cached_property
    def idempotency(self) -> IdempotencyStore:
        """What requests with an Idempotency-Key did."""
        return IdempotencyStore(self._connection)

    @cached_property
    def rate_limits(self) -> RateLimitStore:
        """What callers used of their rate limits."""
        return RateLimitStore(self._connection)

    @cached_property
    def heartbeats(self) -> HeartbeatStore:
        """Signs of life."""
        return HeartbeatStore(self._connection)

    @cached_property
    def audit(self) -> AuditStore:
        """Who changed what."""
        return AuditStore(self._connection, self._actor)

    def schema_version(self) -> str | None:
        """The version of the database's schema, or None for an empty one."""
        if not inspect(self._connection).has_table(alembic_version.name):
            return None
        version: str | None = self._connection.scalar(select(alembic_version.c.version_num))
        return version

    def counts(self) -> dict[str, int]:
        """How many rows each table has."""
        names = inspect(self._connection).get_table_names()
        count = select(func.count()).select_from
        return {name: self._connection.scalar(count(table(name))) or 0 for name in sorted(names)}
