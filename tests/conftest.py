"""What every test can ask for: a record of its own, a clock that it sets, clients with and without keys."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.keyring import create_key
from pledgetracker.settings import load
from pledgetracker.storage import schema
from pledgetracker.storage.database import Database

SECRET = "a secret of at least thirty-two characters"
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--everything", action="store_true", help="also run the tests marked slow")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--everything"):
        return
    skip = pytest.mark.skip(reason="slow: runs with --everything")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)


@dataclass(slots=True)
class Clock:
    """A clock that tells what it was told."""

    now: datetime = TODAY

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them, to be copied: migrating takes longer than copying."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


@pytest.fixture
def environ(tmp_path: Path, empty_database: Path) -> dict[str, str]:
    """Settings of an installation of the test's own, its database empty; a test may add to them."""
    shutil.copy(empty_database, tmp_path / "pledgetracker.sqlite3")
    return {"PLEDGETRACKER_DATA_DIR": str(tmp_path), "PLEDGETRACKER_SECRET": SECRET}


@pytest.fixture
def runtime(environ: dict[str, str], clock: Clock) -> Iterator[Runtime]:
    made = replace(composition.assemble(load(environ)), clock=clock)
    yield made
    made.database.close()


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return application.create(runtime)


def key_of(runtime: Runtime, scope: Scope, *, pledger: str | None = None) -> str:
    """A new key, as its holder sends it."""
    return runtime.database.write(
        lambda tx: create_key(tx, "test", scope, runtime.pepper, pledger=pledger, now=runtime.clock())
    )


def client_of(app: Flask, key: str | None) -> FlaskClient:
    """A client that sends `key` with every request."""
    client = app.test_client()
    if key is not None:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return client


@pytest.fixture
def anybody(app: Flask) -> FlaskClient:
    """A client without a key."""
    return client_of(app, None)


@pytest.fixture
def editor(app: Flask, runtime: Runtime) -> FlaskClient:
    """A client whose key has the scope review, as the one that `./dev run` makes."""
    return client_of(app, key_of(runtime, Scope.REVIEW))
