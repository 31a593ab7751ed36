"""That the campaign `writes` finds what is lost, different, doubled and unasked for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from pledgetracker import app as application
from pledgetracker.domain.access import Scope
from pledgetracker.services.cataloguing import add_pledger
from tests.conftest import client_of, key_of
from tests.torture.campaign import OptionsOf
from tests.torture.clients import a_pledge
from tests.torture.inspection import Inspection
from tests.torture.installations import Installation, installed
from tests.torture.ledger import Ledger, Write
from tests.torture.writes import hold_against

pytestmark = pytest.mark.slow

Found = tuple[dict[str, int], list[str]]


@pytest.fixture
def installation(options_of: OptionsOf) -> Iterator[Installation]:
    with installed(options_of("sqlite", 1)) as made:
        yield made


@pytest.fixture
def client(installation: Installation) -> Iterator[FlaskClient]:
    with installation.runtime() as runtime:
        now = runtime.clock()
        runtime.database.write(lambda tx: add_pledger(tx, {"id": "acme", "name": "Acme"}, now=now))
        yield client_of(application.create(runtime), key_of(runtime, Scope.REVIEW))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    kept = Ledger(tmp_path / "ledger.sqlite3")
    yield kept
    kept.close()


def report(token: str, **said: Any) -> Write:
    content = {"pledge": "people", "as_of": "2026-01-31", "value": 5, "note": token, **said}
    body = json.dumps({name: value for name, value in content.items() if name != "pledge"}).encode()
    return Write(token, "progress", "people", "POST", "/v1/pledges/people/progress", body, content)


def send(client: FlaskClient, write: Write) -> int | None:
    answer = client.open(
        write.path, method=write.method, data=write.body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 201
    return int(answer.json["id"]) if answer.json and write.kind == "progress" else None


def tell(client: FlaskClient, ledger: Ledger, write: Write) -> int | None:
    """Send it, and note that it was acknowledged."""
    number = send(client, write)
    ledger.acknowledged(write, number)
    ledger.tally("seen", [(write.token, None)])
    return number


def look(ledger: Ledger, installation: Installation) -> Found:
    broken: list[str] = []
    return hold_against(ledger, Inspection(installation), broken), broken


def test_what_is_there_as_it_was_acknowledged_is_neither_lost_nor_doubled(
    client: FlaskClient, ledger: Ledger, installation: Installation
) -> None:
    tell(client, ledger, a_pledge("people"))
    tell(client, ledger, report("a"))
    assert look(ledger, installation) == ({"lost": 0, "doubled": 0, "strangers": 0}, [])


def test_what_is_not_there_is_lost_and_so_is_what_is_different(
    client: FlaskClient, ledger: Ledger, installation: Installation
) -> None:
    tell(client, ledger, a_pledge("people"))
    ledger.acknowledged(report("absent"), 7)
    number = send(client, report("different", value=6))
    ledger.acknowledged(report("different"), number)
    figures, broken = look(ledger, installation)
    assert figures == {"lost": 2, "doubled": 0, "strangers": 0}
    assert "absent progress people 7" in broken[0]


def test_what_took_effect_twice_is_doubled_and_what_nobody_was_told_of_is_a_stranger(
    client: FlaskClient, ledger: Ledger, installation: Installation
) -> None:
    tell(client, ledger, a_pledge("people"))
    tell(client, ledger, report("twice"))
    send(client, report("twice"))
    send(client, report("unasked"))
    figures, broken = look(ledger, installation)
    assert (figures["lost"], figures["doubled"]) == (0, 1)
    # The update, its entry and its alert; and the alert of the second update of the other.
    assert figures["strangers"] == 4
    assert len(broken) == 2
