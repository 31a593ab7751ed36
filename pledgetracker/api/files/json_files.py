"""JSON files of an initiative, brought into the record pledge by pledge."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from marshmallow import ValidationError

from pledgetracker.api.files.complaints import Complaints, Place
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.json_stream import JsonStream
from pledgetracker.api.files.loading import Loader
from pledgetracker.api.portable import (
    FORMAT,
    FileInitiative,
    FilePledge,
    FilePledger,
    FileProgress,
    FileRubric,
)
from pledgetracker.api.wording import MISSING, NO_LIST, NO_OBJECT, UNKNOWN, unknown
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.services.merging import Merging
from pledgetracker.storage.database import Transaction

LISTS = ("pledgers", "rubrics", "pledges")
HEAD = ("format", "initiative", "pledgers")
# Besides, where there are any.
RUBRICS = "rubrics"


@dataclass(slots=True)
class Head:
    """What a file says before its pledges."""

    initiative: dict[str, Any] | None
    pledgers: Sequence[tuple[int, dict[str, Any]]]
    rubrics: Sequence[tuple[int, dict[str, Any]]]


def read_head(file: Incoming) -> Head:
    """The initiative and the pledgers of a file, checked for form; pledges are not read if they come last.

    Raises:
        Malformed: it is not JSON.
        Invalid: it holds what nothing can store.
        ValidationError: it is not of the format.
    """
    found: dict[str, Any] = {}
    listed: dict[str, list[tuple[int, Any]]] = {"pledgers": [], RUBRICS: []}
    for name, place, value in _pieces(file):
        if name in listed:
            found[name] = True
            if place is not None:
                listed[name].append((place, value))
        elif name != "pledges":
            found[name] = value
        elif all(name in found for name in HEAD):
            break
    known = {*HEAD, *LISTS}
    wrong: dict[str, Any] = {name: [unknown(name, known)] for name in found if name not in known}
    wrong |= {name: [MISSING] for name in HEAD if name not in found}
    if "format" in found and found["format"] != FORMAT:
        wrong["format"] = [f"Only the format {FORMAT} is known."]
    initiative = None
    if found.get("initiative") is not None:
        initiative = _loaded(FileInitiative(), found["initiative"], wrong, "initiative")
    schemas = {"pledgers": FilePledger(), RUBRICS: FileRubric()}
    loaded = {
        name: [(i, _loaded(schemas[name], value, wrong, name, i)) for i, value in values]
        for name, values in listed.items()
    }
    if wrong:
        raise ValidationError(wrong)
    return Head(initiative, loaded["pledgers"], loaded[RUBRICS])


def _pieces(file: Incoming) -> Iterator[tuple[str, int | None, Any]]:
    with file.open() as stream:
        yield from JsonStream(stream, LISTS).pieces()


def _loaded(schema: Any, value: Any, wrong: dict[str, Any], *at: Any) -> Any:
    try:
        return schema.load(value)
    except ValidationError as error:
        here = wrong
        for step in at[:-1]:
            here = here.setdefault(step, {})
        here[at[-1]] = error.messages
        return None


class PledgeFile:
    """Takes the pledges of one file, each with everything that hangs on it."""

    def __init__(
        self,
        file: Incoming,
        initiative: str | None,
        tx: Transaction,
        merging: Merging,
        complaints: Complaints,
    ) -> None:
        self._file = file
        self._initiative = initiative
        self._tx, self._merging, self._complaints = tx, merging, complaints

    def take(self, met: dict[str, str]) -> None:
        """Bring in all of them; `met` are those met before and in which file each stood."""
        is_among_pledges = False
        for name, place, value in _pieces(self._file):
            if name in HEAD or (name == RUBRICS and not is_among_pledges):
                continue
            is_among_pledges = True
            where = Place(self._file.name, pointer=f"/{name}" if place is None else f"/{name}/{place}")
            if name != "pledges":
                self._complaints.add(where, FieldProblem("", UNKNOWN))
            elif place is not None:
                self._take(value, where, met)
            elif value != []:
                self._complaints.add(where, FieldProblem("", NO_LIST))

    def _take(self, document: Any, where: Place, met: dict[str, str]) -> None:
        if not isinstance(document, dict):
            self._complaints.add(where, FieldProblem("", NO_OBJECT))
            return
        progress, resolutions = document.pop("progress", []), document.pop("resolutions", [])
        before = self._complaints.number
        key = document.get("id")
        with self._complaints.collecting(where):
            if isinstance(key, str) and key in met:
                raise ValidationError({"id": [f"The pledge {key!r} stands in {met[key]} too."]})
            self._take_pledge(document)
        if self._complaints.number == before:
            met[str(key)] = self._file.name
            self._take_progress(str(key), progress, where)
            with self._complaints.collecting(where):
                chosen: Any = self._whole.fields["resolutions"].deserialize(resolutions)
                self._merging.resolve(str(key), chosen)

    def _take_pledge(self, document: Mapping[str, Any]) -> None:
        key = document.get("id")
        locked = self._tx.records.lock(key) if isinstance(key, str) else None
        loaded = (self._whole if locked is None else self._partial).load(document)
        fields = loaded["pledge"]
        if fields.get("initiative") not in {None, self._initiative}:
            raise ValidationError(
                {"initiative": [f"A pledge belongs to its file's own, {self._initiative!r}."]}
            )
        fields["initiative"] = self._initiative
        hanging = (loaded["reschedules"], loaded["withdrawal"], loaded["verdicts"])
        if locked is None:
            self._merging.add_pledge(fields, *hanging)
            return
        if "due" in fields and fields["due"] == locked.record.pledge.due:
            # As first promised, and that stays on record; what became of it the moves tell.
            del fields["due"]
        self._merging.change_pledge(locked.record.pledge.id, fields, *hanging)

    def _take_progress(self, key: str, progress: Any, where: Place) -> None:
        if not isinstance(progress, list):
            self._complaints.add(where, FieldProblem("/progress", NO_LIST))
            return
        for i, document in enumerate(progress):
            at = Place(self._file.name, pointer=f"{where.pointer}/progress/{i}")
            with self._complaints.collecting(at):
                fields = self._progress.load(document)
                number, decisions = fields.pop("id"), fields.pop("decisions", ())
                self._merging.update(key, fields, number, fields.pop("review", None), decisions)

    @cached_property
    def _whole(self) -> FilePledge:
        return FilePledge()

    @cached_property
    def _partial(self) -> FilePledge:
        return FilePledge(partial=True)

    @cached_property
    def _progress(self) -> Loader:
        return Loader(FileProgress())
