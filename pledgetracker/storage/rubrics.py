"""Rubrics of the operator's own; those that come with the program are no rows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from pledgetracker.domain.rubric import Finding, Rating, Rubric, Wording
from pledgetracker.storage.tables import rubrics


class RubricStore:
    """Adds rubrics and reads them; nothing ever changes one."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def all(self, name: str | None = None) -> Sequence[Rubric]:
        """Every version of every rubric, or of the one called `name`, in that order."""
        query = select(rubrics).order_by(rubrics.c.name, rubrics.c.version)
        if name is not None:
            query = query.where(rubrics.c.name == name)
        return [_rubric(row) for row in self._connection.execute(query).mappings()]

    def add(self, rubric: Rubric) -> None:
        """Store a version of a rubric."""
        row = {
            "name": rubric.name,
            "version": rubric.version,
            "title": asdict(rubric.title),
            "ratings": [asdict(rating) for rating in rubric.ratings],
            "recorded_at": rubric.recorded_at,
        }
        self._connection.execute(insert(rubrics).values(row))


def _rubric(row: RowMapping) -> Rubric:
    return Rubric(
        name=row["name"],
        version=row["version"],
        title=Wording(**row["title"]),
        ratings=tuple(_rating(rating) for rating in row["ratings"]),
        recorded_at=row["recorded_at"],
    )


def _rating(document: Mapping[str, Any]) -> Rating:
    return Rating(
        id=document["id"],
        title=Wording(**document["title"]),
        meaning=Wording(**document["meaning"]),
        is_final=document["is_final"],
        suggested_on=tuple(Finding(finding) for finding in document["suggested_on"]),
    )
