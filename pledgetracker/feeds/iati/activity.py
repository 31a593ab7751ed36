"""One `iati-activity`: a pledge, or an initiative that pledges stand under. Codes are of IATI's lists."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element

from pledgetracker.domain.catalogue import Initiative, Pledger, PledgerKind
from pledgetracker.domain.days import Due, local_day
from pledgetracker.domain.milestone import MilestoneStanding, MilestoneStatus, met_since
from pledgetracker.domain.pledge import FINAL_MILESTONE, Milestone, Pledge, Source
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import Delivery, Standing
from pledgetracker.feeds.iati.markup import ENGLISH, add, instant, narrative, root, titled
from pledgetracker.feeds.iati.result import add_link, add_result
from pledgetracker.feeds.publisher import Publisher
from pledgetracker.feeds.sources import HTML, Link, links, unlinked
from pledgetracker.services.gathering import Attributed

# ActivityStatus
PIPELINE, IMPLEMENTATION, CLOSED, CANCELLED = "1", "2", "4", "5"
# ActivityDateType
PLANNED_START, PLANNED_END, ACTUAL_END = "1", "3", "4"
# OrganisationRole: who promised answers for it, whoever pays or works for it.
ACCOUNTABLE = "2"
# DescriptionType
GENERAL, OTHER = "1", "4"
# DocumentCategory
OBJECTIVES, WEB_PAGE = "A02", "A12"
# RelatedActivityType
PARENT, CHILD, SIBLING = "1", "2", "3"
# OrganisationType
_KINDS = {
    PledgerKind.COMPANY: "70",
    PledgerKind.GOVERNMENT: "10",
    PledgerKind.FOUNDATION: "60",
    PledgerKind.INTERNATIONAL_ORGANISATION: "40",
    PledgerKind.OTHER: "90",
}
# What was promised and not yet begun is planned; lateness is no status of an activity.
_STATUSES = {
    Delivery.NOT_STARTED: PIPELINE,
    Delivery.IN_PROGRESS: IMPLEMENTATION,
    Delivery.REGRESSING: IMPLEMENTATION,
    Delivery.REVERSED: IMPLEMENTATION,
    Delivery.MET: CLOSED,
    Delivery.WITHDRAWN: CANCELLED,
}


@dataclass(slots=True)
class Tally:
    """What an initiative's activity says of the pledges under it.

    Attributes:
        pledgers: by id, whoever promised something.
        since: the day of the first announcement.
        statuses: of their activities.
    """

    pledgers: dict[str, Pledger] = field(default_factory=dict)
    since: date | None = None
    statuses: set[str] = field(default_factory=set)

    def count(self, found: Attributed) -> None:
        """Take a pledge in."""
        self.pledgers[found.pledger.id] = found.pledger
        announced = found.record.pledge.announced_on
        self.since = announced if self.since is None else min(self.since, announced)
        self.statuses.add(_STATUSES[found.view.standing.delivery])

    def take_in(self, other: "Tally") -> None:
        """Take in all that another counted."""
        self.pledgers |= other.pledgers
        self.since = min((day for day in (self.since, other.since) if day is not None), default=None)
        self.statuses |= other.statuses

    @property
    def status(self) -> str:
        """Of the initiative: what all of its pledges share, else that something is going on."""
        if not self.statuses:
            return PIPELINE
        if self.statuses == {CLOSED, CANCELLED}:
            return CLOSED
        return next(iter(self.statuses)) if len(self.statuses) == 1 else IMPLEMENTATION


def pledge_activity(found: Attributed, publisher: Publisher) -> Element:
    """A pledge, as on the day that it was judged on."""
    record, standing = found.record, found.view.standing
    pledge = record.pledge
    changed = None if pledge.updated_at is None else instant(pledge.updated_at)
    activity = _begun(publisher.pledge(pledge.id), pledge.title, changed, publisher)
    said = pledge.title if pledge.statement is None else pledge.statement.text
    _describe(activity, GENERAL, said)
    _describe(activity, OTHER, f"Standing on {standing.today}: {found.view.because}", language=ENGLISH)
    if pledge.restates:
        named = ", ".join(publisher.pledge(key) for key in pledge.restates)
        _describe(activity, OTHER, f"Announces again: {named}. Not to be added to it.", language=ENGLISH)
    sources = _sources(record, standing)
    for printed in unlinked(sources):
        _describe(activity, OTHER, f"Source: {printed}", language=ENGLISH)
    _add_organisation(activity, found.pledger)
    add(activity, "activity-status", {"code": _STATUSES[standing.delivery]})
    _add_dates(activity, record, standing)
    page = Link(publisher.page(pledge.id), pledge.title, HTML)
    add_link(activity, page, WEB_PAGE)
    for link in links(sources):
        add_link(activity, link, OBJECTIVES)
    _relate(activity, pledge, publisher)
    add_result(activity, record, standing)
    return activity


def initiative_activity(
    initiative: Initiative, tally: Tally, children: Iterable[str], publisher: Publisher
) -> Element:
    """An initiative, between its parent's activity and those of `children`; it has no result of its own."""
    key = publisher.initiative(initiative.id)
    activity = _begun(key, initiative.title, instant(initiative.updated_at), publisher)
    _describe(activity, GENERAL, initiative.description or initiative.title)
    for pledger in sorted(tally.pledgers.values(), key=lambda pledger: pledger.id):
        _add_organisation(activity, pledger)
    if not tally.pledgers:
        # The standard wants somebody; before the first pledge there is only the initiative itself.
        _add_participant(activity, initiative.title, None)
    add(activity, "activity-status", {"code": tally.status})
    if tally.since is None:
        entered = local_day(initiative.created_at, "UTC")
        _add_date(activity, PLANNED_START, entered, "Entered; nothing has been promised under it.")
    else:
        _add_date(activity, PLANNED_START, tally.since, "The first pledge under it was announced.")
    for link in links([Source(initiative.url, initiative.title)]):
        add_link(activity, link, WEB_PAGE)
    if initiative.parent is not None:
        add(activity, "related-activity", {"ref": publisher.initiative(initiative.parent), "type": PARENT})
    for child in children:
        add(activity, "related-activity", {"ref": publisher.initiative(child), "type": CHILD})
    return activity


def _relate(activity: Element, pledge: Pledge, publisher: Publisher) -> None:
    """The activities that an activity stands under, and those that it restates."""
    if pledge.initiative is not None:
        add(activity, "related-activity", {"ref": publisher.initiative(pledge.initiative), "type": PARENT})
    if pledge.part_of is not None:
        add(activity, "related-activity", {"ref": publisher.pledge(pledge.part_of), "type": PARENT})
    # The list has nothing for what is announced again; a sibling stands beside it, and the words say how.
    for key in pledge.restates:
        add(activity, "related-activity", {"ref": publisher.pledge(key), "type": SIBLING})


def _describe(activity: Element, kind: str, text: str, *, language: str | None = None) -> None:
    """A description of an activity; `kind` is of the list DescriptionType."""
    narrative(add(activity, "description", {"type": kind}), text, language=language)


def _add_participant(activity: Element, name: str, kind: str | None) -> None:
    """Who takes part in an activity; `kind` is of the list OrganisationType."""
    narrative(add(activity, "participating-org", {"role": ACCOUNTABLE, "type": kind}), name)


def _begun(key: str, title: str, changed: str | None, publisher: Publisher) -> Element:
    activity = root("iati-activity", {"last-updated-datetime": changed}, language=publisher.language)
    add(activity, "iati-identifier").text = key
    # A tracker tells of what others do.
    reporter = {"ref": publisher.ref, "type": publisher.type, "secondary-reporter": "true"}
    narrative(add(activity, "reporting-org", reporter), publisher.name)
    titled(activity, "title", title)
    return activity


def _add_organisation(activity: Element, pledger: Pledger) -> None:
    _add_participant(activity, pledger.name, None if pledger.kind is None else _KINDS[pledger.kind])


def _sources(record: Record, standing: Standing) -> Sequence[Source]:
    """Where the promise was made, moved and taken back, as far as that had been announced on the day."""
    said = record.pledge.statement
    taken_back = record.withdrawal if record.withdrawn_on(standing.today) else None
    moves = (move.source for move in record.reschedules if move.announced_on <= standing.today)
    sources = [
        None if said is None else said.source,
        *moves,
        None if taken_back is None else taken_back.source,
    ]
    return [source for source in sources if source is not None]


def _add_dates(activity: Element, record: Record, standing: Standing) -> None:
    _add_date(activity, PLANNED_START, record.pledge.announced_on, "Announced.")
    if standing.due is not None:
        _add_date(activity, PLANNED_END, standing.due.date, f"Due by {standing.due.text}.")
    ended = _ended(record, standing)
    if ended is not None:
        told = "Withdrawn." if standing.delivery is Delivery.WITHDRAWN else "Met, as reported for this day."
        _add_date(activity, ACTUAL_END, ended, told)


def _add_date(activity: Element, kind: str, day: date, told: str) -> None:
    child = add(activity, "activity-date", {"type": kind, "iso-date": day.isoformat()})
    narrative(child, told, language=ENGLISH)


def _ended(record: Record, standing: Standing) -> date | None:
    if standing.delivery is Delivery.WITHDRAWN:
        return None if record.withdrawal is None else record.withdrawal.on
    if standing.delivery is not Delivery.MET:
        return None
    return met_since(record, _final(record, standing), today=standing.today)


def _final(record: Record, standing: Standing) -> MilestoneStanding:
    """The pledge's own target; without a deadline, as if today were its due day."""
    for stage in standing.milestones:
        if stage.id == FINAL_MILESTONE:
            return stage
    due = Due.parse(standing.today.isoformat())
    target = Milestone(FINAL_MILESTONE, due, None, record.pledge.target)
    return MilestoneStanding(target, MilestoneStatus.MET_ON_TIME, None)
