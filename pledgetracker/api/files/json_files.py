"""JSON files of an initiative, brought into the record pledge by pledge."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from marshmallow import Schema, ValidationError

from pledgetracker.api.files.complaints import Complaints, Place
from pledgetracker.api.files.heads import HEAD, RUBRICS, Head, pieces
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.loading import Loader
from pledgetracker.api.wording import NO_LIST, NO_OBJECT, UNKNOWN
from pledgetracker.domain.errors import FieldProblem
from pledgetracker.services.merging import Merging
from pledgetracker.services.reinstating import Reinstating
from pledgetracker.storage.database import Transaction


class PledgeFile(ABC):
    """Takes the pledges of one file, each with everything that hangs on it; how, those made of it say.

    Args:
        file: the file.
        head: what it says before its pledges.
        complaints: collects what is wrong with it.
    """

    def __init__(self, file: Incoming, head: Head, complaints: Complaints) -> None:
        self._file, self._head, self._complaints = file, head, complaints

    def take(self, met: dict[str, str]) -> None:
        """Bring in all of them; `met` are those met before and in which file each stood."""
        is_among_pledges = False
        for name, place, value in pieces(self._file):
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
        key = document.get("id")
        if isinstance(key, str) and key in met:
            detail = f"The pledge {key!r} stands in {met[key]} too."
            self._complaints.add(where, FieldProblem("/id", detail))
        elif self.take_pledge(document, where):
            met[str(key)] = self._file.name

    @abstractmethod
    def take_pledge(self, document: dict[str, Any], where: Place) -> bool:
        """Bring in one pledge, which stands at `where`: whether that went well."""

    def within(self, fields: Any) -> Any:
        """What is said of a pledge, and that it belongs to the initiative of the file.

        Raises:
            ValidationError: it says that it belongs to another.
        """
        initiative = self.initiative
        if fields.get("initiative") not in {None, initiative}:
            raise ValidationError({"initiative": [f"A pledge belongs to its file's own, {initiative!r}."]})
        return {**fields, "initiative": initiative}

    def progress(self, progress: Any, where: Place) -> Iterator[tuple[Place, Any]]:
        """The updates of a pledge, each with its place."""
        if not isinstance(progress, list):
            self._complaints.add(where, FieldProblem("/progress", NO_LIST))
            return
        for i, document in enumerate(progress):
            yield Place(self._file.name, pointer=f"{where.pointer}/progress/{i}"), document

    @property
    @abstractmethod
    def initiative(self) -> str | None:
        """The id of the initiative of the file."""

    @cached_property
    def _whole(self) -> Schema:
        return self._head.forms.pledge()

    @cached_property
    def _progress(self) -> Loader:
        return Loader(self._head.forms.progress())


class MergedFile(PledgeFile):
    """Takes pledges to be merged into the record."""

    def __init__(
        self, file: Incoming, head: Head, tx: Transaction, merging: Merging, complaints: Complaints
    ) -> None:
        super().__init__(file, head, complaints)
        self._tx, self._merging = tx, merging

    @property
    def initiative(self) -> str | None:
        """The id of the initiative of the file."""
        return None if self._head.initiative is None else str(self._head.initiative["id"])

    def take_pledge(self, document: dict[str, Any], where: Place) -> bool:
        """Add the pledge, or change the one with its id."""
        progress, resolutions = document.pop("progress", []), document.pop("resolutions", [])
        before = self._complaints.number
        with self._complaints.collecting(where):
            self._take_promise(document)
        if self._complaints.number != before:
            return False
        key = str(document["id"])
        for at, report in self.progress(progress, where):
            with self._complaints.collecting(at):
                fields = self._progress.load(report)
                number, decisions = fields.pop("id"), fields.pop("decisions", ())
                self._merging.update(key, fields, number, fields.pop("review", None), decisions)
        with self._complaints.collecting(where):
            chosen: Any = self._whole.fields["resolutions"].deserialize(resolutions)
            self._merging.resolve(key, chosen)
        return True

    def _take_promise(self, document: Mapping[str, Any]) -> None:
        key = document.get("id")
        locked = self._tx.records.lock(key) if isinstance(key, str) else None
        loaded: Any = (self._whole if locked is None else self._partial).load(document)
        fields = self.within(loaded["pledge"])
        hanging = (loaded["reschedules"], loaded["withdrawal"], loaded["verdicts"])
        if locked is None:
            self._merging.add_pledge(fields, *hanging)
            return
        if "due" in fields and fields["due"] == locked.record.pledge.due:
            # As first promised, and that stays on record; what became of it the moves tell.
            del fields["due"]
        self._merging.change_pledge(locked.record.pledge.id, fields, *hanging)

    @cached_property
    def _partial(self) -> Schema:
        return self._head.forms.pledge(partial=True)


class PastFile(PledgeFile):
    """Takes pledges to be reinstated, each with its past."""

    def __init__(self, file: Incoming, head: Head, reinstating: Reinstating, complaints: Complaints) -> None:
        super().__init__(file, head, complaints)
        self._reinstating = reinstating

    @property
    def initiative(self) -> str | None:
        """The id of the initiative of the file."""
        return None if self._head.initiative is None else str(self._head.initiative.id)

    def take_pledge(self, document: dict[str, Any], where: Place) -> bool:
        """Add the pledge as it was."""
        progress = document.pop("progress", [])
        before = self._complaints.number
        said: Any = {}
        with self._complaints.collecting(where):
            said = self._whole.load(document)
            said["pledge"] = self.within(said["pledge"])
        rows = []
        for at, report in self.progress(progress, where):
            with self._complaints.collecting(at):
                rows.append(self._progress.load(report))
        if self._complaints.number != before:
            return False
        with self._complaints.collecting(where):
            self._reinstating.pledge(said | {"progress": rows})
        return self._complaints.number == before
