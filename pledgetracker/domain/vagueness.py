"""Words that leave open what counts: verbs, currencies by name, percentages of nothing named."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vague:
    """A word that does not say what counts.

    Attributes:
        word: as it was written.
        suggestion: what could stand in its place.
    """

    word: str
    suggestion: str


@dataclass(frozen=True, slots=True)
class _Verb:
    """A verb that does not say what counts, unless one of some other words does.

    Attributes:
        forms: its forms, English and French.
        settled_by: words, or beginnings of words, any of which says it.
    """

    forms: re.Pattern[str]
    settled_by: re.Pattern[str]
    suggestion: str

    @classmethod
    def of(cls, forms: str, settled_by: str, suggestion: str) -> "_Verb":
        return cls(
            re.compile(rf"\b(?:{forms})\b", re.IGNORECASE),
            re.compile(rf"\b(?:{settled_by})", re.IGNORECASE),
            suggestion,
        )


_VERBS = (
    _Verb.of(
        "trained|upskilled|reskilled|formée?s?",
        "complet|certif|graduat|diplom|passed|attend|enrol|start|began|hours?|achev|termin|suivi|inscrit",
        "Say from when somebody counts, as 'people who completed a course' or 'people enrolled'.",
    ),
    _Verb.of(
        "supported|helped|assisted|accompagnée?s?|soutenue?s?|aidée?s?",
        "receiv|grant|fund|loan|credit|mentor|sign|contract|reçu|reçoi|financ|subvention|prêt",
        "Say what the support is, as 'startups that received credits worth EUR 10,000 or more'.",
    ),
    _Verb.of(
        "invested|investie?s?",
        "spent|paid|disburs|commit|contract|book|dépens|vers[ée]|engag|décaiss|payé",
        "Say whether money counts once it is committed, contracted or spent.",
    ),
    _Verb.of(
        "reached|touched|touchée?s?|impacted",
        "complet|receiv|attend|visit|sign|read|reçu|visit|inscrit",
        "Say what somebody must have done or received to count.",
    ),
)
# By what a currency is called, the codes it may stand for.
_CURRENCIES: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("euro", "euros", "€", "eur"), ("EUR",)),
    **dict.fromkeys(("dollar", "dollars", "$"), ("USD", "CAD", "AUD")),
    **dict.fromkeys(("us dollar", "us dollars", "us$", "usd", "dollar us", "dollars us"), ("USD",)),
    **dict.fromkeys(("pound", "pounds", "£", "pound sterling", "pounds sterling", "gbp"), ("GBP",)),
    **dict.fromkeys(("swiss franc", "swiss francs", "franc suisse", "francs suisses", "chf"), ("CHF",)),
    **dict.fromkeys(("yen", "yens", "¥", "jpy"), ("JPY",)),
    **dict.fromkeys(("yuan", "renminbi", "cny", "rmb"), ("CNY",)),
    **dict.fromkeys(("rupee", "rupees", "₹", "inr"), ("INR",)),
}
_SCALE = re.compile(
    r"^(?:(?:k|m|bn|mn|md)(?=[€$£¥ ])|(?:thousand|million|billion|trillion|milliard)s?)\s*"
    r"(?:of |de |d['\u2019])?",
    re.IGNORECASE,
)
_PERCENTAGES = {"%", "percent", "per cent", "percentage", "pour cent", "pourcent", "pourcentage"}
_WHOLE = re.compile(
    r"\b(?:of|among|relative to|compared|de|des|du|par rapport|parmi)\b|\bd['\u2019]", re.IGNORECASE
)


def vague_word(indicator: str) -> Vague | None:
    """The first verb in an indicator that does not say what counts, or None."""
    for verb in _VERBS:
        match = verb.forms.search(indicator)
        if match is not None and not verb.settled_by.search(indicator):
            return Vague(match[0], verb.suggestion)
    return None


def currency_codes(unit: str) -> tuple[str, ...]:
    """The ISO 4217 codes that a unit stands for by name or sign; none if it is a code, or no money."""
    name = unit.strip()
    bare = _SCALE.sub("", name)
    codes = _CURRENCIES.get(bare.casefold(), ())
    return () if codes == (name,) else codes


def is_percentage(unit: str) -> bool:
    """Whether figures of this unit are percentages."""
    return unit.strip().casefold() in _PERCENTAGES


def names_a_whole(indicator: str | None) -> bool:
    """Whether an indicator says of what a percentage is."""
    return indicator is not None and _WHOLE.search(indicator) is not None
