"""Lists over HTTP: limit, sort and cursor in the query."""

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, post_load

from pledgetracker.api.fields import Documented, Line, QueryWhole
from pledgetracker.api.wording import name_unknowns
from pledgetracker.web import Cursors

DEFAULT_LIMIT = 50
MAX_LIMIT = 200
MAX_CURSOR_LENGTH = 4_000


class Sort(Line, Documented):
    """One of the sort names of a list, with a hyphen before it for the other way round."""

    def __init__(self, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._known = [*names, *(f"-{name}" for name in names)]
        self.openapi = {"type": "string", "enum": self._known}

    def check(self, text: str) -> str:
        """Refuse other names."""
        if text not in self._known:
            raise ValidationError(f"Must be one of {', '.join(self._known)}.")
        return text


class Query(Schema):
    """A query in which nothing unknown passes."""

    class Meta:
        """Nothing unknown passes."""

        unknown = RAISE

    def handle_error(self, error: ValidationError, data: Any, **_: Any) -> None:
        """Say of unknown names which was meant."""
        del data
        name_unknowns(error.messages, self.load_fields, "parameter")


class PageQuery(Query):
    """The query of a list; a list adds its filters and its `sort`.

    Attributes:
        types: for each sort name the type of its values.
    """

    types: Mapping[str, type] = {"id": str}

    limit = QueryWhole(
        1, MAX_LIMIT, load_default=DEFAULT_LIMIT, metadata={"description": "How many items at most."}
    )
    cursor = Line(
        max_length=MAX_CURSOR_LENGTH,
        metadata={"description": "`next_cursor` of the page before, with the same sort."},
    )

    @post_load
    def place(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Put what concerns the page into one value."""
        sort = data.pop("sort", "id")
        cursors = Cursors(self.types)
        try:
            data["page"] = cursors.page(sort, data.pop("cursor", None), data.pop("limit"))
        except ValueError as error:
            raise ValidationError(str(error), "cursor") from None
        return data
