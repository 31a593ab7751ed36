"""API keys: who may do what. Only a digest of each is kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from pledgetracker.domain.access import ApiKey, Scope
from pledgetracker.storage.prepared import Prepared
from pledgetracker.storage.tables import api_keys

_ADD = Prepared(insert(api_keys), columns=api_keys.columns.keys())
_ONE = Prepared(select(api_keys).where(api_keys.c.id == bindparam("key")))


class KeyStore:
    """Reads and writes API keys."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, key: str) -> ApiKey | None:
        """The key with that public id, or None."""
        row = _ONE.first(self._connection, {"key": key})
        return None if row is None else _key(row)

    def all(self) -> Sequence[ApiKey]:
        """Every key ever made, in order of making."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        return [_key(row) for row in self._connection.execute(query)]

    def add(self, key: ApiKey) -> None:
        """Store a new key."""
        row = {
            "id": key.id,
            "name": key.name,
            "scope": key.scope.value,
            "pledger": key.pledger,
            "digest": key.digest,
            "created_at": key.created_at,
            "expires_at": key.expires_at,
        }
        _ADD.run(self._connection, row)

    def revoke(self, key: str, *, now: datetime) -> bool:
        """Store that a key is not valid any more; False if there is no such valid key."""
        valid = (api_keys.c.id == key, api_keys.c.revoked_at.is_(None))
        return self._connection.execute(update(api_keys).where(*valid).values(revoked_at=now)).rowcount == 1


def _key(row: Any) -> ApiKey:
    return ApiKey(
        id=row.id,
        name=row.name,
        scope=Scope(row.scope),
        pledger=row.pledger,
        digest=row.digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
