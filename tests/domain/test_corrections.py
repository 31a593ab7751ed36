"""Whatever is corrected, returned and decided, in any order: one of a chain of corrections counts at most."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.corrections import Corrections
from pledgetracker.domain.review import Decision, Review
from pledgetracker.domain.update import Claim, Correction, ProgressUpdate
from tests.reference.chronicle import is_refused
from tests.reference.history import replaced, took_effect

DAY, INSTANT = date(2025, 1, 1), datetime(2025, 1, 1, tzinfo=UTC)


def update_of(said: dict[str, Any]) -> ProgressUpdate:
    """The update that the reference has as a dictionary."""
    return ProgressUpdate(
        number=said["id"],
        as_of=DAY,
        reported_at=DAY,
        recorded_at=INSTANT,
        value=None,
        increment=None,
        no_change=True,
        done=None,
        milestone=None,
        claim=Claim.SELF_REPORTED,
        note=None,
        reported_by=None,
        supersedes=said["supersedes"],
        reason=None if said["reason"] is None else Correction(said["reason"]),
        review=Review(said["review"]),
    )


@dataclass
class Ledger:
    """The same corrections and decisions as the domain and as the reference have them."""

    rng: Random
    updates: list[ProgressUpdate] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    seen: list[dict[str, Any]] = field(default_factory=list)

    @property
    def corrections(self) -> Corrections:
        return Corrections(tuple(self.updates), tuple(self.decisions))

    def report(self) -> None:
        """Record an update or correct one, unless that is refused."""
        old = self.rng.choice(self.seen)["id"] if self.seen and self.rng.random() < 0.85 else None
        reason = None if old is None else self.rng.choice(("typo", "typo", "typo", "retracted"))
        review = self.rng.choice(("accepted", "submitted", "submitted"))
        said = {"id": len(self.seen) + 1, "as_of": "2025-01-01", "supersedes": old}
        said |= {"reason": reason, "review": review}
        update = update_of(said)
        is_void = old is not None and self.updates[old - 1].is_retraction
        found = is_void or self.corrections.rival(update) is not None
        assert found == is_refused({"updates": self.seen}, {"deed": "reported", "update": said})
        if not found:
            self.updates.append(update)
            self.seen.append(said)

    def decide(self) -> None:
        """Decide about an update, unless that is refused."""
        place = self.rng.randrange(len(self.seen))
        review = Review(self.rng.choice(("accepted", "returned", "returned", "disputed")))
        update, said, corrections = self.updates[place], self.seen[place], self.corrections
        found = (
            update.number in corrections.successors
            or update.review is review
            or corrections.rival(update) is not None
        )
        deed = {"deed": "reviewed", "update": update.number, "review": review.value}
        assert found == is_refused({"updates": self.seen}, deed)
        if not found:
            decision = Decision(
                len(self.decisions) + 1, update.number, update.review, review, DAY, None, None, None, INSTANT
            )
            self.decisions.append(decision)
            self.updates[place] = replace(update, review=review)
            self.seen[place] = said | {"review": review.value, "was_accepted": took_effect(said)}

    def first_of(self, update: ProgressUpdate) -> int:
        """The update at the beginning of a chain of corrections."""
        while update.supersedes is not None:
            update = self.updates[update.supersedes - 1]
        return update.number


@given(st.randoms(use_true_random=False))
def test_of_a_chain_of_corrections_one_counts_at_most(rng: Random) -> None:
    ledger = Ledger(rng)
    for _ in range(14):
        if not ledger.seen or rng.random() < 0.5:
            ledger.report()
        else:
            ledger.decide()
        successors = ledger.corrections.successors
        assert dict(successors) == replaced(ledger.seen)
        counting = [
            ledger.first_of(u)
            for u in ledger.updates
            if u.review is Review.ACCEPTED and u.number not in successors and not u.is_retraction
        ]
        assert len(counting) == len(set(counting))
