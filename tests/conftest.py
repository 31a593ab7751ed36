"""Options that every test shares."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--everything` runs what the default run leaves out."""
    parser.addoption("--everything", action="store_true", help="run the tests marked slow as well")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip slow tests, visibly, unless everything was asked for."""
    if config.getoption("--everything"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow: runs with --everything"))
