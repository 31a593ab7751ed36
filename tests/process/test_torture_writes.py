"""The campaign `writes` of `./dev torture`, as large as there is time for with the tests."""

import pytest

from tests.torture import writes
from tests.torture.campaign import Kind, OptionsOf

pytestmark = pytest.mark.slow

CYCLES = 40


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_there_once_whatever_is_killed(
    options_of: OptionsOf, database: Kind
) -> None:
    result = writes.campaign(options_of(database, CYCLES))
    assert result.broken == []
    assert (result.figures["lost"], result.figures["doubled"], result.figures["strangers"]) == (0, 0, 0)
    assert result.figures["acknowledged"] > CYCLES
