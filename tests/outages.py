"""What tests of outages do to a record by way of a server, and how they know an outage when they see one."""

from datetime import timedelta

from pledgetracker import runtime as composition
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime
from pledgetracker.services import auditing
from pledgetracker.services.checking import SCHEDULER
from tests.conftest import Clock
from tests.processes import Answer, ask
from tests.world import add_pledge

NAMES = [f"person-{n}@example.org" for n in range(8)]
# What schedulers say of a tick that an outage ended.
TOLD = "the database is unavailable"


def post(base: str, key: str, name: str) -> Answer:
    """Report an increase by one, under an Idempotency-Key that `name` is part of."""
    body = {"increment": 1, "as_of": "2026-02-01"}
    return ask(f"{base}/v1/pledges/people/progress", body, key=key, Idempotency_Key=f"report-{name}")


def figure(base: str) -> int | None:
    """What the pledge has come to, as the server says."""
    answer = ask(f"{base}/v1/pledges/people")
    assert answer.status == 200, answer
    found = answer.body["figure"]
    return None if found is None else int(found["value"])


def is_outage(answer: Answer) -> bool:
    """Whether it is 503, and then it must tell what to do and when."""
    if answer.status != 503:
        return False
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.body["type"] in {"/docs#problem-unavailable", "/docs#problem-outcome-unknown"}
    assert answer.body["detail"]
    return True


def is_whole(runtime: Runtime) -> bool:
    """Whether the audit log holds, and updates have numbers without a gap."""
    with runtime.database.read() as tx:
        record = tx.records.get("people")
        assert record is not None
        numbers = [update.number for update in record.updates]
        return auditing.verify(tx).broken is None and numbers == list(range(1, len(numbers) + 1))


def owe(runtime: Runtime, clock: Clock) -> None:
    """Record a pledge of which, by the real clock, an alert is owed to each recipient and none is planned."""
    clock.now = composition.clock() - timedelta(days=200)
    contacts = tuple(Contact(email) for email in NAMES)
    add_pledge(runtime, key="owing", contacts=contacts, announced_on=clock.now.date(), due=None)
    clock.now = composition.clock()


def has_ticked(runtime: Runtime) -> bool:
    """Whether a tick has come to its end."""
    with runtime.database.read() as tx:
        return tx.heartbeats.get(SCHEDULER) is not None
