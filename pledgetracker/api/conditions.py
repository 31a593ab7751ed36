"""Conditional requests: 304 for who knows the answer already, 412 for who changes what has changed since.

Whoever changes something has to say what they saw (428).

Tags are made from row versions, not from bodies. That of a pledge also names the day and the thresholds
that it was judged by, which change its answer and not the pledge.
"""

import hashlib
from collections.abc import Callable
from datetime import date, datetime
from functools import lru_cache

from flask import Response, request

from pledgetracker.domain.catalogue import Initiative, Pledger
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import Changed, ConditionMissing
from pledgetracker.domain.money import ExchangeRate
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.policy import Policy
from pledgetracker.domain.rubric import Rubric
from pledgetracker.services.reading import UpdateView, VerdictView
from pledgetracker.storage.database import Transaction
from pledgetracker.web import now, runtime, visit


def entry_tag(entry: Pledger | Initiative) -> str:
    """The tag of a pledger or initiative."""
    return _row_tag(entry.version, entry.created_at)


def update_tag(shown: UpdateView) -> str:
    """The tag of a progress update, which changes when it is reviewed or corrected."""
    row_tag = _row_tag(shown.update.number, shown.update.recorded_at)
    return f"{row_tag}-{shown.superseded_by or 0}-{len(shown.decisions)}"


def verdict_tag(shown: VerdictView) -> str:
    """The tag of a verdict, which changes once at most: when it is taken back."""
    return f"{_row_tag(shown.verdict.number, shown.verdict.recorded_at)}-{shown.retracted_by or 0}"


def rate_tag(rate: ExchangeRate) -> str:
    """The tag of an exchange rate, which changes with each correction."""
    return _row_tag(rate.version, rate.recorded_at)


def rubric_tag(rubric: Rubric) -> str:
    """The tag of a version of a rubric; of one that comes with the program, by what it says."""
    return _row_tag(rubric.version, rubric.recorded_at) if rubric.recorded_at else _digest(rubric)


def pledge_tag(pledge: Pledge, policy: Policy, today: date) -> str:
    """The tag of a pledge as judged on `today` by `policy`."""
    return f"{_row_tag(pledge.version, pledge.created_at)}-{today:%Y%m%d}-{_digest(policy)}"


def _row_tag(version: int, created_at: datetime | None) -> str:
    # What is deleted and made again begins with version 1 again: the instant tells the two apart.
    return f"{version}-{int(created_at.timestamp() * 1_000_000) if created_at else 0:x}"


@lru_cache(maxsize=8)
def _digest(content: Policy | Rubric) -> str:
    return hashlib.sha256(repr(content).encode()).hexdigest()[:8]


def unless_known(tag: str, make: Callable[[], Response], *, is_weak: bool = False) -> Response:
    """The answer that `make` makes, tagged; 304 without it for a caller who has it already.

    The tag `is_weak` where it stands for what an answer says and not for each of its bytes.
    """
    # Proxies weaken tags when they compress; for reading, a weak match is a match.
    is_known = "HTTP_IF_NONE_MATCH" in visit().environ and request.if_none_match.contains_weak(tag)
    answer = Response(status=304) if is_known else make()
    answer.set_etag(tag, weak=is_weak)
    return answer


def tagged(answer: Response, tag: str) -> Response:
    """An answer with its tag."""
    answer.set_etag(tag)
    return answer


def check_pledge_unchanged(tx: Transaction, key: str) -> None:
    """Refuse a change by a caller who looked at another version of the pledge; if there is none, let it pass.

    Raises:
        ConditionMissing: the caller does not say which version it was.
        Changed: it has changed since.
    """
    locked = tx.records.lock(key)
    if locked is not None:
        pledge = locked.record.pledge
        today = local_day(now(), pledge.time_zone)
        row_tag = _row_tag(pledge.version, pledge.created_at)
        _check("pledge", key, row_tag, pledge_tag(pledge, runtime().rules.policy, today))


def check_entry_unchanged(kind: str, entry: Pledger | Initiative | None) -> None:
    """Refuse a change by a caller who looked at another version of a pledger or initiative.

    Raises:
        ConditionMissing: the caller does not say which version it was.
        Changed: it has changed since.
    """
    if entry is not None:
        tag = entry_tag(entry)
        _check(kind, entry.id, tag, tag)


def check_rate_unchanged(rate: ExchangeRate) -> None:
    """Refuse a correction by a caller who looked at another version of the rate.

    Raises:
        ConditionMissing: the caller does not say which version it was.
        Changed: it has been corrected since.
    """
    tag = rate_tag(rate)
    _check("exchange rate", rate.id, tag, tag)


def _check(kind: str, key: str, row_tag: str, shown_tag: str) -> None:
    if not request.if_match:
        raise ConditionMissing(kind, key)
    if request.if_match.star_tag:
        return
    known = request.if_match.as_set(include_weak=True)
    # Only the version matters here: a new day changes what is shown of a pledge, not what is edited.
    if not any(tag == row_tag or tag.startswith(f"{row_tag}-") for tag in known):
        raise Changed(kind, key, shown_tag)
