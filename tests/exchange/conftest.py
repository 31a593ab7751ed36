import io
from collections.abc import Callable
from typing import Any

import pytest

from pledgetracker.api.files.complaints import ImportRefused
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.intake import ImportReport, bring_in
from pledgetracker.api.files.outgoing import Export, ExportForm
from pledgetracker.api.files.sheets import SheetForm
from pledgetracker.domain.record import Record
from pledgetracker.runtime import Runtime

Bring = Callable[..., ImportReport]
Refuse = Callable[..., list[str]]


def file(content: bytes | str, name: str = "file", **form: Any) -> Incoming:
    """A file with this content."""
    raw = content.encode() if isinstance(content, str) else content
    return Incoming(name, lambda: io.BytesIO(raw), SheetForm(**form))


@pytest.fixture
def bring(runtime: Runtime) -> Bring:
    """Brings files into the record."""

    def bring(*files: Incoming, **said: Any) -> ImportReport:
        now = runtime.clock()
        return runtime.database.write(lambda tx: bring_in(tx, files, runtime.rules, now=now, **said))

    return bring


@pytest.fixture
def refuse(bring: Bring) -> Refuse:
    """Brings files that are refused; what is told of them, line by line."""

    def refuse(*files: Incoming, **said: Any) -> list[str]:
        with pytest.raises(ImportRefused) as refusal:
            bring(*files, **said)
        return str(refusal.value).splitlines()

    return refuse


def exported(runtime: Runtime, form: str = "archive", initiative: str | None = None, **said: Any) -> bytes:
    """The record in one of the forms."""
    target = io.BytesIO()
    with runtime.database.read() as tx:
        Export(tx, runtime.clock(), **said).write(ExportForm(form), target, initiative)
    return target.getvalue()


def bring_to(runtime: Runtime, *files: Incoming) -> ImportReport:
    """Bring files into the record of an installation."""
    now = runtime.clock()
    return runtime.database.write(lambda tx: bring_in(tx, files, runtime.rules, now=now))


def record_of(runtime: Runtime, key: str = "people") -> Record:
    """A record as it is now."""
    with runtime.database.read() as tx:
        found = tx.records.get(key)
    assert found is not None
    return found
