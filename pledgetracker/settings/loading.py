"""Reading the settings: defaults, then the TOML file, then the environment; the later source wins.

An empty text stands for the default, wherever it is found: deployment tools hand over empty variables for
what nobody set.
"""

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from marshmallow import Schema, ValidationError

from pledgetracker.settings.declared import Settings, disagreements
from pledgetracker.settings.kinds import Kind
from pledgetracker.settings.problems import Problem, SettingsError

PREFIX = "PLEDGETRACKER_"
CONFIG_VARIABLE = "PLEDGETRACKER_CONFIG"
TEST_PREFIX = "PLEDGETRACKER_TEST_"
"""Variables that begin so belong to the tests and are never settings."""

_KINDS: Mapping[str, Kind] = {entry.name: entry.metadata["kind"] for entry in dataclasses.fields(Settings)}
_SECRETS = frozenset(entry.name for entry in dataclasses.fields(Settings) if not entry.repr)
_SCHEMA = Schema.from_dict(dict(_KINDS))()
_VARIABLES = {PREFIX + name.upper(): name for name in _KINDS}
_FILE_VARIABLES = {f"{PREFIX}{name.upper()}_FILE": name for name in sorted(_SECRETS)}

_EVERY_SETTING = "The annotated example pledgetracker.example.toml has every setting"
_SHOWN_CHARACTERS_MAX = 80


@dataclass(frozen=True, slots=True)
class _Given:
    """One setting as one source gives it, not checked yet."""

    name: str
    source: str
    value: Any


def load(environ: Mapping[str, str], *, config: Path | None = None) -> Settings:
    """Read, check and complete the settings.

    The file is `config`, else the one that PLEDGETRACKER_CONFIG names, else none. Raises SettingsError with
    every problem of every source.
    """
    findings = [*_from_file(environ, config), *_from_environment(environ)]
    problems = [finding for finding in findings if isinstance(finding, Problem)]
    given = {finding.name: finding for finding in findings if isinstance(finding, _Given)}
    try:
        values = _SCHEMA.load({name: one.value for name, one in given.items() if not _is_empty(one.value)})
    except ValidationError as error:
        values = error.valid_data
        problems += _value_problems(error, given)
    doubtful = {problem.name for problem in problems}
    settings = Settings(**{name: value for name, value in values.items() if name not in doubtful})
    if "config" not in doubtful:
        problems += _disagreement_problems(settings, given, doubtful)
    if problems:
        raise SettingsError(tuple(problems))
    return settings


def secrets_of(settings: Settings) -> Iterator[str]:
    """Yield the value of every setting that is kept out of sight."""
    for name in sorted(_SECRETS):
        if (value := getattr(settings, name)) is not None:
            yield str(value)


def _is_empty(value: object) -> bool:
    return isinstance(value, str) and not value


def _from_file(environ: Mapping[str, str], config: Path | None) -> Iterator[_Given | Problem]:
    named = environ.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    if path is None:
        return
    document = _document(path, str(path) if config else f"{CONFIG_VARIABLE} ({path})")
    if isinstance(document, Problem):
        yield document
        return
    for name, value in document.items():
        source = f"{name} in {path}"
        if name in _KINDS:
            yield _Given(name, source, value)
        else:
            yield _unknown(name, source, _KINDS, is_table=isinstance(value, dict))


def _document(path: Path, source: str) -> dict[str, Any] | Problem:
    try:
        # Windows editors begin a file with a byte order mark, which TOML does not know.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Problem("config", source, f"line {line} is not UTF-8 text", "Save the file as UTF-8")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no usable name"
        return Problem(
            "config", source, f"the file cannot be read ({reason})", "Correct the path or the rights"
        )
    try:
        return tomllib.loads(text, parse_float=Decimal)
    # Beside its own error, a ValueError, tomllib lets pass what numbers and nesting of absurd size raise.
    except (ValueError, ArithmeticError, RecursionError) as error:
        return Problem(
            "config",
            source,
            f"the file is not valid TOML: {_toml_reason(error, text)}",
            'Write one setting a line, as name = value, with texts in quotes: host = "127.0.0.1"',
        )


def _toml_reason(error: Exception, text: str) -> str:
    if not isinstance(error, tomllib.TOMLDecodeError):
        return "it has a number or a list beyond all measure"
    # What follows is tomllib's own wording; none of its messages quotes a value.
    return str(error).replace("at end of document", f"at line {len(text.splitlines())}, the end of the file")


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Given | Problem]:
    for variable in sorted(environ):
        if not variable.startswith(PREFIX) or variable.startswith(TEST_PREFIX) or variable == CONFIG_VARIABLE:
            continue
        text = environ[variable]
        source = f"{variable} in the environment"
        if variable in _VARIABLES:
            name = _VARIABLES[variable]
            yield _Given(name, source, _KINDS[name].parse(text) if text else "")
        elif variable not in _FILE_VARIABLES:
            yield _unknown(variable, source, [*_VARIABLES, *_FILE_VARIABLES, CONFIG_VARIABLE])
        elif text:
            yield _from_secret_file(_FILE_VARIABLES[variable], source, text, environ)


def _from_secret_file(name: str, source: str, path: str, environ: Mapping[str, str]) -> _Given | Problem:
    variable = PREFIX + name.upper()
    if environ.get(variable):
        return Problem(name, source, f"{variable} is set as well", "Keep one of the two")
    # The path is not repeated: it may be the secret itself, put into the wrong variable.
    try:
        text = Path(path).read_bytes().decode()
    except UnicodeDecodeError:
        return Problem(name, source, "the file it names is not UTF-8 text", "Write the secret as plain text")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no usable name"
        return Problem(
            name, source, f"the file it names cannot be read ({reason})", "Correct the path or the rights"
        )
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        return Problem(name, source, "the file it names is empty", "Write the secret into it")
    return _Given(name, source, _KINDS[name].parse(secret))


def _unknown(name: str, source: str, known: Collection[str], *, is_table: bool = False) -> Problem:
    if is_table:
        return Problem(
            name, source, "this is a table, and settings have none", "Write name = value without [table]"
        )
    # Whoever writes a variable's name into the file, or a small letter into a variable's, means the same.
    spoken = {one.removeprefix(PREFIX).lower(): one for one in known}
    near = difflib.get_close_matches(
        name.removeprefix(PREFIX).lower().removeprefix(PREFIX.lower()), spoken, n=1
    )
    cure = f"Did you mean {spoken[near[0]]}?" if near else _EVERY_SETTING
    return Problem(name, source, "there is no such setting", cure)


def _value_problems(error: ValidationError, given: Mapping[str, _Given]) -> Iterator[Problem]:
    for name, messages in error.messages_dict.items():
        one = given[name]
        for value, reason in _reasons(messages, one.value):
            shown = "the value" if name in _SECRETS else _shown(value)
            yield Problem(name, one.source, f"{shown} {reason}", f"Write {_KINDS[name].wanted}")


def _reasons(messages: Any, value: Any) -> Iterator[tuple[Any, str]]:
    """Yield each reason with the value it is about: an entry, where the value is a list."""
    if isinstance(messages, dict):
        for index, inner in messages.items():
            yield from _reasons(inner, value[index])
    else:
        for reason in messages:
            yield value, reason


def _shown(value: object) -> str:
    # A password may have come along in an address, wherever that was pasted.
    if not isinstance(value, str | int | Decimal) or re.search(r"://[^/]*@", str(value)):
        return "the value"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    text = text if len(text) <= _SHOWN_CHARACTERS_MAX else text[:_SHOWN_CHARACTERS_MAX] + "…"
    return f'"{text}"' if isinstance(value, str) else text


def _disagreement_problems(
    settings: Settings, given: Mapping[str, _Given], doubtful: set[str]
) -> Iterator[Problem]:
    for one in disagreements(settings):
        if doubtful.isdisjoint(one.names):
            sources = [given[name].source for name in one.names if name in given]
            yield Problem(one.names[0], " and ".join(sources), one.message, one.cure)
