"""What is said to everybody names nobody: mail servers and databases like to repeat addresses."""

import re

_ADDRESS = re.compile(r"[^\s<>()\"',;]+@[^\s<>()\"',;]+")


def veiled(said: str) -> str:
    """Words from elsewhere without e-mail addresses."""
    return _ADDRESS.sub("…", said)
