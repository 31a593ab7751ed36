"""The two forms of a file of an initiative: what is on record, and that with when it was recorded."""

from dataclasses import dataclass

from marshmallow import Schema

from pledgetracker.api.portable import (
    FORMAT,
    FileInitiative,
    FilePledge,
    FilePledger,
    FileProgress,
    FileRubric,
)
from pledgetracker.api.portable_past import (
    PAST_FORMAT,
    MergedPledge,
    MergedProgress,
    PastInitiative,
    PastPledge,
    PastPledger,
    PastProgress,
    PastRubric,
)


@dataclass(frozen=True, slots=True)
class Forms:
    """What the parts of a file look like, and what the file says that its format is."""

    format: str
    initiative: type[Schema]
    pledger: type[Schema]
    rubric: type[Schema]
    pledge: type[Schema]
    progress: type[Schema]


# As people write it, and as it is merged into a record.
PRESENT = Forms(FORMAT, FileInitiative, FilePledger, FileRubric, FilePledge, FileProgress)
# As archives have it.
PAST = Forms(PAST_FORMAT, PastInitiative, PastPledger, PastRubric, PastPledge, PastProgress)
# The same where it is merged: its past elsewhere is left aside.
MERGED = Forms(PAST_FORMAT, FileInitiative, FilePledger, FileRubric, MergedPledge, MergedProgress)
