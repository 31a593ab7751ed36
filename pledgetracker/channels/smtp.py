"""Letters by SMTP, driven step by step.

smtplib's own `sendmail` cannot tell a connection that broke before the final dot from one that broke
after it, nor a refused recipient from a relay that is shut.
"""

import re
import smtplib
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum

from pledgetracker.channels.base import (
    ChannelDown,
    Outage,
    RecipientRefused,
    Reply,
    Session,
    TryLater,
    nothing,
)
from pledgetracker.domain.attempt import Phase
from pledgetracker.domain.letter import Letter

_MAX_REASON_CHARACTERS = 500
_QUIT_TIMEOUT_SECONDS = 5.0
_SERVICE_CLOSING = 421
_START_CONTENT = 354
_FINAL_DOT = "final dot"
# Answers that many servers give at RCPT or DATA though they concern every letter of ours alike.
_AUTHENTICATION_CODES = frozenset({530, 534, 535, 538})
_GENERAL_WORDS = re.compile(
    r"\brelay|sender address|client host|send as this sender|\bblocked\b|block ?list|blacklist|reputation"
    r"|not verified|(sending|message|rate|daily) (rate |user )?(sending )?(limit|quota)|too many",
    re.IGNORECASE,
)
# Enhanced status codes of RFC 3463 that speak of the recipient's address or mailbox, whatever the words.
_OF_THE_RECIPIENT = re.compile(r"\s*5\.(1\.([0-6]|10)|2\.[1-3])(?![\d.])")


class Security(StrEnum):
    """How a connection is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class SmtpChannel:
    """A mail server that takes our letters.

    Attributes:
        security: starttls and tls are demanded, never merely tried.
        username, password: both or neither.
        timeout_seconds: for each step, not for the whole.
        context: for servers whose certificate the system does not know; certificates are checked always.
    """

    host: str
    port: int
    security: Security = Security.STARTTLS
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30
    context: ssl.SSLContext | None = None

    @contextmanager
    def open(self) -> Iterator[Session]:
        """A session that keeps one connection for all its letters and says QUIT at the end."""
        session = _SmtpSession(self)
        try:
            yield session
        except BaseException:
            session.drop()  # perhaps in the middle of a letter, where QUIT would be part of it
            raise
        session.quit()

    def connect(self) -> smtplib.SMTP:
        """A connection that is greeted, encrypted and logged in as set.

        Raises:
            ChannelDown: it came to nothing.
        """
        connection = self._dial()
        try:
            self._greet(connection)
            if self.security is Security.STARTTLS:
                self._encrypt(connection)
            if self.username is not None:
                self._log_in(connection, self.username, self.password or "")
        except BaseException:
            connection.close()
            raise
        return connection

    def _dial(self) -> smtplib.SMTP:
        where = f"{self.host}:{self.port}"
        try:
            # The host goes to the constructor: `connect` alone forgets it, and STARTTLS then checks nothing.
            if self.security is Security.TLS:
                return smtplib.SMTP_SSL(
                    self.host, self.port, timeout=self.timeout_seconds, context=self._tls_context()
                )
            return smtplib.SMTP(self.host, self.port, timeout=self.timeout_seconds)
        except ssl.SSLError as error:  # is an OSError, so it comes first
            raise ChannelDown(f"TLS with {where}: {_said(error)}", kind=Outage.TLS) from error
        except (smtplib.SMTPException, OSError) as error:
            reason = f"Cannot connect to {where}: {_said(error)}"
            raise ChannelDown(reason, kind=Outage.CONNECTION, code=_code(error)) from error

    def _greet(self, connection: smtplib.SMTP) -> None:
        try:
            connection.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"EHLO: {_said(error)}", kind=Outage.CONNECTION, code=_code(error)) from error

    def _encrypt(self, connection: smtplib.SMTP) -> None:
        try:
            connection.starttls(context=self._tls_context())
        except (smtplib.SMTPException, OSError) as error:
            raise ChannelDown(f"STARTTLS: {_said(error)}", kind=Outage.TLS, code=_code(error)) from error
        self._greet(connection)

    def _log_in(self, connection: smtplib.SMTP, username: str, password: str) -> None:
        try:
            connection.login(username, password)
        except smtplib.SMTPException as error:
            kind = _kind_of_failed_login(error)
            raise ChannelDown(f"AUTH: {_said(error)}", kind=kind, code=_code(error)) from error
        except ValueError:
            # The error itself quotes the password.
            reason = (
                "AUTH: the user name or password is not in ASCII, or the server's challenge not in base64"
            )
            raise ChannelDown(reason, kind=Outage.AUTHENTICATION) from None

    def _tls_context(self) -> ssl.SSLContext:
        return self.context or ssl.create_default_context()


class _SmtpSession:
    def __init__(self, channel: SmtpChannel) -> None:
        self._channel = channel
        self._connection: smtplib.SMTP | None = None
        self._is_between_letters = False

    def send(self, letter: Letter, at_brink: Callable[[], None] = nothing) -> Reply:
        """One letter through MAIL, RCPT and DATA."""
        connection = self._start(letter)
        with self._step("RCPT TO", Phase.BEFORE_FINAL_DOT):
            code, text = connection.docmd("rcpt", f"TO:<{letter.recipient}>")
        self._expect_ok("RCPT TO", code, text, letter)
        with self._step("DATA", Phase.BEFORE_FINAL_DOT):
            code, text = connection.docmd("DATA")
        if code != _START_CONTENT:
            self._refuse("DATA", code, text, letter)
        try:
            at_brink()
        except BaseException:
            self.drop()  # the server waits for the letter, and would take QUIT for it
            raise
        with self._step("message", Phase.BEFORE_FINAL_DOT):
            # In one piece: where this fails, the final dot cannot have left.
            connection.send(_dotted(letter.content))
        with self._step(_FINAL_DOT, Phase.AFTER_FINAL_DOT):
            code, text = connection.getreply()
        self._expect_ok(_FINAL_DOT, code, text, letter)
        self._is_between_letters = True
        return Reply(code, _line(text.decode(errors="replace")))

    def quit(self) -> None:
        """Part politely; nothing that goes wrong here concerns a letter."""
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                if self._connection.sock is not None:
                    self._connection.sock.settimeout(
                        min(self._channel.timeout_seconds, _QUIT_TIMEOUT_SECONDS)
                    )
                self._connection.quit()
        self.drop()

    def drop(self) -> None:
        """Let go of the connection; the next letter makes another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _start(self, letter: Letter) -> smtplib.SMTP:
        """A connection that has accepted the sender of `letter`."""
        connection, is_fresh = self._ready()
        if not is_fresh:
            # Many servers close a connection after some letters; that is no fault of the next one.
            with suppress(TryLater, ChannelDown):
                self._mail(connection, letter)
                return connection
            self.drop()
            connection, _ = self._ready()
        self._mail(connection, letter)
        return connection

    def _ready(self) -> tuple[smtplib.SMTP, bool]:
        """A connection between letters, and whether it is a fresh one."""
        if self._connection is not None and self._is_between_letters:
            # The last letter was taken, and with that forgotten.
            self._is_between_letters = False
            return self._connection, False
        if self._connection is not None:
            with suppress(smtplib.SMTPException, OSError):
                if _is_ok(self._connection.rset()[0]):
                    return self._connection, False
            self.drop()
        self._connection = self._channel.connect()
        return self._connection, True

    def _mail(self, connection: smtplib.SMTP, letter: Letter) -> None:
        options = ""
        if not (letter.sender + letter.recipient).isascii():
            if not connection.has_extn("smtputf8"):
                raise RecipientRefused(f"The mail server takes no address like {letter.recipient} (SMTPUTF8)")
            options = " SMTPUTF8 BODY=8BITMIME"
            connection.command_encoding = "utf-8"
        with self._step("MAIL FROM", Phase.BEFORE_FINAL_DOT):
            # smtplib's own would take every address apart once more.
            code, text = connection.docmd("mail", f"FROM:<{letter.sender}>{options}")
        self._expect_ok("MAIL FROM", code, text, letter)

    @contextmanager
    def _step(self, verb: str, phase: Phase) -> Iterator[None]:
        try:
            yield
        except (smtplib.SMTPException, OSError) as error:
            self.drop()
            raise TryLater(f"{verb}: {_said(error)}", phase=phase, code=_code(error)) from error

    def _expect_ok(self, verb: str, code: int, text: bytes, letter: Letter) -> None:
        if not _is_ok(code):
            self._refuse(verb, code, text, letter)

    def _refuse(self, verb: str, code: int, text: bytes, letter: Letter) -> None:
        reason = _line(f"{verb}: {code} {text.decode(errors='replace')}")
        if code == _SERVICE_CLOSING:
            self.drop()
            raise ChannelDown(reason, kind=Outage.CONNECTION, code=code)
        if code in _AUTHENTICATION_CODES:
            raise ChannelDown(reason, kind=Outage.AUTHENTICATION, code=code)
        if 500 <= code < 600:  # noqa: PLR2004 -- the classes of RFC 5321
            if verb == "MAIL FROM":
                raise ChannelDown(reason, kind=Outage.RELAY, code=code)
            if _fits_any_letter(text.decode(errors="replace"), letter):
                # Or this recipient alone is beyond that server: whether others pass will tell.
                raise TryLater(reason, phase=Phase.BEFORE_FINAL_DOT, code=code, is_general=True)
            raise RecipientRefused(reason, code=code)
        if not 400 <= code < 500:  # noqa: PLR2004 -- the classes of RFC 5321
            self.drop()  # whatever this is, the two sides are out of step
            phase = Phase.AFTER_FINAL_DOT if verb == _FINAL_DOT else Phase.BEFORE_FINAL_DOT
            raise TryLater(reason, phase=phase, code=code)
        raise TryLater(reason, phase=Phase.BEFORE_FINAL_DOT, code=code)


def _is_ok(code: int) -> bool:
    return 200 <= code < 300  # noqa: PLR2004 -- the classes of RFC 5321


def _fits_any_letter(said: str, letter: Letter) -> bool:
    """Whether a refusal for good may be one of us, and not of this recipient or message."""
    if _OF_THE_RECIPIENT.match(said):
        return False
    # Servers echo the address, which may itself contain such a word.
    without_address = re.sub(re.escape(letter.recipient), "", said, flags=re.IGNORECASE)
    return _GENERAL_WORDS.search(without_address) is not None


def _dotted(content: bytes) -> bytes:
    """The content as DATA wants it: leading dots doubled, and the final dot."""
    end = b"" if content.endswith(b"\r\n") else b"\r\n"
    return re.sub(rb"(?m)^\.", b"..", content) + end + b".\r\n"


def _kind_of_failed_login(error: smtplib.SMTPException) -> Outage:
    """A broken or closing connection says nothing of the password."""
    if isinstance(error, smtplib.SMTPResponseException):
        return Outage.CONNECTION if error.smtp_code == _SERVICE_CLOSING else Outage.AUTHENTICATION
    is_broken = isinstance(error, smtplib.SMTPServerDisconnected)
    return Outage.CONNECTION if is_broken else Outage.AUTHENTICATION


def _code(error: Exception) -> int | None:
    """The server's, unless the library made it up where there was no answer."""
    code = error.smtp_code if isinstance(error, smtplib.SMTPResponseException) else None
    return code if code is not None and code > 0 else None


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        text = error.smtp_error
        words = text.decode(errors="replace") if isinstance(text, bytes) else text
        return _line(f"{error.smtp_code} {words}")
    words, cause = str(error) or type(error).__name__, str(error.__context__ or "")
    # smtplib hides the cause of a failed write behind "Server not connected".
    return _line(words if cause in words else f"{words} ({cause})")


def _line(text: str) -> str:
    """What a server said, as one line that every database stores: no control characters, not endless."""
    printable = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(printable.split())[:_MAX_REASON_CHARACTERS]
