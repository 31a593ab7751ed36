"""What every test can ask for: a record of its own, a clock that it sets, clients with and without keys."""

import gc
import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket

from pledgetracker import app as application
from pledgetracker import runtime as composition
from pledgetracker.api.portable import read_file
from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from pledgetracker.services.importing import add_missing
from pledgetracker.services.keyring import create_key
from pledgetracker.settings import load
from pledgetracker.storage import schema
from pledgetracker.storage.database import Database
from tests import examples
from tests.servers import ADDRESS, Databases, a_server, memory

SECRET = "a secret of at least thirty-two characters"
# Where the clock stands still, nobody ever comes to the end of a wait.
NO_LIMITS = {f"PLEDGETRACKER_{what}_PER_MINUTE": "0" for what in ("READS", "WRITES", "FAILURES")}
TODAY = datetime(2026, 11, 23, 12, tzinfo=UTC)

SEEDS = Path(__file__).parents[1] / "seeds"
DATABASE = "pledgetracker.sqlite3"

KINDS = ("sqlite", "postgresql")

# What the process that started the run has to put down at its end.
_held = ExitStack()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--everything", action="store_true", help="also run the tests marked slow, and on both databases"
    )
    parser.addoption("--database", choices=(*KINDS, "both"), help="which database the tests run on")


def pytest_configure(config: pytest.Config) -> None:
    """Start one server for all worker processes, which inherit its address and the place of their folders."""
    if config.getoption("--hypothesis-profile") is None:
        examples.load(is_gate=config.getoption("--everything"))
    if hasattr(config, "workerinput"):
        return
    if (place := memory()) is not None:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(place))
    if "postgresql" in kinds(config):
        os.environ[ADDRESS] = _held.enter_context(a_server())


def pytest_unconfigure(config: pytest.Config) -> None:
    _held.close()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One a core; with the long tests of processes, which mostly wait, half as many more."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + (cores + 1) // 2 if config.getoption("--everything") else cores


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what tests are made of: it stays, and looking at it takes a third."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what the run is not about, and deal out what takes long: each worker begins with its share."""
    for item in items:
        about = next((kind for kind in KINDS if item.get_closest_marker(kind)), None)
        if about is not None and about not in kinds(config):
            item.add_marker(pytest.mark.skip(reason=f"about {about}: runs with --database {about}"))
        if "slow" in item.keywords and not config.getoption("--everything"):
            item.add_marker(pytest.mark.skip(reason="slow: runs with --everything"))
    workers: int = getattr(config, "workerinput", {}).get("workercount", 1)
    items[:] = _dealt(items, workers)


def _dealt(items: list[pytest.Item], workers: int) -> Iterator[pytest.Item]:
    """The tests in an order of which each worker, given a like part, begins with its share of long ones."""
    long = [item for item in items if _takes_long(item)]
    long.sort(key=lambda item: item.get_closest_marker("slow") is None)
    short = [item for item in items if not _takes_long(item)]
    for worker in range(workers):
        share = long[worker::workers]
        rest = (len(items) + worker) // workers - len(share)
        yield from share
        yield from short[:rest]
        del short[:rest]


def _takes_long(item: pytest.Item) -> bool:
    return item.get_closest_marker("slow") is not None or item.path.parent.name == "process"


def kinds(config: pytest.Config) -> tuple[str, ...]:
    """The databases that this run is about."""
    chosen = config.getoption("--database") or ("both" if config.getoption("--everything") else "sqlite")
    return KINDS if chosen == "both" else (chosen,)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what touches a database on each of them."""
    if "database_kind" in metafunc.fixturenames:
        marked = [kind for kind in KINDS if metafunc.definition.get_closest_marker(kind)]
        metafunc.parametrize("database_kind", marked or kinds(metafunc.config), scope="session")


@dataclass(slots=True)
class Clock:
    """A clock that tells what it was told."""

    now: datetime = TODAY

    def __call__(self) -> datetime:
        return self.now


# Makes an installation in a folder: its settings, and what to do when it is no longer needed.
Install = Callable[[Path], tuple[dict[str, str], Callable[[], None]]]


# Makes further, empty installations, each for a while.
Empty = Callable[[], AbstractContextManager[Runtime]]
_numbers = count()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_log_of_another() -> Iterator[None]:
    """A command that was run in this process has set up its log for the standard error that it had."""
    yield
    if structlog.is_configured():
        structlog.reset_defaults()


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with tables and nothing in them, to be copied: migrating takes longer than copying."""
    path = tmp_path_factory.mktemp("template") / "empty.sqlite3"
    database = Database(f"sqlite:///{path}")
    schema.upgrade(database)
    database.close()
    return path


def settings_of(folder: Path) -> dict[str, str]:
    """Settings of an installation in a folder."""
    return {"PLEDGETRACKER_DATA_DIR": str(folder), "PLEDGETRACKER_SECRET": SECRET, **NO_LIMITS}


@pytest.fixture(scope="session")
def seeded_database(tmp_path_factory: pytest.TempPathFactory, empty_database: Path) -> Path:
    """A database with what comes along, to be copied."""
    folder = tmp_path_factory.mktemp("seeded")
    shutil.copy(empty_database, folder / DATABASE)
    runtime = replace(composition.assemble(load(settings_of(folder))), clock=Clock())
    add_seeds(runtime)
    runtime.database.close()
    return folder / DATABASE


def add_seeds(runtime: Runtime) -> None:
    """Record what comes along."""
    files = {path.name: read_file(path.read_bytes()) for path in sorted(SEEDS.glob("*.json"))}
    runtime.database.write(lambda tx: add_missing(tx, files, runtime.rules, now=runtime.clock()))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """Databases on the PostgreSQL of this run."""
    databases = Databases(os.environ[ADDRESS], "pledgetracker_test")
    yield databases
    databases.close()


@pytest.fixture(scope="session")
def install(database_kind: str, request: pytest.FixtureRequest) -> Install:
    """Makes installations: settings with an empty database of its own, in the folder given."""

    def on_sqlite(folder: Path) -> tuple[dict[str, str], Callable[[], None]]:
        shutil.copy(request.getfixturevalue("empty_database"), folder / DATABASE)
        return {}, lambda: None

    def on_postgresql(folder: Path) -> tuple[dict[str, str], Callable[[], None]]:
        databases: Databases = request.getfixturevalue("postgresql")
        name = databases.take()
        return {"PLEDGETRACKER_DATABASE_URL": databases.url(name)}, lambda: databases.give_back(name)

    def install(folder: Path) -> tuple[dict[str, str], Callable[[], None]]:
        said, done = on_sqlite(folder) if database_kind == "sqlite" else on_postgresql(folder)
        return settings_of(folder) | said, done

    return install


@pytest.fixture
def environ(
    tmp_path: Path, install: Install, database_kind: str, request: pytest.FixtureRequest
) -> Iterator[dict[str, str]]:
    """Settings of an installation of the test's own, its database empty; a test may add to them."""
    settings, done = install(tmp_path)
    if "seeded" in request.fixturenames and database_kind == "sqlite":
        shutil.copy(request.getfixturevalue("seeded_database"), tmp_path / DATABASE)
    yield settings
    done()


@pytest.fixture
def runtime(environ: dict[str, str], clock: Clock) -> Iterator[Runtime]:
    made = replace(composition.assemble(load(environ)), clock=clock)
    yield made
    made.database.close()


@pytest.fixture
def seeded(runtime: Runtime, database_kind: str) -> Runtime:
    """The record with every pledge that comes along; it is there before anything else."""
    if database_kind != "sqlite":
        add_seeds(runtime)
    return runtime


class Compiled(BytecodeCache):
    """The pages' templates, by name and content: compiled once for all applications of a process."""

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if (known := self._known.get(bucket.key + bucket.checksum)) is not None:
            bucket.bytecode_from_string(known)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._known[bucket.key + bucket.checksum] = bucket.bytecode_to_string()


compiled = Compiled()


@contextmanager
def installed(install: Install, folder: Path, clock: Clock) -> Iterator[Runtime]:
    """An empty installation in a folder, for a while."""
    said, done = install(folder)
    made = replace(composition.assemble(load(said)), clock=clock)
    try:
        yield made
    finally:
        made.database.close()
        done()


@pytest.fixture
def another(install: Install, tmp_path: Path, clock: Clock) -> Empty:
    """Makes further, empty installations."""

    def another() -> AbstractContextManager[Runtime]:
        folder = tmp_path / f"other-{next(_numbers)}"
        folder.mkdir()
        return installed(install, folder, clock)

    return another


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    app = application.create(runtime)
    app.jinja_env.bytecode_cache = compiled
    return app


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


def editor_of(app: Flask, key: str) -> FlaskClient:
    """A client that sends `key` with every request, and changes whichever version is there unless it says."""
    client = client_of(app, key)
    client.environ_base["HTTP_IF_MATCH"] = "*"
    return client


@pytest.fixture
def editor(app: Flask, runtime: Runtime) -> FlaskClient:
    """An editor whose key has the scope review, as the one that `./dev run` makes."""
    return editor_of(app, key_of(runtime, Scope.REVIEW))
