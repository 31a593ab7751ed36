"""Bringing files into the record, in one transaction: as they are written, or not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from marshmallow import ValidationError

from pledgetracker.api.files.archives import members
from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.complaints import REFUSALS, Complaints, Place
from pledgetracker.api.files.incoming import FileKind, Incoming
from pledgetracker.api.files.json_files import Head, PledgeFile, read_head
from pledgetracker.api.files.mapping import TableMapping
from pledgetracker.api.files.sheets import Sheet
from pledgetracker.api.files.tables import PLEDGE, PledgeTable, ProgressTable
from pledgetracker.api.portable import FileInitiative
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.services.merging import Kind, Merging, Outcome
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of an import.

    Attributes:
        counts: how many entries of each kind came to what.
        skipped: of foreign tables, how many rows nothing was taken of, by the reasons.
    """

    counts: Mapping[tuple[Kind, Outcome], int]
    skipped: Mapping[str, int] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """A line a kind, and one a reason."""
        told = [
            f"{kind.value}: "
            + ", ".join(f"{self.counts.get((kind, outcome), 0):,} {outcome.value}" for outcome in Outcome)
            for kind in Kind
            if any(self.counts.get((kind, outcome)) for outcome in Outcome)
        ]
        if self.skipped:
            told.append(f"rows of which nothing was taken: {sum(self.skipped.values()):,}")
            by_number = sorted(self.skipped.items(), key=lambda item: (-item[1], item[0]))
            told += [f"  {number:>7,}  {reason}" for reason, number in by_number]
        return told or ["Nothing was in it."]


def bring_in(
    tx: Transaction,
    files: Sequence[Incoming],
    rules: Rules,
    *,
    now: datetime,
    mapping: TableMapping | None = None,
) -> ImportReport:
    """Add what `files` hold and the record lacks, and change what they say otherwise.

    First initiatives and pledgers, then pledges, then progress updates, whatever the order of the files.
    With a mapping, tables are foreign ones that it makes ours of.

    Raises:
        ImportRefused: something breaks a rule; everything that does is listed.
    """
    return _Intake(tx, rules, now, mapping).take(files)


class _Intake:
    """One import on its way."""

    def __init__(self, tx: Transaction, rules: Rules, now: datetime, mapping: TableMapping | None) -> None:
        self._tx, self._now, self._mapping = tx, now, mapping
        self._merging = Merging(tx, rules, now=now)
        self._complaints = Complaints()
        # Pledges that were refused: that nothing can be reported on them need not be told.
        self._failed: set[str] = set()
        self._skipped: Counter[str] = Counter()

    def take(self, files: Sequence[Incoming]) -> ImportReport:
        documents, tables = self._sorted(files)
        heads = self._heads(documents)
        self._take_initiatives(heads)
        self._take_pledgers(heads)
        self._take_rubrics(heads)
        met: dict[str, str] = {}
        for file in documents:
            if file.name in heads:
                self._take_pledges(file, heads[file.name], met)
        for is_progress in (False, True):
            for file in tables[is_progress]:
                if self._mapping is None:
                    self._take_table(file)
                else:
                    self._take_foreign(file, self._mapping, is_progress=is_progress)
        self._link()
        self._complaints.settle()
        self._merging.settle()
        return ImportReport(dict(self._merging.counts), dict(self._skipped))

    def _link(self) -> None:
        """Link pledges to those that came after them, once all are there with what was reported on them."""
        for key in self._merging.waiting:
            # One that was refused has been told of.
            if self._tx.pledges.exists(key):
                with self._complaints.collecting(Place(f"pledge {key}")):
                    self._merging.link(key)

    def _sorted(self, files: Sequence[Incoming]) -> tuple[list[Incoming], dict[bool, list[Incoming]]]:
        """The JSON files, those in archives among them, and the tables: those of progress are under True."""
        documents: list[Incoming] = []
        tables: dict[bool, list[Incoming]] = {False: [], True: []}
        for file in files:
            match file.kind():
                case FileKind.ARCHIVE:
                    with self._complaints.collecting(Place(file.name)):
                        documents += members(file)
                case FileKind.JSON:
                    documents.append(file)
                case FileKind.TABLE if self._mapping is not None:
                    tables[False].append(file)
                    tables[True].append(file)
                case FileKind.TABLE:
                    with self._complaints.collecting(Place(file.name)), file.open() as stream:
                        tables[PLEDGE in Sheet(stream, file.form).columns].append(file)
        return documents, tables

    def _heads(self, files: Sequence[Incoming]) -> dict[str, Head]:
        heads = {}
        for file in files:
            with self._complaints.collecting(Place(file.name)):
                heads[file.name] = read_head(file)
        return heads

    def _take_initiatives(self, heads: dict[str, Head]) -> None:
        """Parents before their children, whatever the order of the files."""
        waiting = {name: head.initiative for name, head in heads.items() if head.initiative is not None}
        while waiting:
            awaited = {fields["id"] for fields in waiting.values()}
            ready = [name for name, fields in waiting.items() if fields.get("parent") not in awaited]
            # In a ring nobody is ready; whoever goes first is then told that the parent does not exist.
            for name in ready or list(waiting)[:1]:
                fields: Any = waiting.pop(name)
                with self._complaints.collecting(Place(name, pointer="/initiative")):
                    self._merging.initiative(fields)

    def _take_pledgers(self, heads: dict[str, Head]) -> None:
        met: dict[str, tuple[str, Any]] = {}
        for name, head in heads.items():
            for i, fields in head.pledgers:
                with self._complaints.collecting(Place(name, pointer=f"/pledgers/{i}")):
                    file, said = met.setdefault(fields["id"], (name, fields))
                    if file == name and said is not fields:
                        raise ValidationError({"id": ["Stands twice in this file."]})
                    if said != fields:
                        raise ValidationError(f"The pledger {fields['id']!r} stands otherwise in {file}.")
                    if said is fields:
                        self._merging.pledger(dict(fields))  # type: ignore[arg-type]

    def _take_rubrics(self, heads: dict[str, Head]) -> None:
        for name, head in heads.items():
            for i, fields in head.rubrics:
                with self._complaints.collecting(Place(name, pointer=f"/rubrics/{i}")):
                    said: Any = fields
                    self._merging.rubric(said)

    def _take_pledges(self, file: Incoming, head: Head, met: dict[str, str]) -> None:
        initiative = None if head.initiative is None else str(head.initiative["id"])
        with self._complaints.collecting(Place(file.name)):
            PledgeFile(file, initiative, self._tx, self._merging, self._complaints).take(met)

    def _take_table(self, file: Incoming) -> None:
        with self._complaints.collecting(Place(file.name)), file.open() as stream:
            sheet = Sheet(stream, file.form)
            table = None
            with self._complaints.collecting(Place(file.name, 1)):
                table = self._table(sheet.columns, file.form.decimal)
            for number, row in sheet.rows() if table is not None else ():
                if (misfit := sheet.misfit(row)) is not None:
                    self._complaints.add(Place(file.name, number), FieldProblem("", misfit))
                elif table is not None:
                    self._take_row(table, row, file.name, number)

    def _take_foreign(self, file: Incoming, mapping: TableMapping, *, is_progress: bool) -> None:
        """Bring in what a mapping makes of a table."""
        kind = "progress" if is_progress else "pledge"
        names = mapping.columns(kind)
        if is_progress and not names:
            return
        if mapping.initiative is not None and not is_progress:
            with self._complaints.collecting(Place(file.name)):
                self._merging.initiative(FileInitiative().load(mapping.initiative))
        with self._complaints.collecting(Place(file.name)), file.open() as stream:
            sheet = Sheet(stream, mapping.form)
            mapping.check(sheet.columns)
            table = self._table(names, DecimalSign.POINT) if names else None
            for number, row in sheet.rows():
                if (misfit := sheet.misfit(row)) is not None:
                    self._complaints.add(Place(file.name, number), FieldProblem("", misfit))
                    continue
                read = mapping.read(sheet.columns, row)
                if not is_progress and (skipped := mapping.skipped(number, read)) is not None:
                    self._skipped["; ".join(skipped.reasons)] += 1
                for made in mapping.rows(kind, read) if table is not None else ():
                    assert table is not None
                    self._take_row(table, [made.get(name, "") for name in names], file.name, number)

    def _table(self, names: Sequence[str], decimal: DecimalSign) -> PledgeTable | ProgressTable:
        if PLEDGE in names:
            return ProgressTable(names, decimal, self._merging)
        return PledgeTable(names, decimal, self._tx, self._merging, now=self._now)

    def _take_row(
        self, table: PledgeTable | ProgressTable, row: Sequence[str], name: str, number: int
    ) -> None:
        """Bring in one row, noting what is refused; of a pledge that failed nothing more is told."""
        is_progress = isinstance(table, ProgressTable)
        if is_progress and self._failed and table.key_of(row) in self._failed:
            return
        try:
            table.take(row)
        except REFUSALS as refusal:
            self._complaints.note(Place(name, number), refusal)
            if not is_progress:
                self._failed.add(table.key_of(row))
