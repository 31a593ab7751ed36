"""`./dev torture`: campaigns that do their worst to real processes and real databases, and look what is left.

Progress goes to standard error; the last line of standard output is one line of JSON with what was counted.
Exits with 1 if a promise was broken, and then leaves the folder of the campaign behind.
"""

import argparse
import json
import secrets
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from time import monotonic

from tests.torture.campaign import Options, Result

# Each is a module beside this one, with `campaign(Options) -> Result` and its usual number of CYCLES.
CAMPAIGNS = ("writes", "alerts", "crashpoints", "figures")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="./dev torture", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("campaign", choices=CAMPAIGNS)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--cycles", type=int, help="how often to do it; each campaign has its own measure")
    parser.add_argument("--seed", type=int, help="makes a campaign choose as it chose before")
    said = parser.parse_args(arguments)
    module = import_module(f"tests.torture.{said.campaign}")
    options = Options(
        database=said.database,
        cycles=module.CYCLES if said.cycles is None else said.cycles,
        seed=secrets.randbelow(2**31) if said.seed is None else said.seed,
        folder=Path(tempfile.mkdtemp(prefix=f"pledgetracker-{said.campaign}-")),
        report=_tell,
    )
    _tell(f"{said.campaign} on {options.database}, {options.cycles} cycles, seed {options.seed}")
    began = monotonic()
    result: Result = module.campaign(options)
    for broken in result.broken:
        _tell(f"BROKEN: {broken}")
    if result.broken:
        _tell(f"what it was seen in: {options.folder}")
    else:
        shutil.rmtree(options.folder, ignore_errors=True)
    told = {"campaign": said.campaign, "database": options.database, "seed": options.seed}
    seconds = {"seconds": round(monotonic() - began)}
    print(json.dumps(told | dict(result.figures) | seconds | {"broken": list(result.broken)}), flush=True)
    return 1 if result.broken else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
