"""The log: one event a line, in the form that was chosen, and never a secret."""

import json
import logging as stdlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker import logs
from pledgetracker.domain.access import spell
from tests.logbooks import events, logging

PASSWORD = 'hunter2 "quoted" \\ é'


def fail(password: str) -> None:
    raise RuntimeError(len(password))


def tell() -> None:
    """An event too little to tell, one that is told, and a failure."""
    log = structlog.get_logger()
    log.debug("too little to tell")
    log.info("hello", pledge="people")
    try:
        fail(f"hunter{1 + 1}")
    except RuntimeError:
        log.exception("failed")


def test_it_is_one_json_object_a_line() -> None:
    with logging() as stream:
        tell()
    hello, failed = events(stream)
    assert (hello["event"], hello["level"], hello["pledge"]) == ("hello", "info", "people")
    assert hello["timestamp"].endswith("Z")
    assert "RuntimeError: 7" in failed["exception"]
    assert "hunter2" not in failed["exception"]


def test_for_people_it_shows_no_local_variables() -> None:
    with logging(LOG_FORMAT="text") as stream:
        tell()
    lines = stream.getvalue().splitlines()
    assert any("hello" in line and "pledge=people" in line for line in lines)
    assert any(line == "RuntimeError: 7" for line in lines)
    assert not any("hunter2" in line for line in lines)


def test_it_tells_no_less_than_was_asked_for() -> None:
    with logging(LOG_LEVEL="error") as stream:
        tell()
    assert "hello" not in stream.getvalue()
    with logging(LOG_LEVEL="debug") as stream:
        tell()
    assert "too little to tell" in stream.getvalue()


def test_a_line_break_that_a_caller_sent_makes_no_second_line() -> None:
    for form in ("json", "text"):
        with logging(LOG_FORMAT=form) as stream:
            structlog.get_logger().info("request", path="/v1\nlevel=info event=forged")
        assert len(stream.getvalue().splitlines()) == 1


@given(
    st.dictionaries(st.text(st.characters()), st.one_of(st.text(st.characters()), st.integers(), st.floats()))
)
def test_whatever_is_told_can_be_told(said: dict[str, Any]) -> None:
    with logging() as stream:
        structlog.get_logger().info("told", said=said, error=RuntimeError(str(said)))
    [told] = events(stream)
    assert told["event"] == "told"


@pytest.mark.parametrize("form", ["json", "text"])
def test_secrets_are_masked_however_they_come_to_be_told(form: str) -> None:
    secrets = {
        "SECRET": "s3cr3t of the keys, thirty-two characters",
        "SMTP_USERNAME": "me",
        "SMTP_PASSWORD": PASSWORD,
        "DATABASE_URL": f"postgresql://me:{quote('p@ss/word', safe='')}@db/pledges",
        "STANDBY_URL": "postgresql://db/pledges?password=stand%20by&user=me",
    }
    key = spell("0123456789ab", "f" * 64)
    with logging(LOG_FORMAT=form, **secrets) as stream:
        log = structlog.get_logger()
        for value in [*secrets.values(), "p@ss/word", "stand by", f"/v1/pledges/{key}"]:
            log.info(value, inside=[value])
        log.error("failed", exc_info=RuntimeError(PASSWORD))
    written = stream.getvalue()
    for secret in ("s3cr3t", "hunter2", "p%40ss", "p@ss", "stand%20by", "stand by", "f" * 20):
        assert secret not in written
    # Which key and which database it was may be told.
    assert "pt_0123456789ab_***" in written
    assert "@db/pledges" in written


def test_what_libraries_log_has_the_same_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stdlib.getLogger(), "handlers", [])
    with logging(SMTP_USERNAME="me", SMTP_PASSWORD=PASSWORD) as stream:
        logs.REQUEST.set("r-1")
        stdlib.getLogger("some.library").warning("%s is wrong", PASSWORD)
        logs.REQUEST.set(None)
    [told] = events(stream)
    assert told["event"] == "*** is wrong"
    assert (told["level"], told["logger"], told["request_id"]) == ("warning", "some.library", "r-1")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_that_the_log_cannot_be_written_keeps_nobody_from_working() -> None:
    stream = Path("/dev/full").open("w")  # noqa: SIM115 -- it cannot be closed as usual
    for _ in range(1_000):
        logs.Lines(stream).msg("x" * 100)
    with pytest.raises(OSError, match="No space left"):
        stream.close()
    logs.Lines(stream).msg("too late")


def test_numbers_beyond_64_bits_are_told() -> None:
    with logging() as stream:
        structlog.get_logger().info("told", number=2**70, half="\ud800")
    assert json.loads(stream.getvalue())["number"] == 2**70
