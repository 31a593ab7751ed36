"""Importing a table of progress updates, held against a bare executemany of the same rows, and its memory."""

import json
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select

from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.intake import bring_in
from pledgetracker.runtime import Runtime
from pledgetracker.storage.tables import progress_updates

ROWS = 100_000
FEWER = 10_000
ROUNDS = 3
COLUMNS = "pledge,as_of,value,claim,reported_by,note,evidence.0.url,evidence.0.published_on"


def write_table(path: Path, rows: int, pledges: int) -> None:
    """A table as a quarterly report makes one: a figure a row, the source shared by twenty."""
    with path.open("w") as stream:
        stream.write(f"{COLUMNS}\n")
        for n in range(rows):
            month = n % 12 + 1
            source = f"https://reports.example/{n // 20}.pdf,2025-{month:02d}-15"
            pledge = f"bench-{n * pledges // rows}"
            stream.write(f"{pledge},2024-{month:02d}-01,{n},self_reported,Bench,As reported.,{source}\n")


def bench(runtime: Runtime, folder: Path, pledges: int) -> dict[str, float]:
    """Import 100,000 updates and insert the same rows bare, several times in turn."""
    path = folder / "rows.csv"
    write_table(path, ROWS, pledges)
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(ROUNDS):
        _empty(runtime)
        began = time.perf_counter()
        _import(runtime, path)
        ours.append(ROWS / (time.perf_counter() - began))
        rows = _rows(runtime)
        _empty(runtime)
        bare.append(ROWS / _insert(runtime, rows))
    few, many = (_peak(folder, rows, pledges) for rows in (FEWER, ROWS))
    return {
        "imported_per_second": statistics.median(ours),
        "bare_inserts_per_second": statistics.median(bare),
        # Neighbours in time share the machine's mood.
        "import_ratio": statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
        "import_peak_of_10000_mib": few,
        "import_peak_of_100000_mib": many,
        "import_memory_ratio": many / few,
    }


def _import(runtime: Runtime, path: Path) -> None:
    now = runtime.clock()
    files = [Incoming(path.name, lambda: path.open("rb"))]
    report = runtime.database.write(lambda tx: bring_in(tx, files, runtime.rules, now=now))
    if len(report.lines()) != 1:
        raise AssertionError(report)


def _empty(runtime: Runtime) -> None:
    with runtime.database.engine.begin() as connection:
        connection.execute(delete(progress_updates))


def _rows(runtime: Runtime) -> list[tuple[Any, ...]]:
    """The rows as the driver has them."""
    with runtime.database.engine.connect() as connection:
        return list(_cursor(connection).execute(str(select(progress_updates))).fetchall())


def _insert(runtime: Runtime, rows: list[tuple[Any, ...]]) -> float:
    """Insert rows by the driver alone, in one transaction; how long it took, in seconds."""
    places = ",".join("?" * len(progress_updates.columns))
    with runtime.database.engine.begin() as connection:
        began = time.perf_counter()
        _cursor(connection).executemany(f"INSERT INTO progress_updates VALUES ({places})", rows)
        connection.commit()
        return time.perf_counter() - began


def _cursor(connection: Any) -> Any:
    return connection.connection.dbapi_connection.cursor()


def _peak(folder: Path, rows: int, pledges: int) -> float:
    """The most memory that a process of its own takes for importing so many rows, in MiB."""
    command = [sys.executable, __file__, str(folder / f"{rows}"), str(rows), str(pledges)]
    told: float = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return told


def main() -> None:
    """Import into an installation of this process's own, and print the peak of its memory."""
    from tests.bench import run

    folder, rows, pledges = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    runtime = run.installation_with_pledges(folder)
    write_table(folder / "rows.csv", rows, pledges)
    _import(runtime, folder / "rows.csv")
    # What the library tells of the peak counts the parent, from which this process was made.
    [peak] = re.findall(r"^VmHWM:\s*(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    print(int(peak) / 1024)
    runtime.database.close()


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parent.parent.parent))
    main()
