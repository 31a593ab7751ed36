"""A real server, told random histories over HTTP and asked what the reference is asked."""

import urllib.request
from dataclasses import replace
from datetime import date
from random import Random
from urllib.error import HTTPError

from pledgetracker.domain.access import Scope
from pledgetracker.domain.policy import Policy
from pledgetracker.runtime import Runtime
from tests.chronicles import possible
from tests.conftest import key_of
from tests.disagreements import questions
from tests.processes import PATIENCE_SECONDS, answers, call, started, wait_until
from tests.reference import plain
from tests.reference.over_http import Ask, Told

HISTORIES, ASKED = 6, 8


def asking(base: str) -> Ask:
    """Sends requests to the server at `base`, changing whichever version is there."""

    def ask(method: str, path: str, body: bytes | None, *, key: str | None) -> tuple[int, bytes]:
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if method in {"PATCH", "DELETE"}:
            headers["If-Match"] = "*"
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        request = urllib.request.Request(base + path, data=body, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            with error:
                return error.code, error.read()

    return ask


def test_a_server_and_the_reference_agree_on_histories_at_any_instant_about_any_day(
    runtime: Runtime, served: dict[str, str], base: str
) -> None:
    submitter, reviewer = key_of(runtime, Scope.PROGRESS), key_of(runtime, Scope.REVIEW)
    with started(served, "serve"):
        wait_until(lambda: answers(f"{base}/healthz"))
        assert call(f"{base}/v1/pledgers", {"id": "acme", "name": "Acme"}, key=reviewer)[0] == 201
        for number in range(HISTORIES):
            rng, policy = Random(f"served-{number}"), plain.plain_policy(Policy())
            told = Told(asking(base), f"pledge-{number}", "acme", submitter, reviewer, policy)
            for deed in possible(rng):
                assert deed["deed"] == "judged" or told.tell(deed) is None
            # What day it is today, only the machine's clock could say.
            asked = questions(rng, told.chronicle)
            for question in (next(asked) for _ in range(ASKED)):
                dated = replace(question, as_of=question.as_of or date(2024, 3, 1))
                assert list(told.partings(dated)) == [], told.chronicle
