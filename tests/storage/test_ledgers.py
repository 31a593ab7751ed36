"""Verdicts and rubrics come in and stay as they are; the database itself sees to it."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from pledgetracker.api import examples
from pledgetracker.api.schemas.rubrics import RubricDocument
from pledgetracker.runtime import Runtime
from pledgetracker.services.grading import add_rubric
from pledgetracker.services.ruling import VerdictFields, record_verdict
from pledgetracker.storage import copying
from pledgetracker.storage.tables import rubrics, verdicts
from tests.world import add_pledge

RULED: VerdictFields = {"rubric": "political", "rating": "stalled", "ruled_by": "Ann", "reason": "So it is."}
MISTAKE: VerdictFields = {"retracts": 1, "ruled_by": "Ann", "reason": "A mistake."}


@pytest.fixture
def ruled(runtime: Runtime) -> Runtime:
    """A record with two verdicts, one of them taken back, and a rubric of two versions."""
    now, rules = runtime.clock(), runtime.rules
    add_pledge(runtime)
    for fields in (RULED, RULED, MISTAKE):
        runtime.database.write(
            lambda tx, said=fields: record_verdict(tx, "people", said, rules, now=now)  # type: ignore[misc]
        )
    for _ in range(2):
        runtime.database.write(lambda tx: add_rubric(tx, RubricDocument().load(examples.RUBRIC), now=now))
    return runtime


def sums(runtime: Runtime) -> list[copying.Tally]:
    with runtime.database.survey() as connection:
        return [copying._tally(table, copying._rows(connection, table)) for table in (verdicts, rubrics)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE verdicts SET reason = 'another'",
        "DELETE FROM verdicts WHERE number = 2",
        "UPDATE rubrics SET version = 7 WHERE version = 2",
        "DELETE FROM rubrics",
    ],
)
def test_no_row_of_a_ledger_changes_or_goes(ruled: Runtime, statement: str) -> None:
    before = sums(ruled)
    with pytest.raises(DatabaseError, match="append-only"), ruled.database.engine.begin() as connection:
        connection.execute(text(statement))
    assert sums(ruled) == before
    assert [tally.rows for tally in before] == [3, 2]


@pytest.mark.sqlite
@pytest.mark.parametrize("table", ["verdicts", "rubrics"])
def test_no_row_is_overwritten_by_another(ruled: Runtime, table: str) -> None:
    before = sums(ruled)
    with pytest.raises(DatabaseError, match="append-only"), ruled.database.engine.begin() as connection:
        connection.execute(text(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} LIMIT 1"))
    assert sums(ruled) == before


def test_a_record_read_afresh_is_the_one_that_was_written(ruled: Runtime) -> None:
    with ruled.database.read() as tx:
        known = tx.records.get("people")
        [read] = tx.records.get_many(["people"])
    assert read == known
    assert [row.retracts for row in read.verdicts] == [None, None, 1]


@pytest.mark.parametrize(
    "column",
    [
        pytest.param("4, 'political', 1, NULL, NULL", id="neither a ruling nor what takes one back"),
        pytest.param("4, 'political', 1, 'kept', 2", id="both"),
        pytest.param("4, 'political', 1, NULL, 4", id="what takes itself back"),
        pytest.param("4, 'political', 1, NULL, 1", id="what takes back what was taken back"),
    ],
)
def test_a_row_rules_or_takes_an_earlier_one_back_once(ruled: Runtime, column: str) -> None:
    names = "number, rubric, rubric_version, rating, retracts, pledge, ruled_on, ruled_by, reason, evidence"
    statement = (
        f"INSERT INTO verdicts ({names}, recorded_at) SELECT {column}, pledge, ruled_on, ruled_by, reason,"
        " evidence, recorded_at FROM verdicts WHERE number = 1"
    )
    with (
        pytest.raises(DatabaseError, match=r"(?i)constraint"),
        ruled.database.engine.begin() as connection,
    ):
        connection.execute(text(statement))
    assert sums(ruled)[0].rows == 3
