"""Where the product and the reference part: on records, and on chronicles asked at any instant of any day."""

from collections.abc import Iterator
from datetime import date, timedelta
from pprint import pformat
from random import Random
from typing import Any

from pledgetracker.domain.policy import Policy
from pledgetracker.domain.record import Record
from pledgetracker.domain.standing import standing
from pledgetracker.domain.vantage import Vantage
from tests.chronicles import HORIZON, chronicle, done
from tests.recounting import policy_at, recounted
from tests.reference import answer, plain
from tests.reference.chronicle import Question, judge

Json = dict[str, Any]
MOMENT = timedelta(microseconds=1)


def differences(record: Record, policy: Policy, today: date) -> dict[str, tuple[Any, Any]]:
    """In what the product's and the reference's answers about a record differ: (product's, reference's)."""
    return _differing(_stands(record, policy, today), judge(plain.on_record(record, policy), today=today))


def _stands(record: Record, policy: Policy, today: date) -> Json:
    """Where it stands by what is accepted, and by what is claimed."""
    claimed = plain.answer(standing(record.claimed, policy, today=today))
    return plain.answer(standing(record, policy, today=today)) | {"claimed": claimed}


def _differing(ours: Json | None, theirs: Json | None) -> dict[str, tuple[Any, Any]]:
    if ours is None or theirs is None:
        return {} if ours is theirs else {"known": (ours, theirs)}
    found: dict[str, tuple[Any, Any]] = {}
    for key in ours:
        if isinstance(ours[key], dict) and isinstance(theirs[key], dict):
            within = _differing(ours[key], theirs[key])
            found |= {f"{key}.{name}": pair for name, pair in within.items()}
        elif ours[key] != theirs[key]:
            found[key] = (ours[key], theirs[key])
    return found


def parting(deeds: list[Json], question: Question) -> dict[str, tuple[Any, Any]]:
    """In what the answers about a chronicle differ."""
    theirs = answer(deeds, question)
    try:
        ours = _told(deeds, question)
    except Exception as error:  # noqa: BLE001 -- whatever it is, it is what the product answers
        return {"failed": (repr(error), theirs)}
    return _differing(ours, theirs)


def _told(deeds: list[Json], question: Question) -> Json | None:
    """The product's answer."""
    record, policies = recounted(deeds)
    seen = record if question.known_at is None else record.known_at(question.known_at)
    if seen is None:
        return None
    policy = policy_at(policies, question.known_at)
    vantage = Vantage(question.now, question.as_of, question.known_at)
    return _stands(seen, policy, vantage.today(seen.pledge.time_zone))


def questions(rng: Random, deeds: list[Json]) -> Iterator[Question]:
    """Questions about any day, knowing what was known just when something was recorded or just before."""
    now = deeds[-1]["at"] + timedelta(days=rng.randrange(30))
    first = min(deeds[-1]["at"].date(), date.fromisoformat(deeds[1]["pledge"]["announced_on"]))
    while True:
        known_at = rng.choice(deeds)["at"] - rng.choice((MOMENT, timedelta()))
        as_of = first + timedelta(days=rng.randint(-6, HORIZON.days))
        yield Question(now, rng.choice((as_of, as_of, None)), rng.choice((known_at, known_at, None)))


def disagreement(seed: str, *, asked: int) -> str | None:
    """What differs in the chronicle of this seed, in as few deeds as show it, or None."""
    rng = Random(seed)
    deeds = done(chronicle(rng))
    asking = questions(rng, deeds)
    for question in (next(asking) for _ in range(asked)):
        if parting(deeds, question):
            short = shortest(deeds, question)
            found = pformat(parting(short, question))
            return f"seed {seed}, {question}: (product, reference) = {found}\n{pformat(short, width=110)}"
    return None


def shortest(deeds: list[Json], question: Question) -> list[Json]:
    """The chronicle without whatever can be left out of it so that the answers still differ."""
    for place in range(len(deeds) - 1, 1, -1):
        without = deeds[:place] + deeds[place + 1 :]
        if _is_whole(without) and parting(without, question):
            return shortest(without, question)
    return deeds


def _is_whole(deeds: list[Json]) -> bool:
    """Whether nothing speaks of what is not there; updates are numbered without gaps."""
    reported = [deed["update"] for deed in deeds if deed["deed"] == "reported"]
    if [update["id"] for update in reported] != list(range(1, len(reported) + 1)):
        return False
    spoken_of = {update["supersedes"] for update in reported} - {None}
    spoken_of |= {deed["update"] for deed in deeds if deed["deed"] == "reviewed"}
    spoken_of |= {number for deed in deeds if deed["deed"] == "chosen" for number in deed["among"]}
    taken = [deed["deed"] for deed in deeds if deed["deed"] in {"withdrawn", "stood_by"}]
    in_turn = all(name == ("withdrawn", "stood_by")[n % 2] for n, name in enumerate(taken))
    return in_turn and spoken_of <= {update["id"] for update in reported}
