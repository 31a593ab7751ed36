"""Money: which units are currencies, and what one was worth in another on a day, as somebody published it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from pledgetracker.domain.pledge import Source

# ISO 4217: what is in circulation, special drawing rights, and what was replaced since 2020.
CURRENCIES = frozenset(
    re.findall(
        "[A-Z]{3}",
        """
        AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD
        CAD CDF CHF CLP CNY COP CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
        GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD
        KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO
        NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL
        SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST
        XAF XCD XCG XDR XOF XPF YER ZAR ZMW ZWG ZWL
        """,
    )
)


@dataclass(frozen=True, slots=True)
class ExchangeRate:
    """That on `date` one `base` was `rate` `quote`, by `source`.

    Attributes:
        id: made of currencies and day: `eur-usd-2024-05-28`.
        base, quote: ISO 4217.
        rate: None where it was taken back.
        recorded_at: of this version.
        version: 1 as first recorded, one more with each correction.
        reason: why it differs from the version before.
    """

    id: str
    base: str
    quote: str
    date: date
    rate: Decimal | None
    source: Source
    recorded_at: datetime
    version: int = 1
    reason: str | None = None


def rate_id(base: str, quote: str, day: date) -> str:
    """The id of the rate of one pair and day."""
    return f"{base}-{quote}-{day.isoformat()}".lower()


@dataclass(frozen=True, slots=True)
class Conversion:
    """Into which currency money is converted, and by which rates: those recorded for one day, no others.

    Attributes:
        currency: ISO 4217; None leaves each amount in its own.
        rates: those of the day asked for that have to do with `currency`, as far as known.
    """

    currency: str | None = None
    rates: Sequence[ExchangeRate] = ()

    def concerns(self, unit: str) -> bool:
        """Whether amounts in `unit` are money that is to be converted."""
        return self.currency is not None and unit != self.currency and unit in CURRENCIES

    def rate_of(self, unit: str) -> ExchangeRate | None:
        """The rate between `unit` and the currency, or else the one the other way round."""
        pairs = {(rate.base, rate.quote): rate for rate in self.rates if rate.rate is not None}
        currency = self.currency or unit
        return pairs.get((unit, currency)) or pairs.get((currency, unit))


def factor(rate: ExchangeRate, unit: str) -> Fraction:
    """What one `unit` is in the other currency of `rate`; exact."""
    assert rate.rate is not None
    exact = Fraction(rate.rate)
    return exact if rate.base == unit else 1 / exact
