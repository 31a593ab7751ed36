"""An archive brought into an empty record: every row as it was, at the instant at which it was recorded."""

from collections.abc import Sequence
from typing import Any

from marshmallow import ValidationError

from pledgetracker.api.files.complaints import Complaints, Place
from pledgetracker.api.files.forms import PAST
from pledgetracker.api.files.heads import Heads, read_heads
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.json_files import PastFile
from pledgetracker.api.files.record_file import RecordFile
from pledgetracker.services.reinstating import Reinstating


class Reinstatement:
    """One archive on its way in.

    Args:
        documents: its files of initiatives, and of pledges without one.
        record: its file of what belongs to the record as a whole.
        reinstating: takes all of it.
        complaints: collects what is wrong with it.
    """

    def __init__(
        self,
        documents: Sequence[Incoming],
        record: Incoming,
        reinstating: Reinstating,
        complaints: Complaints,
    ) -> None:
        self._documents, self._record = documents, record
        self._reinstating, self._complaints = reinstating, complaints
        self._rubrics: dict[tuple[str, int], Any] = {}

    def take(self) -> None:
        """Bring everything in, what is named before what names it."""
        heads = read_heads(self._documents, (PAST,), self._complaints)
        taking = Heads(heads, self._complaints)
        taking.take_initiatives(self._reinstating.initiative)
        taking.take_pledgers(self._reinstating.pledger)
        taking.take_rubrics(self._take_rubric)
        met: dict[str, str] = {}
        for file in self._documents:
            if file.name in heads:
                with self._complaints.collecting(Place(file.name)):
                    PastFile(file, heads[file.name], self._reinstating, self._complaints).take(met)
        for key in self._reinstating.linked:
            with self._complaints.collecting(Place(f"pledge {key}")):
                self._reinstating.link(key)
        RecordFile(self._record, self._complaints).reinstate(self._reinstating)

    def _take_rubric(self, fields: Any) -> None:
        """Take each rubric once; it stands in every file."""
        known = self._rubrics.setdefault((fields["name"], fields["version"]), fields)
        if known is fields:
            said = {name: value for name, value in fields.items() if name != "recorded_at"}
            self._reinstating.rubric(said, fields["recorded_at"])  # type: ignore[arg-type]
        elif known != fields:
            raise ValidationError("Stands otherwise in another file.")
