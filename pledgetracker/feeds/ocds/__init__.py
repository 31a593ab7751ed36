"""Pledges as OCDS: each one release of a planning process, whose milestones are the pledge's.

What we know of is a promise, not a contract, so nothing beyond `planning` is claimed.
"""

from pledgetracker.feeds.ocds.package import package

__all__ = ["package"]
