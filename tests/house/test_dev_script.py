"""The script `dev`: its decisions as pure functions, and its supervisor over a stand-in program."""

import ast
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from tests.sinks import free_port

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30

# Stands where the installed program would; each call leaves a line in a log.
PROGRAM = """#!{python}
import http.server, os, pathlib, signal, sys, threading
here = pathlib.Path(__file__).parent
def log(line):
    with open(here / "log", "a") as file:
        file.write(line + "\\n")
name = sys.argv[1]
log(" ".join(sys.argv[1:]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200)
    def do_POST(self):
        known = (here / "keys").read_text().split()
        self.answer(415 if self.headers["Authorization"].removeprefix("Bearer ") in known else 401)
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def log_message(self, *_):
        pass
if name == "keys":
    key = "key-" + os.urandom(4).hex()
    with open(here / "keys", "a") as file:
        file.write(key + "\\n")
    print(key)
if name in ("serve", "schedule"):
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    log(name + " is up")
    while os.environ.get("STANDIN_DIES") == name and not stopped.wait(0.02):
        if (here / "log").read_text().count(" is up") == 2:
            sys.exit(7)
    if name == "serve":
        address = os.environ["PLEDGETRACKER_HOST"], int(os.environ["PLEDGETRACKER_PORT"])
        server = http.server.ThreadingHTTPServer(address, Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
    while not stopped.wait(0.1):
        pass
    log(name + " stopped")
"""


def load(path: Path) -> ModuleType:
    loader = SourceFileLoader("dev", str(path))
    spec = spec_from_loader("dev", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def dev() -> ModuleType:
    return load(ROOT / "dev")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what the script reads, with nothing installed."""
    for name in ("dev", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def ready(checkout: Path) -> Path:
    """The copy with a finished .venv that holds the stand-in."""
    folder = checkout / ".venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    program = folder / "pledgetracker"
    program.write_text(PROGRAM.format(python=sys.executable))
    program.chmod(0o755)
    module = load(checkout / "dev")
    module.STAMP.write_text(json.dumps(module.wanted_stamp("all")))
    return checkout


@contextmanager
def started(checkout: Path, *arguments: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """`dev` in an otherwise empty environment; told to stop if a test leaves it running or it hangs."""
    surroundings = {"PATH": os.defpath, "HOME": str(checkout), **env}
    command = [sys.executable, str(checkout / "dev"), *arguments]
    with subprocess.Popen(
        command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(PATIENCE_SECONDS, process.terminate)  # a kill would orphan its children
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.terminate()


def read_until(process: subprocess.Popen[str], start: str) -> str:
    """What the script printed up to and with the line that starts so."""
    assert process.stdout is not None
    text = ""
    for line in process.stdout:
        text += line
        if line.startswith(start):
            return text
    pytest.fail(f"no line starts with {start!r} in: {text}")


def log_of(checkout: Path) -> list[str]:
    return (checkout / ".venv" / "bin" / "log").read_text().splitlines()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_stop_signal_stops_server_and_scheduler(ready: Path, number: signal.Signals) -> None:
    with started(ready, "run", PLEDGETRACKER_PORT=str(free_port())) as process:
        read_until(process, "Stop")
        process.send_signal(number)
        assert process.wait() == 0
    log = log_of(ready)
    assert log[:2] == ["db upgrade", "seed"]
    assert {"serve stopped", "schedule stopped"} <= set(log)


@pytest.mark.parametrize(("dies", "survives"), [("serve", "schedule"), ("schedule", "serve")])
def test_when_one_child_dies_the_other_stops_and_the_code_is_the_dead_ones(
    ready: Path, dies: str, survives: str
) -> None:
    with started(ready, "run", PLEDGETRACKER_PORT=str(free_port()), STANDIN_DIES=dies) as process:
        output, _ = process.communicate()
        assert process.returncode == 7
    assert f"`pledgetracker {dies}` ended with code 7" in output
    assert f"{survives} stopped" in log_of(ready)
    assert f"{dies} stopped" not in log_of(ready)


def test_a_child_deaf_to_the_stop_signal_is_killed(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "STOP_SECONDS", 0.1)
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    with subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        dev.stop({"serve": child})
        assert child.returncode == -signal.SIGKILL


def test_each_new_mail_is_told_of_by_file_and_subject(ready: Path) -> None:
    mail = ready / ".data" / "mail"
    mail.mkdir(parents=True)
    (mail / "old.eml").write_text("Subject: Old\n\n")
    with started(ready, "run", PLEDGETRACKER_PORT=str(free_port())) as process:
        read_until(process, "Stop")
        (mail / "new.tmp").write_text("Subject: =?utf-8?q?D=C3=A9lai?=\nTo: someone@example.org\n\n")
        (mail / "new.tmp").rename(mail / "new.eml")
        assert read_until(process, "mail").splitlines()[-1] == "mail  new.eml  Délai"


def key_in(output: str) -> str:
    found = re.search(r"Bearer (key-\w+)", output)
    assert found
    return found[1]


def test_the_local_key_is_kept_while_the_server_knows_it(ready: Path) -> None:
    keys = []
    for forget in (False, False, True):
        if forget:
            (ready / ".venv" / "bin" / "keys").write_text("")
        with started(ready, "run", PLEDGETRACKER_PORT=str(free_port())) as process:
            keys.append(key_in(read_until(process, "Stop")))
    assert keys[0] == keys[1] != keys[2]
    stored = ready / ".data" / "dev-review-key"
    assert stored.read_text().strip() == keys[2]
    assert stored.stat().st_mode & 0o777 == 0o600


def test_a_taken_port_is_refused_before_anything_starts(ready: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with started(ready, "run", PLEDGETRACKER_PORT=str(other.getsockname()[1])) as process:
            _, errors = process.communicate()
    assert process.returncode == 1
    assert "PLEDGETRACKER_PORT" in errors
    assert not (ready / ".venv" / "bin" / "log").exists()


@pytest.mark.parametrize("port", ["", "http", "0", "65536", "-1"])
def test_a_port_that_is_none_is_refused(dev: ModuleType, port: str) -> None:
    with pytest.raises(dev.DevError, match="PLEDGETRACKER_PORT"):
        dev.check_port("127.0.0.1", port)


def test_the_curl_can_be_pasted(dev: ModuleType, tmp_path: Path) -> None:
    env = {"PLEDGETRACKER_HOST": "0.0.0.0", "PLEDGETRACKER_PORT": "8123"}
    text = dev.greeting(env, "a'key", tmp_path)
    pasted = "curl() { printf '%s\\n' \"$@\"; }\n" + text[text.index("curl") : text.index("Mail")]
    words = subprocess.check_output(["sh", "-c", pasted], text=True).splitlines()
    assert words[2] == "http://127.0.0.1:8123/v1/pledges/microsoft-france-startups/progress"
    assert words[4] == "Authorization: Bearer a'key"
    assert set(json.loads(words[-1])) == {"value", "as_of", "note"}


def test_the_greeting_names_the_mail_server_if_there_is_one(dev: ModuleType, tmp_path: Path) -> None:
    env = {"PLEDGETRACKER_HOST": "::", "PLEDGETRACKER_PORT": "1", "PLEDGETRACKER_SMTP_HOST": "mail.example"}
    text = dev.greeting(env, "key", tmp_path)
    assert "mail.example" in text
    assert str(tmp_path) not in text
    assert "http://[::1]:1/docs" in text


def test_a_setting_of_the_users_is_left_alone(dev: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLEDGETRACKER_DATA_DIR", raising=False)
    assert dev.development_environment()["PLEDGETRACKER_DATA_DIR"] == str(ROOT / ".data")
    monkeypatch.setenv("PLEDGETRACKER_DATA_DIR", "/elsewhere")
    assert dev.development_environment()["PLEDGETRACKER_DATA_DIR"] == "/elsewhere"


@pytest.mark.parametrize(
    ("changes", "segment", "todo"),
    [
        ({}, "run", "nothing"),
        ({}, "all", "install"),
        ({"segment": "all"}, "run", "nothing"),
        ({"segment": "all"}, "all", "nothing"),
        ({"project": "other"}, "run", "install"),
        ({"python": "3.99"}, "run", "anew"),
        ({"place": "/moved"}, "run", "anew"),
        ({"lock": "other"}, "run", "anew"),
        (None, "run", "anew"),
    ],
)
def test_a_venv_is_remade_only_as_far_as_it_must_be(
    dev: ModuleType, changes: dict[str, str] | None, segment: str, todo: str
) -> None:
    stamp = None if changes is None else {**dev.wanted_stamp("run"), **changes}
    assert dev.plan(stamp, dev.wanted_stamp(segment)) == todo


def test_a_venv_whose_python_is_gone_counts_as_none(ready: Path) -> None:
    module = load(ready / "dev")
    assert module.read_stamp() is not None
    (ready / ".venv" / "bin" / "python").unlink()
    assert module.read_stamp() is None


def test_an_interrupted_set_up_leaves_no_stamp(ready: Path) -> None:
    stamp = ready / ".venv" / "dev-stamp.json"
    stamp.write_text(stamp.read_text().replace('"project": "', '"project": "not '))
    tools = ready / "tools"
    tools.mkdir()
    (tools / "uv").write_text("#!/bin/sh\necho installing\nexec sleep 60\n")
    (tools / "uv").chmod(0o755)
    with started(ready, "run", PATH=f"{tools}:{os.defpath}", PLEDGETRACKER_PORT=str(free_port())) as process:
        read_until(process, "installing")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert not stamp.exists()


@pytest.mark.parametrize(
    ("given", "passed"),
    [
        ([], ["-n", "auto", "--dist", "worksteal"]),
        (["-n", "0"], ["-n", "0"]),
        (["-n4", "-x"], ["-n4", "-x"]),
        (["--numprocesses=2"], ["--numprocesses=2"]),
        (["-p", "no:xdist"], ["-p", "no:xdist"]),
        (
            ["--everything"],
            [
                "-n",
                "auto",
                "--dist",
                "worksteal",
                "--cov",
                "--cov-report=term-missing:skip-covered",
                "--durations=25",
                "--everything",
            ],
        ),
    ],
)
def test_pytest_gets_workers_unless_the_caller_chose(
    dev: ModuleType, given: list[str], passed: list[str]
) -> None:
    assert dev.pytest_arguments(given) == passed


def test_the_lock_puts_only_what_developing_adds_behind_the_mark(dev: ModuleType) -> None:
    needed = (
        "# by a tool\na==1 \\\n    --hash=sha256:1\nb==2 ; sys_platform == 'win32' \\\n    --hash=sha256:2\n"
    )
    everything = needed + "c==3 \\\n    --hash=sha256:3\n"
    text = dev.lock_text(needed, everything)
    assert dev.lock_entries(dev.segment_text(text, "run")) == dev.lock_entries(needed)
    assert dev.lock_entries(dev.segment_text(text, "all")) == dev.lock_entries(everything)


def names(lines: list[str]) -> list[str]:
    return [re.split(r"[^A-Za-z0-9._-]", line, maxsplit=1)[0].lower() for line in lines]


def test_the_lock_holds_every_dependency_once_in_the_right_part(dev: ModuleType) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    text = (ROOT / "requirements.lock").read_text()
    running, everything = (names(dev.lock_entries(dev.segment_text(text, part))) for part in ("run", "all"))
    assert {*names(project["dependencies"]), "hatchling", "editables"} <= set(running)
    extras = project["optional-dependencies"]
    assert {*names(extras["dev"]), *names(extras["postgres"])} - {"pledgetracker"} <= set(everything)
    assert "pytest" not in running
    assert len(everything) == len(set(everything))


def test_the_lock_holds_no_address_and_no_path() -> None:
    assert not re.search(r"://|/(?!dev )", (ROOT / "requirements.lock").read_text().replace("./dev", "dev"))


def test_the_script_parses_on_pythons_that_are_too_old() -> None:
    ast.parse((ROOT / "dev").read_text(), feature_version=(3, 6))


# An older Python is not at hand everywhere; this one says that it is one.
PRETEND = """
import runpy, sys
sys.version_info, sys.version = (3, 8, 1, "final", 0), "3.8.1 (old)"
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def with_old_python(path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PRETEND, str(ROOT / "dev"), *arguments]
    return subprocess.run(command, env={"PATH": str(path)}, capture_output=True, text=True, check=False)


def test_below_the_oldest_python_one_line_says_so(tmp_path: Path) -> None:
    result = with_old_python(tmp_path, "run")
    assert result.returncode == 1
    assert result.stderr == "dev: needs Python 3.11 or newer; this is 3.8.1. Install python3.11.\n"


def test_an_old_python_hands_over_to_a_new_one_on_the_path_that_works(tmp_path: Path) -> None:
    (tmp_path / "python3.13").write_text("#!/bin/sh\nexit 127\n")
    (tmp_path / "python3.12").write_text('#!/bin/sh\n[ "$1" = -c ] || echo new "$@"\n')
    for name in ("python3.13", "python3.12"):
        (tmp_path / name).chmod(0o755)
    result = with_old_python(tmp_path, "run", "x y")
    assert result.stdout == f"new {ROOT / 'dev'} run x y\n"


def test_help_lists_every_command_and_an_unknown_one_is_refused(
    dev: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dev.main([]) == 0
    helped = capsys.readouterr().out
    assert dev.main(["no-such"]) == 2
    for command in ("run", "test", "lint", "lock", "bench", "torture", "pledgetracker", "help"):
        assert f"./dev {command}" in helped
