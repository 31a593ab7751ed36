"""The composition root: settings become a database, rules, a post office; and the one clock is read here."""

import os
import platform
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parseaddr
from functools import partial
from pathlib import Path

from pledgetracker.channels.base import Channel
from pledgetracker.channels.folder import FolderChannel
from pledgetracker.channels.mail import compose
from pledgetracker.channels.smtp import Security, SmtpChannel
from pledgetracker.domain.alert import Recipient
from pledgetracker.domain.allowance import Allowance, Deed
from pledgetracker.domain.errors import Refusal
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Links, Notice
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.uptime import Uptime
from pledgetracker.services.limiting import Limiter
from pledgetracker.services.office import Clock, PostOffice
from pledgetracker.services.rules import Rules
from pledgetracker.settings import Settings, load
from pledgetracker.storage.database import Database

SECRET_FILE = "secret"  # noqa: S105 -- a file's name
MAIL_FOLDER = "mail"
# Of callers: what they may do at once, unless the settings say, is what they may do in so long.
BURST_MINUTES = 5


class SecretEmpty(Refusal):
    """The file with the secret holds none, and keys hashed without one would be worth nothing."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path} is empty. Put back the secret it held; or delete the file, and make every key anew."
        )


def clock() -> datetime:
    """The instant it is, in UTC."""
    return datetime.now(UTC)  # noqa: TID251 -- the one place that reads the clock


def uptime() -> Uptime:
    """How long this machine has been running, sleep included."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return Uptime(boot, time.clock_gettime(time.CLOCK_BOOTTIME), platform.node())
    except (OSError, AttributeError):
        # Only Linux tells.
        return Uptime(None, 0, platform.node())


@dataclass(frozen=True, slots=True)
class Runtime:
    """Everything that the ways in share, ready to use.

    Attributes:
        pepper: the secret with which keys are hashed.
        clock: tells the instant it is.
        limiter: counts what callers do in this process.
        uptime: tells how long the machine has been running.
    """

    settings: Settings
    database: Database
    rules: Rules
    pepper: bytes
    clock: Clock
    limiter: Limiter
    uptime: Callable[[], Uptime]

    @property
    def mail_domain(self) -> str:
        """The domain of Message-IDs."""
        return parseaddr(self.settings.mail_from)[1].rpartition("@")[2]

    def post_office(
        self, *, at: datetime | None = None, is_stopping: Callable[[], bool] = lambda: False
    ) -> PostOffice:
        """How letters leave, until it `is_stopping`; `at` has alerts looked at as if it were then."""
        return PostOffice(
            channel=_channel(self.settings),
            compose=partial(_compose, self.settings.mail_from),
            links=partial(links, self.settings.public_url),
            mail_domain=self.mail_domain,
            clock=self.clock,
            at=at,
            is_stopping=is_stopping,
            hold_above=self.settings.hold_above,
        )


def start(environ: Mapping[str, str] | None = None) -> Runtime:
    """Put everything together from the environment and the settings file.

    Raises:
        SettingsError: settings are wrong; all of them are named.
    """
    return assemble(load(os.environ if environ is None else environ))


def assemble(settings: Settings) -> Runtime:
    """Put everything together from settings."""
    return Runtime(
        settings=settings,
        database=Database(
            settings.database_url,
            standby_url=settings.standby_url,
            busy_timeout_ms=settings.lock_timeout_seconds * 1000,
        ),
        rules=rules(settings),
        pepper=_pepper(settings),
        clock=clock,
        limiter=limiter(settings),
        uptime=uptime,
    )


def limiter(settings: Settings, *, launch: Callable[[Callable[[], None]], None] | None = None) -> Limiter:
    """What counts callers, with nothing counted yet; `launch` starts what it does beside the requests."""
    allowances = {
        Deed.READ: _allowance(settings.reads_per_minute, settings.reads_burst),
        Deed.WRITE: _allowance(settings.writes_per_minute, settings.writes_burst),
        Deed.FAIL: _allowance(settings.failures_per_minute, settings.failures_burst),
    }
    return Limiter(allowances, launch=launch or _beside)


def _allowance(per_minute: int, burst: int | None) -> Allowance:
    return Allowance(per_minute, BURST_MINUTES * per_minute if burst is None else burst)


def _beside(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="limits", daemon=True).start()


def rules(settings: Settings) -> Rules:
    """What use cases need to know of the settings."""
    watchers = (
        Recipient(email.lower(), None, settings.alert_language) for email in settings.alert_recipients
    )
    return Rules(
        policy=Policy(
            lead_days=settings.lead_days,
            cadence_days=settings.cadence_days,
            grace_days=settings.grace_days,
            on_track_pace=settings.on_track_pace,
            at_risk_pace=settings.at_risk_pace,
            behind_clears_pace=settings.behind_clears_pace,
        ),
        time_zone=settings.time_zone,
        watchers=tuple(watchers),
        tells_news=settings.mail_news,
    )


def links(public_url: str, pledge: str) -> Links:
    """Where people read of a pledge, and where programs report on it."""
    return Links(f"{public_url}/pledges/{pledge}", f"{public_url}/v1/pledges/{pledge}/progress")


def mail_folder(settings: Settings) -> Path:
    """Where letters go while there is no mail server."""
    return settings.data_dir / MAIL_FOLDER


def _compose(sender: str, notice: Notice, now: datetime) -> Letter:
    return compose(notice, sender=sender, now=now)


def _channel(settings: Settings) -> Channel:
    if settings.smtp_host is None:
        return FolderChannel(mail_folder(settings))
    return SmtpChannel(
        settings.smtp_host,
        settings.smtp_port,
        security=Security(settings.smtp_security),
        username=settings.smtp_username,
        password=settings.smtp_password,
        timeout_seconds=settings.smtp_timeout_seconds,
    )


def _pepper(settings: Settings) -> bytes:
    """The secret from the settings, or the one kept in the data folder, made on first use."""
    if settings.secret is not None:
        return settings.secret.encode()
    path = settings.data_dir / SECRET_FILE
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{SECRET_FILE}.{secrets.token_hex(8)}")
        with open(draft, "x", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_hex(32))
            file.flush()
            os.fsync(file.fileno())
        try:
            # A link does not replace: of several processes that start at once, the first one's stays.
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    secret = path.read_text().strip().encode()
    if not secret:
        raise SecretEmpty(path)
    return secret
