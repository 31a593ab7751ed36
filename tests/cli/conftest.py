import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pledgetracker.cli import main
from tests.servers import Databases

Invoke = Callable[..., Result]


@pytest.fixture
def invoke(environ: dict[str, str]) -> Iterator[Invoke]:
    """Runs a command of an installation of the test's own; keyword arguments add settings."""
    before = dict(os.environ)

    def call(*words: str, **settings: str) -> Result:
        said = {f"PLEDGETRACKER_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(main, words, env=environ | said)

    yield call
    # The command line tells the processes that it starts of the settings file by the environment.
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def new(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> dict[str, str]:
    """Settings, for `invoke`, of a database without tables."""
    if database_kind == "sqlite":
        (tmp_path / "new").mkdir()
        (tmp_path / "new" / "pledgetracker.sqlite3").touch()
        return {"DATA_DIR": str(tmp_path / "new")}
    databases: Databases = request.getfixturevalue("postgresql")
    return {"DATABASE_URL": databases.url(databases.new())}
