"""The plan of the house holds: imports point down, one clock, one place for SQL, nothing unreachable."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter import cli as import_linter

import pledgetracker

ROOT = Path(pledgetracker.__file__).parent
SOURCES = sorted(path for path in ROOT.rglob("*.py") if "_data" not in path.parts)
DRIVERS = {"sqlite3", "pysqlite3", "psycopg"}
MIGRATIONS = ROOT / "migrations"
CLOCKS = {
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}


def name_of(path: Path) -> str:
    """The module in a file."""
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), str(path))


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file names, wherever in it."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def within(path: Path, *places: str) -> bool:
    inside = path.relative_to(ROOT).as_posix()
    return any(inside == place or inside.startswith(f"{place}/") for place in places)


def test_imports_point_down_only() -> None:
    pyproject = ROOT.parent / "pyproject.toml"
    assert import_linter.lint_imports(config_filename=str(pyproject), no_cache=True) == 0


def clock_reads(path: Path) -> list[str]:
    return [
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in CLOCKS
    ]


def test_only_the_runtime_reads_the_clock() -> None:
    found = {name_of(path): reads for path in SOURCES if (reads := clock_reads(path))}
    assert found == {"pledgetracker.runtime": ["datetime.now"]}


def test_only_storage_and_migrations_speak_sql() -> None:
    speakers = {
        name_of(path)
        for path in SOURCES
        if any(
            name.split(".")[0] in {"sqlalchemy", "alembic", "sqlite3", "pysqlite3"}
            for name in imports_of(path)
        )
        and not within(path, "storage", "migrations")
    }
    assert speakers == set()


def test_only_the_dialects_name_a_database() -> None:
    named = {
        name_of(path)
        for path in SOURCES
        if within(path, "storage")
        and any(
            name.startswith("sqlalchemy.dialects.") or name.split(".")[0] in DRIVERS
            for name in imports_of(path)
        )
    }
    dialects = "pledgetracker.storage.dialects"
    assert named == {f"{dialects}.columns", f"{dialects}.postgresql", f"{dialects}.sqlite"}


def test_the_domain_is_plain_python() -> None:
    allowed = {"pledgetracker"}
    strangers = {
        name
        for path in SOURCES
        if within(path, "domain")
        for name in imports_of(path)
        if name.split(".")[0] not in allowed | set(__import__("sys").stdlib_module_names)
    }
    assert strangers == set()


def test_no_import_hides_from_the_type_checker() -> None:
    assert [name_of(path) for path in SOURCES if "TYPE_CHECKING" in path.read_text()] == []


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(tree_of(path))


def test_every_module_can_be_reached_from_a_way_in() -> None:
    modules = {name_of(path): path for path in SOURCES if MIGRATIONS not in path.parents}
    reached: set[str] = set()
    waiting = ["pledgetracker.__main__", "pledgetracker.app"]
    while waiting:
        name = waiting.pop()
        if name in reached or name not in modules:
            continue
        reached.add(name)
        waiting += [*imports_of(modules[name]), name.rpartition(".")[0]]
    assert set(modules) - reached == set()


def test_every_module_can_be_imported_alone() -> None:
    for module in pkgutil.walk_packages(pledgetracker.__path__, "pledgetracker."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)


def test_every_folder_with_modules_is_a_package() -> None:
    folders = {
        path.parent for path in SOURCES if MIGRATIONS not in path.parents and path.parent != MIGRATIONS
    }
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []
