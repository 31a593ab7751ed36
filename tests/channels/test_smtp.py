import shutil
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from pledgetracker.channels.base import (
    Channel,
    ChannelDown,
    DeliveryFailure,
    Outage,
    RecipientRefused,
    Reply,
    TryLater,
)
from pledgetracker.channels.smtp import Security, SmtpChannel
from pledgetracker.domain.attempt import Phase
from pledgetracker.domain.letter import Letter
from tests.sinks import free_port

from .servers import DROP, HANG, ScriptedServer, scripted

LETTER = Letter(
    "<1@pledges.example>",
    "alerts@pledges.example",
    "ada@example.org",
    b"From: alerts@pledges.example\r\nTo: ada@example.org\r\nSubject: One\r\n\r\n.dotted\r\nend\r\n",
)
PATIENCE_SECONDS = 0.3


def channel(server: ScriptedServer, **settings: Any) -> Channel:
    return SmtpChannel(
        **{
            "host": "127.0.0.1",
            "port": server.port,
            "security": Security.NONE,
            "timeout_seconds": 5,
            **settings,
        }
    )


def failure(changes: Mapping[str, str | list[str]], **settings: Any) -> DeliveryFailure:
    """What a single letter comes to at a server that behaves like this."""
    with (
        scripted(changes) as server,
        channel(server, **settings).open() as session,
        pytest.raises(DeliveryFailure) as caught,
    ):
        session.send(LETTER)
    return caught.value


def kind_of(problem: DeliveryFailure) -> Outage:
    assert isinstance(problem, ChannelDown)
    return problem.kind


def phase_of(problem: DeliveryFailure) -> Phase:
    assert isinstance(problem, TryLater)
    return problem.phase


class Keeper:
    """Takes every letter and keeps it, byte for byte."""

    def __init__(self) -> None:
        self.envelopes: list[tuple[str, list[str], bytes]] = []

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos, envelope.original_content))
        return "250 taken"


@pytest.fixture
def keeper() -> Iterator[tuple[Keeper, int]]:
    handler, port = Keeper(), free_port()
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def test_a_real_server_receives_the_letter_byte_for_byte(keeper: tuple[Keeper, int]) -> None:
    handler, port = keeper
    with SmtpChannel("127.0.0.1", port, Security.NONE).open() as session:
        session.send(LETTER)
    assert handler.envelopes == [(LETTER.sender, [LETTER.recipient], LETTER.content)]


def test_one_connection_carries_all_letters_of_a_session() -> None:
    with scripted({}) as server:
        with channel(server).open() as session:
            for _ in range(3):
                session.send(LETTER)
        assert (server.connections, len(server.messages), server.heard[-1].upper()) == (1, 3, "QUIT")


def test_a_session_in_which_nothing_is_sent_never_connects() -> None:
    with scripted({}) as server:
        with channel(server).open():
            pass
        assert server.connections == 0


def test_a_refused_connection_says_that_the_channel_is_down() -> None:
    with (
        SmtpChannel("127.0.0.1", free_port(), Security.NONE).open() as session,
        pytest.raises(ChannelDown, match="refused") as caught,
    ):
        session.send(LETTER)
    assert caught.value.kind is Outage.CONNECTION


def test_an_unknown_host_says_that_the_channel_is_down() -> None:
    with SmtpChannel("mail.invalid", 25).open() as session, pytest.raises(ChannelDown) as caught:
        session.send(LETTER)
    assert caught.value.kind is Outage.CONNECTION


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"connect": DROP}, Outage.CONNECTION),
        ({"connect": "554 go away"}, Outage.CONNECTION),
        ({"EHLO": DROP}, Outage.CONNECTION),
        ({"MAIL": "421 closing"}, Outage.CONNECTION),
        ({"RCPT": "421 closing"}, Outage.CONNECTION),
        ({".": "421 closing"}, Outage.CONNECTION),
        ({"MAIL": "550 sender not allowed"}, Outage.RELAY),
        ({"MAIL": "530 5.7.0 Authentication required"}, Outage.AUTHENTICATION),
        ({"RCPT": "530 5.7.0 Authentication required"}, Outage.AUTHENTICATION),
    ],
)
def test_what_concerns_every_letter_says_that_the_channel_is_down(
    changes: dict[str, str | list[str]], kind: Outage
) -> None:
    assert kind_of(failure(changes)) is kind


@pytest.mark.parametrize(
    "changes",
    [
        {"RCPT": "554 5.7.1 <ada@example.org>: Relay access denied"},
        {"RCPT": "553 5.7.1 <alerts@pledges.example>: Sender address rejected: not owned"},
        {"RCPT": "554 5.7.1 Service unavailable; Client host [192.0.2.5] blocked using zen.example"},
        {".": "554 5.2.252 SendAsDenied; not allowed to send as this sender"},
        {".": "554 Message rejected: Email address is not verified"},
        {".": "550 5.4.5 Daily user sending limit exceeded"},
    ],
)
def test_a_refusal_that_fits_any_letter_kills_none(changes: dict[str, str | list[str]]) -> None:
    problem = failure(changes)
    assert isinstance(problem, TryLater)
    assert problem.is_general


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 <ada@example.org>: Recipient address rejected: User unknown in relay recipient table",
        "550 5.2.1 mailbox blocked",
        "550 no mailbox here",
    ],
)
def test_a_refusal_that_speaks_of_the_recipient_is_final(answer: str) -> None:
    assert isinstance(failure({"RCPT": answer}), RecipientRefused)


def test_a_server_that_never_greets_is_given_up_after_the_timeout() -> None:
    problem = failure({"connect": HANG}, timeout_seconds=PATIENCE_SECONDS)
    assert kind_of(problem) is Outage.CONNECTION
    assert "timed out" in problem.reason


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"RCPT": "550 5.1.1 No such person"}, "RCPT TO: 550 5.1.1 No such person"),
        ({"DATA": "554 no"}, "DATA: 554 no"),
        ({".": "554 5.6.0 Not this message"}, "final dot: 554 5.6.0 Not this message"),
        ({"RCPT": "550-5.1.1 No\r\n550 such\x00 person"}, "RCPT TO: 550 5.1.1 No such person"),
    ],
)
def test_a_refusal_for_good_names_code_and_text(changes: dict[str, str | list[str]], said: str) -> None:
    problem = failure(changes)
    assert isinstance(problem, RecipientRefused)
    assert problem.reason == said


def test_a_recipient_whose_address_speaks_of_a_relay_is_refused_alone() -> None:
    letter = Letter("<1@x>", LETTER.sender, "relay@example.org", LETTER.content)
    answer = {"RCPT": "550 <relay@example.org>: no such person"}
    with (
        scripted(answer) as server,
        channel(server).open() as session,
        pytest.raises(RecipientRefused),
    ):
        session.send(letter)


@pytest.mark.parametrize(
    ("changes", "phase"),
    [
        ({"MAIL": "452 full"}, Phase.BEFORE_FINAL_DOT),
        ({"RCPT": "450 4.2.0 Greylisted, come back"}, Phase.BEFORE_FINAL_DOT),
        ({"DATA": "451 later"}, Phase.BEFORE_FINAL_DOT),
        ({".": "451 later"}, Phase.BEFORE_FINAL_DOT),
        ({"MAIL": DROP}, Phase.BEFORE_FINAL_DOT),
        ({"RCPT": DROP}, Phase.BEFORE_FINAL_DOT),
        ({"DATA": DROP}, Phase.BEFORE_FINAL_DOT),
        ({"RCPT": "gibberish"}, Phase.BEFORE_FINAL_DOT),
        ({".": DROP}, Phase.AFTER_FINAL_DOT),
        ({".": "gibberish"}, Phase.AFTER_FINAL_DOT),
        ({".": "250 " + "x" * 9000}, Phase.AFTER_FINAL_DOT),
    ],
)
def test_what_may_pass_later_says_whether_the_server_may_have_the_letter(
    changes: dict[str, str | list[str]], phase: Phase
) -> None:
    assert phase_of(failure(changes)) is phase


@pytest.mark.parametrize(("verb", "phase"), [("RCPT", Phase.BEFORE_FINAL_DOT), (".", Phase.AFTER_FINAL_DOT)])
def test_a_server_that_falls_silent_is_given_up_after_the_timeout(verb: str, phase: Phase) -> None:
    problem = failure({verb: HANG}, timeout_seconds=PATIENCE_SECONDS)
    assert phase_of(problem) is phase
    assert "timed out" in problem.reason


def test_a_greylisted_letter_is_given_with_code_and_text() -> None:
    assert failure({"RCPT": "450 4.2.0 Greylisted"}).reason == "RCPT TO: 450 4.2.0 Greylisted"


def test_after_a_refused_letter_the_next_leaves_on_the_same_connection() -> None:
    with scripted({"RCPT": ["550 no such person", "250 fine"]}) as server:
        with channel(server).open() as session:
            with pytest.raises(RecipientRefused):
                session.send(LETTER)
            session.send(LETTER)
        assert (server.connections, len(server.messages)) == (1, 1)


@pytest.mark.parametrize("verb", ["RCPT", "."])
def test_after_a_broken_connection_the_next_letter_makes_another(verb: str) -> None:
    with scripted({verb: [DROP, "250 fine"]}) as server:
        with channel(server).open() as session:
            with pytest.raises(TryLater):
                session.send(LETTER)
            session.send(LETTER)
        assert (server.connections, len(server.messages)) == (2, 1)


@pytest.mark.parametrize(
    "changes",
    [
        {"MAIL": ["250 fine", "421 enough letters", "250 fine"]},
        {"MAIL": ["250 fine", DROP, "250 fine"]},
    ],
)
def test_a_server_that_ends_a_connection_between_letters_delays_none(
    changes: dict[str, str | list[str]],
) -> None:
    with scripted(changes) as server:
        with channel(server).open() as session:
            session.send(LETTER)
            session.send(LETTER)
        assert (server.connections, len(server.messages)) == (2, 2)


@pytest.mark.parametrize("answer", [DROP, "421 enough letters"])
def test_a_server_that_will_not_forget_a_refused_letter_delays_none(answer: str) -> None:
    with scripted({"RSET": answer, "RCPT": ["550 nobody", "250 fine"]}) as server:
        with channel(server).open() as session:
            with pytest.raises(RecipientRefused):
                session.send(LETTER)
            session.send(LETTER)
        assert (server.connections, len(server.messages)) == (2, 1)


def test_what_stops_a_letter_at_the_brink_leaves_it_unsent_and_the_next_one_takes_another_connection() -> (
    None
):
    def stop() -> None:
        raise KeyError

    with scripted({}) as server:
        with channel(server).open() as session:
            with pytest.raises(KeyError):
                session.send(LETTER, stop)
            session.send(LETTER)
        assert (server.connections, len(server.messages)) == (2, 1)


def test_a_reply_tells_what_the_server_said() -> None:
    with scripted({".": "250 2.0.0 queued as 4242"}) as server, channel(server).open() as session:
        assert session.send(LETTER) == Reply(250, "2.0.0 queued as 4242")


@pytest.mark.parametrize("answer", [DROP, HANG, "500 what"])
def test_an_error_at_quit_leaves_the_letter_sent(answer: str) -> None:
    with scripted({"QUIT": answer}) as server:
        with channel(server, timeout_seconds=PATIENCE_SECONDS).open() as session:
            session.send(LETTER)
        assert len(server.messages) == 1


def test_leaving_a_session_by_an_exception_says_no_quit_inside_a_letter() -> None:
    with scripted({}) as server:
        session_of = channel(server).open()
        session_of.__enter__().send(LETTER)
        session_of.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
        assert "quit" not in server.heard


LOGIN = {"EHLO": "250-mail.example\r\n250 AUTH PLAIN"}


def test_a_login_is_made_before_the_first_letter() -> None:
    with scripted(LOGIN) as server, channel(server, username="us", password="secret").open() as session:
        session.send(LETTER)
        assert [line.split()[0] for line in server.heard][:3] == ["ehlo", "AUTH", "mail"]


@pytest.mark.parametrize(
    ("changes", "password", "kind"),
    [
        ({"AUTH": "535 5.7.8 wrong password"}, "secret", Outage.AUTHENTICATION),
        ({"AUTH": "454 4.7.0 not now"}, "secret", Outage.AUTHENTICATION),
        ({"EHLO": "250 mail.example"}, "secret", Outage.AUTHENTICATION),
        ({"EHLO": "250-mail.example\r\n250 AUTH GSSAPI"}, "secret", Outage.AUTHENTICATION),
        ({}, "sécret", Outage.AUTHENTICATION),
        ({"AUTH": "334 x"}, "secret", Outage.AUTHENTICATION),
        ({"AUTH": "421 too many of you"}, "secret", Outage.CONNECTION),
        ({"AUTH": DROP}, "secret", Outage.CONNECTION),
    ],
)
def test_a_login_that_fails_is_told_apart_from_a_connection_that_does(
    changes: dict[str, str], password: str, kind: Outage
) -> None:
    problem = failure({**LOGIN, **changes}, username="us", password=password)
    assert kind_of(problem) is kind
    assert password not in problem.reason


def test_a_password_shows_in_no_representation() -> None:
    assert "secret" not in repr(SmtpChannel("mail.example", 587, username="us", password="secret"))


def test_a_server_without_starttls_is_given_no_letter_where_it_is_demanded() -> None:
    problem = failure({}, security=Security.STARTTLS)
    assert kind_of(problem) is Outage.TLS


@pytest.mark.parametrize("answer", ["454 TLS not available", "220 then nonsense", DROP])
def test_a_failed_starttls_is_a_tls_failure(answer: str) -> None:
    problem = failure(
        {"EHLO": "250-mail.example\r\n250 STARTTLS", "STARTTLS": answer}, security=Security.STARTTLS
    )
    assert kind_of(problem) is Outage.TLS


def test_tls_to_a_server_that_speaks_none_is_a_tls_failure() -> None:
    assert kind_of(failure({}, security=Security.TLS)) is Outage.TLS


def test_an_address_beyond_ascii_needs_a_server_that_takes_such() -> None:
    letter = Letter("<1@x>", LETTER.sender, "zoë@example.org", LETTER.content)
    with scripted({}) as server, channel(server).open() as session, pytest.raises(RecipientRefused):
        session.send(letter)
    with scripted({"EHLO": "250-mail.example\r\n250 SMTPUTF8"}) as server:
        with channel(server).open() as session:
            session.send(letter)
        assert "rcpt TO:<zoë@example.org>" in server.heard


# -- TLS with a certificate made for the occasion ------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed, so no certificate can be made")
    folder = tmp_path_factory.mktemp("tls")
    chain, key = folder / "chain.pem", folder / "key.pem"
    subprocess.run(
        [
            *(openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(chain), "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=DNS:localhost"),
        ],
        check=True,
        capture_output=True,
    )
    return chain, key


def server_context(certificate: tuple[Path, Path]) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    return context


def check_password(
    _server: object, _session: object, _envelope: object, _method: str, data: object
) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"us", b"secret"), handled=False)


@pytest.fixture
def starttls_server(certificate: tuple[Path, Path]) -> Iterator[tuple[Keeper, int]]:
    handler, port = Keeper(), free_port()
    controller = Controller(
        handler,
        hostname="localhost",
        port=port,
        tls_context=server_context(certificate),
        require_starttls=True,
        authenticator=check_password,
        auth_required=True,
    )
    controller.start()
    yield handler, port
    controller.stop()


def test_starttls_and_a_login_lead_to_a_real_server(
    starttls_server: tuple[Keeper, int], certificate: tuple[Path, Path]
) -> None:
    handler, port = starttls_server
    trusting = ssl.create_default_context(cafile=certificate[0])
    mail = SmtpChannel("localhost", port, Security.STARTTLS, "us", "secret", context=trusting)
    with mail.open() as session:
        session.send(LETTER)
    assert [content for _, _, content in handler.envelopes] == [LETTER.content]


def test_a_wrong_password_is_told_by_a_real_server(
    starttls_server: tuple[Keeper, int], certificate: tuple[Path, Path]
) -> None:
    trusting = ssl.create_default_context(cafile=certificate[0])
    mail = SmtpChannel("localhost", starttls_server[1], Security.STARTTLS, "us", "guess", context=trusting)
    with mail.open() as session, pytest.raises(ChannelDown, match="535") as caught:
        session.send(LETTER)
    assert caught.value.kind is Outage.AUTHENTICATION


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_that_proves_nothing_is_a_tls_failure(
    host: str, starttls_server: tuple[Keeper, int], certificate: tuple[Path, Path]
) -> None:
    # By name the server is not trusted; by address it is, but the certificate is for the name.
    context = None if host == "localhost" else ssl.create_default_context(cafile=certificate[0])
    mail = SmtpChannel(host, starttls_server[1], Security.STARTTLS, context=context)
    with mail.open() as session, pytest.raises(ChannelDown, match="certificate") as caught:
        session.send(LETTER)
    assert caught.value.kind is Outage.TLS


def test_tls_from_the_first_byte_leads_to_a_real_server(certificate: tuple[Path, Path]) -> None:
    handler, port = Keeper(), free_port()
    controller = Controller(handler, hostname="localhost", port=port, ssl_context=server_context(certificate))
    controller.start()
    trusting = ssl.create_default_context(cafile=certificate[0])
    try:
        with SmtpChannel("localhost", port, Security.TLS, context=trusting).open() as session:
            session.send(LETTER)
    finally:
        controller.stop()
    assert len(handler.envelopes) == 1
