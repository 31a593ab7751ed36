"""Bugs to be put into a scheduler, so that the auditor can show that it finds them.

Each changes the running program of one process as the mistake in its source would have. The clients, which
plan alerts too, stay sound: a bug must be found by what schedulers alone do wrong.
"""

import itertools
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import update

from pledgetracker.channels import smtp
from pledgetracker.channels.base import ChannelDown, TryLater
from pledgetracker.domain.alert import (
    AlertState,
    Bundle,
    OpenFlag,
    Owed,
    Recipient,
    Step,
    collapse,
    message_id,
    owed_by,
    steps,
    urgency,
)
from pledgetracker.domain.days import local_day, start_of
from pledgetracker.domain.flag import FlagKind
from pledgetracker.domain.letter import Letter
from pledgetracker.domain.record import Record
from pledgetracker.services.monitoring import look
from pledgetracker.services.rules import Rules
from pledgetracker.storage import alerts as storage
from pledgetracker.storage.alerts import AlertEntry, AlertStore
from pledgetracker.storage.deliveries import DeliveryStore
from pledgetracker.storage.records import RecordStore
from pledgetracker.storage.tables import alerts

BUGS: dict[str, Callable[[], None]] = {}


def bug(put_in: Callable[[], None]) -> Callable[[], None]:
    """Known by the name of the function that puts it in."""
    BUGS[put_in.__name__] = put_in
    return put_in


def swap(right: Callable[..., Any], wrong: Callable[..., Any]) -> None:
    """Put a wrong function in the place of a right one, wherever the program knows it."""
    modules = [module for name, module in sys.modules.items() if name.startswith("pledgetracker")]
    for module in modules:
        for name in [name for name, value in vars(module).items() if value is right]:
            setattr(module, name, wrong)


def swap_method(owner: type, name: str, make: Callable[[Callable[..., Any]], Callable[..., Any]]) -> None:
    """Put a wrong method in the place of a right one, from which it is made."""
    setattr(owner, name, make(getattr(owner, name)))


def end(store: DeliveryStore, key: int, state: AlertState, reason: str, now: datetime) -> None:
    """End an alert, whoever has claimed it."""
    ended = {"state": state.value, "reason": reason, "ended_at": now, "lease_until": None}
    store._connection.execute(update(alerts).where(alerts.c.id == key).values(ended))


# Sending


@bug
def marks_before_sending() -> None:
    """The commonest of all: processed, and then lost, for nobody minds any more what became of it."""

    def make(send: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, letter: Letter, *more: Any) -> Any:
            with suppress(TryLater, ChannelDown):
                return send(self, letter, *more)

        return wrong

    swap_method(smtp._SmtpSession, "send", make)


@bug
def makes_a_message_id_of_each_attempt() -> None:
    """A retry is a message of its own, which nobody's mailbox recognises."""

    def make(send: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, letter: Letter, *more: Any) -> Any:
            another = f"<{secrets.token_hex(20)}@pledges.example>"
            content = letter.content.replace(letter.message_id.encode(), another.encode())
            return send(self, replace(letter, message_id=another, content=content), *more)

        return wrong

    swap_method(smtp._SmtpSession, "send", make)


@bug
def makes_a_message_id_of_the_day_and_not_of_the_alert() -> None:
    """Several alerts share one identity, and a mailbox shows one of them."""
    swap(message_id, lambda key, domain: f"<{key.split('|')[3]}@{domain}>")


@bug
def skips_a_commit_now_and_then() -> None:
    """What was sent is not known to be: as by a database that answers before it has synced, and crashes."""
    counter = itertools.count()

    def make(end: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, key: int, state: AlertState, *said: Any, **more: Any) -> Any:
            is_lost = state is AlertState.SENT and next(counter) % 5 == 0
            return is_lost or end(self, key, state, *said, **more)

        return wrong

    swap_method(DeliveryStore, "end", make)


@bug
def confirms_by_what_it_remembers() -> None:
    """A record read once is good for ever, and what was cleared since is sent all the same."""
    read: dict[str, Record] = {}

    def recall_one(get: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, key: str) -> Any:
            found = get(self, key)
            return None if found is None else read.setdefault(key, found)

        return wrong

    def recall_many(get_many: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, keys: Sequence[str]) -> Any:
            found = get_many(self, keys)
            if getattr(self, "is_planning", False):
                return found
            return [read.setdefault(record.pledge.id, record) for record in found]

        return wrong

    def plan(right: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, **said: Any) -> Any:
            self.is_planning = True
            return right(self, **said)

        return wrong

    swap_method(RecordStore, "get", recall_one)
    swap_method(RecordStore, "get_many", recall_many)
    swap_method(RecordStore, "due_for_check", plan)


@bug
def cancels_at_random() -> None:
    """Every seventh is dropped with a good reason that is none."""

    def make(claim: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, *, now: datetime, **said: Any) -> Sequence[AlertEntry]:
            claimed = claim(self, now=now, **said)
            for alert in claimed:
                if alert.id % 7 == 0:
                    end(self, alert.id, AlertState.CANCELLED, "No reason.", now)
            return [alert for alert in claimed if alert.id % 7]

        return wrong

    swap_method(DeliveryStore, "claim", make)


@bug
def forgets_whom_it_silenced() -> None:
    """A message is cancelled, and with it those that it was to speak for."""
    swap_method(AlertStore, "spoken_for_by", lambda _: lambda _self, _key: ())


@bug
def takes_a_fault_at_quit_for_one_of_the_letter() -> None:
    """What was taken with 250 is sent again because the server did not part politely."""

    def make(send: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Any, letter: Letter, *more: Any) -> Any:
            reply = send(self, letter, *more)
            try:
                self._connection.quit()
            finally:
                self.drop()
            return reply

        return wrong

    swap_method(smtp._SmtpSession, "send", make)


# Claiming and trying again


@bug
def never_rescues_a_lease() -> None:
    """What a killed process had claimed waits for it for ever."""

    def make(claim: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, *, now: datetime, until: datetime, **said: Any) -> Any:
            run_out = (alerts.c.state == AlertState.PENDING.value, alerts.c.lease_until <= now)
            self._connection.execute(update(alerts).where(*run_out).values(lease_until=until))
            return claim(self, now=now, until=until, **said)

        return wrong

    swap_method(DeliveryStore, "claim", make)


@bug
def takes_over_leases_that_still_run() -> None:
    """Two dispatchers hold the same alert, and both send it."""

    def make(claim: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, **said: Any) -> Any:
            is_pending = alerts.c.state == AlertState.PENDING.value
            self._connection.execute(update(alerts).where(is_pending).values(lease_until=None))
            return claim(self, **said)

        return wrong

    swap_method(DeliveryStore, "claim", make)


@bug
def gives_up_at_the_first_deferral() -> None:
    """A 4xx is taken for a no."""

    def wrong(self: DeliveryStore, key: int, reason: str, *, until: datetime, **_: Any) -> bool:
        end(self, key, AlertState.DEAD, reason, until)
        return True

    swap_method(DeliveryStore, "put_off", lambda _: wrong)


@bug
def takes_an_outage_for_a_refusal() -> None:
    """With the server away, alerts die one by one."""

    def make(give_back: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(
            self: DeliveryStore, keys: Sequence[int], reason: str, *, until: datetime, **said: Any
        ) -> Any:
            for key in keys[:1]:
                end(self, key, AlertState.DEAD, reason, until)
            return give_back(self, keys[1:], reason, until=until, **said)

        return wrong

    swap_method(DeliveryStore, "give_back", make)


@bug
def never_tries_again() -> None:
    """What has met with a failure once is left lying."""

    def make(claim: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, **said: Any) -> Sequence[AlertEntry]:
            return [alert for alert in claim(self, **said) if alert.reason is None]

        return wrong

    swap_method(DeliveryStore, "claim", make)


@bug
def passes_over_every_third() -> None:
    """Claims leave out what has a number of three."""

    def make(claim: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: DeliveryStore, **said: Any) -> Sequence[AlertEntry]:
            return [alert for alert in claim(self, **said) if alert.id % 3]

        return wrong

    swap_method(DeliveryStore, "claim", make)


# Planning


@bug
def knows_no_unique_key() -> None:
    """Whoever plans does not look, and the database does not mind."""
    row = storage._row

    def wrong(owed: Owed, state: AlertState, now: datetime) -> dict[str, Any]:
        made = row(owed, state, now)
        return made | {"dedup_key": f"{made['dedup_key']}|{secrets.token_hex(8)}"}

    swap(row, wrong)
    swap_method(AlertStore, "recorded", lambda _: lambda _self, _keys: set())


@bug
def puts_the_clock_into_the_key() -> None:
    """At another instant it is another alert."""
    row = storage._row

    def wrong(owed: Owed, state: AlertState, now: datetime) -> dict[str, Any]:
        made = row(owed, state, now)
        return made | {"dedup_key": f"{made['dedup_key']}|{now.isoformat()}"}

    swap(row, wrong)


@bug
def supersedes_without_a_leader() -> None:
    """The alert that was to speak for the others is not sent itself."""

    def make(plan: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: AlertStore, owed: Owed, *, now: datetime) -> Any:
            key = plan(self, owed, now=now)
            if isinstance(owed.kind, FlagKind):
                ended = {
                    "state": "superseded",
                    "superseded_by": key,
                    "reason": "Spoken for.",
                    "ended_at": now,
                }
                self._connection.execute(update(alerts).where(alerts.c.id == key).values(ended))
            return key

        return wrong

    swap_method(AlertStore, "plan", make)


@bug
def lets_the_least_urgent_speak() -> None:
    """The message tells of a conflict, and in small print of the missed deadline."""

    def wrong(alert: Any) -> tuple[int, int, float, str]:
        kind, days, due, key = urgency(alert)
        return -kind, -days, due, key

    swap(urgency, wrong)


@bug
def does_not_collapse() -> None:
    """After downtime a letter comes for each step that passed."""
    swap(collapse, lambda owed: [Bundle(each, ()) for each in owed])


@bug
def skips_a_step() -> None:
    """A week before the deadline, and a month after it, nobody hears of it."""

    def wrong(flag: OpenFlag, *, lead_days: int) -> Iterator[Step]:
        return (step for step in steps(flag, lead_days=lead_days) if step.number not in {7, 31})

    swap(steps, wrong)


@bug
def begins_days_in_utc() -> None:
    """Days begin at Greenwich, for Kiritimati and Pago Pago alike."""
    swap(local_day, lambda now, _zone: local_day(now, "UTC"))
    swap(start_of, lambda day, _zone: start_of(day, "UTC"))


@bug
def is_a_day_late() -> None:
    """A day begins when it is over."""
    swap(local_day, lambda now, zone: local_day(now - timedelta(days=1), zone))
    swap(start_of, lambda day, zone: start_of(day, zone) + timedelta(days=1))


@bug
def asks_whether_it_is_now() -> None:
    """What fell due while nobody looked has passed."""

    def wrong(*said: Any, today: date, **more: Any) -> Iterator[Owed]:
        owed = owed_by(*said, today=today, **more)
        return (each for each in owed if today - each.due_at.date() <= timedelta(days=1))

    def look_at_today(*said: Any, appointed: datetime | None = None, **more: Any) -> Any:
        return look(*said, **more)

    swap(owed_by, wrong)
    swap(look, look_at_today)


@bug
def tells_a_recipient_twice() -> None:
    """Once in small letters, and once as the address was typed."""

    def make(recipients: Callable[..., Any]) -> Callable[..., Any]:
        def wrong(self: Rules, pledge: Any) -> tuple[Recipient, ...]:
            known = recipients(self, pledge)
            return (*known, *(replace(each, email=each.email.title()) for each in known[:1]))

        return wrong

    swap_method(Rules, "recipients", make)


@bug
def forgets_a_recipient() -> None:
    """The last in the list is never told."""
    swap_method(Rules, "recipients", lambda right: lambda self, pledge: right(self, pledge)[:-1])
