"""The annotated example is the settings' documentation: it must say what the code says."""

import dataclasses
import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from pledgetracker.settings import Settings, load

EXAMPLE = Path(__file__).parents[2] / "config" / "pledgetracker.example.toml"
SETTING_LINE = re.compile(r"^# (?=[a-z_]+ = )", re.MULTILINE)
FIELDS = {entry.name: entry for entry in dataclasses.fields(Settings)}


def uncommented() -> str:
    return SETTING_LINE.sub("", EXAMPLE.read_text(encoding="utf-8"))


def comments_above_settings() -> dict[str, list[str]]:
    """Give for each setting the comment lines of its paragraph."""
    paragraphs = [paragraph.splitlines() for paragraph in uncommented().split("\n\n")]
    return {
        lines[-1].split(" = ")[0]: [line.removeprefix("# ") for line in lines[:-1]]
        for lines in paragraphs
        if not lines[-1].startswith("#")
    }


def test_the_example_as_it_stands_changes_nothing() -> None:
    assert load({}, config=EXAMPLE) == Settings()


def test_the_example_with_every_line_uncommented_still_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "all.toml"
    path.write_text(uncommented(), encoding="utf-8")
    assert load({}, config=path) == Settings()


def test_the_example_has_each_setting_once_in_the_order_of_the_code() -> None:
    names = re.findall(r"^([a-z_]+) = ", uncommented(), re.MULTILINE)
    assert names == list(FIELDS)


@pytest.mark.parametrize("name", FIELDS)
def test_the_example_shows_the_true_default(name: str) -> None:
    shown = tomllib.loads(uncommented(), parse_float=Decimal)[name]
    default = getattr(Settings(), name)
    # Only what has no default may be shown as an empty text, which stands for any default.
    expected = {None: "", (): []}.get(default, str(default) if isinstance(default, Path) else default)
    assert (shown, type(shown)) == (expected, type(expected))


@pytest.mark.parametrize("name", FIELDS)
def test_a_setting_in_the_example_begins_with_its_description_in_the_code(name: str) -> None:
    comments = comments_above_settings()[name]
    assert comments[0] == FIELDS[name].metadata["about"]
    assert len(comments) >= 2, "say also when to change it"


def test_the_example_names_every_secret_that_may_come_from_a_file() -> None:
    named = set(re.findall(r"PLEDGETRACKER_([A-Z_]+)_FILE", EXAMPLE.read_text(encoding="utf-8")))
    assert named == {name.upper() for name, entry in FIELDS.items() if not entry.repr}
