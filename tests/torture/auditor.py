"""The auditor: compares what had to be sent with what was, and names every difference.

It shares nothing with the product but the meaning of the words.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from tests.torture.evidence import SECOND, Deed, Evidence, Json, calm_ticks
from tests.torture.owed import NEWS, Story, Target, first_instant

# A letter is confirmed when it is claimed, and a claim holds for half a minute.
CONFIRMED_FOR = timedelta(seconds=30)
# From the final dot to the commit that says it was sent; on a busy machine that takes a while.
HEARD_WITHIN = timedelta(seconds=10)
# After trouble an attempt may wait this long for its turn: the longest pause between two, and some more.
AFTERMATH = timedelta(hours=2, minutes=10)
GIVES_UP_AFTER = timedelta(days=5)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
KINDS = ("missing", "double", "unexpected", "late", "unrecovered")


@dataclass(slots=True)
class Verdict:
    """What an audit found.

    Attributes:
        owed: how many alerts had to be accounted for.
        ended: how many of them ended in which state.
        duplicate: how often a message arrived once more under its own Message-ID.
        excused: how many of these nobody could avoid: the answer to the final dot was lost, or, once for each
            kill, whoever heard it was killed.
        found: what is wrong, by kind, each as a sentence.
    """

    owed: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    duplicate: int = 0
    excused: int = 0
    found: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    @property
    def figures(self) -> dict[str, int]:
        """What was counted."""
        counted = {kind: len(sentences) for kind, sentences in self.found.items()}
        return {"owed": self.owed, **counted, "duplicate": self.duplicate, "excused": self.excused}

    @property
    def broken(self) -> list[str]:
        """Which promises were broken, some of each kind as examples."""
        said = [
            f"{len(sentences)} {kind}, such as: {'; '.join(sentences[:3])}"
            for kind, sentences in self.found.items()
            if sentences
        ]
        if self.duplicate > self.excused:
            said.append(f"{self.duplicate} duplicates, of which faults excuse {self.excused}")
        return said


def audit(evidence: Evidence) -> Verdict:
    """Account for every alert that was owed, and for every message that arrived."""
    return _Audit(evidence).verdict()


class _Audit:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._verdict = Verdict()
        self._killed = 0
        grouped: defaultdict[str, list[Deed]] = defaultdict(list)
        for deed in evidence.deeds:
            grouped[deed.pledge].append(deed)
        self._stories = {key: Story(deeds, evidence.watchers) for key, deeds in grouped.items()}
        self._until = max((tick.began for tick in evidence.ticks if tick.ended), default=LONG_AGO)
        self._owed = {t: ready for story in self._stories.values() for t, ready in story.owed(self._until)}
        self._rows = {row["id"]: row for row in evidence.alerts}
        self._targets = {key: _target_of_row(row) for key, row in self._rows.items()}
        self._ids = {letter["alert"]: letter["message_id"] for letter in evidence.letters}
        self._calm = calm_ticks(evidence.ticks, evidence.troubles, AFTERMATH)
        self._taken: defaultdict[Target, list[Json]] = defaultdict(list)
        for arrived in evidence.mail:
            if arrived["event"] == "taken":
                self._taken[_target_of_mail(arrived)].append(arrived)

    def verdict(self) -> Verdict:
        self._verdict.owed = len(self._owed)
        self._account_for_rows()
        self._account_for_mail()
        self._check_collapse()
        return self._verdict

    def _say(self, kind: str, target: Target, what: str) -> None:
        stone = target.milestone or "-"
        name = (
            f"{target.pledge}/{stone} {target.kind} {target.episode} step {target.step} to {target.recipient}"
        )
        self._verdict.found[kind].append(f"{name}: {what}")

    # What is on record

    def _account_for_rows(self) -> None:
        recorded = Counter(self._targets.values())
        for target in self._owed.keys() - recorded.keys():
            self._say("missing", target, "owed, and never recorded")
        for target, times in recorded.items():
            if times > 1:
                self._say("double", target, f"recorded {times} times")
            if target not in self._owed:
                self._say("unexpected", target, "recorded, and not owed")
        for key, row in self._rows.items():
            target = self._targets[key]
            if target in self._owed:
                self._verdict.ended[row["state"]] += 1
                self._check_planned(target, row)
                self._check_state(target, row)

    def _check_planned(self, target: Target, row: Json) -> None:
        ready = self._owed[target]
        if row["planned_at"] < ready - SECOND:
            # A deed takes effect somewhere between its beginning and its end.
            if not any(deed.began <= row["planned_at"] <= deed.ended for deed in self._evidence.deeds):
                self._say("unexpected", target, f"planned at {row['planned_at']}, owed from {ready}")
        elif (deadline := self._deadline(ready)) is not None and row["planned_at"] > deadline:
            self._say("late", target, f"planned at {row['planned_at']}, a calm tick ended at {deadline}")
        if (falls := _day_of(target)) is not None:
            due_at = first_instant(falls, self._stories[target.pledge].zone)
            if row["due_at"] != due_at:
                self._say("unexpected", target, f"said to fall due at {row['due_at']}, falls due at {due_at}")

    def _deadline(self, ready: datetime) -> datetime | None:
        """By when that which is ready must be done; None if there never was a calm tick."""
        n = bisect_left(self._calm, (ready,))
        return self._calm[n][1] if n < len(self._calm) else None

    def _check_state(self, target: Target, row: Json) -> None:
        state = row["state"]
        if state == "pending":
            self._say("unrecovered", target, f"still pending: {row['reason']}")
            return
        if row["ended_at"] is None or (state != "sent" and not row["reason"]):
            self._say("missing", target, f"{state} without a reason or an instant")
        checks = {
            "sent": self._check_sent,
            "superseded": self._check_superseded,
            "cancelled": self._check_cancelled,
            "dead": self._check_dead,
        }
        if state not in checks:
            self._say("missing", target, f"{state}, for which there was no cause")
        else:
            checks[state](target, row)

    def _check_sent(self, target: Target, row: Json) -> None:
        arrivals = self._taken.get(target, [])
        if not arrivals:
            self._say("missing", target, "recorded as sent, and never arrived")
            return
        first = arrivals[0]["at"]
        if arrivals[0]["message_id"] != self._ids.get(row["id"]):
            self._say("double", target, "arrived under another Message-ID than the one on record")
        if first < self._owed[target] - SECOND and first < row["planned_at"]:
            self._say("unexpected", target, f"arrived at {first}, owed from {self._owed[target]}")
        deadline = self._deadline(max(self._owed[target], row["planned_at"]))
        if deadline is not None and first > deadline:
            self._say("late", target, f"arrived at {first}, a calm tick ended at {deadline}")
        if self._was_open(target, first) == {False}:
            self._say("unexpected", target, f"sent at {first}, when its flag was long closed")

    def _was_open(self, target: Target, at: datetime) -> set[bool]:
        """Whether its flag was open when an attempt that ended then was confirmed; for news both."""
        if target.kind in NEWS:
            return {True, False}
        return self._stories[target.pledge].opinions(target.identity, at - CONFIRMED_FOR, at)

    def _check_superseded(self, target: Target, row: Json) -> None:
        leader, seen = self._rows.get(row["superseded_by"]), {row["id"]}
        while leader is not None and leader["state"] == "superseded" and leader["id"] not in seen:
            seen.add(leader["id"])
            leader = self._rows.get(leader["superseded_by"])
        if target.kind in NEWS or leader is None or leader["id"] in seen:
            self._say("missing", target, "superseded by nothing that was sent")
            return
        speaker = self._targets[leader["id"]]
        if (speaker.pledge, speaker.recipient) != (target.pledge, target.recipient) or speaker.kind in NEWS:
            self._say("missing", target, f"superseded by what does not speak for it: {speaker}")
        elif leader["state"] == "cancelled":
            if self._was_open(target, leader["ended_at"]) == {True}:
                self._say("missing", target, "superseded by an alert that was cancelled, and still open then")
        elif target.rank < speaker.rank and leader["ended_at"] is not None:
            lasted = self._stories[target.pledge].opinions(
                target.identity, row["planned_at"], leader["ended_at"]
            )
            if lasted == {True}:
                self._say("missing", target, f"superseded by a less urgent alert: {speaker.kind}")

    def _check_cancelled(self, target: Target, row: Json) -> None:
        if target.kind in NEWS:
            story = self._stories[target.pledge]
            if target.kind in {"rescheduled", "withdrawn"} or not story.is_corrected(
                target.step, row["ended_at"]
            ):
                self._say("missing", target, f"news cancelled: {row['reason']}")
        elif self._was_open(target, row["ended_at"]) == {True}:
            self._say("missing", target, "cancelled while its flag was open")

    def _check_dead(self, target: Target, row: Json) -> None:
        refused = any(
            said["event"] == "refused"
            and said["recipient"] == target.recipient
            and said["at"] <= row["ended_at"]
            for said in self._evidence.mail
        )
        tried = row["first_attempt_at"]
        if not refused and (tried is None or row["ended_at"] - tried < GIVES_UP_AFTER):
            self._say("missing", target, f"given up without cause: {row['reason']}")

    # What arrived

    def _account_for_mail(self) -> None:
        states = {self._targets[key]: row["state"] for key, row in self._rows.items()}
        by_id: defaultdict[str, set[Target]] = defaultdict(set)
        for target, arrivals in self._taken.items():
            ids = {arrival["message_id"] for arrival in arrivals}
            for each in ids:
                by_id[each].add(target)
            if len(ids) > 1:
                self._say("double", target, f"arrived under {len(ids)} Message-IDs")
            if len({arrival["digest"] for arrival in arrivals}) > len(ids):
                self._say("unexpected", target, "arrived in different words under one Message-ID")
            self._count_duplicates(arrivals)
            if target not in self._owed:
                self._say("unexpected", target, "arrived, and was not owed")
            elif states.get(target) != "sent" and not all(map(self._is_excused, arrivals)):
                self._say("unexpected", target, f"arrived, and is recorded as {states.get(target)}")
        for each, targets in by_id.items():
            if len(targets) > 1:
                self._say("double", min(targets, key=str), f"shares its Message-ID {each} with another")
        self._verdict.excused += min(self._killed, self._evidence.kills)

    def _count_duplicates(self, arrivals: Sequence[Json]) -> None:
        by_id: defaultdict[str, list[Json]] = defaultdict(list)
        for arrival in arrivals:
            by_id[arrival["message_id"]].append(arrival)
        for same in by_id.values():
            # Each but the last was followed by another.
            for arrival in same[:-1]:
                self._verdict.duplicate += 1
                self._verdict.excused += not arrival["is_answered"]
                self._killed += arrival["is_answered"] and self._is_excused(arrival)

    def _is_excused(self, arrival: Json) -> bool:
        """Whether nobody could know that it had arrived: no answer, or nobody left to hear it."""
        if not arrival["is_answered"]:
            return True
        return any(
            trouble.kind == "kill" and trouble.began - HEARD_WITHIN <= arrival["at"] <= trouble.began + SECOND
            for trouble in self._evidence.troubles
        )

    def _check_collapse(self) -> None:
        """Of what one look found for one recipient, one message tells; and news by itself."""
        told: defaultdict[tuple[str, str, datetime], list[Target]] = defaultdict(list)
        for key, row in self._rows.items():
            target = self._targets[key]
            if row["state"] == "sent" and target.kind not in NEWS:
                told[target.pledge, target.recipient, row["planned_at"]].append(target)
        for together in told.values():
            if len(together) > 1:
                self._say("unexpected", together[1], f"sent beside {together[0].kind} of the same look")


def _day_of(target: Target) -> date | None:
    """On which day it falls due, where that follows from its name."""
    if target.kind == "no_progress":
        return target.episode - timedelta(days=target.step)
    return target.episode + timedelta(days=target.step) if target.kind == "overdue" else None


def _target_of_row(row: Json) -> Target:
    return Target(row["pledge"], row["milestone"], row["kind"], row["episode"], row["step"], row["recipient"])


def _target_of_mail(arrived: Json) -> Target:
    """What a message says of itself in its header, and whom it was handed over for."""
    said = dict(_pairs(arrived["alert"].split("; ")))
    milestone = None if said["milestone"] == "-" else said["milestone"]
    episode = date.fromisoformat(said["episode"])
    return Target(said["pledge"], milestone, said["kind"], episode, int(said["step"]), arrived["recipient"])


def _pairs(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    for word in words:
        name, _, value = word.partition("=")
        yield name, value
