"""Readable, permanent ids."""

import re
import unicodedata

MAX_LENGTH = 100
PATTERN = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")


def is_slug(text: str) -> bool:
    """Whether `text` can be an id: lower-case letters, digits and single hyphens between them."""
    return len(text) <= MAX_LENGTH and PATTERN.fullmatch(text) is not None


def slugify(title: str, *, fallback: str) -> str:
    """An id from a title; `fallback` where no letter or digit survives (a title in Greek, say)."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z0-9]+", ascii_only)
    return "-".join(words)[: MAX_LENGTH - 10].strip("-") or fallback


def numbered(base: str, n: int) -> str:
    """The n-th candidate: `base`, `base-2`, `base-3` and so on."""
    return base if n == 1 else f"{base}-{n}"
