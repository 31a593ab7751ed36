"""The standards' own schemas are there for each test of feeds."""

from tests.standards import iati_complaints, ocds_complaints, schemas

__all__ = ["iati_complaints", "ocds_complaints", "schemas"]
