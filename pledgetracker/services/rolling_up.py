"""Rolling up: what the pledges of an initiative, a pledger or a tag amount to together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from pledgetracker.domain.contribution import Contribution, Named, contribution
from pledgetracker.domain.errors import NotFound
from pledgetracker.domain.money import Conversion
from pledgetracker.domain.pledge import Pledge
from pledgetracker.domain.record import Record
from pledgetracker.domain.rollup import RollUp
from pledgetracker.domain.standing import standing
from pledgetracker.domain.sums import roll_up
from pledgetracker.domain.vantage import Vantage
from pledgetracker.services import cataloguing
from pledgetracker.services.listing import records_known
from pledgetracker.services.reading import rules_known
from pledgetracker.services.recalling import initiative_known, pledger_known
from pledgetracker.services.rules import Rules
from pledgetracker.storage.database import Transaction
from pledgetracker.storage.links import LinkKind
from pledgetracker.storage.pledges import PledgeFilter
from pledgetracker.storage.rates import RateFilter

# Records that are held at a time; what is kept of each is far smaller.
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """Into which currency money is converted, and by the rates of which day; None for not at all."""

    currency: str | None = None
    rates_on: date | None = None


_Survey = tuple[Sequence[Contribution], Mapping[str, Named]]


@dataclass(frozen=True, slots=True)
class _Scope:
    """Whose pledges are rolled up: as the database finds those of today, and as each tells by itself."""

    wanted: PledgeFilter
    holds: Callable[[Pledge], bool]


def roll_up_initiative(tx: Transaction, key: str, terms: Terms, rules: Rules, vantage: Vantage) -> RollUp:
    """What the pledges of initiative `key`, and of all that stand under it, amount to.

    Raises:
        NotFound: there is no such initiative, or it was begun later.
    """
    initiative_known(tx, key, vantage)
    family = set(cataloguing.family(tx, key, vantage))
    wanted = PledgeFilter(vantage.now, initiatives=sorted(family))
    scope = _Scope(wanted, lambda pledge: pledge.initiative in family)
    return _roll_up(tx, scope, terms, rules, vantage)


def roll_up_pledger(tx: Transaction, key: str, terms: Terms, rules: Rules, vantage: Vantage) -> RollUp:
    """What the pledges of pledger `key` amount to.

    Raises:
        NotFound: there is no such pledger, or it was begun later.
    """
    pledger_known(tx, key, vantage)
    scope = _Scope(PledgeFilter(vantage.now, pledger=key), lambda pledge: pledge.pledger == key)
    return _roll_up(tx, scope, terms, rules, vantage)


def roll_up_tag(tx: Transaction, key: str, terms: Terms, rules: Rules, vantage: Vantage) -> RollUp:
    """What the pledges with tag `key` amount to.

    Raises:
        NotFound: no pledge has it.
    """
    scope = _Scope(PledgeFilter(vantage.now, tag=key), lambda pledge: key in pledge.tags)
    found = _roll_up(tx, scope, terms, rules, vantage)
    if not found.pledges:
        raise NotFound("tag", key)
    return found


def _roll_up(tx: Transaction, scope: _Scope, terms: Terms, rules: Rules, vantage: Vantage) -> RollUp:
    survey = _survey_then if vantage.known_at is not None else _survey_now
    brought, named = survey(tx, scope, rules_known(tx, rules, vantage), vantage)
    return roll_up(brought, named, _conversion(tx, terms, vantage))


def _survey_now(tx: Transaction, scope: _Scope, rules: Rules, vantage: Vantage) -> _Survey:
    """What the pledges in the scope bring, and whom those name that they lead to."""
    keys = tx.pledges.ids(scope.wanted)
    brought = [
        _contribution(record, rules, vantage)
        for first in range(0, len(keys), CHUNK)
        for record in tx.records.get_many(keys[first : first + CHUNK])
        if _is_announced(record, vantage)
    ]
    return brought, _beyond(tx, brought)


def _survey_then(tx: Transaction, scope: _Scope, rules: Rules, vantage: Vantage) -> _Survey:
    """The same of what was known then: what is stored beside the pledges does not tell who belonged where."""
    brought: list[Contribution] = []
    named: dict[str, Named] = {}
    for record in records_known(tx, vantage):
        if record.pledge.links:
            named[record.pledge.id] = Named.by(record.pledge)
        if scope.holds(record.pledge) and _is_announced(record, vantage):
            brought.append(_contribution(record, rules, vantage))
    return brought, named


def _is_announced(record: Record, vantage: Vantage) -> bool:
    return record.pledge.announced_on <= vantage.today(record.pledge.time_zone)


def _contribution(record: Record, rules: Rules, vantage: Vantage) -> Contribution:
    today = vantage.today(record.pledge.time_zone)
    return contribution(record, standing(record, rules.policy, today=today))


def _beyond(tx: Transaction, brought: Sequence[Contribution]) -> Mapping[str, Named]:
    """Whom the pledges outside the scope name that those in it lead to.

    That is upwards the totals above them, and downwards what is in them: parts and what is restated.
    """
    inside = {one.pledge for one in brought}
    known: dict[str, Named] = {}
    above = {one.named.part_of for one in brought} - {None}
    while ahead := sorted(key for key in above if key is not None and key not in inside | known.keys()):
        known |= _named(tx, ahead)
        above = {known[key].part_of for key in ahead}
    seen, ahead = set(inside), sorted(inside)
    restated = {key for one in brought for key in one.named.restates}
    while ahead:
        within = {part for part, _, _ in tx.links.parts_of(ahead)} | restated
        ahead = sorted(within - seen)
        known |= _named(tx, ahead)
        seen.update(ahead)
        restated = {key for step in ahead for key in known[step].restates}
    return known


def _named(tx: Transaction, keys: Sequence[str]) -> Mapping[str, Named]:
    """Whom each of `keys` names now."""
    found = dict.fromkeys(keys, Named())
    for key, kind, other in tx.links.said_by(keys):
        if kind is LinkKind.PART_OF:
            found[key] = replace(found[key], part_of=other)
        else:
            found[key] = replace(found[key], restates=(*found[key].restates, other))
    return found


def _conversion(tx: Transaction, terms: Terms, vantage: Vantage) -> Conversion:
    conversion = Conversion(terms.currency)
    if terms.currency is None or terms.rates_on is None:
        return conversion
    return replace(
        conversion, rates=tx.rates.all(RateFilter(terms.currency, terms.rates_on, vantage.known_at))
    )
