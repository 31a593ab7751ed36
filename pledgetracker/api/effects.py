"""The one way by which a request changes something: effect and answer in one transaction, once a key."""

import hashlib
import re
from collections.abc import Callable

from flask import Response, request
from werkzeug.exceptions import BadRequest

from pledgetracker.api.access import actor, caller
from pledgetracker.api.answers import Whole
from pledgetracker.api.limits import count_write, settle_write
from pledgetracker.domain.errors import KeyReused
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.idempotency import KeptAnswer
from pledgetracker.web import now, visit

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
# What of an answer, besides its body, a repeated request must be told again.
_KEPT_HEADERS = ("Content-Type", "Location", "ETag")
_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def effect(work: Callable[[Transaction], Response]) -> Response:
    """Do `work` in a write transaction; the answer that it makes is part of it, and leaves after the commit.

    With an Idempotency-Key it has its effect once: the answer is kept in the same transaction and given
    again to whoever repeats the request. What is refused leaves nothing, and may be tried again.

    Raises:
        Unavailable: the database cannot be reached; nothing was changed.
        KeyReused: the key belongs to another request.
        BadRequest: the key is none.
        TooMany: the caller has changed too much in too short a time.
    """
    key, key_holder = request.headers.get(HEADER), caller()
    if key is None or key_holder is None:
        return _write(lambda tx: _counted(tx, work))
    if not _KEY.fullmatch(key):
        raise BadRequest(f"{HEADER} takes 1 to 255 printable ASCII characters, no spaces: a UUID, say.")
    owner, fingerprint = key_holder.id, _fingerprint()

    def once(tx: Transaction) -> Response:
        kept = tx.idempotency.claim(owner, key, fingerprint, now=now())
        if kept is None:
            answer = _counted(tx, work)
            headers = {name: answer.headers[name] for name in _KEPT_HEADERS if name in answer.headers}
            kept = KeptAnswer(fingerprint, answer.status_code, headers, answer.get_data())
            tx.idempotency.keep(owner, key, kept)
            return answer
        if kept.fingerprint != fingerprint:
            raise KeyReused(key)
        return Whole(kept.body, kept.status, {**kept.headers, REPLAYED: "true"})

    return _write(once)


def _counted(tx: Transaction, work: Callable[[Transaction], Response]) -> Response:
    """Do `work`, and count it last: where callers queue for their limit, they should not queue for long."""
    answer = work(tx)
    count_write(tx)
    return answer


def _write(work: Callable[[Transaction], Response]) -> Response:
    asking = visit()

    def in_turn(tx: Transaction) -> Response:
        # Who waited for others comes after them: what was known at an instant should be on record by then.
        asking.now = asking.runtime.clock()
        return work(tx)

    answer = asking.runtime.database.write(in_turn, actor=actor())
    settle_write()
    return answer


def _fingerprint() -> str:
    """Tells a request from others: method, address, query and body."""
    told = hashlib.sha256()
    for part in (request.method.encode(), request.path.encode(), request.query_string, request.get_data()):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()
