"""Files in and out by real processes, through pipes and all."""

import subprocess
from pathlib import Path

import pytest

from tests.processes import command, run

ROWS = 6_000


@pytest.mark.slow
def test_a_table_of_many_rows_comes_in_and_the_record_goes_out_through_a_pipe(
    environ: dict[str, str], tmp_path: Path
) -> None:
    pledges, progress = tmp_path / "pledges.csv", tmp_path / "progress.csv"
    pledges.write_text("id,title,pledger,pledger.name,announced_on\npeople,People,acme,Acme,2024-01-01\n")
    with progress.open("w") as stream:
        stream.write("pledge,as_of,value\n")
        stream.writelines(f"people,2024-06-{n % 30 + 1:02d},{n}\n" for n in range(ROWS))
    told = run(environ, "import", str(progress), str(pledges))
    assert (told.returncode, told.stderr) == (0, "")
    assert f"progress updates: {ROWS:,} added" in told.stdout
    assert "none missing or changed" in run(environ, "audit", "verify").stdout
    archives = [
        subprocess.run(command("export", "-"), env=environ, check=True, capture_output=True).stdout
        for _ in range(2)
    ]
    assert archives[0] == archives[1]
    (tmp_path / "record.zip").write_bytes(archives[0])
    again = run(environ, "import", str(tmp_path / "record.zip"))
    assert "pledges: 0 added, 0 changed, 1 left as they were" in again.stdout
    assert f"progress updates: 0 added, 0 changed, {ROWS:,} left as they were" in again.stdout
