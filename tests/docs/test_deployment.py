"""The files to deploy with: what they name exists, what they promise to each other holds."""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import click
import pytest
import yaml  # type: ignore[import-untyped]  # it has none

from pledgetracker import app, cli, scheduler, server
from pledgetracker.settings import CONFIG_VARIABLE, PREFIX, Settings, load

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "config" / "deploy"
FILES = sorted(path for path in DEPLOY.iterdir() if path.is_file())
UNITS = sorted(DEPLOY.glob("*.service"))
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "pledgetracker"}
SECRETS = {name for name, entry in Settings.__dataclass_fields__.items() if not entry.repr}


def is_command(words: list[str]) -> bool:
    """Whether `pledgetracker` takes these words as a command."""
    found: click.Command | None = cli.main
    for word in words:
        found = found.commands.get(word) if isinstance(found, click.Group) else None
    return found is not None and not isinstance(found, click.Group)


def unit(path: Path) -> dict[str, list[str]]:
    """The settings of a unit, which may be there several times."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^([A-Za-z]+)=(.*)$", path.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def seconds(text: str) -> int:
    return int(text.removesuffix("s"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_setting_that_is_named_exists(path: Path) -> None:
    known = {PREFIX + name.upper() for name in Settings.__dataclass_fields__} | {CONFIG_VARIABLE}
    known |= {f"{PREFIX}{name.upper()}_FILE" for name in SECRETS}
    assert set(re.findall(rf"{PREFIX}[A-Z_]+[A-Z]", path.read_text())) - known == set()


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_a_unit_starts_a_command_that_exists_and_starts_it_anew_when_it_fails(path: Path) -> None:
    found = unit(path)
    [start] = found["ExecStart"]
    assert start.startswith("/opt/pledgetracker/bin/pledgetracker ")
    assert is_command(start.split()[1:])
    assert found["Restart"] == ["on-failure"]
    assert scheduler.HUNG_EXIT_CODE != 0
    assert {name: found[name] for name in ("User", "NoNewPrivileges", "ProtectSystem", "StateDirectory")} == {
        "User": ["pledgetracker"],
        "NoNewPrivileges": ["yes"],
        "ProtectSystem": ["strict"],
        "StateDirectory": ["pledgetracker"],
    }
    assert "u pledgetracker " in (DEPLOY / "pledgetracker.sysusers.conf").read_text()


def test_whoever_stops_them_waits_longer_than_they_take() -> None:
    longest = {"serve": server.STOP_SECONDS, "schedule": scheduler.STOP_SECONDS}
    for name, most in longest.items():
        [units] = unit(DEPLOY / f"pledgetracker-{name}.service")["TimeoutStopSec"]
        assert seconds(units) > most + 10
        assert seconds(SERVICES[name]["stop_grace_period"]) > most + 10


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    for path in UNITS:
        text = path.read_text().replace("/opt/pledgetracker/bin/pledgetracker", sys.executable)
        (tmp_path / path.name).write_text(text)
    ended = subprocess.run(
        ["systemd-analyze", "verify", *map(str, tmp_path.iterdir())],
        check=False,
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


def test_every_command_of_the_compose_file_exists() -> None:
    assert set(OURS) == {"upgrade", "serve", "schedule"}
    assert [name for name, service in OURS.items() if not is_command(service["command"])] == []


def test_the_compose_file_names_only_what_it_has() -> None:
    for service in SERVICES.values():
        assert set(service.get("depends_on", ())) <= set(SERVICES)
        assert set(service.get("secrets", ())) <= set(COMPOSE["secrets"])
        assert {mount.partition(":")[0] for mount in service["volumes"]} <= set(COMPOSE["volumes"])
    build = OURS["serve"]["build"]
    assert (DEPLOY / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).resolve() == DEPLOY / "Dockerfile"


def test_the_settings_of_the_compose_file_are_good(tmp_path: Path) -> None:
    environ = OURS["serve"]["environment"]
    secrets = {
        "database_url": "postgresql://pledgetracker:0123@database/pledgetracker",
        "secret": "0" * 64,
        "metrics_token": "0" * 64,
    }
    for name, value in secrets.items():
        (tmp_path / name).write_text(f"{value}\n")
    # As compose puts it in where nobody has set anything.
    said = {name: re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value) for name, value in environ.items()}
    settings = load({name: value.replace("/run/secrets", str(tmp_path)) for name, value in said.items()})
    assert {name: getattr(settings, name) for name in secrets} == secrets
    assert set(secrets) == set(OURS["serve"]["secrets"])
    assert f"127.0.0.1:{settings.port}:{settings.port}" in OURS["serve"]["ports"]


def test_what_the_image_copies_exists_and_what_it_ignores_is_not_among_it() -> None:
    text = (DEPLOY / "Dockerfile").read_text()
    copied = {
        name for line in re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE) for name in line.split()
    }
    assert [name for name in copied if not (ROOT / name).exists()] == []
    let_in = set(re.findall(r"^!(.*)$", (DEPLOY / "Dockerfile.dockerignore").read_text(), re.MULTILINE))
    assert copied == let_in
    [command] = re.findall(r"^CMD \[(.*)\]$", text, re.MULTILINE)
    assert is_command([command.strip('"')])


def test_the_image_installs_the_versions_of_the_lock() -> None:
    [pattern] = re.findall(r"sed -n '(.*)' requirements.lock", (DEPLOY / "Dockerfile").read_text())
    made = subprocess.run(
        ["sed", "-n", pattern, "requirements.lock"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout.splitlines()
    locked = re.findall(
        r"^([A-Za-z0-9._-]+==[^ \\]+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE
    )
    assert made == locked
    assert any(line.startswith("psycopg==") for line in made)


def test_the_site_for_nginx_agrees_with_the_application() -> None:
    text = re.sub(r"^\s*#.*$", "", (DEPLOY / "nginx.conf").read_text(), flags=re.MULTILINE)
    assert app.MAX_BODY_BYTES == 1024 * 1024
    assert "client_max_body_size 1m;" in text
    assert f"server {Settings().host}:{Settings().port};" in text
    assert "proxy_cache off;" in text
    assert "gzip off;" in text
    assert "proxy_request_buffering on;" in text
    assert re.findall(r"X-Forwarded-For (\S+);", text) == ["$remote_addr"]


@pytest.mark.slow
def test_the_wheel_carries_them(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(tmp_path)],
        cwd=ROOT,
        check=True,
        env=os.environ,
        capture_output=True,
    )
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    missing = [path.name for path in FILES if f"pledgetracker/_data/deploy/{path.name}" not in names]
    assert missing == []
    assert "pledgetracker/_data/pledgetracker.example.toml" in names
