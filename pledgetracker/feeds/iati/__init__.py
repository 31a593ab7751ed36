"""The record as IATI 2.03: each pledge an activity with its results, each initiative one above them."""

from pledgetracker.feeds.iati.document import TAIL, activities, document, head

__all__ = ["TAIL", "activities", "document", "head"]
