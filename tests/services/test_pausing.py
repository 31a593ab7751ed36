"""After a failure that concerns every letter nobody tries until a pause is over; one letter tries first."""

from datetime import timedelta

from structlog.testing import capture_logs

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Phase
from pledgetracker.domain.pause import FIRST_PAUSE, LONGEST_PAUSE, PROBE, Pause, paused
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import pausing
from pledgetracker.services.checking import readiness
from pledgetracker.services.requeuing import suppress
from pledgetracker.services.sending import GIVES_UP_AFTER, LONGEST_RETRY, MOST_UNANSWERED
from tests.channels.servers import DROP, scripted
from tests.conftest import Clock
from tests.services.conftest import RuntimeOf
from tests.sinks import OK, Arrived, Sink, listening
from tests.world import ANN, add_pledge, alerts, attempts, noon, report, send, tick, without_news

BOB = "bob@example.org"
MANY = [f"person-{n}@example.org" for n in range(10)]


def owe(runtime: Runtime, clock: Clock, *recipients: str) -> None:
    clock.now = noon("2026-01-01")
    add_pledge(runtime, contacts=tuple(Contact(email) for email in recipients), due=None)
    clock.now = noon("2026-05-02")
    tick(runtime)


def resting(runtime: Runtime) -> Pause | None:
    with runtime.database.read() as tx:
        return pausing.pause(tx)


def test_pauses_double_from_half_a_minute_to_a_quarter_of_an_hour() -> None:
    now = noon("2026-05-02")
    pause, lengths = None, []
    for _ in range(8):
        pause = paused(pause, "connection", "no", now=now)
        lengths.append(int((pause.until - now).total_seconds()))
        assert not pause.is_over(now=pause.until - timedelta(seconds=1))
        now = pause.until
        assert pause.is_over(now=now)
    assert lengths == [30, 60, 120, 240, 480, 900, 900, 900]
    assert pause is not None
    assert pause.since == noon("2026-05-02")


def test_a_pause_set_by_a_clock_that_was_far_ahead_is_over() -> None:
    now = noon("2026-05-02")
    assert paused(None, "tls", "no", now=now + timedelta(days=300)).is_over(now=now)


def test_during_a_pause_no_process_tries_and_then_one_letter_is_tried(
    runtime_of: RuntimeOf, clock: Clock, port: int
) -> None:
    one, two = runtime_of(), runtime_of()
    owe(one, clock, *MANY)
    tried: list[str] = []

    def shut(address: str) -> str:
        tried.append(address)
        return "421 shutting down"

    with listening(Sink(at_rcpt=shut), port):
        send(one)
        assert len(tried) == 1
        send(two)
        assert len(tried) == 1
        clock.now += FIRST_PAUSE
        assert send(two).outage is not None
        assert len(set(tried)) == 2  # another one: it may be about the first alone
        send(one)
        clock.now += FIRST_PAUSE
        send(one)
        assert len(tried) == 2
    assert {alert.attempts for alert in alerts(one)} == {0}
    clock.now += FIRST_PAUSE
    with listening(Sink(), port):
        assert send(two).sent == len(MANY)
    assert resting(one) is None


def test_a_recipient_whom_the_relay_refuses_does_not_keep_the_others_waiting(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    sink = Sink(at_rcpt=lambda address: "554 relay access denied" if address == ANN else OK)
    with listening(sink, port):
        found = send(mailing)
    assert (found.sent, found.put_off, found.outage) == (1, 1, None)
    assert sink.recipients == [BOB]
    assert [alert.recipient.email for alert in alerts(mailing, AlertState.PENDING)] == [ANN]


def test_a_pause_that_is_over_ends_where_nothing_is_left_to_find_out_by(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN)
    send(mailing)
    assert resting(mailing) is not None
    [alert] = alerts(mailing)
    mailing.database.write(lambda tx: suppress(tx, alert.id, "Not needed.", now=clock.now))
    clock.now += LONGEST_PAUSE
    send(mailing)
    assert resting(mailing) is None


def test_beginning_and_end_are_logged_once_and_readiness_tells_of_it_between(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    with capture_logs() as logs:
        for _ in range(3):
            send(mailing)
            clock.now += LONGEST_PAUSE
    assert len([entry for entry in logs if entry["event"].startswith("mail rests")]) == 1
    checks = {check.name: check for check in readiness(mailing.database, 60, now=clock.now).checks}
    assert not checks["mail"].ok
    assert (checks["mail"].figures["failures"], checks["mail"].figures["kind"]) == (3, "connection")
    with listening(Sink(), port), capture_logs() as logs:
        send(mailing)
    assert [entry["event"] for entry in logs] == ["mail leaves again"]
    checks = {check.name: check for check in readiness(mailing.database, 60, now=clock.now).checks}
    assert checks["mail"].ok


def test_while_one_letter_is_on_its_way_nobody_else_tries(
    runtime_of: RuntimeOf, clock: Clock, port: int
) -> None:
    one, two = runtime_of(), runtime_of()
    owe(one, clock, ANN, BOB)
    send(one)
    clock.now += FIRST_PAUSE
    meanwhile: list[str | None] = []

    def take(_: Arrived) -> str:
        if not meanwhile:
            meanwhile.append(send(two).outage)
        return OK

    with listening(Sink(at_data=take), port):
        assert send(one).sent == 2
    assert meanwhile[0] is not None


def test_a_process_killed_with_the_one_letter_on_its_way_keeps_nobody_waiting_for_long(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN)
    send(mailing)
    clock.now += FIRST_PAUSE
    pause = resting(mailing)
    assert pause is not None
    mailing.database.write(lambda tx: pausing.probe(tx, pause, now=clock.now))
    with listening(Sink(), port):
        assert send(mailing).sent == 0
        clock.now += PROBE
        assert send(mailing).sent == 1


def test_letters_in_a_row_without_an_answer_are_an_outage(runtime_of: RuntimeOf, clock: Clock) -> None:
    with scripted({".": DROP}) as server:
        runtime = runtime_of(smtp_port=str(server.port))
        owe(runtime, clock, *MANY)
        found = send(runtime)
        assert found.outage is not None
        assert (found.put_off, server.connections) == (MOST_UNANSWERED, MOST_UNANSWERED)
        clock.now += LONGEST_PAUSE
        assert send(runtime).put_off == 1
    tried = [alert for alert in alerts(runtime) if alert.attempts]
    assert len(tried) == MOST_UNANSWERED + 1
    [attempt] = attempts(runtime, tried[0])
    assert attempt.result is not None
    assert (attempt.outcome, attempt.phase, attempt.code) == (Outcome.PUT_OFF, Phase.AFTER_FINAL_DOT, None)


def test_no_alert_ages_during_an_outage(mailing: Runtime, clock: Clock, port: int) -> None:
    owe(mailing, clock, ANN)
    busy = Sink(at_data=lambda _: "451 later")
    with listening(busy, port):
        assert send(mailing).put_off == 1
        begun = clock.now
        clock.now += GIVES_UP_AFTER - timedelta(hours=3)
    assert send(mailing).outage is not None
    clock.now += GIVES_UP_AFTER
    with listening(busy, port):
        found = send(mailing)
        assert (found.put_off, found.dead) == (1, 0)
        [alert] = alerts(mailing)
        assert alert.first_attempt_at == begun + GIVES_UP_AFTER
        clock.now += LONGEST_RETRY * 2
        assert send(mailing).dead == 1


def test_where_the_letter_to_be_tried_is_not_called_for_any_more_the_next_one_is_tried(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    mailing = without_news(mailing)
    clock.now = noon("2026-01-01")
    for key in ("one", "two"):
        add_pledge(mailing, key=key, due=None)
    clock.now = noon("2026-05-02")
    tick(mailing)
    send(mailing)
    waiting = min(alerts(mailing), key=lambda alert: (alert.next_attempt_at, alert.id))
    report(mailing, key=waiting.pledge, value=1)
    clock.now += FIRST_PAUSE
    with listening(Sink(), port):
        found = send(mailing)
    assert (found.cancelled, found.sent) == (1, 1)
