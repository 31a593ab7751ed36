"""Every owed alert ends in one of its states with a reason, handed to a real mail server."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.policy import default as default_policy
from pathlib import Path
from queue import Queue

import pytest
from sqlalchemy import update

from pledgetracker.channels.base import Channel, Reply, Session, nothing
from pledgetracker.domain.alert import AlertState, message_id
from pledgetracker.domain.days import Due
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.notice import Notice
from pledgetracker.domain.pause import FIRST_PAUSE, LONGEST_PAUSE
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import leasing, rescheduling, withdrawing
from pledgetracker.services.delivering import BATCH, deliver
from pledgetracker.services.leasing import LEASE
from pledgetracker.services.sending import (
    FIRST_RETRY,
    GIVES_UP_AFTER,
    LONGEST_RETRY,
    NEXT_ROUND,
    backoff,
)
from pledgetracker.storage import tables
from pledgetracker.storage.database import Database, Transaction, Unavailable
from pledgetracker.storage.deliveries import DeliveryStore
from tests.conftest import Clock
from tests.services.conftest import RuntimeOf
from tests.sinks import OK, Arrived, Sink, listening
from tests.world import ANN, add_pledge, alerts, day, noon, report, send, tick, told, without_news

BOB = "bob@example.org"
OPENS = "2026-05-02"


def owe(runtime: Runtime, clock: Clock, *recipients: str) -> None:
    """Have one alert owed to each recipient."""
    clock.now = noon("2026-01-01")
    add_pledge(runtime, contacts=tuple(Contact(email) for email in recipients or (ANN,)), due=None)
    clock.now = noon(OPENS)
    tick(runtime)


def states(runtime: Runtime) -> dict[str, str]:
    """What became of the alert of each recipient."""
    return {alert.recipient.email: alert.state.value for alert in alerts(runtime)}


def test_an_owed_alert_is_sent_to_its_recipient_under_its_message_id(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    sink = Sink()
    with listening(sink, port):
        found = send(mailing)
    assert (found.sent, found.outage) == (2, None)
    assert sorted(sink.recipients) == [ANN, BOB]
    ids = {message_id(alert.dedup_key, "pledges.example") for alert in alerts(mailing)}
    assert set(sink.ids) == ids
    assert states(mailing) == {ANN: "sent", BOB: "sent"}
    assert all(alert.ended_at == clock.now and alert.reason is None for alert in alerts(mailing))


def test_without_a_mail_server_alerts_become_files(runtime: Runtime, clock: Clock, tmp_path: Path) -> None:
    owe(runtime, clock)
    assert send(runtime).sent == 1
    [file] = (tmp_path / "mail").glob("*.eml")
    assert b"To: <ann@example.org>" in file.read_bytes()
    assert states(runtime) == {ANN: "sent"}


def test_nothing_is_sent_twice(mailing: Runtime, clock: Clock, port: int) -> None:
    owe(mailing, clock)
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).sent == 1
        clock.now += timedelta(days=1)
        assert send(mailing).sent == 0
    assert len(sink.taken) == 1


def test_refused_connections_for_a_while_lose_nothing_and_count_as_no_attempt(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    for _ in range(3):
        found = send(mailing)
        assert found.outage is not None
        assert "connect" in found.outage.lower()
        assert states(mailing) == {ANN: "pending", BOB: "pending"}
        assert {alert.attempts for alert in alerts(mailing)} == {0}
        assert all(alert.reason and "connect" in alert.reason.lower() for alert in alerts(mailing))
        clock.now += LONGEST_PAUSE
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).sent == 2
    assert sorted(sink.recipients) == [ANN, BOB]


def test_during_an_outage_the_mail_server_is_left_alone_for_half_a_minute(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    assert send(mailing).outage is not None
    clock.now += FIRST_PAUSE - timedelta(seconds=1)
    sink = Sink()
    with listening(sink, port):
        found = send(mailing)
        assert found.outage is not None
        assert found.outage.startswith("resting after 1 failures, next try in 1 s. Cannot connect")
        assert sink.arrived == []
        clock.now += timedelta(seconds=1)
        assert send(mailing).sent == 1


def test_a_greylisted_letter_is_tried_again_with_the_same_bytes_and_message_id_until_it_is_taken(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    answers = iter(["451 4.7.1 greylisted, come back", "452 later still", OK])
    sink = Sink(at_data=lambda _: next(answers))
    with listening(sink, port):
        for expected in (0, 0, 1):
            assert send(mailing).sent == expected
            clock.now += LONGEST_RETRY
    assert len(sink.arrived) == 3
    assert len({letter.content for letter in sink.arrived}) == 1
    assert [alert.attempts for alert in alerts(mailing)] == [3]


def test_a_recipient_refused_for_good_is_dead_and_visible_and_the_others_get_theirs(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    sink = Sink(at_rcpt=lambda address: "550 5.1.1 no such user" if address == ANN else OK)
    with listening(sink, port):
        found = send(mailing)
    assert (found.sent, found.dead, found.outage) == (1, 1, None)
    assert states(mailing) == {ANN: "dead", BOB: "sent"}
    [dead] = alerts(mailing, AlertState.DEAD)
    assert dead.reason is not None
    assert "550 5.1.1 no such user" in dead.reason
    with mailing.database.read() as tx:
        assert tx.alerts.queue() == {"pending": 0, "dead": 1}


def test_an_address_that_is_none_is_dead_and_holds_nobody_up(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, "not an address", BOB)
    sink = Sink()
    with listening(sink, port):
        found = send(mailing)
    assert (found.sent, found.dead) == (1, 1)
    assert states(mailing) == {"not an address": "dead", BOB: "sent"}


def test_a_wrong_password_is_an_outage_and_kills_no_alert(
    runtime_of: RuntimeOf, clock: Clock, port: int
) -> None:
    wrong = runtime_of(smtp_username="us", smtp_password="wrong")
    owe(wrong, clock, ANN, BOB)
    sink = Sink(password="right")
    with listening(sink, port):
        found = send(wrong)
        assert found.outage is not None
        assert "535" in found.outage
        assert (found.sent, found.dead, found.put_off) == (0, 0, 0)
        assert states(wrong) == {ANN: "pending", BOB: "pending"}
        clock.now += GIVES_UP_AFTER * 2
        assert send(wrong).dead == 0
        clock.now += LONGEST_PAUSE
        right = runtime_of(smtp_username="us", smtp_password="right")
        assert send(right).sent == 2


def test_the_days_of_an_outage_do_not_count_as_days_of_trying(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    assert send(mailing).outage is not None
    clock.now += GIVES_UP_AFTER * 2
    with listening(Sink(at_data=lambda _: "451 later"), port):
        found = send(mailing)
    assert (found.put_off, found.dead) == (1, 0)


def test_what_was_put_off_for_five_days_is_dead_with_the_last_answer(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    begun = clock.now
    with listening(Sink(at_data=lambda _: "451 full"), port):
        while states(mailing) == {ANN: "pending"}:
            send(mailing)
            clock.now += LONGEST_RETRY
    [alert] = alerts(mailing)
    assert alert.state is AlertState.DEAD
    assert alert.ended_at is not None
    assert GIVES_UP_AFTER <= alert.ended_at - begun <= GIVES_UP_AFTER + LONGEST_RETRY
    assert alert.reason is not None
    assert alert.reason.startswith("Given up after 5 days: ")
    assert "451 full" in alert.reason


def test_waits_double_from_a_minute_to_two_hours_with_jitter() -> None:
    for attempts in range(1, 30):
        full = min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY)
        waits = {backoff(attempts) for _ in range(50)}
        assert all(full / 2 <= wait <= full for wait in waits)
        assert len(waits) > 10


def test_an_alert_whose_flag_was_cleared_before_sending_is_cancelled(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    mailing = without_news(mailing)
    owe(mailing, clock)
    report(mailing, value=1)
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).cancelled == 1
    assert sink.arrived == []
    [alert] = alerts(mailing)
    assert (alert.state, alert.reason) == (
        AlertState.CANCELLED,
        "The flag was cleared before it could be sent.",
    )


def test_when_the_leader_is_cancelled_the_most_urgent_that_it_spoke_for_is_sent(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    mailing = without_news(mailing)
    clock.now = noon("2026-10-02")
    add_pledge(mailing, cadence_days=10, grace_days=0)
    assert told(alerts(mailing)) == [("no_progress", 90, "pending"), ("never_reported", 0, "superseded")]
    drop_deadline(mailing, clock)
    sink = Sink()
    with listening(sink, port):
        found = send(mailing)
    assert (found.cancelled, found.sent) == (1, 1)
    assert told(alerts(mailing)) == [("no_progress", 90, "cancelled"), ("never_reported", 0, "sent")]
    [letter] = sink.taken
    assert "kind=never_reported" in letter.alert


def drop_deadline(runtime: Runtime, clock: Clock) -> None:
    runtime.database.write(
        lambda tx: rescheduling.reschedule(tx, "people", {"due": None}, runtime.rules, now=clock.now)
    )


def test_the_promoted_alert_speaks_for_the_others_then(mailing: Runtime, clock: Clock, port: int) -> None:
    mailing = without_news(mailing)
    clock.now = noon("2026-10-02")
    add_pledge(mailing, announced_on=day("2026-01-01"), cadence_days=10, grace_days=0)
    clock.now = noon("2026-12-10")  # down for a while: never_reported owes 0, 30 and 60
    tick(mailing)
    assert told(alerts(mailing))[2:] == [
        ("no_progress", 30, "pending"),
        ("never_reported", 60, "superseded"),
        ("never_reported", 30, "superseded"),
    ]
    drop_deadline(mailing, clock)
    with listening(Sink(), port):
        send(mailing)
    found = {(alert.kind.value, alert.step): alert for alert in alerts(mailing)}
    assert found["no_progress", 30].state is AlertState.CANCELLED
    assert found["never_reported", 60].state is AlertState.SENT
    assert found["never_reported", 30].state is AlertState.SUPERSEDED
    assert found["never_reported", 30].superseded_by == found["never_reported", 60].id


def test_whoever_speaks_instead_of_a_cancelled_alert_is_one_that_leaves_anyway(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    """The deadline moves after a while without a look: what fell due is moot, what comes now is owed."""
    mailing = without_news(mailing)
    clock.now = noon("2026-10-02")
    add_pledge(mailing, announced_on=day("2026-01-01"), cadence_days=10, grace_days=0)
    clock.now = noon("2026-12-10")
    mailing.database.write(
        lambda tx: rescheduling.reschedule(
            tx, "people", {"due": Due.parse("2027-01-31")}, mailing.rules, now=clock.now
        )
    )
    assert len([alert for alert in alerts(mailing) if alert.state is AlertState.PENDING]) > 1
    sink = Sink()
    with listening(sink, port):
        send(mailing)
    assert len(sink.taken) == 1
    assert {alert.state for alert in alerts(mailing)} == {
        AlertState.SENT,
        AlertState.SUPERSEDED,
        AlertState.CANCELLED,
    }


def test_two_dispatchers_at_once_send_each_alert_once(runtime_of: RuntimeOf, clock: Clock, port: int) -> None:
    one, two = runtime_of(), runtime_of()
    recipients = [f"person-{n}@example.org" for n in range(2 * BATCH + 20)]
    owe(one, clock, *recipients)
    sink = Sink()
    begin = threading.Barrier(2)
    failures: list[BaseException] = []

    def dispatch(runtime: Runtime) -> None:
        begin.wait()
        try:
            send(runtime)
        except BaseException as error:  # noqa: BLE001 -- the thread's failure is the test's
            failures.append(error)

    with listening(sink, port):
        threads = [threading.Thread(target=dispatch, args=(runtime,)) for runtime in (one, two)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert failures == []
    assert sorted(sink.recipients) == sorted(recipients)
    assert set(states(one).values()) == {"sent"}


def test_what_came_to_be_owed_during_an_outage_is_named_in_the_message_that_waits(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    clock.now = noon("2026-01-01")
    mailing = without_news(mailing)
    add_pledge(mailing, due=Due.parse("2026-03-31"), cadence_days=3_000)
    clock.now = noon("2026-04-01")
    tick(mailing)
    assert send(mailing).outage is not None
    report(mailing, value=10)
    report(mailing, value=20)
    clock.now += timedelta(minutes=1)
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).sent == 1
    [letter] = sink.taken
    body = message_from_bytes(letter.content, policy=default_policy).get_body(("plain",))
    assert body is not None
    assert "The reports for 1\N{NO-BREAK SPACE}April 2026 disagree" in body.get_content()
    assert alerts(mailing, AlertState.PENDING) == []


def claim(runtime: Runtime, clock: Clock, token: str) -> list[int]:
    entries = runtime.database.write(
        lambda tx: tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token=token, limit=10)
    )
    return [alert.id for alert in entries]


def test_the_claim_of_a_dispatcher_that_vanished_is_taken_over_after_its_lease(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    assert len(claim(mailing, clock, "vanished")) == 1
    sink = Sink()
    with listening(sink, port):
        clock.now += LEASE - timedelta(seconds=1)
        assert send(mailing).sent == 0
        clock.now += timedelta(seconds=1)
        assert send(mailing).sent == 1


def test_a_dispatcher_whose_claim_has_passed_on_cannot_settle_it(mailing: Runtime, clock: Clock) -> None:
    owe(mailing, clock)
    [key] = claim(mailing, clock, "slow")
    clock.now += LEASE
    assert claim(mailing, clock, "quick") == [key]
    later = clock.now + timedelta(days=1)

    def settle(token: str) -> tuple[bool, bool]:
        return mailing.database.write(
            lambda tx: (
                tx.deliveries.put_off(key, "late", token=token, until=later, begun_at=clock.now),
                tx.deliveries.end(key, AlertState.SENT, None, token=token, now=clock.now),
            )
        )

    assert settle("slow") == (False, False)
    mailing.database.write(lambda tx: tx.deliveries.give_back([key], "late", token="slow", until=later))
    [alert] = alerts(mailing, AlertState.PENDING)
    assert (alert.reason, alert.attempts) == (None, 0)
    # Putting it off gives the claim back, and with it the right to say more.
    assert settle("quick") == (True, False)


def test_what_is_given_back_counts_as_not_tried(mailing: Runtime, clock: Clock) -> None:
    owe(mailing, clock)
    [key] = claim(mailing, clock, "one")
    until = clock.now + timedelta(minutes=1)
    mailing.database.write(lambda tx: tx.deliveries.give_back([key], "not our day", token="one", until=until))
    [alert] = alerts(mailing)
    assert (alert.attempts, alert.first_attempt_at, alert.next_attempt_at) == (0, None, until)
    assert claim(mailing, clock, "two") == []
    clock.now = until
    assert claim(mailing, clock, "two") == [key]
    first = clock.now
    mailing.database.write(
        lambda tx: tx.deliveries.put_off(key, "x", token="two", until=until, begun_at=first)
    )
    clock.now += timedelta(minutes=5)
    claim(mailing, clock, "three")
    mailing.database.write(lambda tx: tx.deliveries.give_back([key], "x", token="three", until=until))
    [alert] = alerts(mailing)
    assert (alert.attempts, alert.first_attempt_at) == (1, first)


def test_a_round_that_takes_half_its_lease_gives_the_rest_back(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB, "eve@example.org")

    def slowly(_: Arrived) -> str:
        clock.now += LEASE / 4
        return OK

    sink = Sink(at_data=slowly)
    with listening(sink, port):
        found = send(mailing)
        assert (found.sent, found.outage) == (2, None)
        [alert] = alerts(mailing, AlertState.PENDING)
        assert alert.reason == "The round took too long."
        clock.now += NEXT_ROUND
        assert send(mailing).sent == 1
    assert len(sink.taken) == 3


def test_a_letter_that_takes_longer_than_its_lease_stays_claimed(
    mailing: Runtime, clock: Clock, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leasing, "RENEWAL", timedelta(milliseconds=20))
    owe(mailing, clock)

    renewals: Queue[datetime] = Queue()
    renew = DeliveryStore.renew

    def renew_and_tell(store: DeliveryStore, *, token: str, until: datetime) -> None:
        renew(store, token=token, until=until)
        renewals.put(until)

    monkeypatch.setattr(DeliveryStore, "renew", renew_and_tell)

    def slowly(_: Arrived) -> str:
        clock.now += LEASE - timedelta(seconds=1)
        # The first may have been on its way before the clock moved, and the second not be committed yet.
        seen = 0
        while seen < 2:
            seen += renewals.get(timeout=10) == clock.now + LEASE
        clock.now += LEASE - timedelta(seconds=1)
        assert claim(mailing, clock, "other") == []
        return OK

    sink = Sink(at_data=slowly)
    with listening(sink, port):
        assert send(mailing).sent == 1
    assert told(alerts(mailing)) == [("never_reported", 0, "sent")]


def test_progress_is_told_for_every_update_and_news_is_never_folded_together(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(mailing)
    for value in (30, 40, 100):
        report(mailing, value=value, as_of=day(f"2026-02-{value // 10:02}"))
    report(mailing, no_change=True)
    sink = Sink()
    with listening(sink, port):
        assert send(mailing).sent == 4
    assert told(alerts(mailing)) == [
        ("progress", 1, "sent"),
        ("progress", 2, "sent"),
        ("progress", 3, "sent"),
        ("met", 3, "sent"),
    ]


def test_news_of_an_update_that_was_corrected_meanwhile_is_cancelled(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(mailing)
    report(mailing, value=1_000)
    report(mailing, value=50, supersedes=1)
    with listening(Sink(), port):
        send(mailing)
    found = {(alert.kind.value, alert.step): alert for alert in alerts(mailing)}
    assert {key: alert.state.value for key, alert in found.items()} == {
        ("progress", 1): "cancelled",
        ("met", 1): "cancelled",
        ("corrected", 2): "sent",
    }
    assert found["progress", 1].reason == "The update that it tells of has been corrected."


def test_moves_and_withdrawals_are_news(mailing: Runtime, clock: Clock, port: int) -> None:
    clock.now = noon("2026-03-01")
    add_pledge(mailing)
    drop_deadline(mailing, clock)
    rules = mailing.rules
    mailing.database.write(lambda tx: withdrawing.withdraw(tx, "people", {}, rules, now=clock.now))
    with listening(Sink(), port):
        assert send(mailing).sent == 2
    assert [kind for kind, _, _ in told(alerts(mailing))] == ["rescheduled", "withdrawn"]


def test_where_news_is_switched_off_none_is_owed(runtime_of: RuntimeOf, clock: Clock) -> None:
    runtime = runtime_of(mail_news="false")
    clock.now = noon("2026-03-01")
    add_pledge(runtime)
    report(runtime, value=30)
    assert alerts(runtime) == []


@dataclass(frozen=True)
class Failing:
    """Composes letters, but fails for one recipient in a way that nobody foresaw."""

    compose: Callable[[Notice, datetime], Letter]
    recipient: str

    def __call__(self, notice: Notice, now: datetime) -> Letter:
        if notice.recipient.email == self.recipient:
            raise KeyError("a word that no template knows")
        return self.compose(notice, now)


def test_a_letter_that_cannot_be_composed_is_put_off_and_holds_nobody_up(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    office = mailing.post_office()
    office = replace(office, compose=Failing(office.compose, ANN))
    with listening(Sink(), port):
        found = deliver(mailing.database, office, mailing.rules)
    assert (found.sent, found.put_off, found.outage) == (1, 1, None)
    [waiting] = alerts(mailing, AlertState.PENDING)
    assert waiting.reason == "KeyError: 'a word that no template knows'"


@dataclass(frozen=True)
class Breaking:
    """A channel that breaks at one recipient in a way that nobody foresaw."""

    channel: Channel
    recipient: str

    @contextmanager
    def open(self) -> Iterator["BreakingSession"]:
        with self.channel.open() as session:
            yield BreakingSession(session, self.recipient)


@dataclass(frozen=True)
class BreakingSession:
    session: Session
    recipient: str

    def send(self, letter: Letter, at_brink: Callable[[], None] = nothing) -> Reply | None:
        if letter.recipient == self.recipient:
            raise RuntimeError("nobody foresaw this")
        return self.session.send(letter, at_brink)


def test_a_letter_that_breaks_the_channel_is_put_off_and_the_others_wait_for_the_next_round(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN, BOB)
    office = mailing.post_office()
    broken = replace(office, channel=Breaking(office.channel, ANN))
    with listening(Sink(), port):
        found = deliver(mailing.database, broken, mailing.rules)
        assert (found.put_off, found.outage) == (1, None)
        assert [(alert.reason, alert.attempts) for alert in alerts(mailing)] == [
            ("RuntimeError: nobody foresaw this", 1),
            ("The letter before it could not be sent.", 0),
        ]
        clock.now += NEXT_ROUND * 2
        assert send(mailing).sent == 2


@pytest.mark.sqlite  # where one writer keeps the others waiting
def test_a_letter_taken_while_the_database_is_away_goes_again_under_the_same_message_id(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock)
    impatient = Database(mailing.settings.database_url, busy_timeout_ms=50)
    away, back = threading.Event(), threading.Event()

    def keep_busy() -> None:
        def hold(tx: Transaction) -> None:
            tx._connection.execute(update(tables.alerts).values(kind=tables.alerts.c.kind))
            away.set()
            back.wait(20)

        mailing.database.write(hold)

    busy = threading.Thread(target=keep_busy)

    def take(_: Arrived) -> str:
        if not away.is_set():
            busy.start()
            away.wait(20)
        return OK

    sink = Sink(at_data=take)
    with listening(sink, port):
        with pytest.raises(Unavailable, match="lock"):
            deliver(impatient, mailing.post_office(), mailing.rules)
        back.set()
        busy.join()
        impatient.close()
        clock.now += LEASE
        assert send(mailing).sent == 1
    assert list(sink.ids.values()) == [2]


@pytest.mark.parametrize("answer", ["421 shutting down", "554 5.7.1 relay access denied"])
def test_a_server_that_takes_nobodys_letters_is_an_outage(
    mailing: Runtime, clock: Clock, port: int, answer: str
) -> None:
    people = (ANN, BOB, "cleo@example.org")
    owe(mailing, clock, *people)
    sink = Sink(at_rcpt=lambda _: answer)
    with listening(sink, port):
        found = send(mailing)
    assert found.outage is not None
    assert states(mailing) == dict.fromkeys(people, "pending")


def test_looking_at_another_day_takes_no_claim_from_those_who_deliver_today_nor_they_from_it(
    mailing: Runtime, clock: Clock, port: int
) -> None:
    owe(mailing, clock, ANN)
    taken: list[int] = []

    def meanwhile(_: object) -> str:
        others = mailing.database.write(
            lambda tx: tx.deliveries.claim(now=clock.now, until=clock.now + LEASE, token="other", limit=9)
        )
        taken.append(len(others))
        return OK

    with listening(Sink(at_data=meanwhile), port):
        office = mailing.post_office(at=clock.now + timedelta(days=5))
        assert deliver(mailing.database, office, mailing.rules).sent == 1
    assert taken == [0]
