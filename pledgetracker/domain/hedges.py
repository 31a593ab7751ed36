"""The hedge in the words of a promise: "over 3,000 jobs", « jusqu'à 25 000 GPU »."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.target import Comparator

# English and French: what each asks for where higher is better, and where lower is (None: nobody can tell).
_HEDGES: tuple[tuple[tuple[str, ...], Comparator, Comparator | None], ...] = (
    (
        ("at least", "no fewer than", "no less than", "a minimum of", "au moins", "au minimum"),
        Comparator.AT_LEAST,
        None,
    ),
    (
        ("at most", "no more than", "not more than", "a maximum of", "au plus", "au maximum", "pas plus de"),
        Comparator.AT_MOST,
        Comparator.AT_LEAST,
    ),
    (
        ("more than", "over", "above", "in excess of", "upwards of", "plus de", "plus d'", "au-delà de"),
        Comparator.MORE_THAN,
        None,
    ),
    (
        ("less than", "fewer than", "under", "below", "moins de", "moins d'"),
        Comparator.AT_MOST,
        Comparator.MORE_THAN,
    ),
    (("up to", "as many as", "as much as", "jusqu'à"), Comparator.UP_TO, None),
    (
        (
            *("about", "around", "approximately", "roughly", "some", "nearly", "almost", "close to"),
            *("environ", "quelque", "autour de", "près de", "presque"),
        ),
        Comparator.ABOUT,
        Comparator.ABOUT,
    ),
    (("exactly", "exactement"), Comparator.EXACTLY, Comparator.EXACTLY),
)
_SCALES = {
    "k": 3,
    **dict.fromkeys(("thousand", "mille"), 3),
    **dict.fromkeys(("m", "mn", "million", "millions"), 6),
    **dict.fromkeys(("bn", "md", "billion", "billions", "milliard", "milliards"), 9),
    **dict.fromkeys(("tn", "trillion", "trillions"), 12),
}
_ONES = ("one", "a", "un", "une")
_MEANING = {words: (up, down) for several, up, down in _HEDGES for words in several}


def _any_of(words: Iterable[str]) -> str:
    """A pattern of any of some words, the longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


# In a text there are fewer numbers than words, and of those few are the target.
_NUMBER = re.compile(
    r"(?<![\w.,])(?:[a-z]{0,3}[€$£¥]\s?)?"
    r"(?P<number>\d{1,3}(?:[.,\s']\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,]\d+)?"
    rf"|(?:{_any_of(_ONES)})(?=[\s-]+(?:{_any_of(_SCALES)})\b))"
    rf"(?:[\s-]*(?P<scale>{_any_of(_SCALES)})\b)?"
    # "over 5 years" is no hedge.
    r"(?!\s*(?:years?|months?|weeks?|days?|ans|années|mois|semaines|jours)\b)",
    re.IGNORECASE,
)
# Between hedge and number there may be quotation marks and a currency: "over" EUR 1.2 billion.
_BEFORE = re.compile(
    rf"\b(?P<hedge>{_any_of(_MEANING)})(?:(?<=')|(?!\w))[\"'»”“\s]*(?:[a-z]{{3}}\s)?$", re.IGNORECASE
)
_QUOTES = re.compile('["»”“]')
# Longer than any hedge with what may follow it.
_ROOM = 30
_STRAIGHT = str.maketrans("\u2019\u00a0\u202f\u2009", "'   ")


@dataclass(frozen=True, slots=True)
class Hedged:
    """The target in words that ask for another comparator.

    Attributes:
        place: JSON Pointer to the text.
        words: as they stand there, without quotation marks.
        comparator: what they ask for.
    """

    place: str
    words: str
    comparator: Comparator


def disagreement(pledge: Pledge) -> Hedged | None:
    """The first words about the target that ask for another comparator, or None.

    Only words right before the number promised count, and none do if others agree with the comparator.
    """
    if pledge.target is None or pledge.goal is None:
        return None
    texts = [("/title", pledge.title)]
    if pledge.statement is not None:
        texts.append(("/statement/text", pledge.statement.text))
    found = [hedged for place, text in texts for hedged in _said(place, text, pledge, pledge.target)]
    if any(_agrees(hedged.comparator, pledge.comparator) for hedged in found):
        return None
    return found[0] if found else None


def _agrees(asked: Comparator, chosen: Comparator) -> bool:
    # Of a cap one may say "up to".
    return asked is chosen or (asked is Comparator.UP_TO and chosen is Comparator.AT_MOST)


def _said(place: str, text: str, pledge: Pledge, target: Decimal) -> Iterator[Hedged]:
    is_falling = target < pledge.baseline.value
    straight = text.translate(_STRAIGHT)
    for number in _NUMBER.finditer(straight):
        if target not in _readings(number["number"].lower(), number["scale"]):
            continue
        before = _BEFORE.search(straight, max(number.start() - _ROOM, 0), number.start())
        up, down = (None, None) if before is None else _MEANING[before["hedge"].lower()]
        asked = down if is_falling else up
        if before is not None and asked is not None:
            words = _QUOTES.sub(" ", text[before.start() : number.end()])
            yield Hedged(place, " ".join(words.split()), asked)


def _readings(number: str, scale: str | None) -> frozenset[Decimal]:
    """What a number may mean: a comma or a point may group digits or begin decimals."""
    if number in _ONES:
        plain = {Decimal(1)}
    else:
        bare = re.sub(r"[\s']", "", number)
        plain = {Decimal(re.sub(r"[.,]", "", bare))}
        head, _, tail = bare.replace(",", ".").rpartition(".")
        if head.replace(".", "") and tail:
            plain.add(Decimal(f"{head.replace('.', '')}.{tail}"))
    if scale is None:
        return frozenset(plain)
    # A target may be given in millions, too.
    return frozenset(plain | {value.scaleb(_SCALES[scale.lower()]) for value in plain})
