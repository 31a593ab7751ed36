"""A second, slow opinion on where a pledge stands.

Written from the written meaning of each word and number, not from the product's code, in exact fractions over
plain dictionaries. The product is compared with it on thousands of random histories.
"""

from .chronicle import answer, known
from .standing import standing

__all__ = ["answer", "known", "standing"]
