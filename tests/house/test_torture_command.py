"""The program behind `./dev torture`: what it says in the end, and with which code it exits."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.torture import run
from tests.torture.campaign import Options, Result

Played = Callable[[Result], list[Options]]


@pytest.fixture
def played(monkeypatch: pytest.MonkeyPatch) -> Played:
    """Puts a campaign of ours in the place of one: it finds what it is given, and keeps what it was told."""

    def play(result: Result) -> list[Options]:
        told: list[Options] = []

        def campaign(options: Options) -> Result:
            told.append(options)
            return result

        module = ModuleType("tests.torture.writes")
        module.__dict__.update(CYCLES=7, campaign=campaign)
        monkeypatch.setitem(sys.modules, module.__name__, module)
        return told

    return play


def test_it_ends_with_one_line_of_json_and_removes_the_folder(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    told = played(Result({"cycles": 3, "lost": 0}))
    assert run.main(["writes", "--cycles", "3", "--seed", "5", "--database", "postgresql"]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert isinstance(line.pop("seconds"), int)
    assert line == {
        "campaign": "writes",
        "database": "postgresql",
        "seed": 5,
        "cycles": 3,
        "lost": 0,
        "broken": [],
    }
    assert (told[0].database, told[0].cycles, told[0].seed) == ("postgresql", 3, 5)
    assert not told[0].folder.exists()


def test_a_broken_promise_exits_with_1_and_leaves_the_folder_to_look_at(
    played: Played, capsys: pytest.CaptureFixture[str]
) -> None:
    told = played(Result({"lost": 1}, ["one was lost"]))
    assert run.main(["writes"]) == 1
    captured = capsys.readouterr()
    assert json.loads(captured.out)["broken"] == ["one was lost"]
    assert "BROKEN: one was lost" in captured.err
    assert f"seed {told[0].seed}" in captured.err
    assert told[0].cycles == 7
    assert Path(told[0].folder).is_dir()
    told[0].folder.rmdir()
