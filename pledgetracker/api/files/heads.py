"""What JSON files of an initiative say before their pledges: the initiative, the pledgers, the rubrics."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from pledgetracker.api.files.complaints import Complaints, Place
from pledgetracker.api.files.forms import Forms
from pledgetracker.api.files.incoming import Incoming
from pledgetracker.api.files.json_stream import JsonStream
from pledgetracker.api.wording import MISSING, unknown

LISTS = ("pledgers", "rubrics", "pledges")
HEAD = ("format", "initiative", "pledgers")
# Besides, where there are any.
RUBRICS = "rubrics"


@dataclass(slots=True)
class Head:
    """What a file says before its pledges, as its form has it.

    Attributes:
        initiative: its initiative; None for what belongs to none.
        pledgers, rubrics: each with its place in the list.
    """

    forms: Forms
    initiative: Any
    pledgers: Sequence[tuple[int, Any]]
    rubrics: Sequence[tuple[int, Any]]


def read_head(file: Incoming, known: Sequence[Forms]) -> Head:
    """The initiative and the pledgers of a file, checked for form; pledges are not read if they come last.

    `known` are the forms that it may have.

    Raises:
        Malformed: it is not JSON.
        Invalid: it holds what nothing can store.
        ValidationError: it is not of the format.
    """
    found: dict[str, Any] = {}
    listed: dict[str, list[tuple[int, Any]]] = {"pledgers": [], RUBRICS: []}
    for name, place, value in pieces(file):
        if name in listed:
            found[name] = True
            if place is not None:
                listed[name].append((place, value))
        elif name != "pledges":
            found[name] = value
        elif all(name in found for name in HEAD):
            break
    names = {*HEAD, *LISTS}
    wrong: dict[str, Any] = {name: [unknown(name, names)] for name in found if name not in names}
    wrong |= {name: [MISSING] for name in HEAD if name not in found}
    forms = next((forms for forms in known if forms.format == found.get("format")), known[0])
    if "format" in found and found["format"] != forms.format:
        wrong["format"] = [f"Not a format that is known: {' or '.join(form.format for form in known)}."]
    initiative = None
    if found.get("initiative") is not None:
        initiative = _loaded(forms.initiative(), found["initiative"], wrong, "initiative")
    schemas = {"pledgers": forms.pledger(), RUBRICS: forms.rubric()}
    loaded = {
        name: [(i, _loaded(schemas[name], value, wrong, name, i)) for i, value in values]
        for name, values in listed.items()
    }
    if wrong:
        raise ValidationError(wrong)
    return Head(forms, initiative, loaded["pledgers"], loaded[RUBRICS])


def pieces(file: Incoming) -> Iterator[tuple[str, int | None, Any]]:
    """The members of a file one by one, those of its lists with their places."""
    with file.open() as stream:
        yield from JsonStream(stream, LISTS).pieces()


def _loaded(schema: Any, value: Any, wrong: dict[str, Any], *at: Any) -> Any:
    try:
        return schema.load(value)
    except ValidationError as error:
        here = wrong
        for step in at[:-1]:
            here = here.setdefault(step, {})
        here[at[-1]] = error.messages
        return None


def read_heads(files: Sequence[Incoming], known: Sequence[Forms], complaints: Complaints) -> dict[str, Head]:
    """The heads of those files that have a good one, by the names of the files."""
    heads = {}
    for file in files:
        with complaints.collecting(Place(file.name)):
            heads[file.name] = read_head(file, known)
    return heads


class Heads:
    """What several files say before their pledges, taken together."""

    def __init__(self, heads: Mapping[str, Head], complaints: Complaints) -> None:
        self._heads, self._complaints = heads, complaints

    def take_initiatives(self, add: Callable[[Any], object]) -> None:
        """Give `add` the initiatives, parents before their children, whatever the order of the files."""
        waiting = {name: head.initiative for name, head in self._heads.items() if head.initiative is not None}
        while waiting:
            awaited = {_said(entry, "id") for entry in waiting.values()}
            ready = [name for name, entry in waiting.items() if _said(entry, "parent") not in awaited]
            # In a ring nobody is ready; whoever goes first is then told that the parent does not exist.
            for name in ready or list(waiting)[:1]:
                entry = waiting.pop(name)
                with self._complaints.collecting(Place(name, pointer="/initiative")):
                    add(entry)

    def take_pledgers(self, add: Callable[[Any], object]) -> None:
        """Give `add` each of the pledgers once; they may stand in several files, and then alike."""
        met: dict[str, tuple[str, Any]] = {}
        for name, head in self._heads.items():
            for i, entry in head.pledgers:
                with self._complaints.collecting(Place(name, pointer=f"/pledgers/{i}")):
                    key = _said(entry, "id")
                    file, first = met.setdefault(key, (name, entry))
                    if file == name and first is not entry:
                        raise ValidationError({"id": ["Stands twice in this file."]})
                    if first != entry:
                        raise ValidationError(f"The pledger {key!r} stands otherwise in {file}.")
                    if first is entry:
                        add(entry)

    def take_rubrics(self, add: Callable[[Any], object]) -> None:
        """Give `add` the rubrics, those of several files as often as they stand there."""
        for name, head in self._heads.items():
            for i, entry in head.rubrics:
                with self._complaints.collecting(Place(name, pointer=f"/rubrics/{i}")):
                    add(entry)


def _said(entry: Any, name: str) -> Any:
    """What an entry says, be it fields or a value made of them."""
    return entry.get(name) if isinstance(entry, dict) else getattr(entry, name)
