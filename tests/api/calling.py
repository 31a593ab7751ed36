"""Calls every operation of the document with what it allows, or forbids, and holds the answers against it."""

from typing import Any

import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.conftest import PARTS
from tests.api.operations import operations

KNOWN: dict[str, Any] = PARTS | {"number": 1, "version": 1}
CHECKS = [
    checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def call_everything(
    app: Flask, document: dict[str, Any], keys: list[str | None], examples: int, *, is_hostile: bool
) -> None:
    """Call every operation with what the document allows (or, hostile, forbids), and check the answers."""
    for _, _, operation in operations(document):
        operation["responses"].pop("default")
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    schema.app = app
    mode = schemathesis.GenerationMode.NEGATIVE if is_hostile else schemathesis.GenerationMode.POSITIVE
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        called = result.ok()
        path = document["paths"][called.path]
        said = path | path[called.method]
        if is_hostile and not (path.get("parameters") or said.get("parameters") or "requestBody" in said):
            # Nothing is said to it, so nothing can be said wrongly.
            continue
        strategy = called.as_strategy(generation_mode=mode)

        @settings(
            max_examples=examples,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy, key=st.sampled_from(keys), is_known=st.booleans())
        def call(case: Any, key: str | None, *, is_known: bool) -> None:
            if is_known:
                case.path_parameters = {name: KNOWN[name] for name in case.path_parameters}
                if "If-Match" in case.headers:
                    # A tag made up never fits, and no edit would come to its end.
                    case.headers["If-Match"] = "*"
            headers = {} if key is None else {"Authorization": f"Bearer {key}"}
            case.call_and_validate(headers=headers, checks=CHECKS)

        call()
