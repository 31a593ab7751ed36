"""What a language must be able to say; numbers and dates are written by its locale."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal, format_percent, is_currency

from pledgetracker.channels.mail.facts import Facts, Subject, clean, shorten
from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import Flag
from pledgetracker.domain.target import Comparator, Target
from pledgetracker.domain.update import ProgressUpdate

_WIDE = Context(prec=80)
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True)
class Labels:
    """The fixed words of a mail."""

    promised: str
    counted: str
    due: str
    milestone: str
    checkpoint: str
    last_report: str
    standing: str
    others: str
    report: str
    report_invitation: str
    see: str
    with_key: str
    colon: str
    opening_quote: str
    closing_quote: str


class Words(ABC):
    """One language.

    Attributes:
        language: its tag, for Content-Language and `lang`.
        locale: which writes its numbers and dates.
        hedges: how a target reads, with {} for the value: where higher is better, and where lower is.
    """

    language: str
    locale: Locale
    labels: Labels
    hedges: Mapping[Comparator, tuple[str, str]]

    def number(self, value: Decimal) -> str:
        """Every digit of `value`."""
        return format_decimal(value, locale=self.locale, decimal_quantization=False)

    def percent(self, share: Decimal) -> str:
        """A share in hundredths with one decimal, rounded down: 89.96 % never reads as 90 %."""
        short = share.quantize(Decimal("0.001"), rounding=ROUND_FLOOR, context=_WIDE)
        return format_percent(short, locale=self.locale, decimal_quantization=False)

    def amount(self, value: Decimal, unit: str | None) -> str:
        """A value with its unit; money as its locale writes it."""
        if unit is None:
            return self.number(value)
        if is_currency(unit):
            pattern = self.locale.currency_formats["standard"].pattern.replace("0.00", "0.######")
            return format_currency(
                value, unit, pattern, locale=self.locale, currency_digits=False, decimal_quantization=False
            )
        if unit.lower() in {"%", "percent"}:
            return format_percent(value.scaleb(-2, _WIDE), locale=self.locale, decimal_quantization=False)
        return f"{self.number(value)}{_NO_BREAK}{self.unit(unit, value)}"

    def about(self, value: Decimal, unit: str | None) -> str:
        """A computed value with as many decimals as say something."""
        places = 0 if abs(value) >= 1000 else 2 if abs(value) >= 1 else 6  # noqa: PLR2004 -- orders of magnitude
        step = Decimal(1).scaleb(-places)
        return self.amount(value.quantize(step, rounding=ROUND_HALF_EVEN, context=_WIDE), unit)

    def quoted(self, text: str) -> str:
        """Within the quotation marks of the language."""
        return f"{self.labels.opening_quote}{text}{self.labels.closing_quote}"

    def note(self, note: str | None) -> Sequence[str]:
        """What somebody wrote, shortened; nothing where it says nothing."""
        return [self.quoted(shorten(clean(note), 300))] if note and clean(note) else []

    def promise(self, target: Target, unit: str | None) -> str:
        """`at least 1,000,000 people`: the hedge and the value."""
        rising, falling = self.hedges[target.comparator]
        return (falling if target.direction < 0 else rising).format(self.amount(target.value, unit))

    def news(self, facts: Facts) -> Sequence[str]:
        """What happened, in sentences."""
        match facts.kind:
            case NewsKind.PROGRESS:
                return self.progress(facts)
            case NewsKind.CORRECTED:
                return self.correction(facts)
            case NewsKind.MET:
                return self.met(facts)
            case NewsKind.RESCHEDULED:
                return self.rescheduled(facts)
            case _:
                return self.withdrawn(facts)

    @abstractmethod
    def unit(self, unit: str, value: Decimal) -> str:
        """The word for `unit` beside `value`."""

    @abstractmethod
    def day(self, day: date) -> str:
        """`4 November 2025`."""

    @abstractmethod
    def relative(self, days: int) -> str:
        """`in 30 days`, `today`, `31 days ago`, where `days` lie ahead."""

    @abstractmethod
    def deadline(self, due: Due) -> str:
        """`by the end of 2027`: with the precision it was said with."""

    @abstractmethod
    def originally(self, due: Due) -> str:
        """What the deadline was when it was promised."""

    @abstractmethod
    def no_target(self, *, is_event: bool) -> str:
        """What stands in the place of a value."""

    @abstractmethod
    def thing(self, subject: Subject, unit: str | None) -> str:
        """What an alert is about, as the start of a sentence."""

    @abstractmethod
    def kicker(self, facts: Facts) -> str:
        """Two or three words over the title."""

    @abstractmethod
    def subject(self, facts: Facts) -> str:
        """What the Subject says before the title."""

    @abstractmethod
    def flag(self, facts: Facts, flag: Flag) -> str:
        """What a flag means, in a sentence or two."""

    @abstractmethod
    def progress(self, facts: Facts) -> Sequence[str]:
        """That something was reported."""

    @abstractmethod
    def correction(self, facts: Facts) -> Sequence[str]:
        """That a report was corrected."""

    @abstractmethod
    def met(self, facts: Facts) -> Sequence[str]:
        """That a milestone or the pledge is met."""

    @abstractmethod
    def rescheduled(self, facts: Facts) -> Sequence[str]:
        """That the deadline moved."""

    @abstractmethod
    def withdrawn(self, facts: Facts) -> Sequence[str]:
        """That the pledge was withdrawn."""

    @abstractmethod
    def ours(self, facts: Facts) -> str:
        """That a checkpoint is the tracker's and no promise."""

    @abstractmethod
    def report(self, facts: Facts, update: ProgressUpdate) -> Sequence[str]:
        """What a report says; who says so and when."""

    @abstractmethod
    def never_reported(self) -> str:
        """That there is no report."""

    @abstractmethod
    def status(self, facts: Facts) -> str:
        """The headline of the standing."""

    @abstractmethod
    def figures(self, facts: Facts) -> Sequence[str]:
        """The figure against the path, as far as defined."""

    @abstractmethod
    def closing(self, facts: Facts) -> Sequence[str]:
        """Why the reader gets this, and by what the tracker goes."""


def sentence(text: str) -> str:
    """With a capital at the start."""
    return text[:1].upper() + text[1:]
