"""Chronicles told to a server over HTTP, and the reference's answers held against what it then shows.

Nothing here knows the product: any server will do that keeps to the documented API. What the reference is
asked about is what the server said it had recorded, and when.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Protocol
from urllib.parse import urlencode

from .chronicle import Question, answer, conflicts, known, shown
from .history import Json
from .path import NAMES

REFUSED = {409, 422}


class Ask(Protocol):
    """Sends a request; gives the status and the body of the answer, which is JSON or nothing."""

    def __call__(
        self, method: str, path: str, body: bytes | None, *, key: str | None
    ) -> tuple[int, bytes]: ...


@dataclass
class Told:
    """One pledge on a server, with everything that was done to it there.

    Attributes:
        submitter: a key that may report, and whose reports wait for a reviewer.
        reviewer: a key that may do everything else.
    """

    ask: Ask
    pledge: str
    pledger: str
    submitter: str
    reviewer: str
    policy: Json
    deeds: list[Json] = field(default_factory=list)

    @property
    def path(self) -> str:
        """Where the pledge is."""
        return f"/v1/pledges/{self.pledge}"

    def tell(self, deed: Json) -> str | None:
        """Do one deed; says what is wrong with the answer, or None."""
        method, path, body = self._request(deed)
        key = self.submitter if self._is_submitted(deed) else self.reviewer
        status, document = self._send(method, path, body, key=key)
        if deed.get("is_refused"):
            return None if status in REFUSED else f"{deed} was not refused: {status} {document}"
        if status not in {200, 201}:
            return f"{deed} was answered with {status} {document}"
        recorded = _recorded(deed, document)
        if deed["deed"] == "edited":
            # What is shown is the deadline in force, if any; the one first promised stays what it was.
            recorded["pledge"]["due"] = self.deeds[0]["pledge"]["due"]
        self.deeds.append(recorded)
        return None

    @staticmethod
    def _is_submitted(deed: Json) -> bool:
        return bool(deed["deed"] == "reported" and deed["update"]["review"] == "submitted")

    def _request(self, deed: Json) -> tuple[str, str, Json | None]:
        match deed["deed"]:
            case "promised":
                return "POST", "/v1/pledges", self._promise(deed["pledge"])
            case "edited":
                said = self._promise(deed["pledge"])
                return "PATCH", self.path, {name: said[name] for name in said if name != "due"}
            case "reported":
                names = ("review",) if deed["update"]["supersedes"] is None else ("review", "reported_at")
                said = {name: value for name, value in deed["update"].items() if name not in names}
                return "POST", f"{self.path}/progress", said
            case "reviewed":
                said = {"review": deed["review"], "reason": "Looked into."}
                return "POST", f"{self.path}/progress/{deed['update']}/decisions", said
            case "chosen":
                said = {name: deed[name] for name in ("as_of", "milestone", "chosen")}
                return "POST", f"{self.path}/conflicts", said
            case "moved":
                said = {name: deed[name] for name in ("due", "announced_on")}
                return "POST", f"{self.path}/reschedules", said
            case "withdrawn":
                return "POST", f"{self.path}/withdrawal", {"on": deed["on"]}
            case "stood_by":
                return "DELETE", f"{self.path}/withdrawal", None
        raise AssertionError(deed)

    def _promise(self, pledge: Json) -> Json:
        """The document to POST."""
        return {
            **pledge,
            "id": self.pledge,
            "title": "People trained",
            "pledger": self.pledger,
            "due": pledge["due"] and pledge["due"]["original_date"],
            "milestones": [{**stone, "due": stone["due"]["date"]} for stone in pledge["milestones"]],
        }

    @property
    def chronicle(self) -> list[Json]:
        """What was done, as the reference is asked about it: the policy held before everything."""
        return [{"at": self.deeds[0]["at"], "deed": "judged", "policy": self.policy}, *self.deeds]

    def _send(self, method: str, path: str, body: Json | None, *, key: str | None = None) -> tuple[int, Any]:
        sent = None if body is None else json.dumps(body, default=float).encode()
        status, content = self.ask(method, path, sent, key=key)
        return status, json.loads(content, parse_float=Decimal) if content else None

    def partings(self, question: Question) -> Iterator[str]:
        """What the server shows and the reference would not, or the other way round."""
        query, theirs = asked(question), answer(self.chronicle, question)
        status, document = self._send("GET", f"{self.path}?{query}", None)
        yield from _compared(query, None if status == 404 else standing_shown(document), expected(theirs))
        seen = known(self.chronicle, question.known_at)
        if seen is not None:
            yield from self._updates_parting(seen, query, question.as_of)
            yield from self._conflicts_parting(seen, query, question.today(seen["pledge"]))

    def _updates_parting(self, seen: Json, query: str, as_of: date | None) -> Iterator[str]:
        names = ("review", "supersedes", "superseded_by", "reason", "reported_at")
        found = {item["id"]: {name: item[name] for name in names} for item in self._items("progress", query)}
        yield from _compared(f"progress {query}", found, shown(seen, until=as_of))

    def _conflicts_parting(self, seen: Json, query: str, today: date) -> Iterator[str]:
        differing = [
            {
                **{name: item[name] for name in ("as_of", "milestone", "is_open")},
                "updates": sorted(rival["id"] for rival in item["updates"]),
            }
            for item in self._items("conflicts", query)
        ]
        yield from _compared(f"conflicts {query}", differing, conflicts(seen, today=today))

    def _items(self, segment: str, query: str) -> list[Json]:
        _, document = self._send("GET", f"{self.path}/{segment}?limit=200&{query}", None)
        items: list[Json] = document["items"]
        return items


def _compared(where: str, found: Any, wanted: Any) -> Iterator[str]:
    if found == wanted:
        return
    if isinstance(found, dict) and isinstance(wanted, dict) and found.keys() == wanted.keys():
        for name in found:
            yield from _compared(f"{where} {name}", found[name], wanted[name])
    else:
        yield f"{where}: the server has {found}, the reference {wanted}"


def _recorded(deed: Json, document: Json) -> Json:
    """The deed as the server says that it was recorded."""
    match deed["deed"]:
        case "promised" | "edited":
            return deed | {"at": _read(document["updated_at"]), "pledge": _pledge_shown(document)}
        case "reported":
            return deed | {"at": _read(document["recorded_at"]), "update": document}
        case "chosen":
            return deed | {"at": _read(document["recorded_at"]), "among": document["among"]}
        case "reviewed":
            return deed | {"at": _read(document["recorded_at"])}
    return deed | {"at": _read(document["updated_at"])}


def _pledge_shown(document: Json) -> Json:
    """The pledge's own content, without the target that is listed as the last milestone."""
    names = (
        "comparator",
        "target",
        "tolerance",
        "announced_on",
        "baseline",
        "cadence_days",
        "grace_days",
        "due",
        "time_zone",
    )
    own = [stone for stone in document["milestones"] if stone["id"] != "target"]
    return {name: document[name] for name in names} | {"milestones": own}


def _read(instant: str) -> datetime:
    return datetime.fromisoformat(instant)


def asked(question: Question) -> str:
    """The question as a query asks it."""
    said: dict[str, str] = {}
    if question.as_of is not None:
        said["as_of"] = question.as_of.isoformat()
    if question.known_at is not None:
        said["known_at"] = question.known_at.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return urlencode(said)


def _exact(number: Any) -> Any:
    """Numbers as fractions, which compare by value; days and nothing as they are."""
    return Fraction(number) if isinstance(number, int | Decimal) else number


def standing_shown(document: Json) -> Json:
    """What a pledge's document says of where it stands."""
    figure, claimed = document["figure"], document["claimed"]
    flags = [{name: flag[name] for name in ("kind", "milestone", "episode")} for flag in document["flags"]]
    return {
        **{name: document[name] for name in ("status", "delivery", "reporting", "schedule", "lateness")},
        "figure": figure and {name: _exact(figure[name]) for name in ("value", "as_of", "completion")},
        "path": {name: _exact(document["path"][name]) for name in NAMES},
        "milestones": [{"id": stone["id"], "status": stone["status"]} for stone in document["milestones"]],
        "flags": sorted(flags, key=lambda flag: (flag["kind"], flag["milestone"] or "", flag["episode"])),
        "claimed": {name: _exact(claimed[name]) for name in ("delivery", "value", "as_of", "completion")},
    }


def expected(theirs: Json | None) -> Json | None:
    """What the document should say by the reference's answer, days as they are written."""
    if theirs is None:
        return None
    names = (
        "status",
        "delivery",
        "reporting",
        "schedule",
        "figure",
        "path",
        "lateness",
        "milestones",
        "flags",
    )
    claimed = theirs["claimed"]
    nothing = {"value": None, "as_of": None, "completion": None}
    said = {name: theirs[name] for name in names}
    said["claimed"] = {"delivery": claimed["delivery"], **(claimed["figure"] or nothing)}
    return {name: _written(value) for name, value in said.items()}


def _written(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: _written(value) for name, value in said.items()}
    if isinstance(said, list):
        return [_written(value) for value in said]
    if isinstance(said, date):
        return said.isoformat()
    return said if isinstance(said, bool) else _exact(said)
