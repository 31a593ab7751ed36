"""Making, checking and revoking API keys."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

from pledgetracker.domain.access import ApiKey, Scope, digest, parse, spell
from pledgetracker.domain.audit import Action
from pledgetracker.domain.errors import Invalid, KeyUnknown, NotFound
from pledgetracker.storage.database import Transaction

ID_BYTES = 6
SECRET_BYTES = 32


# Compared with where there is no key; its digest is none.
NOBODY = ApiKey("", "", Scope.READ, None, "0" * 64, datetime.min.replace(tzinfo=UTC))


def create_key(
    tx: Transaction,
    name: str,
    scope: Scope,
    pepper: bytes,
    *,
    pledger: str | None = None,
    expires_at: datetime | None = None,
    now: datetime,
) -> str:
    """Make a key and return it as its holder sends it; it cannot be shown again.

    Raises:
        Invalid: the pledger it is to be tied to does not exist, or the scope reaches further than pledgers.
    """
    if not name.strip():
        raise Invalid.field("/name", "A key needs a name, by which to tell whose it is.")
    if pledger is not None and not tx.pledgers.exists(pledger):
        raise Invalid.field("/pledger", f"There is no pledger {pledger!r}.")
    if pledger is not None and scope is not Scope.PROGRESS:
        raise Invalid.field("/scope", "Only a key with scope 'progress' can be tied to a pledger.")
    key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
    key = ApiKey(key_id, name, scope, pledger, digest(secret, pepper), now, expires_at)
    tx.keys.add(key)
    tx.audit.append(Action.KEY_CREATE, key_id, None, key, now=now)
    return spell(key_id, secret)


def authenticate(tx: Transaction, spelled: str, pepper: bytes, *, now: datetime) -> ApiKey:
    """The key that `spelled` is.

    Raises:
        KeyUnknown: it is not a valid key here.
    """
    parts = parse(spelled)
    if parts is None:
        raise KeyUnknown
    key_id, secret = parts
    key = tx.keys.get(key_id)
    # Where there is no such key, as much is computed as where there is one.
    if not (key or NOBODY).is_valid(secret, pepper, now=now) or key is None:
        raise KeyUnknown
    return key


def revoke_key(tx: Transaction, key_id: str, *, now: datetime) -> None:
    """End the validity of a key.

    Raises:
        NotFound: no valid key has that id.
    """
    key = tx.keys.get(key_id)
    if key is None or not tx.keys.revoke(key_id, now=now):
        raise NotFound("valid key", key_id)
    tx.audit.append(Action.KEY_REVOKE, key_id, key, replace(key, revoked_at=now), now=now)
