"""Every setting, declared once: its name, type, default, kind and one-line description."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pledgetracker.settings.kinds import (
    Address,
    Addresses,
    CallAddress,
    Choice,
    DatabaseAddress,
    Folder,
    Host,
    Kind,
    LanguageCode,
    OrganisationReference,
    Secret,
    Share,
    Switch,
    Text,
    TimeZone,
    WebAddress,
    Whole,
    parsed_ip,
)

SmtpSecurity = Literal["none", "starttls", "tls"]
Language = Literal["en", "fr"]
LogFormat = Literal["json", "text"]
LogLevel = Literal["debug", "info", "warning", "error"]
# Codes of IATI's list OrganisationType.
OrganisationType = Literal[
    "10", "11", "15", "21", "22", "23", "24", "30", "40", "60", "70", "71", "72", "73", "80", "90"
]

SMTP_PORTS: Mapping[SmtpSecurity, int] = {"none": 25, "starttls": 587, "tls": 465}


def _is(kind: Kind, about: str) -> dict[str, object]:
    """Describe a setting; the first comment line in the annotated example is `about`, word for word."""
    return {"kind": kind, "about": about}


_RATE = Whole(0, 1_000_000)
_BURST = Whole(1, 1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the operator chose, complete and checked, as `load` returns it.

    A field kept out of the repr is a secret: it may come from a file of its own and is never quoted. An
    empty or zero default stands for one worked out from other settings, once, when the value is made: give
    `load` other sources instead of changing a copy, which would keep what was worked out before.
    """

    host: str = field(default="127.0.0.1", metadata=_is(Host(), "The address the server listens on."))
    port: int = field(default=8000, metadata=_is(Whole(1, 65_535), "The TCP port the server listens on."))
    public_url: str = field(
        default="",
        metadata=_is(WebAddress(), "The address under which people and programs reach this service."),
    )
    threads: int = field(
        default=2, metadata=_is(Whole(1, 64), "How many requests one process answers at the same time.")
    )
    processes: int = field(default=1, metadata=_is(Whole(1, 64), "How many server processes are started."))
    public_reads: bool = field(
        default=True, metadata=_is(Switch(), "Whether reading through the API needs no key.")
    )
    trusted_proxies: int = field(
        default=0,
        metadata=_is(
            Whole(0, 10), "How many proxies of your own stand in front, each adding to X-Forwarded-For."
        ),
    )

    reads_per_minute: int = field(
        default=6_000, metadata=_is(_RATE, "How many reads a minute one caller may make; 0 for any number.")
    )
    reads_burst: int | None = field(
        default=None, metadata=_is(_BURST, "How many reads one caller may make at once, after a rest.")
    )
    writes_per_minute: int = field(
        default=3_000, metadata=_is(_RATE, "How many changes a minute one key may make; 0 for any number.")
    )
    writes_burst: int | None = field(
        default=None, metadata=_is(_BURST, "How many changes one key may make at once, after a rest.")
    )
    failures_per_minute: int = field(
        default=30,
        metadata=_is(
            _RATE, "How many keys that are not valid one address may send a minute; 0 for any number."
        ),
    )
    failures_burst: int | None = field(
        default=None,
        metadata=_is(_BURST, "How many keys that are not valid one address may send at once, after a rest."),
    )

    data_dir: Path = field(
        default=Path("pledgetracker-data"),
        metadata=_is(
            Folder(), "The folder for the SQLite database, mail kept as files and the generated secret."
        ),
    )
    database_url: str = field(
        default="",
        repr=False,
        metadata=_is(DatabaseAddress(), "Where the database is, SQLite or PostgreSQL."),
    )
    standby_url: str | None = field(
        default=None,
        repr=False,
        metadata=_is(DatabaseAddress(), "A PostgreSQL standby of the database, from which the API reads."),
    )

    lock_timeout_seconds: int = field(
        default=10,
        metadata=_is(
            Whole(1, 300), "How many seconds a change waits for others that are writing, before it gets 503."
        ),
    )

    secret: str | None = field(
        default=None,
        repr=False,
        metadata=_is(
            Secret("at least 32 characters drawn at random", characters_min=32),
            "The secret with which keys are hashed, at least 32 characters.",
        ),
    )

    smtp_host: str | None = field(
        default=None, metadata=_is(Host(), "The mail server that alerts are handed to.")
    )
    smtp_port: int = field(default=0, metadata=_is(Whole(1, 65_535), "The TCP port of the mail server."))
    smtp_security: SmtpSecurity = field(
        default="starttls",
        metadata=_is(
            Choice(SmtpSecurity), "How the connection to the mail server is protected: none, starttls or tls."
        ),
    )
    smtp_username: str | None = field(
        default=None,
        metadata=_is(
            Text("the name the mail server knows you by"), "The name to log in to the mail server with."
        ),
    )
    smtp_password: str | None = field(
        default=None,
        repr=False,
        metadata=_is(
            Secret("the password that belongs to smtp_username"),
            "The password to log in to the mail server with.",
        ),
    )
    smtp_timeout_seconds: int = field(
        default=30, metadata=_is(Whole(1, 300), "How many seconds to wait for the mail server at each step.")
    )
    mail_from: str = field(
        default="pledgetracker <pledgetracker@localhost>",
        metadata=_is(Address(sender=True), "The sender of every mail, an address with or without a name."),
    )
    alert_recipients: tuple[str, ...] = field(
        default=(),
        metadata=_is(Addresses(), "Who gets the alerts of every pledge, besides its own contacts."),
    )
    alert_language: Language = field(
        default="en", metadata=_is(Choice(Language), "The language of mail to alert_recipients: en or fr.")
    )
    mail_news: bool = field(
        default=True,
        metadata=_is(Switch(), "Whether news is mailed too, and not only what is late or falling due."),
    )

    tick_seconds: int = field(
        default=60, metadata=_is(Whole(1, 3_600), "How many seconds pass between two ticks of the scheduler.")
    )

    ping_url: str | None = field(
        default=None,
        repr=False,
        metadata=_is(CallAddress(), "The address that is called after every tick that went well."),
    )
    hold_above: int = field(
        default=200,
        metadata=_is(
            Whole(0, 1_000_000),
            "From how many alerts at once on they are held until somebody has looked; 0 never holds any.",
        ),
    )

    lead_days: int = field(
        default=90,
        metadata=_is(
            Whole(1, 3_650), "How many days before a due date the absence of progress raises a flag."
        ),
    )
    cadence_days: int = field(
        default=90, metadata=_is(Whole(1, 3_650), "How many days after a report the next one is expected.")
    )
    grace_days: int = field(
        default=30,
        metadata=_is(Whole(0, 3_650), "How many days late a report may be before it counts as stale."),
    )
    on_track_pace: Decimal = field(
        default=Decimal("0.90"), metadata=_is(Share(), "The pace from which a pledge is on track.")
    )
    at_risk_pace: Decimal = field(
        default=Decimal("0.70"),
        metadata=_is(Share(), "The pace from which a pledge is at risk; below it, it is off track."),
    )
    behind_clears_pace: Decimal = field(
        default=Decimal("0.95"), metadata=_is(Share(), "The pace above which an open behind flag closes.")
    )
    time_zone: str = field(
        default="UTC", metadata=_is(TimeZone(), "The time zone of pledges that name none, as an IANA name.")
    )

    reporting_org_ref: str | None = field(
        default=None,
        metadata=_is(
            OrganisationReference(), "The registered identifier of whoever publishes this record, for IATI."
        ),
    )
    reporting_org_name: str | None = field(
        default=None,
        metadata=_is(
            Text("the name of an organisation"),
            "The name of whoever publishes this record, for IATI and OCDS.",
        ),
    )
    reporting_org_type: OrganisationType = field(
        default="90",
        metadata=_is(
            Choice(OrganisationType), "What kind of organisation publishes this record, as a code of IATI."
        ),
    )
    ocid_prefix: str | None = field(
        default=None,
        metadata=_is(OrganisationReference(), "The registered prefix of identifiers in OCDS."),
    )
    record_language: str = field(
        default="en",
        metadata=_is(LanguageCode(), "The language in which pledges are recorded, for IATI and OCDS."),
    )

    metrics_token: str | None = field(
        default=None,
        repr=False,
        metadata=_is(
            Secret("at least 16 characters drawn at random", characters_min=16),
            "What Prometheus sends as its bearer token to read /metrics, at least 16 characters.",
        ),
    )
    log_format: LogFormat = field(
        default="json", metadata=_is(Choice(LogFormat), "The form of the log: json or text.")
    )
    log_level: LogLevel = field(
        default="info",
        metadata=_is(Choice(LogLevel), "The least that is logged: debug, info, warning or error."),
    )

    def __post_init__(self) -> None:
        """Work out what was left to follow from other settings."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        self._fill("public_url", f"http://{host}:{self.port}")
        # Left alone, a question mark would end the path in the address, and a percent sign change it.
        folder = self.data_dir.as_posix().replace("%", "%25").replace("?", "%3F")
        self._fill("database_url", f"sqlite:///{folder}/pledgetracker.sqlite3")
        self._fill("smtp_port", SMTP_PORTS[self.smtp_security])

    def _fill(self, name: str, value: object) -> None:
        if not getattr(self, name):
            # The class is frozen for everyone else.
            object.__setattr__(self, name, value)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """Settings that are right one by one and wrong together: which, what is wrong, the cure."""

    names: tuple[str, ...]
    message: str
    cure: str


def disagreements(settings: Settings) -> Iterator[Disagreement]:
    """Yield every rule between settings that is broken."""
    yield from _login_disagreements(settings)
    if settings.standby_url and not _both_postgresql(settings.database_url, settings.standby_url):
        yield Disagreement(
            ("standby_url", "database_url"),
            "standby_url is set, and only PostgreSQL has standbys",
            "Leave standby_url empty, or set both to postgresql:// addresses",
        )
    at_risk, on_track, clears = settings.at_risk_pace, settings.on_track_pace, settings.behind_clears_pace
    if at_risk >= on_track:
        yield Disagreement(
            ("at_risk_pace", "on_track_pace"),
            f"at_risk_pace {at_risk} is not below on_track_pace {on_track}",
            "Lower at_risk_pace or raise on_track_pace",
        )
    if on_track > clears:
        yield Disagreement(
            ("on_track_pace", "behind_clears_pace"),
            f"on_track_pace {on_track} is above behind_clears_pace {clears}",
            "Lower on_track_pace or raise behind_clears_pace",
        )


def _login_disagreements(settings: Settings) -> Iterator[Disagreement]:
    if settings.smtp_username and not settings.smtp_password:
        yield Disagreement(
            ("smtp_username", "smtp_password"),
            "smtp_username is set without smtp_password",
            "Set both or neither",
        )
    if settings.smtp_password and not settings.smtp_username:
        yield Disagreement(
            ("smtp_password", "smtp_username"),
            "smtp_password is set without smtp_username",
            "Set both or neither",
        )
    in_the_clear = settings.smtp_username and settings.smtp_security == "none"
    if in_the_clear and settings.smtp_host and not _is_loopback(settings.smtp_host):
        yield Disagreement(
            ("smtp_username", "smtp_security", "smtp_host"),
            "the password would cross the network in the clear, as smtp_security is none",
            "Set smtp_security to starttls or tls",
        )


def _both_postgresql(*urls: str) -> bool:
    return all(url.startswith("postgresql://") for url in urls)


def _is_loopback(host: str) -> bool:
    ip = parsed_ip(host)
    return ip.is_loopback if ip else host.lower() == "localhost"
