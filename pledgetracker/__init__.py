"""Tracks public pledges with targets and deadlines, and speaks up before a deadline passes in silence."""

from importlib.metadata import version

__version__ = version("pledgetracker")
