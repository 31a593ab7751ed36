"""The operations that an OpenAPI document tells of."""

from collections.abc import Iterator
from typing import Any

METHODS = {"get", "post", "patch", "delete"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method in METHODS & item.keys():
            yield method, path, item[method]
