"""Whether the service works, and what it lacks for production."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pledgetracker.domain.errors import Refusal
from pledgetracker.services import pausing
from pledgetracker.services.holding import held
from pledgetracker.settings import Settings
from pledgetracker.storage import schema
from pledgetracker.storage.database import Database, Transaction, Unavailable

SCHEDULER = "scheduler"
# A tick may take its time; only after several have been missed is the scheduler called silent.
MISSED_TICKS = 5
KEYS_END_SOON = timedelta(days=14)
MAIL_IS_LATE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        is_needed: whether the service cannot work without it.
        figures: what was measured.
        to_everybody: what to say instead of `detail`, which names things inside, to those who only ask.
    """

    name: str
    ok: bool
    detail: str
    is_needed: bool
    figures: Mapping[str, int | str | None] = field(default_factory=dict)
    to_everybody: str | None = None

    @property
    def public_detail(self) -> str:
        """The detail as anybody may read it."""
        return self.detail if self.to_everybody is None else self.to_everybody


@dataclass(frozen=True, slots=True)
class Readiness:
    """Everything looked at."""

    checks: Sequence[Check]

    @property
    def is_ready(self) -> bool:
        """Whether requests can be answered; a silent scheduler or late mail does not stop them."""
        return all(check.ok for check in self.checks if check.is_needed)


def readiness(database: Database, tick_seconds: int, *, now: datetime) -> Readiness:
    """Look at database, schema, scheduler and mail queue."""
    try:
        with database.read() as tx:
            return Readiness(tuple(_checks(database, tx, tick_seconds, now)))
    except Unavailable as outage:
        told = "cannot be reached; the log says why"
        return Readiness((Check("database", False, str(outage), is_needed=True, to_everybody=told),))


def _checks(database: Database, tx: Transaction, tick_seconds: int, now: datetime) -> Iterator[Check]:
    yield Check("database", True, database.description, is_needed=True)
    found, wanted = tx.schema_version(), schema.newest()
    try:
        schema.check(found)
    except Refusal as refusal:
        detail = str(refusal)
    else:
        detail = "up to date"
    yield Check("schema", found == wanted, detail, is_needed=True, figures={"found": found, "wanted": wanted})
    if found != wanted:
        return
    yield _scheduler(tx, tick_seconds, now)
    yield _queue(tx, now)
    yield _mail(tx, now)


def _scheduler(tx: Transaction, tick_seconds: int, now: datetime) -> Check:
    beat = tx.heartbeats.get(SCHEDULER)
    if beat is None:
        return Check(SCHEDULER, False, "has never ticked: start 'pledgetracker schedule'", is_needed=False)
    age = int((now - beat.at).total_seconds())
    ok = age <= MISSED_TICKS * tick_seconds
    detail = "ticking" if ok else "silent: is 'pledgetracker schedule' running?"
    return Check(SCHEDULER, ok, detail, is_needed=False, figures={"last_tick_age_seconds": age})


def _queue(tx: Transaction, now: datetime) -> Check:
    counts, oldest = tx.alerts.queue(), tx.alerts.oldest_pending()
    age = None if oldest is None else int((now - oldest).total_seconds())
    is_late = oldest is not None and now - oldest > MAIL_IS_LATE_AFTER
    detail = "alerts wait for the mail server" if is_late else "moving"
    if dead := counts["dead"]:
        detail += f"; {dead} given up, see GET /v1/alerts?state=dead"
    if (reason := held(tx)) is not None:
        detail = f"held; 'pledgetracker release' ends it. {reason}"
    ok = reason is None and not is_late
    figures = {**counts, "oldest_pending_age_seconds": age}
    return Check("queue", ok, detail, is_needed=False, figures=figures)


def _mail(tx: Transaction, now: datetime) -> Check:
    resting = pausing.pause(tx)
    if resting is None:
        return Check("mail", True, "no failure that concerns every letter", is_needed=False)
    figures: dict[str, int | str | None] = {
        "failures": resting.failures,
        "kind": resting.kind,
        "since": resting.since.isoformat(),
    }
    detail = pausing.described(resting, now=now)
    return Check("mail", False, detail, is_needed=False, figures=figures)


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that production would want otherwise.

    Attributes:
        id: stable, for scripts that silence it.
        is_serious: whether going on would be wrong, and not only unwise.
        cure: what to do.
    """

    id: str
    is_serious: bool
    finding: str
    cure: str


def advise(settings: Settings) -> Sequence[Advice]:
    """What is missing in the settings for production."""
    return tuple(_advice(settings))


def ending_keys(tx: Transaction, *, now: datetime) -> Sequence[Advice]:
    """The keys that will soon stop working."""
    return tuple(
        Advice(
            "key-expires",
            False,
            f"The key {key.id} ({key.name}) expires on {key.expires_at:%Y-%m-%d}.",
            "Make a new one with 'pledgetracker keys create' and hand it out before.",
        )
        for key in tx.keys.all()
        if key.revoked_at is None and key.expires_at and now < key.expires_at <= now + KEYS_END_SOON
    )


def _advice(settings: Settings) -> Iterator[Advice]:
    if settings.smtp_host is None:
        yield Advice(
            "mail-to-files",
            True,
            "Alerts are written to files and reach nobody.",
            "Set smtp_host and mail_from.",
        )
    if settings.smtp_host is not None and settings.mail_from.rstrip(">").endswith("@localhost"):
        yield Advice(
            "mail-from",
            True,
            "Mail leaves in the name of localhost.",
            "Set mail_from to an address of your own.",
        )
    if settings.smtp_host not in {None, "localhost", "127.0.0.1", "::1"} and settings.smtp_security == "none":
        yield Advice(
            "mail-in-clear",
            False,
            "Mail crosses the network unprotected.",
            "Set smtp_security to starttls or tls.",
        )
    if not settings.alert_recipients:
        yield Advice(
            "no-recipients", False, "Pledges without contacts alert nobody.", "Set alert_recipients."
        )
    if settings.secret is None:
        yield Advice(
            "secret-in-file",
            False,
            "The secret of the keys lies in the data folder, for this machine alone.",
            "Set secret, or secret_file, to one that every machine shares and that is kept elsewhere too.",
        )
    if not settings.public_url.startswith("https://"):
        yield Advice(
            "public-url",
            False,
            f"Links in mail lead to {settings.public_url}.",
            "Set public_url to the https:// address that people use.",
        )
    if settings.ping_url is None:
        yield Advice(
            "no-ping",
            False,
            "Nobody is told when this machine stops, or when no mail leaves it.",
            "Set ping_url to an address that raises the alarm when its calls stay away.",
        )
    if settings.processes > 1 and settings.database_url.startswith("sqlite"):
        yield Advice(
            "processes-on-sqlite",
            False,
            "Several processes share one SQLite file, which one writes at a time.",
            "Set processes to 1, or use PostgreSQL.",
        )
