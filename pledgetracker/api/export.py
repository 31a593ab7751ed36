"""/v1/export, /v1/pledges.csv, /v1/progress.csv: the record as files."""

from collections.abc import Callable, Iterator
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from flask import Response, request

from pledgetracker.api.access import needs
from pledgetracker.api.blueprint import ApiBlueprint
from pledgetracker.api.files.outgoing import Export
from pledgetracker.domain.access import Scope
from pledgetracker.services.reading import get_record
from pledgetracker.web import now, runtime

CHUNK_BYTES = 64 * 1024
# What is larger waits on the disk until its caller has fetched it.
IN_MEMORY_BYTES = 4 * 1024 * 1024

TABLE = "text/csv"
ARCHIVE = "application/zip"
BYTES = {"type": "string", "format": "binary"}
TEXT = {"type": "string"}

blueprint = ApiBlueprint("export", __name__, description="The record as files")


@blueprint.route("/export", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, BYTES, content_type=ARCHIVE)
def whole() -> Response:
    """Fetch the whole record as one archive, which `pledgetracker import` takes; without contacts."""
    return _file(Export.archive, ARCHIVE, "pledgetracker.zip")


@blueprint.route("/pledges.csv", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, TEXT, content_type=TABLE)
def pledges() -> Response:
    """Fetch all pledges as a table."""
    return _file(Export.pledges, TABLE, "pledges.csv")


@blueprint.route("/progress.csv", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, TEXT, content_type=TABLE)
def progress() -> Response:
    """Fetch all progress updates as a table."""
    return _file(Export.progress, TABLE, "progress.csv")


@blueprint.route("/pledges/<slug:pledge>/progress.csv", methods=["GET"])
@needs(Scope.READ)
@blueprint.response(200, TEXT, content_type=TABLE)
@blueprint.refuses(404)
def progress_of_one(pledge: str) -> Response:
    """Fetch the progress updates of one pledge as a table."""

    def write(export: Export, target: BinaryIO) -> None:
        get_record(export.tx, pledge)
        export.progress(target, [pledge])

    return _file(write, TABLE, f"{pledge}.csv")


def _file(write: Callable[[Export, BinaryIO], None], mimetype: str, name: str) -> Response:
    """What `write` writes of one state of the record; it is written before the first byte leaves.

    Whoever fetches slowly keeps a file, and no transaction.
    """
    file: Any = SpooledTemporaryFile(IN_MEMORY_BYTES)  # noqa: SIM115 -- closed with the answer
    try:
        with runtime().database.read(may_lag=True) as tx:
            write(Export(tx, now()), cast("BinaryIO", file))
    except BaseException:
        file.close()
        raise
    length = file.tell()
    file.seek(0)
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Length": str(length)}
    if request.method == "HEAD":
        file.close()
        return Response(iter(()), 200, headers, mimetype=mimetype)
    answer = Response(_chunks(file), 200, headers, mimetype=mimetype)
    # Of a caller who goes before the end.
    answer.call_on_close(file.close)
    return answer


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk
