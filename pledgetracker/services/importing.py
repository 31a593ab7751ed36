"""Bringing whole records in from files, as they are written or all undone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from pledgetracker.domain.errors import FieldProblem, Invalid, Refusal, RingOfLinks
from pledgetracker.services import cataloguing, linking
from pledgetracker.services.adopting import PastChoice
from pledgetracker.services.cataloguing import InitiativeFields, PledgerFields
from pledgetracker.services.grading import RubricFields
from pledgetracker.services.merging import Kind, Merging, Outcome
from pledgetracker.services.pledging import PledgeFields
from pledgetracker.services.reporting import ProgressFields
from pledgetracker.services.rescheduling import MoveFields
from pledgetracker.services.rules import Rules
from pledgetracker.services.ruling import VerdictFields
from pledgetracker.services.withdrawing import WithdrawalFields
from pledgetracker.storage.database import Transaction


class RecordFields(TypedDict):
    """A pledge as a file has it, with everything that hangs on it."""

    pledge: PledgeFields
    reschedules: Sequence[MoveFields]
    withdrawal: WithdrawalFields | None
    progress: Sequence[ProgressFields]
    verdicts: Sequence[VerdictFields]
    resolutions: Sequence[PastChoice]


class FileFields(TypedDict):
    """One file: an initiative (or none), the pledgers and rubrics it needs, its pledges."""

    initiative: InitiativeFields | None
    pledgers: Sequence[PledgerFields]
    rubrics: Sequence[RubricFields]
    pledges: Sequence[RecordFields]


class FileRefused(Refusal):
    """A file holds something that the record will not take; nothing of the load was kept."""

    def __init__(self, name: str, problems: Sequence[FieldProblem]) -> None:
        self.problems = problems
        lines = "\n".join(f"  {problem.pointer or '/'}: {problem.detail}" for problem in problems)
        super().__init__(f"{name}:\n{lines}")


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many entries a load added; what was there before it left alone."""

    pledgers: int = 0
    initiatives: int = 0
    pledges: int = 0
    updates: int = 0


def add_missing(tx: Transaction, files: dict[str, FileFields], rules: Rules, *, now: datetime) -> LoadReport:
    """Add what `files` (by name) hold and the record lacks; what it has stays as it is, so twice is once.

    No news is told of what files bring; flags and what they owe follow with the next tick.

    Raises:
        FileRefused: an entry of a file breaks a rule of the record.
    """
    _check_distinct(files)
    merging = Merging(tx, rules, now=now)
    for name, file in files.items():
        for i, rubric in enumerate(file["rubrics"]):
            with _Refusals(name, f"/rubrics/{i}"):
                merging.rubric(rubric)
    pledgers = sum(_add_pledgers(tx, name, file, now) for name, file in files.items())
    initiatives = _add_initiatives(tx, files, now)
    for name, i in _in_order(files):
        fields = files[name]["pledges"][i]
        if not tx.pledges.exists(str(fields["pledge"]["id"])):
            _add_record(merging, name, files[name], i, fields)
    merging.settle()
    pledges, updates = (merging.counts[kind, Outcome.ADDED] for kind in (Kind.PLEDGES, Kind.UPDATES))
    return LoadReport(pledgers, initiatives, pledges, updates)


def _check_distinct(files: dict[str, FileFields]) -> None:
    """Refuse a pledge that stands twice: the second would pass for one that is there already."""
    places: dict[str, str] = {}
    for name, file in files.items():
        for i, fields in enumerate(file["pledges"]):
            key = str(fields["pledge"]["id"])
            if key in places:
                problem = FieldProblem(f"/pledges/{i}/id", f"The pledge {key!r} stands in {places[key]} too.")
                raise FileRefused(name, [problem])
            places[key] = name


def _add_pledgers(tx: Transaction, name: str, file: FileFields, now: datetime) -> int:
    missing = {
        i: fields for i, fields in enumerate(file["pledgers"]) if not tx.pledgers.exists(str(fields["id"]))
    }
    for i, fields in missing.items():
        with _Refusals(name, f"/pledgers/{i}"):
            cataloguing.add_pledger(tx, fields, now=now)
    return len(missing)


def _add_initiatives(tx: Transaction, files: dict[str, FileFields], now: datetime) -> int:
    """Add parents before their children, whatever the order of the files."""
    missing = {
        name: fields
        for name, file in files.items()
        if (fields := file["initiative"]) is not None and not tx.initiatives.exists(str(fields["id"]))
    }
    number = len(missing)
    while missing:
        waiting_for = {fields["id"] for fields in missing.values()}
        ready = [name for name, fields in missing.items() if fields.get("parent") not in waiting_for]
        # In a ring nobody is ready; whoever goes first is then told that the parent does not exist.
        for name in ready or list(missing)[:1]:
            with _Refusals(name, "/initiative"):
                cataloguing.add_initiative(tx, missing.pop(name), now=now)
    return number


def _in_order(files: dict[str, FileFields]) -> Sequence[tuple[str, int]]:
    """The places of all pledges, each behind those of the load that it restates or is part of."""
    places: dict[str, tuple[str, int]] = {}
    links: dict[str, tuple[str, ...]] = {}
    for name, file in files.items():
        for i, fields in enumerate(file["pledges"]):
            said = fields["pledge"]
            key, total = str(said["id"]), said.get("part_of")
            places[key] = name, i
            links[key] = (*said.get("restates", ()), *(() if total is None else (total,)))
    try:
        return [places[key] for key in linking.in_order(links)]
    except RingOfLinks as ring:
        name, i = places[ring.keys[0]]
        raise FileRefused(name, [FieldProblem(f"/pledges/{i}", str(ring))]) from ring


def _add_record(merging: Merging, name: str, file: FileFields, i: int, fields: RecordFields) -> None:
    said = fields["pledge"]
    initiative = file["initiative"]["id"] if file["initiative"] else None
    at = f"/pledges/{i}"
    with _Refusals(name, at):
        if said.get("initiative") not in {None, initiative}:
            raise Invalid.field("/initiative", f"A pledge belongs to its file's own, {initiative!r}.")
        content: Any = {**said, "initiative": initiative}
        hanging = (fields["reschedules"], fields["withdrawal"], fields["verdicts"])
        merging.add_pledge(content, *hanging, may_wait=False)
    for n, report in enumerate(fields["progress"]):
        with _Refusals(name, f"{at}/progress/{n}"):
            rest: Any = dict(report)
            review, decisions = rest.pop("review", None), rest.pop("decisions", ())
            merging.update(str(said["id"]), rest, n + 1, review, decisions)
    with _Refusals(name, at):
        merging.resolve(str(said["id"]), fields["resolutions"])


class _Refusals:
    """Tells of a refusal inside by the file and the place in it."""

    def __init__(self, name: str, at: str) -> None:
        self._name = name
        self._at = at

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, refusal: BaseException | None, trace: object) -> None:
        if isinstance(refusal, Invalid):
            moved = [FieldProblem(self._at + problem.pointer, problem.detail) for problem in refusal.problems]
            raise FileRefused(self._name, moved) from refusal
        if isinstance(refusal, Refusal):
            raise FileRefused(self._name, [FieldProblem(self._at, str(refusal))]) from refusal
