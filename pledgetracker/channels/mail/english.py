"""The mails in English."""

# ruff: noqa: RUF001 -- these are texts to be read, set with typographic apostrophes

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from babel import Locale
from babel.dates import format_date

from pledgetracker.channels.mail.facts import Facts, Subject, clean
from pledgetracker.channels.mail.words import Labels, Words, sentence
from pledgetracker.domain import units
from pledgetracker.domain.alert import NewsKind
from pledgetracker.domain.days import Due
from pledgetracker.domain.flag import Flag, FlagKind
from pledgetracker.domain.phrases import ahead_by, days_of
from pledgetracker.domain.pledge import SetBy
from pledgetracker.domain.review import Review
from pledgetracker.domain.standing import Status
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, ProgressUpdate

_HEDGES = {
    Comparator.AT_LEAST: ("at least {}", "down to {} or less"),
    Comparator.MORE_THAN: ("more than {}", "down to less than {}"),
    Comparator.ABOUT: ("about {}", "down to about {}"),
    Comparator.EXACTLY: ("exactly {}", "down to exactly {}"),
    Comparator.UP_TO: ("up to {}", "down to as little as {}"),
    Comparator.AT_MOST: ("at most {}", "at most {}"),
}
_KICKERS = {
    FlagKind.OVERDUE: "Overdue",
    FlagKind.NO_PROGRESS: "No progress reported",
    FlagKind.NEVER_REPORTED: "Never reported on",
    FlagKind.STALE: "No recent report",
    FlagKind.BEHIND: "Behind the path",
    FlagKind.CONFLICT: "Conflicting figures",
    NewsKind.PROGRESS: "New report",
    NewsKind.MET: "Pledge met",
    NewsKind.RESCHEDULED: "Deadline moved",
    NewsKind.WITHDRAWN: "Withdrawn",
    NewsKind.CORRECTED: "Report corrected",
}
# Why a report makes no figure.
_REVIEWS = {
    Review.SUBMITTED: "It waits for review, and makes no figure until it is accepted",
    Review.DISPUTED: "It is disputed, and makes no figure",
}
_STATUS = {
    Status.WITHDRAWN: "Withdrawn",
    Status.MET: "Met",
    Status.REVERSED: "Met once, but not any more",
    Status.OVERDUE: "Overdue",
    Status.NEVER_REPORTED: "Never reported on",
    Status.STALE: "No recent report",
    Status.OFF_TRACK: "Off track",
    Status.AT_RISK: "At risk",
    Status.ON_TRACK: "On track",
    Status.NOT_STARTED: "Not started",
    Status.REGRESSING: "Further from the target than at the start",
    Status.IN_PROGRESS: "In progress",
}
_SAYS_WHO = {
    Claim.SELF_REPORTED: "the pledger’s own word",
    Claim.THIRD_PARTY: "a third party’s word",
    Claim.OFFICIAL_STATISTIC: "an official statistic",
    Claim.AUDITED: "an audited figure",
}
_QUARTERS = ("first", "second", "third", "fourth")


class _English(Words):
    """English, with the days before the months."""

    language = "en"
    locale = Locale("en", "GB")
    hedges = _HEDGES
    labels = Labels(
        promised="Promised",
        counted="Counted",
        due="Deadline",
        milestone="Milestone",
        checkpoint="Our checkpoint",
        last_report="Last report",
        standing="Where it stands",
        others="Also open on this pledge",
        report="Report progress",
        report_invitation="A figure helps, and so does a plain “nothing has changed”.",
        see="See the pledge",
        with_key="With a key you can send it straight from a terminal:",
        colon=": ",
        opening_quote="“",
        closing_quote="”",
    )

    def unit(self, unit: str, value: Decimal) -> str:
        return units.english(unit, value)

    def day(self, day: date) -> str:
        return format_date(day, "d\u00a0MMMM y", locale=self.locale)

    def relative(self, days: int) -> str:
        near = {0: "today", 1: "tomorrow", -1: "yesterday"}.get(days)
        return near or (f"in {days_of(days)}" if days > 0 else f"{days_of(-days)} ago")

    def deadline(self, due: Due) -> str:
        match due.precision:
            case "year":
                return f"by the end of {due.date.year}"
            case "quarter":
                return f"by the end of the {_QUARTERS[due.date.month // 3 - 1]} quarter of {due.date.year}"
            case "month":
                return f"by the end of {format_date(due.date, 'MMMM y', locale=self.locale)}"
            case _:
                return f"by {self.day(due.date)}"

    def originally(self, due: Due) -> str:
        return f"first promised {self.deadline(due)}"

    def no_target(self, *, is_event: bool) -> str:
        return "to be done" if is_event else "no stated figure"

    def thing(self, subject: Subject, unit: str | None) -> str:
        if subject.is_final:
            return "the pledge"
        word = "checkpoint" if subject.is_ours else "milestone"
        if subject.name:
            return f"the {word} {self.quoted(subject.name)}"
        return f"the {word} of {self.amount(subject.target.value, unit)}" if subject.target else f"the {word}"

    def kicker(self, facts: Facts) -> str:
        subject = facts.subject(facts.notice.milestone, facts.notice.episode)
        if facts.kind is NewsKind.MET and not subject.is_final:
            return f"{_word(subject)} met"
        if facts.kind is FlagKind.OVERDUE and subject.is_ours:
            return "Checkpoint passed"
        return _KICKERS[facts.kind]

    def subject(self, facts: Facts) -> str:
        said = (
            self._flag_subject(facts, facts.kind)
            if isinstance(facts.kind, FlagKind)
            else self._news_subject(facts, facts.kind)
        )
        # An ordinary space keeps an English Subject in plain ASCII.
        return said.replace("\u00a0", " ")

    def _flag_subject(self, facts: Facts, kind: FlagKind) -> str:
        standing, notice = facts.standing, facts.notice
        subject = facts.subject(notice.milestone, notice.episode)
        days = ((subject.due or notice.episode) - facts.today).days
        match kind:
            case FlagKind.NO_PROGRESS:
                due = "Due" if subject.is_final else f"{_word(subject)} due"
                return f"{due} {self.relative(days)}, no progress reported"
            case FlagKind.OVERDUE if subject.is_ours:
                return f"Checkpoint passed {self.relative(days)}"
            case FlagKind.OVERDUE:
                late = f"{days_of(-days)} overdue"
                return late if subject.is_final else f"{_word(subject)} {late}"
            case FlagKind.NEVER_REPORTED:
                return f"Nothing reported since {self.day(facts.pledge.announced_on)}"
            case FlagKind.STALE:
                last = standing.calendar.last
                return f"No report for {days_of((facts.today - last).days)}" if last else "No recent report"
            case FlagKind.BEHIND:
                pace = standing.progress.pace
                return (
                    f"Behind, at {self.percent(pace)} of the pace" if pace is not None else "Behind the path"
                )
            case _:
                return f"Conflicting reports for {self.day(notice.episode)}"

    def _news_subject(self, facts: Facts, kind: NewsKind) -> str:
        match kind:
            case NewsKind.PROGRESS:
                return f"New report, {self._what(facts, facts.news)}" if facts.news else "New report"
            case NewsKind.CORRECTED:
                return (
                    f"Report corrected, {self._what(facts, facts.news)}" if facts.news else "Report corrected"
                )
            case NewsKind.MET:
                subject = facts.subject(facts.notice.milestone, facts.notice.episode)
                return "Met" if subject.is_final else f"{_word(subject)} met"
            case NewsKind.RESCHEDULED:
                move = facts.move
                if move is None:
                    return "Deadline moved"
                return f"Deadline moved to {self.day(move.due.date)}" if move.due else "Deadline dropped"
            case _:
                return "Withdrawn"

    def flag(self, facts: Facts, flag: Flag) -> str:
        subject = facts.subject(flag.milestone, flag.episode)
        thing = sentence(self.thing(subject, facts.unit))
        match flag.kind:
            case FlagKind.NO_PROGRESS:
                due = self._on(subject.due or flag.episode, facts)
                return f"{thing} is due {due}, and {self._silence(facts, flag)}."
            case FlagKind.OVERDUE:
                due = self._on(subject.due or flag.episode, facts)
                return f"{thing} was due {due}, and {_shortfall(facts, subject)}."
            case FlagKind.NEVER_REPORTED:
                announced = self.day(facts.pledge.announced_on)
                awaited = self._on(facts.standing.calendar.due, facts)
                return (
                    f"Nothing has been reported since the announcement on {announced}. "
                    f"A first report was due {awaited}."
                )
            case FlagKind.STALE:
                calendar = facts.standing.calendar
                last = f"The last report was made on {self.day(calendar.last)}. " if calendar.last else ""
                return f"{last}The next one was due {self._on(calendar.due, facts)}."
            case FlagKind.BEHIND:
                return self._behind(facts)
            case _:
                return self._conflict(facts, flag)

    def _on(self, day: date, facts: Facts) -> str:
        days = (day - facts.today).days
        near = self.relative(days)
        return f"{near}, {self.day(day)}" if abs(days) <= 1 else f"on {self.day(day)}, {near}"

    def _silence(self, facts: Facts, flag: Flag) -> str:
        last = facts.last_movement
        if last is None and facts.is_unreviewed:
            return "no progress that was reported has been accepted"
        if last is None:
            return "no progress has ever been reported"
        if last.as_of < flag.since:
            return f"no progress has been reported since {self.day(last.as_of)}"
        return "what was reported lately brings it no nearer"

    def _behind(self, facts: Facts) -> str:
        figure, progress = facts.standing.figure, facts.standing.progress
        if figure is None or progress.expected is None:
            return "The figure is behind the path to the target."
        days = -(progress.days_ahead or 0)
        late = f"{days_of(days)} behind the path" if days > 0 else "behind the path"
        return (
            f"{self.amount(figure.value, facts.unit)} as of {self.day(figure.as_of)} is {late}, "
            f"which expected {self.about(progress.expected, facts.unit)} by then."
        )

    def _conflict(self, facts: Facts, flag: Flag) -> str:
        values = [self.amount(value, facts.unit) for value in facts.disagreeing(flag)]
        said = f": {', '.join(values[:-1])} and {values[-1]}" if len(values) > 1 else ""
        rule = (
            "it counts as not done"
            if facts.pledge.is_event or flag.milestone is not None
            else "the figure least favourable to the pledge counts"
        )
        thing = (
            "" if flag.milestone is None else f" on {self.thing(facts.subject(flag.milestone), facts.unit)}"
        )
        return (
            f"The reports for {self.day(flag.episode)}{thing} disagree{said}. Until that is settled, {rule}."
        )

    def progress(self, facts: Facts) -> Sequence[str]:
        update = facts.news
        if update is None:
            return ["A report was recorded."]
        what, who = sentence(self._what(facts, update)), self._who(facts, update)
        said = f"{what} as of {self.day(update.as_of)}, {who}."
        return [said, *self.note(update.note)]

    def correction(self, facts: Facts) -> Sequence[str]:
        new, old = facts.news, facts.corrected
        if new is None:
            return ["A report was corrected."]
        instead = f" instead of {self._what(facts, old)}" if old else ""
        said = f"The report for {self.day(new.as_of)} was corrected: {self._what(facts, new)}{instead}."
        return [said, *self.note(new.note)]

    def met(self, facts: Facts) -> Sequence[str]:
        subject = facts.subject(facts.notice.milestone, facts.notice.episode)
        figure = facts.standing.figure
        said = f"By what is reported, {self.thing(subject, facts.unit)} is met"
        late = facts.standing.lateness.current if subject.is_final else None
        if late:
            said += f", {days_of(late)} after its deadline"
        if figure is not None and subject.target is not None:
            said += f": {self.amount(figure.value, facts.unit)} as of {self.day(figure.as_of)}"
        if late or subject.due is None:
            return [f"{said}."]
        verb = "was" if subject.due < facts.today else "is"
        return [f"{said}. It {verb} due {self._on(subject.due, facts)}."]

    def rescheduled(self, facts: Facts) -> Sequence[str]:
        move, old = facts.move, facts.due_before_move
        if move is None:
            return ["The deadline was moved."]
        if move.due is None:
            said = f"The deadline, {self.day(old.date)}, was dropped." if old else "The deadline was dropped."
        elif old is None:
            said = f"A deadline was set: {self.day(move.due.date)}."
        else:
            said = f"The deadline moved from {self.day(old.date)} to {self.day(move.due.date)}."
        who = "the tracker" if move.moved_by is SetBy.TRACKER else facts.pledger
        told = f"Announced by {who} on {self.day(move.announced_on)}; the first deadline stays on record."
        return [said, told, *self.note(move.reason)]

    def withdrawn(self, facts: Facts) -> Sequence[str]:
        withdrawal = facts.notice.record.withdrawal
        if withdrawal is None:
            return ["The pledge was withdrawn."]
        said = f"The pledge was withdrawn with effect from {self.day(withdrawal.on)}."
        return [said, *self.note(withdrawal.reason)]

    def ours(self, facts: Facts) -> str:
        return (
            "This checkpoint is the tracker’s own, set to follow the pledge along its way. "
            f"{facts.pledger} has not promised it."
        )

    def _what(self, facts: Facts, update: ProgressUpdate) -> str:
        if update.value is not None:
            return self.amount(update.value, facts.unit)
        if update.increment is not None:
            return f"{self.amount(update.increment, facts.unit)} more"
        if update.is_retraction:
            return "nothing, it was taken back"
        if update.done is None:
            return "no change"
        done = "done" if update.done else "not done"
        subject = facts.subject(update.milestone)
        return done if subject.is_final else f"{self.thing(subject, facts.unit)} {done}"

    def _who(self, facts: Facts, update: ProgressUpdate) -> str:
        who = clean(update.reported_by or "")
        day = f"reported on {self.day(update.reported_at)}"
        if not who and update.claim is Claim.SELF_REPORTED:
            who = facts.pledger
        return f"{day} by {who} ({_SAYS_WHO[update.claim]})" if who else f"{day} ({_SAYS_WHO[update.claim]})"

    def report(self, facts: Facts, update: ProgressUpdate) -> Sequence[str]:
        return [
            f"{sentence(self._what(facts, update))}, as of {self.day(update.as_of)}",
            sentence(self._who(facts, update)),
            *([_REVIEWS[update.review]] if update.review in _REVIEWS else []),
        ]

    def never_reported(self) -> str:
        return "Nothing has ever been reported."

    def status(self, facts: Facts) -> str:
        standing = facts.standing
        if standing.status is Status.MET_LATE:
            return f"Met, {days_of(standing.lateness.current or 0)} late"
        if standing.status is Status.INDETERMINATE:
            return (
                "Past its deadline. What was promised is a ceiling, so a figure below it settles nothing"
                if facts.pledge.target is not None
                else "Past its deadline, with no stated figure to hold it to"
            )
        return _STATUS[standing.status]

    def figures(self, facts: Facts) -> Sequence[str]:
        figure, progress = facts.standing.figure, facts.standing.progress
        if figure is None:
            return []
        way = f", {self.percent(progress.completion)} of the way" if progress.completion is not None else ""
        lines = [f"{self.amount(figure.value, facts.unit)} as of {self.day(figure.as_of)}{way}"]
        if progress.expected is not None and not facts.is_settled:
            parts = [f"{self.about(progress.expected, facts.unit)} expected by then"]
            if progress.pace is not None:
                parts.append(f"{self.percent(progress.pace)} of the pace")
            parts.append(ahead_by(progress.days_ahead or 0))
            lines.append(" · ".join(parts))
        if progress.projected_date and progress.projected_date > facts.today and not facts.is_settled:
            lines.append(f"At this rate the target would be reached on {self.day(progress.projected_date)}")
        return lines

    def closing(self, facts: Facts) -> Sequence[str]:
        why = (
            "You receive this because you are a contact of this pledge."
            if facts.is_contact
            else "You receive this because your address is on this tracker’s list of alert recipients."
        )
        return [why, "The tracker goes by the clock and the reported figures alone. It passes no judgement."]


def _word(subject: Subject) -> str:
    return "Checkpoint" if subject.is_ours else "Milestone"


def _shortfall(facts: Facts, subject: Subject) -> str:
    if facts.last_report is None:
        return "nothing has ever been reported"
    if subject.target is not None and facts.standing.figure is None:
        return "no figure has been accepted"
    if subject.target is None:
        return "it has not been reported as done"
    return "the reported figures do not meet it"


ENGLISH = _English()
