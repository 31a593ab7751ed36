"""The file of an archive that holds what belongs to the record as a whole."""

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from marshmallow import Schema

from pledgetracker.api.answers import to_json
from pledgetracker.api.files.complaints import Complaints, Place
from pledgetracker.api.files.documents import FiledPolicy, writer
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.json_stream import JsonStream
from pledgetracker.api.files.writing import write_list
from pledgetracker.api.portable_past import (
    RECORD_FORMAT,
    FormerInitiative,
    FormerPledger,
    PastFlag,
    PastPolicy,
    PastRate,
)
from pledgetracker.api.wording import MISSING, NO_LIST, unknown
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.services.merging import Merging
from pledgetracker.services.recalling import former_initiatives, former_pledgers
from pledgetracker.services.reinstating import Reinstating
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.flags import FlagEntry, FlagFilter
from pledgetracker.storage.paging import PageRequest

FORMAT = "format"
RATES, POLICIES, FLAGS = "rates", "policies", "flags"
PLEDGERS, INITIATIVES = "former_pledgers", "former_initiatives"
FLAGS_AT_A_TIME = 500

SCHEMAS: dict[str, type[Schema]] = {
    RATES: PastRate,
    POLICIES: PastPolicy,
    PLEDGERS: FormerPledger,
    INITIATIVES: FormerInitiative,
    FLAGS: PastFlag,
}


def write_record(tx: Transaction, target: BinaryIO) -> None:
    """Write exchange rates, policies, what pledgers and initiatives said once, and flags."""
    lists: dict[str, Iterable[Any]] = {
        RATES: tx.rates.versions(),
        POLICIES: (FiledPolicy(at, policy) for at, policy in tx.policies.all()),
        PLEDGERS: former_pledgers(tx),
        INITIATIVES: former_initiatives(tx),
        FLAGS: _flags(tx),
    }
    target.write(b'{\n  "format": ' + to_json(RECORD_FORMAT))
    for name, values in lists.items():
        target.write(b",\n  " + to_json(name) + b": ")
        write_list(target, map(writer(SCHEMAS[name]()), values))
    target.write(b"\n}\n")


def _flags(tx: Transaction) -> Iterator[FlagEntry]:
    request: PageRequest | None = PageRequest("id", descending=False, after=None, limit=FLAGS_AT_A_TIME)
    while request is not None:
        page = tx.flags.page(FlagFilter(), request)
        yield from page.items
        after = page.after
        request = None if after is None else PageRequest("id", False, after, FLAGS_AT_A_TIME)


class RecordFile:
    """Takes what such a file holds."""

    def __init__(self, file: Incoming, complaints: Complaints) -> None:
        self._file, self._complaints = file, complaints

    def merge(self, merging: Merging) -> None:
        """Bring the exchange rates in as they are now; all else is the past of another installation."""
        newest: dict[tuple[Any, ...], tuple[Place, Any]] = {}
        for name, where, value in self._pieces():
            if name == RATES:
                with self._complaints.collecting(where):
                    fields: Any = PastRate().load(value)
                    key = tuple(fields[part] for part in ("base", "quote", "date"))
                    said = {part: fields[part] for part in ("base", "quote", "date", "rate", "source")}
                    newest[key] = (where, said)
        for where, said in newest.values():
            with self._complaints.collecting(where):
                merging.rate(said)

    def reinstate(self, reinstating: Reinstating) -> None:
        """Bring everything in once all pledges are there; where one is not, its flags need not be told."""
        policies, has_all = [], not self._complaints.number
        for name, where, value in self._pieces():
            with self._complaints.collecting(where):
                loaded: Any = SCHEMAS[name]().load(value)
                match name:
                    case "rates":
                        reason, recorded_at = loaded.pop("reason", None), loaded.pop("recorded_at")
                        reinstating.rate(loaded, reason, recorded_at)
                    case "policies":
                        policies.append(loaded)
                    case "flags":
                        if has_all:
                            reinstating.flag(loaded)
                    case _:
                        reinstating.former(loaded)
        with self._complaints.collecting(Place(self._file.name)):
            reinstating.policies(policies)

    def _pieces(self) -> Iterator[tuple[str, Place, Any]]:
        """The items of its lists; what is wrong with the whole is told at the end."""
        found = set()
        with self._complaints.collecting(Place(self._file.name)), self._file.open() as stream:
            for name, place, value in JsonStream(stream, SCHEMAS).pieces():
                found.add(name)
                where = Place(self._file.name, pointer=f"/{name}" if place is None else f"/{name}/{place}")
                if name == FORMAT and value != RECORD_FORMAT:
                    self._complain(where, f"Only the format {RECORD_FORMAT} is known.")
                elif name not in {FORMAT, *SCHEMAS}:
                    self._complain(where, unknown(name, {FORMAT, *SCHEMAS}))
                elif place is not None:
                    yield name, where, value
                elif name != FORMAT and value != []:
                    self._complain(where, NO_LIST)
            for name in (FORMAT, *SCHEMAS):
                if name not in found:
                    self._complain(Place(self._file.name, pointer=f"/{name}"), MISSING)

    def _complain(self, where: Place, detail: str) -> None:
        self._complaints.add(where, FieldProblem("", detail))
