"""Alerts as e-mail: what is said, in each language, and the message that carries it."""

from pledgetracker.channels.mail.letter import compose

__all__ = ["compose"]
