"""What the record refuses, one class a refusal; each builds its message from typed arguments."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818 -- a refusal is an answer, not an error
    """The request was understood and is refused; the message says why and what to do instead."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One thing wrong with one field.

    Attributes:
        pointer: JSON Pointer to the field, "" for the whole document.
        detail: what is wrong and how to mend it, one sentence.
    """

    pointer: str
    detail: str


class Invalid(Refusal):
    """The content breaks rules; every broken rule is listed, not only the first."""

    def __init__(self, problems: Iterable[FieldProblem]) -> None:
        self.problems: Sequence[FieldProblem] = tuple(problems)
        super().__init__("; ".join(f"{p.pointer or '/'}: {p.detail}" for p in self.problems))

    @classmethod
    def field(cls, pointer: str, detail: str) -> "Invalid":
        """One problem with one field."""
        return cls((FieldProblem(pointer, detail),))


class NotFound(Refusal):
    """Nothing of this kind has this id."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"There is no {kind} {key!r}.")


class AlreadyExists(Refusal):
    """The id is taken."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(f"The {kind} {key!r} exists already; choose another id, or change it with PATCH.")


class VersionTaken(Refusal):
    """A rubric has that version, and versions are permanent."""

    def __init__(self, rubric: str, version: int) -> None:
        super().__init__(
            f"The rubric {rubric!r} has a version {version}, which is permanent; "
            "leave the version out to record the next one."
        )


class StillReferenced(Refusal):
    """Something else in the record would lose its footing."""

    def __init__(self, kind: str, key: str, holders: str, cure: str) -> None:
        super().__init__(f"The {kind} {key!r} cannot be deleted: {holders}. {cure}")


class RateExists(Refusal):
    """There is a rate of this pair and day."""

    def __init__(self, base: str, quote: str, day: str) -> None:
        super().__init__(
            f"The rate of {base} in {quote} on {day} is on record; a pair has one a day: correct that one."
        )


class RingOfLinks(Refusal):
    """Pledges that restate, or are part of, each other in a ring; `keys` goes once round it."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys
        super().__init__(f"This closes a ring: {' → '.join(keys)}. Leave out one of these links.")


class AlreadySuperseded(Refusal):
    """A correction points to an update that has one already."""

    def __init__(self, number: int, by: int) -> None:
        super().__init__(
            f"Update {number} is already superseded by update {by}, or will be once that is accepted; "
            f"correct update {by} instead."
        )


class Superseded(Refusal):
    """A decision about an update that has been corrected or taken back."""

    def __init__(self, number: int, by: int) -> None:
        super().__init__(f"Update {number} is superseded by update {by}, so there is nothing left to decide.")


class AlreadyReviewed(Refusal):
    """The update is what the decision would make it."""

    def __init__(self, number: int, review: str) -> None:
        super().__init__(f"Update {number} is {review} already.")


class NoConflict(Refusal):
    """There is nothing to choose between."""

    def __init__(self, pledge: str, day: str, milestone: str | None) -> None:
        of = f"{pledge!r}" if milestone is None else f"milestone {milestone!r} of {pledge!r}"
        super().__init__(f"No two accepted updates of {of} about {day} differ.")


class AlreadyWithdrawn(Refusal):
    """The pledge is withdrawn already."""

    def __init__(self, pledge: str) -> None:
        super().__init__(
            f"The pledge {pledge!r} is already withdrawn; DELETE its withdrawal first to record another."
        )


class AlreadyRetracted(Refusal):
    """A verdict can be taken back only once."""

    def __init__(self, number: int, by: int) -> None:
        super().__init__(f"Verdict {number} is already taken back by {by}; record another verdict instead.")


class NotDead(Refusal):
    """Only alerts that were given up can be tried anew."""

    def __init__(self, key: int, state: str) -> None:
        super().__init__(f"The alert {key} is {state}; only one that is dead can be requeued.")


class NotWaiting(Refusal):
    """Only alerts that wait can be suppressed."""

    def __init__(self, key: int, state: str) -> None:
        cure = "it is on its way just now; look again in a minute" if state == "pending" else f"it is {state}"
        super().__init__(f"The alert {key} cannot be suppressed: {cure}.")


class Changed(Refusal):
    """Somebody else has changed it since the caller looked."""

    def __init__(self, kind: str, key: str, tag: str) -> None:
        self.tag = tag
        super().__init__(f"The {kind} {key!r} has changed since you looked: GET it again, then change it.")


class ConditionMissing(Refusal):
    """A change that does not say which version it is about, and so could overwrite what nobody saw."""

    def __init__(self, kind: str, key: str) -> None:
        super().__init__(
            f"Say which version of the {kind} {key!r} you saw: send its ETag as If-Match, "
            "or 'If-Match: *' for whichever is there."
        )


class KeyReused(Refusal):
    """An Idempotency-Key that was used for another request."""

    def __init__(self, key: str) -> None:
        super().__init__(f"The Idempotency-Key {key!r} was used for another request; use a new one for each.")


class Contended(Refusal):
    """Somebody else was changing the same thing, several times in a row."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else was changing the same thing at the same moment; look at it anew and try again."
        )


class TooMany(Refusal):
    """The caller did it so often that they have to wait; `wait_seconds` is a whole number."""

    def __init__(self, what: str, per_minute: int, burst: int, wait_seconds: int) -> None:
        self.wait_seconds = wait_seconds
        super().__init__(
            f"Too many {what}: at most {burst} at once and {per_minute} a minute are allowed. "
            f"Try again in {wait_seconds} s."
        )


class KeyMissing(Refusal):
    """The call needs a key and brought none."""

    def __init__(self, scope: str) -> None:
        super().__init__(f"This needs a key with scope '{scope}': send it as 'Authorization: Bearer KEY'.")


class KeyUnknown(Refusal):
    """The key is malformed, unknown, revoked or expired; which of these is not told."""

    def __init__(self) -> None:
        super().__init__(
            "The key is not valid here. Make one with 'pledgetracker keys create NAME --scope SCOPE'."
        )


class ScopeTooSmall(Refusal):
    """The key is good, but not for this."""

    def __init__(self, held: str, needed: str) -> None:
        super().__init__(f"This needs a key with scope '{needed}'; this key has scope '{held}'.")


class OtherPledger(Refusal):
    """A key tied to one pledger was used on another's pledge."""

    def __init__(self, held: str, needed: str) -> None:
        super().__init__(f"This key may only report for the pledger {held!r}; the pledge is of {needed!r}.")
