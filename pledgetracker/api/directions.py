"""Telling apart, in the OpenAPI document, what may be sent and what is answered.

In the code one schema serves both ways. In the document each becomes two components: the answer, in which
every property is present and none is only written, and `…Input`, in which only what is needed is required.
Defaults are said of what is sent, and not of changes, which leave as it is what they do not name.
"""

from collections.abc import Mapping
from typing import Any

_HOME = "#/components/schemas/"
_SUFFIX = "Document"
_METHODS = {"get", "post", "patch", "delete"}


def tell_apart(document: dict[str, Any]) -> None:
    """Point requests and answers of `document` to components of their own; what nobody points to goes."""
    schemas = _Schemas(document["components"]["schemas"])
    for path in document["paths"].values():
        for method in _METHODS & path.keys():
            operation = path[method]
            if "requestBody" in operation:
                operation["requestBody"] = schemas.sent(operation["requestBody"])
            operation["responses"] = schemas.answered(operation["responses"])
    responses = document["components"]["responses"]
    document["components"]["responses"] = schemas.answered(responses)
    document["components"]["schemas"] = dict(sorted(schemas.made.items()))


class _Schemas:
    """Makes the two forms of each schema as they are asked for."""

    def __init__(self, source: Mapping[str, Any]) -> None:
        self._source = source
        self.made: dict[str, Any] = {}

    def sent(self, part: Any) -> Any:
        """A part of the document as it holds for requests; what is only shown keeps its answered form."""
        if isinstance(part, list):
            return [self.sent(item) for item in part]
        if not isinstance(part, dict):
            return part
        if part.get("readOnly") is True:
            return self.answered(part) | {"readOnly": True}
        if "$ref" in part:
            return {**part, "$ref": self._form(part["$ref"], is_sent=True)}
        return {name: self.sent(value) for name, value in part.items() if name != "writeOnly"}

    def answered(self, part: Any) -> Any:
        """A part of the document as it holds for answers."""
        if isinstance(part, list):
            return [self.answered(item) for item in part if not _is_only_written(item)]
        if not isinstance(part, dict):
            return part
        if "$ref" in part and not part["$ref"].startswith(_HOME):
            return part
        shown = {
            name: self.answered(value)
            for name, value in part.items()
            if name != "readOnly" and not _is_only_written(value)
        }
        if "$ref" in shown:
            shown["$ref"] = self._form(shown["$ref"], is_sent=False)
        return shown

    def _form(self, reference: str, *, is_sent: bool) -> str:
        name = reference.removeprefix(_HOME)
        form = name.removesuffix(_SUFFIX)
        if is_sent and not name.endswith("Change"):
            form += "Input"
        if form not in self.made:
            self.made[form] = {}  # a schema may come to point to itself
            self.made[form] = self.sent(self._source[name]) if is_sent else self._complete(name)
            if not is_sent or name.endswith("Change"):
                for field in self.made[form]["properties"].values():
                    field.pop("default", None)
        return _HOME + form

    def _complete(self, name: str) -> dict[str, Any]:
        schema: dict[str, Any] = self.answered(self._source[name])
        if not name.startswith(("Problem", "FieldError")):
            schema["required"] = sorted(schema["properties"])
        return schema


def _is_only_written(part: Any) -> bool:
    return isinstance(part, dict) and part.get("writeOnly") is True
