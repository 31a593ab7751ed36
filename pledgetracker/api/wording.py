"""What is said of input that does not have the form it should: each a sentence with its cure.

The library's own sentences tell what is wrong and not what to do; `plainer` puts ours in their place.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

MISSING = "Is missing, and is needed."
UNKNOWN = "There is no such field; leave it out."
NULL = "Must not be empty: give it a value."
NO_LIST = "Must be a list, as [\u2026]."
NO_OBJECT = "Must be an object, as {\u2026}."

_OURS = {
    "Missing data for required field.": MISSING,
    "Unknown field.": UNKNOWN,
    "Field may not be null.": NULL,
    "Not a valid list.": NO_LIST,
    "Invalid input type.": NO_OBJECT,
    "Invalid type.": NO_OBJECT,
}


def plainer(message: str) -> str:
    """What is said instead of `message` of the library's."""
    return _OURS.get(message, message)


def meant(name: str, known: Iterable[str]) -> str | None:
    """Which of the `known` names somebody will have meant by `name`, if it is near enough to any."""
    by_small = {each.lower(): each for each in known}
    close = get_close_matches(name.lower(), by_small, n=1)
    return by_small[close[0]] if close else None


def unknown(name: str, known: Iterable[str], what: str = "field") -> str:
    """What is said of a `name` that there is not."""
    near = meant(name, known)
    cure = f"did you mean {near!r}?" if near else "leave it out."
    return f"There is no such {what}; {cure}"


def name_unknowns(messages: Any, known: Iterable[str], what: str = "field") -> None:
    """Put into `messages` of a schema, where they tell of a name that there is not, which was meant."""
    if isinstance(messages, dict):
        names = list(known)
        for name, said in messages.items():
            if said == ["Unknown field."]:
                messages[name] = [unknown(str(name), names, what)]
