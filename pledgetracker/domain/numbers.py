"""Decimal in, exact in between, decimal out.

Input is decimal with at most 15 significant digits and 6 decimals; figures are computed in exact
fractions and rounded once, half to even, to 6 decimals.
"""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from math import lcm

MAX_SIGNIFICANT_DIGITS = 15
MAX_DECIMALS = 6
MAX_INTEGER_DIGITS = 18

# Wide enough for any ratio of two admissible numbers times a span of days.
_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)


def complaint(number: Decimal) -> str | None:
    """What keeps `number` out of the record, or None if it is admissible."""
    if not number.is_finite():
        return "Not a finite number."
    _, digits, exponent = number.as_tuple()
    if len(digits) <= MAX_SIGNIFICANT_DIGITS and isinstance(exponent, int) and -MAX_DECIMALS <= exponent <= 0:
        # As nearly all are.
        return None
    if not number:
        return None
    # Read off the digits: arithmetic overflows on 1e999999, and rounds 1e-999999 and very long numbers.
    if number.adjusted() >= MAX_INTEGER_DIGITS:
        return f"Too large: numbers stay below 10^{MAX_INTEGER_DIGITS}."
    significant = len("".join(map(str, digits)).rstrip("0"))
    if significant - 1 - number.adjusted() > MAX_DECIMALS:
        return f"Too precise: at most {MAX_DECIMALS} decimals."
    if significant > MAX_SIGNIFICANT_DIGITS:
        return f"Too many digits: at most {MAX_SIGNIFICANT_DIGITS} significant ones."
    return None


def trim(number: Decimal) -> Decimal:
    """The same number without trailing zeros, and without a negative zero."""
    return number.normalize(_WIDE) if number else Decimal(0)


def rounded(exact: Fraction) -> Decimal:
    """`exact` to 6 decimals, half to even."""
    return quotient(exact.numerator, exact.denominator)


def quotient(numerator: int, denominator: int) -> Decimal:
    """The quotient to 6 decimals, half to even.

    Where much is computed, whole numbers: Fraction's own arithmetic and rounding take several times as long.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    scaled, rest = divmod(numerator * 10**MAX_DECIMALS, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and scaled % 2):
        scaled += 1
    return trim(Decimal(scaled).scaleb(-MAX_DECIMALS, _WIDE))


def as_wholes(*numbers: Decimal) -> tuple[int, ...]:
    """`numbers` as multiples of one share, and last how many such shares make 1."""
    ratios = [number.as_integer_ratio() for number in numbers]
    shares = lcm(*(denominator for _, denominator in ratios))
    return *(numerator * (shares // denominator) for numerator, denominator in ratios), shares


def plain(number: Decimal) -> str:
    """Digits without exponent: `250000`, `0.25`."""
    said = str(number)
    # As nearly all are; format takes twice as long.
    return said if said.isdigit() else format(trim(number), "f")


def grouped(number: Decimal, places: int = 2) -> str:
    """For sentences: thousands apart, at most `places` decimals: `406,932.93`."""
    short = trim(number.quantize(Decimal(1).scaleb(-places), context=_WIDE))
    return format(short, ",f")
