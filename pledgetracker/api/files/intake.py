"""Bringing files into the record, in one transaction: as they are written, or not at all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from pledgetracker.api.files.archives import members
from pledgetracker.api.files.cells import DecimalSign
from pledgetracker.api.files.complaints import REFUSALS, Complaints, Place
from pledgetracker.api.files.forms import MERGED, PRESENT
from pledgetracker.api.files.heads import Heads, read_heads
from pledgetracker.api.files.incoming import FileKind, Incoming
from pledgetracker.api.files.json_files import MergedFile
from pledgetracker.api.files.mapping import TableMapping
from pledgetracker.api.files.record_file import RecordFile
from pledgetracker.api.files.reinstatement import Reinstatement
from pledgetracker.api.files.sheets import Sheet
from pledgetracker.api.files.tables import PLEDGE, PledgeTable, ProgressTable
from pledgetracker.api.portable import FileInitiative
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.services.merging import Kind, Merging, Outcome
from pledgetracker.services.reinstating import Reinstating, is_untouched
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction


class Way(StrEnum):
    """How an import went about it, in a sentence; nothing where there is only one way."""

    TAKEN = ""
    REINSTATED = "Into an empty record: everything as it was, with the instants at which it was recorded."
    MERGED = (
        "Merged with what is on record here: what is new is recorded as of now, and the past stays as it is."
    )


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What became of an import.

    Attributes:
        counts: how many entries of each kind came to what.
        skipped: of foreign tables, how many rows nothing was taken of, by the reasons.
        way: whether an archive was merged, or reinstated with its past.
    """

    counts: Mapping[tuple[Kind, Outcome], int]
    skipped: Mapping[str, int] = field(default_factory=dict)
    way: Way = Way.TAKEN

    def lines(self) -> list[str]:
        """How it went about it, a line a kind, and one a reason."""
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
        return [*([self.way.value] if self.way else []), *(told or ["Nothing was in it."])]


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
    With a mapping, tables are foreign ones that it makes ours of. One archive alone, where nothing was ever
    recorded, is reinstated with its instants.

    Raises:
        ImportRefused: something breaks a rule; everything that does is listed.
    """
    return _Intake(tx, rules, now, mapping).take(files)


@dataclass(slots=True)
class _Sorting:
    """Files by what they are.

    Attributes:
        documents: JSON of initiatives, those in archives among them.
        records: of archives, what belongs to the record as a whole.
        tables: those of progress are under True.
    """

    documents: list[Incoming] = field(default_factory=list)
    records: list[Incoming] = field(default_factory=list)
    tables: dict[bool, list[Incoming]] = field(default_factory=lambda: {False: [], True: []})


class _Intake:
    """One import on its way."""

    def __init__(self, tx: Transaction, rules: Rules, now: datetime, mapping: TableMapping | None) -> None:
        self._tx, self._rules, self._now, self._mapping = tx, rules, now, mapping
        self._merging = Merging(tx, rules, now=now)
        self._complaints = Complaints()
        # Pledges that were refused: that nothing can be reported on them need not be told.
        self._failed: set[str] = set()
        self._skipped: Counter[str] = Counter()

    def take(self, files: Sequence[Incoming]) -> ImportReport:
        sorting = self._sorted(files)
        if len(files) == len(sorting.records) == 1 and is_untouched(self._tx):
            return self._reinstate(sorting)
        heads = read_heads(sorting.documents, (PRESENT, MERGED), self._complaints)
        taking = Heads(heads, self._complaints)
        taking.take_initiatives(self._merging.initiative)
        taking.take_pledgers(lambda fields: self._merging.pledger(dict(fields)))  # type: ignore[arg-type]
        taking.take_rubrics(self._merging.rubric)
        met: dict[str, str] = {}
        for file in sorting.documents:
            if file.name in heads:
                with self._complaints.collecting(Place(file.name)):
                    MergedFile(file, heads[file.name], self._tx, self._merging, self._complaints).take(met)
        for record in sorting.records:
            RecordFile(record, self._complaints).merge(self._merging)
        for is_progress in (False, True):
            for file in sorting.tables[is_progress]:
                if self._mapping is None:
                    self._take_table(file)
                else:
                    self._take_foreign(file, self._mapping, is_progress=is_progress)
        self._link()
        self._complaints.settle()
        self._merging.settle()
        way = Way.MERGED if sorting.records else Way.TAKEN
        return ImportReport(dict(self._merging.counts), dict(self._skipped), way)

    def _reinstate(self, sorting: "_Sorting") -> ImportReport:
        """Bring one archive into an empty record, as it was where it came from."""
        reinstating = Reinstating(self._tx, self._rules, now=self._now)
        Reinstatement(sorting.documents, sorting.records[0], reinstating, self._complaints).take()
        self._complaints.settle()
        reinstating.settle()
        return ImportReport(dict(reinstating.counts), way=Way.REINSTATED)

    def _link(self) -> None:
        """Link pledges to those that came after them, once all are there with what was reported on them."""
        for key in self._merging.waiting:
            # One that was refused has been told of.
            if self._tx.pledges.exists(key):
                with self._complaints.collecting(Place(f"pledge {key}")):
                    self._merging.link(key)

    def _sorted(self, files: Sequence[Incoming]) -> "_Sorting":
        found = _Sorting()
        for file in files:
            match file.kind():
                case FileKind.ARCHIVE:
                    with self._complaints.collecting(Place(file.name)):
                        inside = members(file)
                        found.documents += inside.documents
                        found.records += () if inside.record is None else (inside.record,)
                case FileKind.JSON:
                    found.documents.append(file)
                case FileKind.TABLE if self._mapping is not None:
                    found.tables[False].append(file)
                    found.tables[True].append(file)
                case FileKind.TABLE:
                    with self._complaints.collecting(Place(file.name)), file.open() as stream:
                        found.tables[PLEDGE in Sheet(stream, file.form).columns].append(file)
        return found

    def _take_table(self, file: Incoming) -> None:
        with self._complaints.collecting(Place(file.name)), file.open() as stream:
            sheet = Sheet(stream, file.form)
            table = None
            with self._complaints.collecting(Place(file.name, 1)):
                table = self._table(sheet.columns, file.form.decimal)
            for number, row in sheet.rows() if table is not None else ():
                if (misfit := sheet.misfit(row)) is not None:
                    self._complaints.add(Place(file.name, number), FieldProblem("", misfit))
                else:
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
