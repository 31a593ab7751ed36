from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from pledgetracker import runtime as composition
from pledgetracker.runtime import Runtime
from pledgetracker.settings import load
from tests.conftest import Clock
from tests.sinks import free_port

RuntimeOf = Callable[..., Runtime]


@pytest.fixture
def port() -> int:
    """Where the mail server is, once a test lets one listen."""
    return free_port()


@pytest.fixture
def runtime_of(environ: dict[str, str], clock: Clock, port: int) -> Iterator[RuntimeOf]:
    """Makes runtimes over one database file that send to the mail server on `port`."""
    made: list[Runtime] = []

    def make(**settings: str) -> Runtime:
        mail = {
            "PLEDGETRACKER_SMTP_HOST": "127.0.0.1",
            "PLEDGETRACKER_SMTP_PORT": str(port),
            "PLEDGETRACKER_SMTP_SECURITY": "none",
            "PLEDGETRACKER_MAIL_FROM": "alerts@pledges.example",
        }
        said = {f"PLEDGETRACKER_{name.upper()}": value for name, value in settings.items()}
        made.append(replace(composition.assemble(load(environ | mail | said)), clock=clock))
        return made[-1]

    yield make
    for runtime in made:
        runtime.database.close()


@pytest.fixture
def mailing(runtime_of: RuntimeOf) -> Runtime:
    """A runtime that sends to the mail server on `port`."""
    return runtime_of()
