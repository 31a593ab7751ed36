"""Writing the record into files: JSON by initiative, tables, or an archive of both."""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any, BinaryIO

from marshmallow import Schema

from pledgetracker.api.answers import to_json
from pledgetracker.api.files import cells
from pledgetracker.api.files.archives import (
    INITIATIVES,
    RECORD,
    WITHOUT_INITIATIVE,
    ArchiveWriter,
)
from pledgetracker.api.files.columns import Column, column_of, lengths, names_of, value_at
from pledgetracker.api.files.documents import FiledPledge, FiledUpdate, spare, writer
from pledgetracker.api.files.forms import PAST, PRESENT, Forms
from pledgetracker.api.files.record_file import write_record
from pledgetracker.api.files.tables import (
    OF_INITIATIVE,
    OF_PLEDGER,
    SheetInitiative,
    SheetPledge,
    SheetPledger,
    SheetProgress,
)
from pledgetracker.api.files.writing import indented, write_list
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.record import Record
from pledgetracker.storage.database import Transaction

RECORDS_AT_A_TIME = 100


class ExportForm(StrEnum):
    """In which form the record is written."""

    ARCHIVE = "archive"
    JSON = "json"
    PLEDGES = "pledges"
    PROGRESS = "progress"


@dataclass(frozen=True, slots=True)
class Export:
    """One state of the record, and how it is written.

    Attributes:
        has_contacts: whether the addresses of contacts go with it.
    """

    tx: Transaction
    now: datetime
    has_contacts: bool = False

    def write(self, form: ExportForm, target: BinaryIO, initiative: str | None = None) -> None:
        """Write in one of the forms; `initiative` says whose JSON file.

        Raises:
            NotFound: there is no such initiative.
        """
        match form:
            case ExportForm.ARCHIVE:
                self.archive(target)
            case ExportForm.JSON:
                self.json(target, initiative)
            case ExportForm.PLEDGES:
                self.pledges(target)
            case ExportForm.PROGRESS:
                self.progress(target)

    def archive(self, target: BinaryIO) -> None:
        """Write everything, with the instants at which it was recorded, and both tables for people."""
        made = ArchiveWriter(target)
        for key in sorted(self.tx.initiatives.keys()):
            made.add(f"{INITIATIVES}{key}.json", partial(self.json, initiative=key, forms=PAST))
        made.add(WITHOUT_INITIATIVE, partial(self.json, initiative=None, forms=PAST))
        made.add(RECORD, partial(write_record, self.tx))
        made.add("pledges.csv", self.pledges)
        made.add("progress.csv", self.progress)
        made.close()

    def json(self, target: BinaryIO, initiative: str | None, forms: Forms = PRESENT) -> None:
        """Write the file of an initiative, or the one of what belongs to none.

        `forms` says whether it tells of the past, as files in archives do.

        Raises:
            NotFound: there is no such initiative.
        """
        keys = sorted(self.tx.pledges.keys_of(initiative))
        target.write(b'{\n  "format": ' + to_json(forms.format))
        target.write(b',\n  "initiative": ' + indented(self._initiative(initiative, forms), 2))
        target.write(b',\n  "pledgers": ')
        write_list(target, self._pledgers(initiative, forms))
        if own := self.tx.rubrics.all():
            target.write(b',\n  "rubrics": ')
            write_list(target, map(writer(forms.rubric()), own))
        target.write(b',\n  "pledges": ')
        write = writer(forms.pledge())
        write_list(target, (self._pledge(write, record) for record in self._records(keys)))
        target.write(b"\n}\n")

    def pledges(self, target: BinaryIO) -> None:
        """Write the table of all pledges."""
        keys = sorted(self.tx.pledges.keys())
        schema = SheetPledge()
        write = writer(schema)
        documents = (self._sheet_pledge(write, record) for record in self._records(keys))
        names = list(_pledge_names(schema, _longest(documents)))
        columns = _columns(
            names, ("", schema), (OF_PLEDGER, SheetPledger()), (OF_INITIATIVE, SheetInitiative())
        )
        _write_table(target, columns, (self._pledge_row(write, record) for record in self._records(keys)))

    def progress(self, target: BinaryIO, keys: Sequence[str] | None = None) -> None:
        """Write the table of all progress updates, or of those of the pledges with these ids."""
        chosen = sorted(self.tx.pledges.keys() if keys is None else keys)
        schema = SheetProgress()
        write = writer(schema)
        names = list(names_of(schema, _longest(self._updates(write, chosen))))
        names.remove("pledge")
        columns = _columns(["pledge", *names], ("", schema))
        rows = ({"": document} for document in self._updates(write, chosen))
        _write_table(target, columns, rows)

    def _records(self, keys: Sequence[str]) -> Iterator[Record]:
        for start in range(0, len(keys), RECORDS_AT_A_TIME):
            yield from self.tx.records.get_many(keys[start : start + RECORDS_AT_A_TIME])

    def _initiative(self, key: str | None, forms: Forms) -> dict[str, Any] | None:
        if key is None:
            return None
        found = self.tx.initiatives.get(key)
        if found is None:
            raise NotFound("initiative", key)
        return writer(forms.initiative())(found)

    def _pledgers(self, initiative: str | None, forms: Forms) -> Iterator[dict[str, Any]]:
        """Those who promise something in the file; without an initiative, also who promises nothing."""
        wanted = set(self.tx.pledges.pledgers_of(initiative))
        if initiative is None:
            wanted |= set(self.tx.pledgers.without_pledges())
        write = writer(forms.pledger())
        for key in sorted(wanted):
            yield write(self.tx.pledgers.get(key))

    def _pledge(self, write: Any, record: Record) -> dict[str, Any]:
        document = write(FiledPledge(record, record.pledge.due))
        # The file says it once for all.
        del document["initiative"]
        return self._without_contacts(document)

    def _sheet_pledge(self, write: Any, record: Record) -> dict[str, Any]:
        today = local_day(self.now, record.pledge.time_zone)
        return self._without_contacts(write(FiledPledge(record, record.due_on(today))))

    def _pledge_row(self, write: Any, record: Record) -> dict[str, Any]:
        pledge = record.pledge
        found = None if pledge.initiative is None else self.tx.initiatives.get(pledge.initiative)
        return {
            "": self._sheet_pledge(write, record),
            OF_PLEDGER: writer(SheetPledger())(self.tx.pledgers.get(pledge.pledger)),
            OF_INITIATIVE: {} if found is None else writer(SheetInitiative())(found),
        }

    def _without_contacts(self, document: dict[str, Any]) -> dict[str, Any]:
        if not self.has_contacts:
            del document["contacts"]
        return document

    def _updates(self, write: Any, keys: Sequence[str]) -> Iterator[dict[str, Any]]:
        for record in self._records(keys):
            for update in record.updates:
                yield spare(write(FiledUpdate(update, record.pledge.id)))


def _pledge_names(schema: Schema, counts: Mapping[str, int]) -> Iterator[str]:
    """The columns of a table of pledges; what is told of pledger and initiative follows their ids."""
    beside = {"pledger": (OF_PLEDGER, SheetPledger()), "initiative": (OF_INITIATIVE, SheetInitiative())}
    for name in names_of(schema, counts):
        yield name
        if name in beside:
            prefix, of = beside[name]
            yield from names_of(of, {}, before=prefix)


def _columns(names: Iterable[str], *schemas: tuple[str, Schema]) -> list[tuple[str, str, Column]]:
    """For each name: it, the document that it is of, and its place in it."""
    found = []
    for name in names:
        places = (
            (name, prefix, column)
            for prefix, schema in schemas
            if name.startswith(prefix) and (column := column_of(schema, name[len(prefix) :]))
        )
        found.append(next(places))
    return found


def _longest(documents: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """How long the lists of documents are at most."""
    longest: dict[str, int] = {}
    for document in documents:
        for name, length in lengths(document).items():
            longest[name] = max(length, longest.get(name, 0))
    return longest


def _write_table(
    target: BinaryIO, columns: Sequence[tuple[str, str, Column]], rows: Iterable[Mapping[str, Any]]
) -> None:
    # With both characters in the line end, cells that hold either are quoted.
    buffer = io.StringIO(newline="")
    table = csv.writer(buffer, lineterminator="\r\n")
    table.writerow([name for name, _, _ in columns])
    for row in rows:
        table.writerow([cells.written(value_at(row[prefix], column.path)) for _, prefix, column in columns])
        target.write(buffer.getvalue().encode())
        buffer.seek(0)
        buffer.truncate()
    target.write(buffer.getvalue().encode())
