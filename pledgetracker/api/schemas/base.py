"""What every document is: strict in what it takes, generous with what is only shown."""

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, pre_load, validate

from pledgetracker.api.fields import Slug
from pledgetracker.api.wording import name_unknowns

MAX_DAYS = 36_500
MAX_ITEMS = 200
MAX_NUMBER = 2**31 - 1


class Document(Schema):
    """A document in which nothing unknown passes, and what is only shown may come back."""

    class Meta:
        """Nothing unknown passes."""

        unknown = RAISE

    @pre_load
    def leave_aside(self, data: Any, **_: Any) -> Any:
        """Take out what is shown and never set."""
        if not isinstance(data, dict):
            return data
        shown = {field.data_key or name for name, field in self.dump_fields.items() if field.dump_only}
        return {name: value for name, value in data.items() if name not in shown}

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Say of unknown names which was meant."""
        del data
        known = [field.data_key or name for name, field in self.load_fields.items()]
        name_unknowns(error.messages, known)


class Part(fields.Nested):
    """A document inside another; always whole, also where the outer one is a partial change."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Any, partial: Any = None, **kwargs: Any
    ) -> Any:
        del partial
        return super()._deserialize(value, attr, data, partial=False, **kwargs)


def parts(schema: type[Schema], *, max_items: int = MAX_ITEMS, **kwargs: Any) -> fields.List[Any]:
    """A list of documents, not endless."""
    not_endless = validate.Length(max=max_items, error=f"At most {MAX_ITEMS} fit.")
    return fields.List(Part(schema), validate=not_endless, **_empty_unless_said(kwargs))


def slugs(max_items: int, **kwargs: Any) -> fields.List[Any]:
    """A list of ids, in any order, not endless."""
    not_endless = validate.Length(max=max_items, error=f"At most {max_items} fit.")
    return fields.List(Slug(), validate=not_endless, **_empty_unless_said(kwargs))


def _empty_unless_said(said: dict[str, Any]) -> dict[str, Any]:
    """What is said of a list, and that where none is sent it is empty."""
    default: dict[str, Any] = {} if said.get("required") else {"default": []}
    return said | {"metadata": said.get("metadata", {}) | default}


def said_of(data: dict[str, Any], of: str) -> dict[str, Any]:
    """What was loaded, without the detour that a dotted attribute makes."""
    if of not in data:
        return data
    detour: dict[str, Any] = data[of]
    return {name: value for name, value in data.items() if name != of} | detour
