"""What a mail draws on: looked up in the notice, cleaned of what could break a line, in no language yet."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from pledgetracker.domain.alert import AlertKind, NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import Flag, FlagKind
from pledgetracker.domain.milestone import MilestoneStanding
from pledgetracker.domain.notice import Notice
from pledgetracker.domain.pledge import FINAL_MILESTONE, Pledge, Reschedule, SetBy
from pledgetracker.domain.review import Review
from pledgetracker.domain.standing import Standing
from pledgetracker.domain.target import Target
from pledgetracker.domain.update import ProgressUpdate

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean(text: str) -> str:
    """One line of `text`, without control characters, lone surrogates or turns of writing direction."""
    if text.isprintable():
        # None of them is; nearly every text comes by here.
        return re.sub(" +", " ", text).strip()
    kept = (
        " " if unicodedata.category(c) in {"Cc", "Zl", "Zp"} else c
        for c in text
        if unicodedata.category(c) != "Cs" and c not in _BIDI_CONTROLS
    )
    return re.sub(" +", " ", "".join(kept)).strip()


def shorten(text: str, length: int) -> str:
    """At most `length` characters, cut between words where possible."""
    if len(text) <= length:
        return text
    cut = text[: length - 1]
    head = cut if text[length - 1] == " " else cut.rpartition(" ")[0]
    return (head if len(head) > length // 2 else cut).rstrip(" ,;:.-") + "…"


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: a milestone, or the pledge itself.

    Attributes:
        name: the milestone's title, or None for the pledge and for milestones known by their target.
        target: the milestone's own target, or None.
        due: the day it is due, or None where there is no deadline.
        is_final: whether it is the pledge itself.
        is_ours: whether it is a checkpoint of the tracker's, which nobody promised.
    """

    name: str | None
    target: Target | None
    due: date | None
    is_final: bool
    is_ours: bool


@dataclass(frozen=True)
class Facts:
    """A notice, asked the questions that its mail answers."""

    notice: Notice

    @property
    def pledge(self) -> Pledge:
        """The promise."""
        return self.notice.record.pledge

    @property
    def standing(self) -> Standing:
        """Where it stands."""
        return self.notice.standing

    @property
    def today(self) -> date:
        """The local day from which days are counted."""
        return self.standing.today

    @property
    def title(self) -> str:
        """Of the pledge, on one line."""
        return clean(self.pledge.title)

    @property
    def pledger(self) -> str:
        """By name, on one line."""
        return clean(self.notice.pledger)

    @property
    def unit(self) -> str | None:
        """Of the pledge, on one line."""
        return clean(self.pledge.unit) if self.pledge.unit else None

    @property
    def kind(self) -> AlertKind:
        """Of the alert."""
        return self.notice.kind

    @cached_property
    def lead(self) -> Flag | None:
        """The flag that the mail is about; None for news."""
        if not isinstance(self.kind, FlagKind):
            return None
        identity = (self.kind, self.notice.milestone, self.notice.episode)
        found = (flag for flag in self.standing.flags if flag.identity == identity)
        return next(found, Flag(*identity, since=self.today))

    @property
    def others(self) -> tuple[Flag, ...]:
        """The flags that are open besides."""
        lead = self.lead
        return tuple(f for f in self.standing.flags if lead is None or f.identity != lead.identity)

    @property
    def is_contact(self) -> bool:
        """Whether the recipient is a contact of the pledge, rather than on the tracker's list."""
        return any(c.email.lower() == self.notice.recipient.email for c in self.pledge.contacts)

    def subject(self, milestone: str | None, episode: date | None = None) -> Subject:
        """What `milestone` names; its due day falls back to `episode` if it is there no more."""
        stage = self._stage(milestone)
        is_final = milestone in {None, FINAL_MILESTONE}
        if is_final or stage is None:
            due = self.standing.due.date if self.standing.due else episode
            return Subject(None, self.pledge.goal, due if is_final else episode, is_final, is_ours=False)
        own = stage.milestone
        return Subject(
            name=(clean(own.title) or own.id) if own.title else None if own.target is not None else own.id,
            target=self.pledge.target_at(own.target),
            due=own.due.date,
            is_final=False,
            is_ours=own.set_by is SetBy.TRACKER,
        )

    def _stage(self, milestone: str | None) -> MilestoneStanding | None:
        return next((m for m in self.standing.milestones if m.id == milestone), None)

    @property
    def last_report(self) -> ProgressUpdate | None:
        """The one that describes the latest day, whether a reviewer has accepted it or not.

        Of several about that day it is the last, but for those that a reviewer did not choose.
        """
        record = self.notice.record
        heard = record.heard_until(self.today)
        if not heard:
            return None
        day, milestone = heard[-1].as_of, heard[-1].milestone
        about = [update for update in heard if (update.as_of, update.milestone) == (day, milestone)]
        return record.weighed(day, about, milestone)[-1]

    @property
    def is_unreviewed(self) -> bool:
        """Whether the last report is not, or not any more, accepted."""
        return self.last_report is not None and self.last_report.review is not Review.ACCEPTED

    @property
    def last_movement(self) -> ProgressUpdate | None:
        """The latest that said more than that nothing changed."""
        reports = self.notice.record.reports_until(self.today)
        return next((u for u in reversed(reports) if u.is_movement), None)

    @property
    def news(self) -> ProgressUpdate | None:
        """The update that the news is of."""
        return self._update(self.notice.step)

    @property
    def corrected(self) -> ProgressUpdate | None:
        """The update that the news supersedes."""
        return (
            None if self.news is None or self.news.supersedes is None else self._update(self.news.supersedes)
        )

    def _update(self, number: int) -> ProgressUpdate | None:
        return next((u for u in self.notice.record.updates if u.number == number), None)

    @property
    def move(self) -> Reschedule | None:
        """The move of the deadline that the news is of."""
        return next((m for m in self.notice.record.reschedules if m.number == self.notice.step), None)

    @property
    def due_before_move(self) -> Due | None:
        """The deadline until that move."""
        olds = (moved.old for moved in self.notice.record.moved if moved.move.number == self.notice.step)
        return next(olds, self.pledge.due)

    def disagreeing(self, flag: Flag) -> list[Decimal]:
        """The totals that a conflict is between, the smallest first; none where it is about an event."""
        rivals = self.notice.record.rivals(flag.episode, flag.milestone)
        return sorted({u.value for u in rivals if u.value is not None})

    @property
    def is_settled(self) -> bool:
        """Whether no further report is awaited."""
        return self.kind is NewsKind.WITHDRAWN or self.standing.delivery.value in {"met", "withdrawn"}
