"""What goes into the database comes out as it was."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, Connection, Engine, Integer, MetaData, Table, insert, select

from pledgetracker.domain.numbers import MAX_DECIMALS, MAX_INTEGER_DIGITS, MAX_SIGNIFICANT_DIGITS, complaint
from pledgetracker.domain.pledge import Contact, Source, Statement
from pledgetracker.storage import documents
from pledgetracker.storage.database import Database
from pledgetracker.storage.dialects import Document, Instant, Number
from tests.servers import Databases

things = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("number", Number),
    Column("instant", Instant),
    Column("document", Document),
)


@pytest.fixture(scope="module")
def engine(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path_factory.mktemp('types')}/types.sqlite3"
    if database_kind == "postgresql":
        databases: Databases = request.getfixturevalue("postgresql")
        url = databases.url(databases.new())
    made = Database(url)
    things.metadata.create_all(made.engine)
    yield made.engine
    made.close()


@pytest.fixture(scope="module")
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as opened:
        yield opened


@st.composite
def admissible(draw: st.DrawFn) -> Decimal:
    digits = draw(st.integers(-(10**MAX_SIGNIFICANT_DIGITS) + 1, 10**MAX_SIGNIFICANT_DIGITS - 1))
    exponent = draw(st.integers(-MAX_DECIMALS, MAX_INTEGER_DIGITS - MAX_SIGNIFICANT_DIGITS))
    return Decimal(digits).scaleb(exponent)


@given(number=admissible())
def test_every_admissible_number_comes_back_exactly(connection: Connection, number: Decimal) -> None:
    assert complaint(number) is None
    back = kept(connection, "number", number)
    assert isinstance(back, Decimal)
    assert back == number
    assert kept(connection, "number", back) == number


def kept(connection: Connection, column: str, value: object) -> object:
    """What a column gives back for a value."""
    key = connection.execute(insert(things).values({column: value}).returning(things.c.id)).scalar_one()
    found: object = connection.scalar(select(things.c[column]).where(things.c.id == key))
    return found


@pytest.mark.sqlite
@pytest.mark.parametrize(
    ("number", "text"), [("1E+5", "100000"), ("0.250000", "0.25"), ("-0", "0"), ("0.000001", "0.000001")]
)
def test_numbers_lie_in_the_file_as_plain_digits(connection: Connection, number: str, text: str) -> None:
    kept(connection, "number", Decimal(number))
    raw = connection.exec_driver_sql("SELECT number, typeof(number) FROM things ORDER BY id DESC").first()
    assert raw is not None
    assert tuple(raw) == (text, "text")


moments = st.datetimes(
    datetime(1970, 1, 2),
    datetime(2200, 12, 30),
    timezones=st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)


@given(instant=moments)
def test_an_instant_stays_the_same_instant_in_utc(connection: Connection, instant: datetime) -> None:
    back = kept(connection, "instant", instant)
    assert isinstance(back, datetime)
    assert back == instant
    assert back.utcoffset() == timedelta(0)


@pytest.mark.sqlite
@given(first=moments, second=moments)
def test_stored_instants_sort_by_time(connection: Connection, first: datetime, second: datetime) -> None:
    def text(instant: datetime) -> str:
        return str(Instant().process_bind_param(instant, connection.dialect))

    assert (text(first) < text(second)) == (first < second)


def test_nothing_stays_nothing(connection: Connection) -> None:
    for column in ("number", "instant", "document"):
        assert kept(connection, column, None) is None


@pytest.mark.parametrize(
    "source",
    [
        Source(),
        Source("https://a.example", "A", "B", datetime(2026, 1, 2, tzinfo=UTC).date(), "https://c", "d"),
    ],
)
def test_sources_and_statements_come_back_whole(source: Source) -> None:
    assert documents.source_from(documents.source_to(source)) == source
    statement = Statement("We will.", source)
    assert documents.statement_from(documents.statement_to(statement)) == statement
    assert documents.sources_from([documents.source_to(source) or {}]) == (source,)


def test_contacts_come_back_whole() -> None:
    contacts = (Contact("a@example.org"), Contact("b@example.org", "B", "fr", "press"))
    assert documents.contacts_from(documents.contacts_to(contacts)) == contacts
