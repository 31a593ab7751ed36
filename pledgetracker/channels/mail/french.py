"""The mails in French."""

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
from pledgetracker.domain.pledge import SetBy
from pledgetracker.domain.review import Review
from pledgetracker.domain.standing import Status
from pledgetracker.domain.target import Comparator
from pledgetracker.domain.update import Claim, ProgressUpdate

_COLON = "\u00a0: "
_HEDGES = {
    Comparator.AT_LEAST: ("au moins {}", "descendre à {} ou moins"),
    Comparator.MORE_THAN: ("plus de {}", "descendre à moins de {}"),
    Comparator.ABOUT: ("environ {}", "descendre à environ {}"),
    Comparator.EXACTLY: ("exactement {}", "descendre à exactement {}"),
    Comparator.UP_TO: ("jusqu’à {}", "descendre jusqu’à {}"),
    Comparator.AT_MOST: ("au plus {}", "au plus {}"),
}
_KICKERS = {
    FlagKind.OVERDUE: "Échéance dépassée",
    FlagKind.NO_PROGRESS: "Aucun avancement signalé",
    FlagKind.NEVER_REPORTED: "Aucun compte rendu",
    FlagKind.STALE: "Sans nouvelles",
    FlagKind.BEHIND: "En retard sur la trajectoire",
    FlagKind.CONFLICT: "Chiffres contradictoires",
    NewsKind.PROGRESS: "Nouveau compte rendu",
    NewsKind.MET: "Engagement tenu",
    NewsKind.RESCHEDULED: "Échéance déplacée",
    NewsKind.WITHDRAWN: "Engagement retiré",
    NewsKind.CORRECTED: "Compte rendu corrigé",
}
# Why a report makes no figure.
_REVIEWS = {
    Review.SUBMITTED: "Il attend d’être validé et ne compte pas encore",
    Review.DISPUTED: "Il est contesté et ne compte pas",
}
_STATUS = {
    Status.WITHDRAWN: "Retiré",
    Status.MET: "Tenu",
    Status.REVERSED: "Tenu un temps, mais ne l’est plus",
    Status.OVERDUE: "Échéance dépassée",
    Status.NEVER_REPORTED: "Aucun compte rendu à ce jour",
    Status.STALE: "Sans nouvelles récentes",
    Status.OFF_TRACK: "Hors trajectoire",
    Status.AT_RISK: "À risque",
    Status.ON_TRACK: "En bonne voie",
    Status.NOT_STARTED: "Pas encore commencé",
    Status.REGRESSING: "Plus loin de l’objectif qu’au départ",
    Status.IN_PROGRESS: "En cours",
}
_SAYS_WHO = {
    Claim.SELF_REPORTED: "déclaration de l’intéressé",
    Claim.THIRD_PARTY: "source tierce",
    Claim.OFFICIAL_STATISTIC: "statistique officielle",
    Claim.AUDITED: "chiffre audité",
}
_QUARTERS = ("1er", "2e", "3e", "4e")


class _French(Words):
    """French, with its spaces: no-break before a colon and within dates and amounts."""

    language = "fr"
    locale = Locale("fr")
    hedges = _HEDGES
    labels = Labels(
        promised="Ce qui est promis",
        counted="Ce qui est compté",
        due="Échéance",
        milestone="Jalon",
        checkpoint="Notre point d’étape",
        last_report="Dernier compte rendu",
        standing="Situation",
        others="Autres signalements en cours",
        report="Signaler un avancement",
        report_invitation="Un chiffre est utile, un simple «\u00a0rien n’a changé\u00a0» aussi.",
        see="Voir l’engagement",
        with_key="Avec une clé, l’envoi se fait directement depuis un terminal\u00a0:",
        colon=_COLON,
        opening_quote="«\u00a0",
        closing_quote="\u00a0»",
    )

    def unit(self, unit: str, value: Decimal) -> str:
        return units.french(unit, value)

    def day(self, day: date) -> str:
        number = "1er" if day.day == 1 else str(day.day)
        return f"{number}\u00a0{format_date(day, 'MMMM y', locale=self.locale)}"

    def relative(self, days: int) -> str:
        near = {0: "aujourd’hui", 1: "demain", -1: "hier"}.get(days)
        return near or (f"dans {self._days(days)}" if days > 0 else f"il y a {self._days(-days)}")

    def _days(self, n: int) -> str:
        return f"{self.number(Decimal(n))}\u00a0{units.french('day', Decimal(n))}"

    def deadline(self, due: Due) -> str:
        match due.precision:
            case "year":
                return f"d’ici fin {due.date.year}"
            case "quarter":
                return f"d’ici la fin du {_QUARTERS[due.date.month // 3 - 1]}\u00a0trimestre {due.date.year}"
            case "month":
                return f"d’ici fin {format_date(due.date, 'MMMM y', locale=self.locale)}"
            case _:
                return f"au plus tard le {self.day(due.date)}"

    def originally(self, due: Due) -> str:
        return f"à l’origine{_COLON}{self.deadline(due)}"

    def no_target(self, *, is_event: bool) -> str:
        return "à réaliser" if is_event else "aucun chiffre annoncé"

    def thing(self, subject: Subject, unit: str | None) -> str:
        if subject.is_final:
            return "l’engagement"
        word = "point d’étape" if subject.is_ours else "jalon"
        if subject.name:
            return f"le {word} {self.quoted(subject.name)}"
        return f"le {word} de {self.amount(subject.target.value, unit)}" if subject.target else f"le {word}"

    def kicker(self, facts: Facts) -> str:
        subject = facts.subject(facts.notice.milestone, facts.notice.episode)
        if facts.kind is NewsKind.MET and not subject.is_final:
            return f"{_word(subject)} atteint"
        if facts.kind is FlagKind.OVERDUE and not subject.is_final:
            return f"{_word(subject)} dépassé"
        return _KICKERS[facts.kind]

    def subject(self, facts: Facts) -> str:
        if isinstance(facts.kind, FlagKind):
            return self._flag_subject(facts, facts.kind)
        return self._news_subject(facts, facts.kind)

    def _flag_subject(self, facts: Facts, kind: FlagKind) -> str:
        standing, notice = facts.standing, facts.notice
        subject = facts.subject(notice.milestone, notice.episode)
        days = ((subject.due or notice.episode) - facts.today).days
        match kind:
            case FlagKind.NO_PROGRESS:
                return f"{_word(subject)} {self.relative(days)}, aucun avancement signalé"
            case FlagKind.OVERDUE:
                late = "dépassée" if subject.is_final else "dépassé"
                return f"{_word(subject)} {late} de {self._days(-days)}"
            case FlagKind.NEVER_REPORTED:
                return f"Rien n’a été signalé depuis le {self.day(facts.pledge.announced_on)}"
            case FlagKind.STALE:
                last = standing.calendar.last
                since = f" depuis {self._days((facts.today - last).days)}" if last else ""
                return f"Sans nouvelles{since}"
            case FlagKind.BEHIND:
                pace = standing.progress.pace
                return (
                    f"En retard, à {self.percent(pace)} du rythme prévu"
                    if pace is not None
                    else "En retard sur la trajectoire"
                )
            case _:
                return f"Comptes rendus contradictoires pour le {self.day(notice.episode)}"

    def _news_subject(self, facts: Facts, kind: NewsKind) -> str:
        match kind:
            case NewsKind.PROGRESS:
                return (
                    f"Nouveau compte rendu, {self._what(facts, facts.news)}"
                    if facts.news
                    else "Nouveau compte rendu"
                )
            case NewsKind.CORRECTED:
                return (
                    f"Compte rendu corrigé, {self._what(facts, facts.news)}"
                    if facts.news
                    else "Compte rendu corrigé"
                )
            case NewsKind.MET:
                subject = facts.subject(facts.notice.milestone, facts.notice.episode)
                return "Engagement tenu" if subject.is_final else f"{_word(subject)} atteint"
            case NewsKind.RESCHEDULED:
                move = facts.move
                if move is None:
                    return "Échéance déplacée"
                return f"Échéance déplacée au {self.day(move.due.date)}" if move.due else "Échéance supprimée"
            case _:
                return "Engagement retiré"

    def flag(self, facts: Facts, flag: Flag) -> str:
        subject = facts.subject(flag.milestone, flag.episode)
        thing = sentence(self.thing(subject, facts.unit))
        match flag.kind:
            case FlagKind.NO_PROGRESS:
                due = self._on(subject.due or flag.episode, facts)
                return f"{thing} arrive à échéance {due}, et {self._silence(facts, flag)}."
            case FlagKind.OVERDUE:
                due = self._on(subject.due or flag.episode, facts)
                return f"{thing} arrivait à échéance {due}, et {_shortfall(facts, subject)}."
            case FlagKind.NEVER_REPORTED:
                announced = self.day(facts.pledge.announced_on)
                awaited = self._on(facts.standing.calendar.due, facts)
                return (
                    f"Rien n’a été signalé depuis l’annonce, le {announced}. "
                    f"Un premier compte rendu était attendu {awaited}."
                )
            case FlagKind.STALE:
                calendar = facts.standing.calendar
                last = f"Le dernier compte rendu date du {self.day(calendar.last)}. " if calendar.last else ""
                return f"{last}Le suivant était attendu {self._on(calendar.due, facts)}."
            case FlagKind.BEHIND:
                return self._behind(facts)
            case _:
                return self._conflict(facts, flag)

    def _on(self, day: date, facts: Facts) -> str:
        days = (day - facts.today).days
        near = self.relative(days)
        return f"{near}, {self.day(day)}" if abs(days) <= 1 else f"le {self.day(day)}, {near}"

    def _silence(self, facts: Facts, flag: Flag) -> str:
        last = facts.last_movement
        if last is None and facts.is_unreviewed:
            return "aucun avancement signalé n’a été validé"
        if last is None:
            return "aucun avancement n’a jamais été signalé"
        if last.as_of < flag.since:
            return f"aucun avancement n’a été signalé depuis le {self.day(last.as_of)}"
        return "les derniers comptes rendus ne l’en rapprochent pas"

    def _behind(self, facts: Facts) -> str:
        figure, progress = facts.standing.figure, facts.standing.progress
        if figure is None or progress.expected is None:
            return "Le chiffre est en retard sur la trajectoire."
        days = -(progress.days_ahead or 0)
        late = f"{self._days(days)} de retard" if days > 0 else "en retard"
        return (
            f"{self.amount(figure.value, facts.unit)} au {self.day(figure.as_of)}{_COLON}{late} "
            f"sur la trajectoire, qui prévoyait {self.about(progress.expected, facts.unit)} à cette date."
        )

    def _conflict(self, facts: Facts, flag: Flag) -> str:
        values = [self.amount(value, facts.unit) for value in facts.disagreeing(flag)]
        said = f"{_COLON}{', '.join(values[:-1])} et {values[-1]}" if len(values) > 1 else ""
        thing = "" if flag.milestone is None else self.thing(facts.subject(flag.milestone), facts.unit)
        rule = (
            f"{thing or 'l’engagement'} compte comme non réalisé"
            if facts.pledge.is_event or thing
            else "le chiffre le moins favorable à l’engagement est retenu"
        )
        return (
            f"Les comptes rendus pour le {self.day(flag.episode)} se contredisent{said}. "
            f"Tant que ce n’est pas tranché, {rule}."
        )

    def progress(self, facts: Facts) -> Sequence[str]:
        update = facts.news
        if update is None:
            return ["Un compte rendu a été enregistré."]
        said = (
            f"{sentence(self._what(facts, update))} au {self.day(update.as_of)}. {self._who(facts, update)}."
        )
        return [said, *self.note(update.note)]

    def correction(self, facts: Facts) -> Sequence[str]:
        new, old = facts.news, facts.corrected
        if new is None:
            return ["Un compte rendu a été corrigé."]
        instead = f" au lieu de {self._what(facts, old)}" if old else ""
        said = (
            f"Le compte rendu pour le {self.day(new.as_of)} a été corrigé"
            f"{_COLON}{self._what(facts, new)}{instead}."
        )
        return [said, *self.note(new.note)]

    def met(self, facts: Facts) -> Sequence[str]:
        subject = facts.subject(facts.notice.milestone, facts.notice.episode)
        word = "tenu" if subject.is_final else "atteint"
        figure = facts.standing.figure
        said = f"D’après les comptes rendus, {self.thing(subject, facts.unit)} est {word}"
        late = facts.standing.lateness.current if subject.is_final else None
        if late:
            said += f", {self._days(late)} après l’échéance"
        if figure is not None and subject.target is not None:
            said += f"{_COLON}{self.amount(figure.value, facts.unit)} au {self.day(figure.as_of)}"
        if late or subject.due is None:
            return [f"{said}."]
        verb = "était" if subject.due < facts.today else "est"
        return [f"{said}. L’échéance {verb} fixée au {self.day(subject.due)}."]

    def rescheduled(self, facts: Facts) -> Sequence[str]:
        move, old = facts.move, facts.due_before_move
        if move is None:
            return ["L’échéance a été déplacée."]
        if move.due is None:
            said = (
                f"L’échéance du {self.day(old.date)} a été supprimée."
                if old
                else "L’échéance a été supprimée."
            )
        elif old is None:
            said = f"Une échéance a été fixée{_COLON}le {self.day(move.due.date)}."
        else:
            said = f"L’échéance passe du {self.day(old.date)} au {self.day(move.due.date)}."
        who = "le suivi" if move.moved_by is SetBy.TRACKER else facts.pledger
        told = f"Annoncé par {who} le {self.day(move.announced_on)}. La première échéance reste au dossier."
        return [said, told, *self.note(move.reason)]

    def withdrawn(self, facts: Facts) -> Sequence[str]:
        withdrawal = facts.notice.record.withdrawal
        if withdrawal is None:
            return ["L’engagement a été retiré."]
        said = f"L’engagement a été retiré, avec effet au {self.day(withdrawal.on)}."
        return [said, *self.note(withdrawal.reason)]

    def ours(self, facts: Facts) -> str:
        return (
            "Ce point d’étape est le nôtre, fixé pour suivre l’engagement en chemin. "
            f"{facts.pledger} ne l’a pas promis."
        )

    def _what(self, facts: Facts, update: ProgressUpdate) -> str:
        if update.value is not None:
            return self.amount(update.value, facts.unit)
        if update.increment is not None:
            return f"{self.amount(update.increment, facts.unit)} de plus"
        if update.is_retraction:
            return "rien, il a été retiré"
        if update.done is None:
            return "aucun changement"
        done = "réalisé" if update.done else "non réalisé"
        subject = facts.subject(update.milestone)
        return done if subject.is_final else f"{self.thing(subject, facts.unit)} {done}"

    def _who(self, facts: Facts, update: ProgressUpdate) -> str:
        who = clean(update.reported_by or "")
        day = f"Compte rendu du {self.day(update.reported_at)}"
        if not who and update.claim is Claim.SELF_REPORTED:
            who = facts.pledger
        return f"{day} par {who} ({_SAYS_WHO[update.claim]})" if who else f"{day} ({_SAYS_WHO[update.claim]})"

    def report(self, facts: Facts, update: ProgressUpdate) -> Sequence[str]:
        return [
            f"{sentence(self._what(facts, update))}, au {self.day(update.as_of)}",
            self._who(facts, update),
            *([_REVIEWS[update.review]] if update.review in _REVIEWS else []),
        ]

    def never_reported(self) -> str:
        return "Rien n’a jamais été signalé."

    def status(self, facts: Facts) -> str:
        standing = facts.standing
        if standing.status is Status.MET_LATE:
            return f"Tenu, avec {self._days(standing.lateness.current or 0)} de retard"
        if standing.status is Status.INDETERMINATE:
            return (
                "Échéance passée. La promesse était un plafond\u00a0: "
                "un chiffre inférieur ne permet pas de conclure"
                if facts.pledge.target is not None
                else "Échéance passée, sans chiffre annoncé auquel se référer"
            )
        return _STATUS[standing.status]

    def figures(self, facts: Facts) -> Sequence[str]:
        figure, progress = facts.standing.figure, facts.standing.progress
        if figure is None:
            return []
        way = (
            f", soit {self.percent(progress.completion)} du chemin" if progress.completion is not None else ""
        )
        lines = [f"{self.amount(figure.value, facts.unit)} au {self.day(figure.as_of)}{way}"]
        if progress.expected is not None and not facts.is_settled:
            parts = [f"Attendu à cette date{_COLON}{self.about(progress.expected, facts.unit)}"]
            if progress.pace is not None:
                parts.append(f"{self.percent(progress.pace)} du rythme prévu")
            parts.append(self._ahead(progress.days_ahead or 0))
            lines.append(" · ".join(parts))
        if progress.projected_date and progress.projected_date > facts.today and not facts.is_settled:
            lines.append(f"À ce rythme, l’objectif serait atteint le {self.day(progress.projected_date)}")
        return lines

    def _ahead(self, days: int) -> str:
        if not days:
            return "au jour près"
        return f"{self._days(days)} d’avance" if days > 0 else f"{self._days(-days)} de retard"

    def closing(self, facts: Facts) -> Sequence[str]:
        why = (
            "Vous recevez ce message en tant que contact de cet engagement."
            if facts.is_contact
            else "Vous recevez ce message parce que votre adresse figure sur la liste d’alerte de ce suivi."
        )
        return [
            why,
            "Le suivi ne connaît que le calendrier et les chiffres communiqués. Il ne porte aucun jugement.",
        ]


def _word(subject: Subject) -> str:
    return "Échéance" if subject.is_final else "Point d’étape" if subject.is_ours else "Jalon"


def _shortfall(facts: Facts, subject: Subject) -> str:
    if facts.last_report is None:
        return "rien n’a jamais été signalé"
    word = "tenu" if subject.is_final else "atteint"
    if subject.target is not None and facts.standing.figure is None:
        return "aucun chiffre n’a été validé"
    if subject.target is None:
        return "sa réalisation n’a pas été signalée"
    return f"il n’est pas {word} d’après les chiffres communiqués"


FRENCH = _French()
