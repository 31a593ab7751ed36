"""Attempts to send alerts: begun before the mail server hears of it, ended with what became of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, bindparam, delete, exists, func, insert, select, update

from pledgetracker.domain.attempt import Attempt, Outcome, Phase, Result
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import alerts, attempts, heartbeats


class AttemptStore:
    """Reads and writes attempts; of one alert, at most one is under way."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def begin(self, alert: int, *, token: str, now: datetime, unless: str = "") -> bool:
        """Record that an attempt begins; False if the claim on the alert has passed to somebody else.

        Or if there is a heartbeat with the name `unless`: asked in the same statement, since it is asked for
        every letter.
        """
        told = {"key": alert, "token": token, "now": now, "unless": unless}
        return _BEGIN.count(self._connection, told) == 1

    def forget(self, keys: Collection[int]) -> None:
        """Take back that attempts on these alerts were begun: nothing was tried."""
        under_way = (attempts.c.alert.in_(keys), attempts.c.ended_at.is_(None))
        self._connection.execute(delete(attempts).where(*under_way))

    def end(self, alert: int, result: Result, *, now: datetime) -> None:
        """Record what became of the attempt that is under way."""
        ended = {
            "key": alert,
            "now": now,
            "its_outcome": result.outcome.value,
            "its_phase": None if result.phase is None else result.phase.value,
            "its_code": result.code,
            "its_words": result.words,
        }
        _END.run(self._connection, ended)

    def lose(self, keys: Collection[int], *, now: datetime) -> Mapping[int, datetime]:
        """Record that whoever made attempts on these alerts is no more; (alert, when it began) of each."""
        under_way = (attempts.c.alert.in_(keys), attempts.c.ended_at.is_(None))
        lost = {"ended_at": now, "outcome": Outcome.LOST.value}
        query = update(attempts).where(*under_way).values(lost)
        return dict(iter(self._connection.execute(query.returning(attempts.c.alert, attempts.c.begun_at))))

    def of(self, alert: int) -> Sequence[Attempt]:
        """All attempts on an alert, in order."""
        query = select(attempts).where(attempts.c.alert == alert).order_by(attempts.c.number)
        return [_attempt(row) for row in self._connection.execute(query).mappings()]


_NUMBER = (
    select(func.coalesce(func.max(attempts.c.number), 0) + 1)
    .where(attempts.c.alert == bindparam("key"))
    .scalar_subquery()
)
_BEGIN = Prepared(
    insert(attempts).from_select(
        ["alert", "number", "begun_at"],
        select(alerts.c.id, _NUMBER, bindparam("now", type_=attempts.c.begun_at.type)).where(
            alerts.c.id == bindparam("key"),
            alerts.c.lease_token == bindparam("token"),
            ~exists().where(heartbeats.c.name == bindparam("unless")),
        ),
    )
)
_END = Prepared(
    update(attempts)
    .where(attempts.c.alert == bindparam("key"), attempts.c.ended_at.is_(None))
    .values(
        ended_at=bindparam("now"),
        outcome=bindparam("its_outcome"),
        phase=bindparam("its_phase"),
        code=bindparam("its_code"),
        words=bindparam("its_words"),
    )
)


def _attempt(row: RowMapping) -> Attempt:
    phase = None if row["phase"] is None else Phase(row["phase"])
    result = (
        None if row["outcome"] is None else Result(Outcome(row["outcome"]), phase, row["code"], row["words"])
    )
    return Attempt(row["number"], row["begun_at"], row["ended_at"], result)
