"""The schemas of the standards that feeds keep to, read from where they are kept: they are not ours."""

import json
import os
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from lxml import etree

# RFC 3986, as far as web addresses need it.
_PART = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_HOST = rf"(?:{_PART}+@)?(?:\[[0-9A-Fa-f:.]+\]|{_PART}+)"
URI = re.compile(rf"https?://{_HOST}(?:/{_PART}*)*(?:\?(?:{_PART}|[/?])*)?(?:#(?:{_PART}|[/?])*)?")

Complaints = Callable[[Any], list[str]]


@pytest.fixture(scope="session")
def schemas() -> Path:
    """The folder with the standards' schemas."""
    folder = os.environ.get("PLEDGETRACKER_TEST_DATA")
    if folder is None:
        pytest.skip("PLEDGETRACKER_TEST_DATA names no folder with the schemas of IATI and OCDS")
    return Path(folder)


@pytest.fixture(scope="session")
def iati_complaints(schemas: Path) -> Complaints:
    """What the schema of IATI 2.03 says against a file."""
    schema = etree.XMLSchema(etree.parse(schemas / "iati" / "iati-activities-schema.xsd"))

    def complaints(root: Any) -> list[str]:
        schema.validate(root)
        return [error.message for error in schema.error_log]

    return complaints


@pytest.fixture(scope="session")
def ocds_complaints(schemas: Path) -> Complaints:
    """What the schema of OCDS says against the releases of a package, dates and addresses included."""
    schema = json.loads((schemas / "ocds" / "release-schema.json").read_text())
    checker = jsonschema.Draft4Validator(schema, format_checker=_formats())

    def complaints(package: dict[str, Any]) -> list[str]:
        releases = package["releases"]
        return [
            f"{error.json_path}: {error.message}"
            for release in releases
            for error in checker.iter_errors(release)
        ]

    return complaints


def _formats() -> Any:
    """The formats that the schema names, which the library leaves to others."""
    checker = jsonschema.FormatChecker(())
    checker.checks("date-time", raises=ValueError)(_is_instant)
    checker.checks("uri")(_is_uri)
    return checker


def _is_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).utcoffset() is not None


def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or URI.fullmatch(value) is not None
