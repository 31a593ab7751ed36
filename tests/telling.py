"""Chronicles told to the application, each deed at its own instant."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.domain.policy import Policy
from pledgetracker.runtime import Runtime
from pledgetracker.services import policing
from tests.conftest import Clock, client_of, key_of
from tests.reference import plain
from tests.reference.chronicle import Question
from tests.reference.over_http import Told, asked

Json = dict[str, Any]
# All that shows a day and may be read without a key.
ADDRESSES = ("{path}", "{path}/progress", "{path}/conflicts", "/v1/pledges")

# Longer than the chronicles are apart.
YEARS = timedelta(days=1500)


@dataclass
class Teller:
    """Tells chronicles to the application, each deed at its own instant."""

    app: Flask
    runtime: Runtime
    clock: Clock
    submitter: str
    reviewer: str
    told: int = 0

    def ask(self, method: str, path: str, body: bytes | None, *, key: str | None) -> tuple[int, bytes]:
        headers = {"If-Match": "*"} if method in {"PATCH", "DELETE"} else {}
        client = client_of(self.app, key)
        answer = client.open(path, method=method, data=body, content_type="application/json", headers=headers)
        return answer.status_code, answer.data

    def begin(self) -> Told:
        """A pledge of which nothing has been told yet."""
        self.told += 1
        pledge, policy = f"pledge-{self.told}", plain.plain_policy(Policy())
        return Told(self.ask, pledge, "acme", self.submitter, self.reviewer, policy)

    def tell(self, told: Told, deeds: list[Json]) -> None:
        """Do what deeds say, but for changes of policy: the server has one."""
        for deed in deeds:
            if deed["deed"] != "judged":
                self.clock.now = deed["at"]
                assert told.tell(deed) is None

    def tell_all(self, deeds: list[Json]) -> Told:
        """Do what deeds say on a server that changes its policy when they say so."""
        told = self.begin()
        told.policy = deeds[0]["policy"]
        for deed in deeds:
            if deed["deed"] == "judged":
                self._judge_by(Policy(**deed["policy"]), deed["at"])
                # The first held before everything, as `policy` says.
                told.deeds += [deed] if told.deeds else []
            else:
                self.tell(told, [deed])
        return told

    def _judge_by(self, policy: Policy, at: datetime) -> None:
        policing.note(self.runtime.database, policy, now=at)
        rules = replace(self.runtime.rules, policy=policy)
        self.app = application.create(replace(self.runtime, rules=rules))

    def documents(self, told: Told, as_of: date | None, known_at: datetime | None) -> list[bytes]:
        """What anybody can read of the pledge, to the last byte."""
        question = Question(self.clock.now, as_of, known_at)
        addresses = (*ADDRESSES, "{path}/history") if as_of is None else ADDRESSES
        found = [self.read(address.format(path=told.path), question) for address in addresses]
        assert {status for status, _ in found} == {200}, found
        return [content for _, content in found]

    def read(self, path: str, question: Question) -> tuple[int, bytes]:
        return self.ask("GET", f"{path}?{asked(question)}", None, key=None)


def teller_of(app: Flask, runtime: Runtime, clock: Clock) -> Teller:
    """One that has recorded who makes the promises, before all chronicles begin."""
    made = Teller(app, runtime, clock, key_of(runtime, Scope.PROGRESS), key_of(runtime, Scope.REVIEW))
    clock.now = datetime.fromisoformat("2024-01-01T00:00:00Z")
    status, content = made.ask("POST", "/v1/pledgers", b'{"id": "acme", "name": "Acme"}', key=made.reviewer)
    assert status == 201, content
    return made
