"""What README, CHANGELOG and docs/ name is the real thing, and what there is, they name."""

import re
from pathlib import Path

import click
import pytest
from flask import Flask

from pledgetracker.cli import main
from pledgetracker.runtime import Runtime
from pledgetracker.scheduler import turn
from pledgetracker.settings import CONFIG_VARIABLE, PREFIX, TEST_PREFIX, Settings
from tests.conftest import Clock, client_of

ROOT = Path(__file__).parent.parent.parent
PAGES = sorted([ROOT / "README.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")])
EVERYTHING = "\n".join(page.read_text() for page in PAGES)


def commands(group: click.Group = main, before: str = "pledgetracker") -> set[str]:
    """Every command that can be typed."""
    found = set()
    for name, command in group.commands.items():
        spelled = f"{before} {name}"
        found |= commands(command, spelled) if isinstance(command, click.Group) else {spelled}
    return found


def is_documented_path(app: Flask, path: str, method: str = "GET") -> bool:
    """Whether the application answers at `path`."""
    adapter = app.url_map.bind("localhost")
    return any(adapter.test(path, allowed) for allowed in {method, "GET", "POST"})


def test_every_command_is_documented() -> None:
    assert [command for command in sorted(commands()) if command not in EVERYTHING] == []


def test_every_command_that_the_documents_name_exists() -> None:
    named = set(re.findall(r"`(pledgetracker(?: [a-z]+)+)", EVERYTHING))
    known = commands()
    assert [name for name in named if not any(name == k or name.startswith(f"{k} ") for k in known)] == []


def test_every_setting_that_the_documents_name_exists() -> None:
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__}
    named = set(re.findall(rf"{PREFIX}[A-Z_]*[A-Z]", EVERYTHING))
    assert {name for name in named if not name.startswith(TEST_PREFIX)} - known - {CONFIG_VARIABLE} == set()


def test_every_address_that_the_documents_name_answers(app: Flask) -> None:
    named = set(
        re.findall(
            r"(?:8000|GET |POST |`)(/(?:v1|docs|healthz|readyz|metrics|openapi)[a-z0-9/.-]*)", EVERYTHING
        )
    )
    assert named
    assert [path for path in sorted(named) if path != "/v1" and not is_documented_path(app, path)] == []


def test_every_metric_is_documented_and_every_documented_one_exists(
    app: Flask, runtime: Runtime, clock: Clock
) -> None:
    turn(runtime, now=clock.now)
    text = client_of(app, None).get("/metrics").text + client_of(app, None).get("/metrics").text
    told = set(re.findall(r"^# TYPE pledgetracker_(\w+) ", text, re.MULTILINE))
    operating = (ROOT / "docs" / "operating.md").read_text()
    table = operating[operating.index("### Metrics") : operating.index("Alerts worth setting")]
    assert set(re.findall(r"`([a-z_]+)`", re.sub(r"\| [^|]+ \|$", "", table, flags=re.MULTILINE))) >= told
    named = set(
        re.findall(r"pledgetracker_([a-z_]+[a-z])", operating[operating.index("Alerts worth setting") :])
    )
    assert named <= told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text())
    assert [link for link in linked if not (page.parent / link).exists()] == []


def test_the_readme_stays_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) < 80


def test_the_thresholds_in_the_documents_are_the_real_ones() -> None:
    defaults = Settings()
    assert f"`on_track` from pace {defaults.on_track_pace}" in EVERYTHING
    assert f"`at_risk` from {defaults.at_risk_pace}" in EVERYTHING
    assert f"closes above {defaults.behind_clears_pace}" in EVERYTHING
    assert f"is due within {defaults.lead_days} days" in EVERYTHING
    assert f"days of grace ({defaults.grace_days})" in EVERYTHING
