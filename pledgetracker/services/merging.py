"""Bringing entries of files into the record: added where missing, changed where they say other."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from pledgetracker.domain.audit import Action
from pledgetracker.domain.days import local_day
from pledgetracker.domain.errors import Invalid, NotFound
from pledgetracker.domain.money import rate_id
from pledgetracker.domain.record import Record
from pledgetracker.domain.review import Review
from pledgetracker.services import (
    cataloguing,
    exchanging,
    grading,
    pledging,
    rescheduling,
    ruling,
    withdrawing,
)
from pledgetracker.services.adopting import PastChoice, PastDecision
from pledgetracker.services.cataloguing import InitiativeFields, PledgerFields
from pledgetracker.services.collecting import Collecting
from pledgetracker.services.exchanging import RateFields
from pledgetracker.services.grading import RubricFields
from pledgetracker.services.pledging import PledgeFields, nested
from pledgetracker.services.reporting import ProgressFields
from pledgetracker.services.rescheduling import MoveFields
from pledgetracker.services.rules import Rules
from pledgetracker.services.ruling import VerdictFields
from pledgetracker.services.withdrawing import WithdrawalFields
from pledgetracker.storage.database import Transaction

ON_RECORD = "Is on record and says other, and nothing is overwritten: record a further one."

LINKS = ("restates", "part_of")


class Kind(StrEnum):
    """What files hold."""

    INITIATIVES = "initiatives"
    PLEDGERS = "pledgers"
    PLEDGES = "pledges"
    UPDATES = "progress updates"
    RATES = "exchange rates"


class Outcome(StrEnum):
    """What became of an entry of a file."""

    ADDED = "added"
    CHANGED = "changed"
    LEFT = "left as they were"


class Merging:
    """One import on its way into the record, in one transaction; `settle` ends it.

    No news is told of it. Pledges that it adds or reports on are due for a look at once.

    Attributes:
        counts: how many entries came to what.
        waiting: links, by the pledge that has them, to pledges that were not there when it came.
    """

    def __init__(self, tx: Transaction, rules: Rules, *, now: datetime) -> None:
        self._tx = tx
        self._rules = replace(rules, tells_news=False)
        self._now = now
        self._collecting = Collecting(tx, self._rules, now=now)
        self._updates = {True: 0, False: 0}
        self.counts: Counter[tuple[Kind, Outcome]] = Counter()
        self.waiting: dict[str, PledgeFields] = {}

    def initiative(self, fields: InitiativeFields, *, may_change: bool = True) -> None:
        """Add an initiative, or change the one with its id.

        Raises:
            Invalid: the parent does not exist, or would come to stand under itself.
        """
        key = str(fields["id"])
        before = self._tx.initiatives.get(key)
        if before is None:
            cataloguing.add_initiative(self._tx, fields, now=self._now)
        elif may_change:
            after = cataloguing.change_initiative(self._tx, key, fields, now=self._now)
            return self._count(Kind.INITIATIVES, _changed(before.version, after.version))
        return self._count(Kind.INITIATIVES, Outcome.ADDED if before is None else Outcome.LEFT)

    def pledger(self, fields: PledgerFields, *, may_change: bool = True) -> None:
        """Add a pledger, or change the one with its id."""
        key = str(fields["id"])
        before = self._tx.pledgers.get(key)
        if before is None:
            cataloguing.add_pledger(self._tx, fields, now=self._now)
        elif may_change:
            after = cataloguing.change_pledger(self._tx, key, fields, now=self._now)
            return self._count(Kind.PLEDGERS, _changed(before.version, after.version))
        return self._count(Kind.PLEDGERS, Outcome.ADDED if before is None else Outcome.LEFT)

    def rubric(self, fields: RubricFields) -> None:
        """Add a rubric; one that is there already must be the same, as verdicts mean what it says.

        Raises:
            Invalid: it is not a well-formed scale, or differs from the one on record.
        """
        known = grading.find_rubric(self._tx, fields["name"], fields["version"])
        if known is None:
            grading.add_rubric(self._tx, fields, now=self._now)
        elif (known.title, known.ratings) != (fields["title"], fields["ratings"]):
            raise Invalid.field("", "Differs from the one on record, which is permanent.")

    def rate(self, fields: RateFields) -> None:
        """Add an exchange rate, unless it was taken back; one of its pair and day on record must be the same.

        Raises:
            Invalid: it is no rate, or differs from the one on record.
        """
        known = self._tx.rates.get(rate_id(fields["base"], fields["quote"], fields["date"]))
        if known is not None and any(getattr(known, name) != said for name, said in fields.items()):
            raise Invalid.field("", ON_RECORD)
        is_new = known is None and fields["rate"] is not None
        if is_new:
            exchanging.add_rate(self._tx, fields, now=self._now)
        self._count(Kind.RATES, Outcome.ADDED if is_new else Outcome.LEFT)

    def add_pledge(
        self,
        fields: PledgeFields,
        moves: Sequence[MoveFields] = (),
        withdrawal: WithdrawalFields | None = None,
        verdicts: Sequence[VerdictFields] = (),
        *,
        may_wait: bool = True,
    ) -> None:
        """Add a pledge with its moves, its withdrawal and what people ruled on it.

        Links to pledges that are not there yet wait for `link`, if they may.

        Raises:
            AlreadyExists: the id is taken.
            Invalid: it is not a well-formed promise, or names what does not exist.
        """
        if may_wait:
            fields = self._without_links(str(fields["id"]), fields)
        record = pledging.draft_record(self._tx, fields, moves, withdrawal, self._rules, now=self._now)
        today = local_day(self._now, record.pledge.time_zone)
        for place, said in enumerate(verdicts):
            with nested(f"/verdicts/{place}"):
                ruled = ruling.draft(self._tx, record, said, today=today, now=self._now)
                record = replace(record, verdicts=(*record.verdicts, ruled))
        pledging.store(
            self._tx, record, self._rules, action=Action.PLEDGE_LOAD, now=self._now, is_looked_at=False
        )
        self._count(Kind.PLEDGES, Outcome.ADDED)

    def change_pledge(
        self,
        key: str,
        fields: PledgeFields,
        moves: Sequence[MoveFields] = (),
        withdrawal: WithdrawalFields | None = None,
        verdicts: Sequence[VerdictFields] = (),
    ) -> None:
        """Change the pledge `key` where `fields` say other; add the moves, withdrawal and verdicts it lacks.

        Raises:
            NotFound: there is none.
            Invalid: the outcome is not a well-formed promise; a row on record differs.
            StillReferenced: a milestone that an update speaks of would go.
        """
        locked = self._tx.records.lock(key)
        if locked is None:
            raise NotFound("pledge", key)
        before, said = locked.record, self._without_links(key, fields)
        after = pledging.change_pledge(self._tx, key, said, self._rules, now=self._now)
        after = self._move(before, after, moves)
        after = self._withdraw(before, after, withdrawal)
        after = self._rule(before, after, verdicts)
        self._count(Kind.PLEDGES, _changed(before.pledge.version, after.pledge.version))

    def link(self, key: str) -> None:
        """Give the pledge `key` the links that waited for others to come.

        Raises:
            Invalid: they name what never came, or lead back to the pledge.
        """
        self._collecting.flush()
        pledging.change_pledge(self._tx, key, self.waiting[key], self._rules, now=self._now)

    def update(
        self,
        key: str,
        fields: ProgressFields,
        number: int | None = None,
        review: Review | None = Review.ACCEPTED,
        decisions: Sequence[PastDecision] = (),
    ) -> None:
        """Add a progress update of pledge `key`; see `Collecting.add`."""
        self._updates[self._collecting.add(key, fields, number, review, decisions)] += 1

    def resolve(self, key: str, choices: Sequence[PastChoice]) -> None:
        """Add what reviewers chose where updates of pledge `key` differ; see `Collecting.resolve`."""
        self._collecting.resolve(key, choices)

    def settle(self) -> None:
        """Store what waits to be stored."""
        self._collecting.settle()
        for is_new, number in self._updates.items():
            self.counts[Kind.UPDATES, Outcome.ADDED if is_new else Outcome.LEFT] += number

    def _move(self, before: Record, after: Record, moves: Sequence[MoveFields]) -> Record:
        """The record with the moves that it lacked; those on record must be the same."""
        for place, fields in enumerate(moves):
            with nested(f"/reschedules/{place}"):
                if place >= len(before.reschedules):
                    after = rescheduling.reschedule(
                        self._tx, before.pledge.id, fields, self._rules, now=self._now
                    )
                elif _differs(before.reschedules[place], fields):
                    raise Invalid.field("", ON_RECORD)
        return after

    def _withdraw(self, before: Record, after: Record, fields: WithdrawalFields | None) -> Record:
        if fields is None:
            return after
        with nested("/withdrawal"):
            if before.withdrawal is None:
                return withdrawing.withdraw(self._tx, before.pledge.id, fields, self._rules, now=self._now)
            if _differs(before.withdrawal, fields):
                raise Invalid.field("", ON_RECORD)
        return after

    def _rule(self, before: Record, after: Record, verdicts: Sequence[VerdictFields]) -> Record:
        """The record with the verdicts that it lacked; those on record must be the same."""
        for place, fields in enumerate(verdicts):
            with nested(f"/verdicts/{place}"):
                if place >= len(before.verdicts):
                    key = before.pledge.id
                    after, _ = ruling.record_verdict(self._tx, key, fields, self._rules, now=self._now)
                elif _differs(before.verdicts[place], fields):
                    raise Invalid.field("", ON_RECORD)
        return after

    def _without_links(self, key: str, fields: PledgeFields) -> PledgeFields:
        """The fields, but for links to pledges that are not there, which are noted."""
        total = fields.get("part_of")
        named = (*fields.get("restates", ()), *(() if total is None else (total,)))
        if all(self._tx.pledges.exists(other) for other in named):
            return fields
        links: Any = {name: fields[name] for name in LINKS if name in fields}  # type: ignore[literal-required]
        self.waiting[key] = links
        rest: Any = {name: value for name, value in fields.items() if name not in LINKS}
        return rest  # type: ignore[no-any-return]

    def _count(self, kind: Kind, outcome: Outcome) -> None:
        self.counts[kind, outcome] += 1


def _changed(before: int, after: int) -> Outcome:
    return Outcome.LEFT if before == after else Outcome.CHANGED


def _differs(kept: object, fields: Mapping[str, Any]) -> bool:
    """Whether something is said that is not what is kept; what is left open says nothing."""
    return any(said is not None and getattr(kept, name) != said for name, said in fields.items())
