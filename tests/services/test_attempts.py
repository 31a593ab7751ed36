"""What was tried is on record: every attempt, how it ended and what the server said."""

from datetime import timedelta

import pytest

from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Attempt, Outcome, Phase, Result
from pledgetracker.domain.errors import NotDead, NotWaiting
from pledgetracker.domain.pause import FIRST_PAUSE
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import requeuing
from pledgetracker.services.leasing import LEASE
from pledgetracker.services.sending import GIVES_UP_AFTER, LONGEST_RETRY
from pledgetracker.storage.alerts import AlertEntry
from tests.conftest import Clock
from tests.sinks import OK, Arrived, Sink, listening
from tests.world import ANN, add_pledge, alerts, attempts, noon, report, send, tick, without_news

BOB = "bob@example.org"


def owe(runtime: Runtime, clock: Clock, *recipients: str) -> AlertEntry:
    """One alert for each recipient, by default for Ann; the first of them."""
    clock.now = noon("2026-01-01")
    add_pledge(runtime, contacts=tuple(Contact(email) for email in recipients or (ANN,)), due=None)
    clock.now = noon("2026-05-02")
    tick(runtime)
    return alerts(runtime)[0]


def test_an_attempt_that_succeeds_is_kept_with_the_words_of_the_server(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    alert = owe(mailing, clock)
    with listening(Sink(at_data=lambda _: "250 2.0.0 queued as 4242"), port):
        send(mailing)
    sent = Result(Outcome.SENT, Phase.AFTER_FINAL_DOT, 250, "2.0.0 queued as 4242")
    assert attempts(mailing, alert) == [Attempt(1, clock.now, clock.now, sent)]
    assert alerts(mailing)[0].attempts == 1


def test_failures_are_kept_each_with_its_code_and_what_was_said(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    alert = owe(mailing, clock)
    answers = iter(["451 4.7.1 greylisted", "550 5.1.1 nobody"])
    with listening(Sink(at_rcpt=lambda _: next(answers)), port):
        send(mailing)
        clock.now += LONGEST_RETRY
        send(mailing)
    assert [attempt.result for attempt in attempts(mailing, alert)] == [
        Result(Outcome.PUT_OFF, Phase.BEFORE_FINAL_DOT, 451, "RCPT TO: 451 4.7.1 greylisted"),
        Result(Outcome.REFUSED, Phase.BEFORE_FINAL_DOT, 550, "RCPT TO: 550 5.1.1 nobody"),
    ]
    assert [attempt.number for attempt in attempts(mailing, alert)] == [1, 2]
    assert alerts(mailing)[0].attempts == 2


def test_an_outage_is_kept_with_the_letter_that_met_it_and_does_not_count(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    first = owe(mailing, clock, ANN, BOB)
    second = alerts(mailing)[1]
    send(mailing)
    assert [attempt.outcome for attempt in attempts(mailing, first)] == [Outcome.OUTAGE]
    assert attempts(mailing, second) == []
    assert [alert.attempts for alert in alerts(mailing)] == [0, 0]
    clock.now += FIRST_PAUSE
    with listening(Sink(), port):
        send(mailing)
    assert [attempt.outcome for attempt in attempts(mailing, first)] == [Outcome.OUTAGE, Outcome.SENT]
    assert [alert.attempts for alert in alerts(mailing)] == [1, 1]


def test_an_attempt_is_on_record_while_it_is_under_way_and_no_other(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    first = owe(mailing, clock, ANN, BOB)
    second = alerts(mailing)[1]
    seen: list[list[Outcome | None]] = []

    def look(_: Arrived) -> str:
        found = (attempts(mailing, alert) for alert in (first, second))
        seen.extend([attempt.outcome for attempt in tried] for tried in found)
        return OK

    with listening(Sink(at_data=look), port):
        send(mailing)
    assert seen == [[None], [], [Outcome.SENT], [None]]


def test_the_attempt_of_a_process_that_was_killed_is_seen_as_lost_and_counts(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    alert = owe(mailing, clock, ANN, BOB)
    mailing.database.write(
        lambda tx: tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token="killed", limit=10)
    )
    mailing.database.write(lambda tx: tx.attempts.begin(alert.id, token="killed", now=clock.now))
    begun = clock.now
    clock.now += LEASE
    with listening(Sink(), port):
        assert send(mailing).sent == 2
    assert attempts(mailing, alert) == [
        Attempt(1, begun, clock.now, Result(Outcome.LOST)),
        Attempt(2, clock.now, clock.now, Result(Outcome.SENT, Phase.AFTER_FINAL_DOT, 250, "OK")),
    ]
    assert [alert.attempts for alert in alerts(mailing)] == [2, 1]


def test_a_dispatcher_whose_claim_has_passed_on_neither_begins_nor_ends_an_attempt(
    mailing: Runtime, clock: Clock
) -> None:
    alert = owe(mailing, clock)
    mailing.database.write(
        lambda tx: tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token="quick", limit=10)
    )
    assert not mailing.database.write(lambda tx: tx.attempts.begin(alert.id, token="slow", now=clock.now))
    assert attempts(mailing, alert) == []


@pytest.fixture
def dead(mailing: Runtime, clock: Clock, port: int) -> AlertEntry:
    """An alert that was put off for five days."""
    mailing = without_news(mailing)
    owe(mailing, clock)
    with listening(Sink(at_data=lambda _: "451 full"), port):
        send(mailing)
        clock.now += GIVES_UP_AFTER
        send(mailing)
    [alert] = alerts(mailing, AlertState.DEAD)
    return alert


def requeue(runtime: Runtime, key: int) -> AlertEntry:
    return runtime.database.write(lambda tx: requeuing.requeue(tx, key, now=runtime.clock()))


def test_a_requeued_alert_goes_as_the_same_message_for_another_five_days(
    mailing: Runtime, clock: Clock, port: int, dead: AlertEntry
) -> None:
    assert requeue(mailing, dead.id).state is AlertState.PENDING
    sink = Sink(at_data=lambda _: "451 full")
    with listening(sink, port):
        assert send(mailing).put_off == 1
        clock.now += GIVES_UP_AFTER - timedelta(hours=1)
        assert send(mailing).dead == 0
        sink.at_data = lambda _: OK
        clock.now += LONGEST_RETRY
        assert send(mailing).sent == 1
    assert len({letter.content for letter in sink.arrived}) == 1
    assert [attempt.number for attempt in attempts(mailing, dead)] == [1, 2, 3, 4, 5]
    assert alerts(mailing)[0].attempts == 5
    with pytest.raises(NotDead, match="is sent"):
        requeue(mailing, dead.id)


def test_a_requeued_alert_that_is_moot_by_then_is_cancelled(
    mailing: Runtime, port: int, dead: AlertEntry
) -> None:
    report(without_news(mailing), value=1)
    requeue(mailing, dead.id)
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).cancelled == 1
    assert sink.arrived == []


def test_a_suppressed_alert_never_leaves(mailing: Runtime, clock: Clock, port: int) -> None:
    alert = owe(mailing, clock)

    def suppress() -> AlertEntry:
        return mailing.database.write(
            lambda tx: requeuing.suppress(tx, alert.id, "They asked us not to.", now=clock.now)
        )

    mailing.database.write(
        lambda tx: tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token="x", limit=1)
    )
    with pytest.raises(NotWaiting, match="on its way"):
        suppress()
    clock.now += LEASE
    assert suppress().reason == "They asked us not to."
    with listening(Sink(), port):
        assert send(mailing).sent == 0
    assert [entry.state for entry in alerts(mailing)] == [AlertState.SUPPRESSED]
    with pytest.raises(NotWaiting, match="it is suppressed"):
        suppress()
