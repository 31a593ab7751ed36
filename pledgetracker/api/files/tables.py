"""Tables of pledges and of progress updates, brought into the record row by row."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError

from pledgetracker.api.fields import Choice, Line, Slug, Url, Whole
from pledgetracker.api.files.cells import DecimalSign, unguarded
from pledgetracker.api.files.columns import Column, RowReader, column_of, names_of
from pledgetracker.api.files.documents import FiledPledge, writer
from pledgetracker.api.files.loading import RowLoader
from pledgetracker.api.schemas.base import MAX_NUMBER
from pledgetracker.api.schemas.pledges import PledgeDocument
from pledgetracker.api.schemas.progress import ProgressDocument
from pledgetracker.api.wording import unknown
from pledgetracker.domain.catalogue import PledgerKind
from pledgetracker.domain.days import local_day
from pledgetracker.domain.review import Review
from pledgetracker.services.merging import Merging
from pledgetracker.storage.database import Transaction

PLEDGE = "pledge"
# Columns beside those of the pledge itself: of the pledger and the initiative that it names.
OF_PLEDGER = "pledger."
OF_INITIATIVE = "initiative."

NAMELESS = "A column without a name: give it one in the first row, or take it out."
NEEDED = "This column is needed; the first row names the columns."


class SheetPledge(PledgeDocument):
    """A pledge in a table; `due` is the deadline in force, and another one is a move."""

    id = Slug(required=True, attribute="pledge.id")


class SheetPledger(Schema):
    """What a table of pledges may say of a pledger, for one that is not on record yet."""

    name = Line(required=True)
    kind = Choice(PledgerKind, allow_none=True)
    url = Url(allow_none=True)


class SheetInitiative(Schema):
    """What a table of pledges may say of an initiative, for one that is not on record yet."""

    title = Line(required=True)


class SheetProgress(ProgressDocument):
    """A progress update in a table; without an id it is the next one."""

    pledge = Slug(required=True)
    id = Whole(1, MAX_NUMBER)
    review = Choice(Review, attribute="update.review")


def columns_of(names: Sequence[str], *schemas: tuple[str, Schema]) -> list[tuple[str, Column] | None]:
    """For each name the prefix of the schema that it is of, and the column; None for names of none."""
    found: list[tuple[str, Column] | None] = []
    for name in names:
        places = (
            (prefix, column)
            for prefix, schema in schemas
            if name.startswith(prefix) and (column := column_of(schema, name[len(prefix) :]))
        )
        found.append(next(places, None))
    return found


def check_columns(
    names: Sequence[str], found: Iterable[Any], needed: Sequence[str], known: Sequence[str]
) -> None:
    """Refuse a table with columns that nobody knows, or without those that it needs.

    Raises:
        ValidationError: messages by column.
    """
    wrong: dict[str, Any] = {}
    for name, column in zip(names, found, strict=True):
        if column is None:
            wrong[name or "(no name)"] = [unknown(name, known, "column") if name else NAMELESS]
    wrong |= {name: [NEEDED] for name in needed if name not in names}
    if wrong:
        raise ValidationError(wrong)


class PledgeTable:
    """Takes rows of a table of pledges: what is not on record is added, what is there changed.

    Raises:
        ValidationError: its columns are not those of such a table; messages by column.
    """

    def __init__(
        self, names: Sequence[str], decimal: DecimalSign, tx: Transaction, merging: Merging, *, now: datetime
    ) -> None:
        self._tx, self._merging, self._now = tx, merging, now
        self._whole, self._partial = SheetPledge(), SheetPledge(partial=True)
        self._write = writer(self._whole)
        schemas = (("", self._whole), (OF_PLEDGER, SheetPledger()), (OF_INITIATIVE, SheetInitiative()))
        found = columns_of(names, *schemas)
        known = [name for prefix, schema in schemas for name in names_of(schema, {}, before=prefix)]
        check_columns(names, found, ("id",), known)
        self._readers = {
            prefix: RowReader([one[1] if one and one[0] == prefix else None for one in found], decimal)
            for prefix, _ in schemas
        }
        self._loaders = {prefix: schema for prefix, schema in schemas if prefix}
        self._id = names.index("id")
        self._met: set[str] = set()
        self._hanging: dict[str, dict[str, Any]] = {OF_PLEDGER: {}, OF_INITIATIVE: {}}

    def key_of(self, row: Sequence[str]) -> str:
        """The pledge that a row is about."""
        return unguarded(row[self._id])

    def take(self, row: Sequence[str]) -> None:
        """Bring in one row.

        Raises:
            Refusal, ValidationError: it breaks a rule.
        """
        key = self.key_of(row)
        if key and key in self._met:
            raise ValidationError({"id": [f"The pledge {key[:100]!r} stands in this table twice."]})
        self._met.add(key)
        if not self._tx.pledges.exists(key):
            fields = self._whole.load(self._readers[""].document(row))
            self._take_hanging(row, fields)
            self._merging.add_pledge(fields)
            return
        locked = self._tx.records.lock(key)
        assert locked is not None
        record = locked.record
        today = local_day(self._now, record.pledge.time_zone)
        base = self._write(FiledPledge(record, record.due_on(today)))
        fields = self._partial.load(self._readers[""].document(row, base))
        self._take_hanging(row, fields)
        self._merging.change_pledge(key, fields)

    def _take_hanging(self, row: Sequence[str], fields: Mapping[str, Any]) -> None:
        """Add the pledger and the initiative that the row tells of, where they are not on record."""
        takers = {OF_PLEDGER: self._merging.pledger, OF_INITIATIVE: self._merging.initiative}
        for prefix, take in takers.items():
            key = fields.get(prefix[:-1])
            said = self._readers[prefix].document(row)
            if key is None or not said:
                continue
            if (first := self._hanging[prefix].setdefault(key, said)) is not said:
                if _contradict(first, said):
                    raise ValidationError({prefix[:-1]: [f"An earlier row says other of {key!r}."]})
                continue
            try:
                loaded: Any = self._loaders[prefix].load(said)
            except ValidationError as error:
                raise ValidationError({prefix[:-1]: error.messages}) from error
            known: Any = {"id": key, **loaded}
            take(known, may_change=False)


def _contradict(first: Mapping[str, Any], later: Mapping[str, Any]) -> bool:
    """Whether two rows differ in something that both of them say."""
    return any(None not in {first.get(name), said} and first[name] != said for name, said in later.items())


class ProgressTable:
    """Takes rows of a table of progress updates.

    Raises:
        ValidationError: its columns are not those of such a table; messages by column.
    """

    def __init__(self, names: Sequence[str], decimal: DecimalSign, merging: Merging) -> None:
        self._merging = merging
        schema = SheetProgress()
        found = columns_of(names, ("", schema))
        check_columns(names, found, (PLEDGE,), list(names_of(schema, {"evidence": 1})))
        columns = [(place, one[1].path, one[1]) for place, one in enumerate(found) if one is not None]
        self._loader = RowLoader(schema, columns, decimal)
        self._pledge = names.index(PLEDGE)

    def key_of(self, row: Sequence[str]) -> str:
        """The pledge that a row is about."""
        return unguarded(row[self._pledge])

    def take(self, row: Sequence[str]) -> None:
        """Bring in one row.

        Raises:
            Refusal, ValidationError: it breaks a rule.
        """
        fields: Any = self._loader.load(row) or {}
        key, number = fields.pop(PLEDGE), fields.pop("id", None)
        self._merging.update(key, fields, number, fields.pop("review", Review.ACCEPTED))
