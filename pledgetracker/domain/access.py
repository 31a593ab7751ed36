"""Who may do what: scopes, and the keys that carry them."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

PREFIX = "pt"


class Scope(StrEnum):
    """What a key may do; each includes those before it."""

    READ = "read"
    PROGRESS = "progress"
    WRITE = "write"
    REVIEW = "review"
    ADMIN = "admin"

    def includes(self, other: "Scope") -> bool:
        """Whether a key with this scope may do what needs `other`."""
        return _REACHES[self] >= _REACHES[other]


_REACHES = {scope: place for place, scope in enumerate(Scope)}


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key as it is kept: without the secret, which was shown once.

    Attributes:
        id: its public part.
        pledger: the only pledger that it may report for, or None for any.
        digest: HMAC-SHA256 of the secret part, in hexadecimal.
    """

    id: str
    name: str
    scope: Scope
    pledger: str | None
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None

    def is_valid(self, secret: str, pepper: bytes, *, now: datetime) -> bool:
        """Whether `secret` is this key's and may still be used."""
        is_its_own = hmac.compare_digest(self.digest, digest(secret, pepper))
        is_over = self.revoked_at is not None or (self.expires_at is not None and self.expires_at <= now)
        return is_its_own and not is_over


def digest(secret: str, pepper: bytes) -> str:
    """HMAC-SHA256 of a key's secret part under the installation's own secret."""
    return hmac.digest(pepper, secret.encode(), "sha256").hex()


def spell(key_id: str, secret: str) -> str:
    """The key as its holder sends it."""
    return f"{PREFIX}_{key_id}_{secret}"


def parse(spelled: str) -> tuple[str, str] | None:
    """Public id and secret of a key as sent, or None if it is not spelled like one."""
    match spelled.split("_"):
        case [prefix, key_id, secret] if prefix == PREFIX and key_id and secret:
            return key_id, secret
        case _:
            return None
