"""A record with the seeds in it, and a reader that takes pages apart and is strict about it."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient

SEEDS = Path(__file__).parents[2] / "seeds"
VOID = {"meta", "link", "input", "br", "hr", "img"}
HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4}
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@dataclass
class Element:
    name: str
    attributes: dict[str, str | None]
    parents: tuple["Element", ...]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def get(self, name: str) -> str | None:
        return self.attributes.get(name)


class Page(HTMLParser):
    """A page taken apart; refuses tags that do not match."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.source = source
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(source)
        self.close()
        assert not self._open, f"never closed: {self._open[-1].name}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute stands twice: {tag} {names}"
        element = Element(tag, dict(attrs), tuple(self._open))
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(self._open)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"{tag} closes nothing"
        assert self._open[-1].name == tag, f"{tag} closes {self._open[-1].name}"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)

    def all(self, name: str) -> list[Element]:
        return [element for element in self.elements if element.name == name]

    def classed(self, name: str) -> list[Element]:
        return [e for e in self.elements if name in (e.get("class") or "").split()]

    @property
    def text(self) -> str:
        return self.all("main")[0].text

    def complaints(self) -> list[str]:
        """What keeps the page from being sound."""
        ids = [e.get("id") for e in self.elements if e.get("id") is not None]
        return [
            *(f"id {key} stands twice" for key in ids if ids.count(key) > 1),
            *(f"nothing has the id {key}" for key in self._named() if key not in ids),
            *self._heading_complaints(),
            *(f"{e.name} without words" for e in self.all("svg") if not _is_explained(e)),
            *(f"{e.name} {e.get('id')} without label" for e in self._unlabelled()),
            *(f"inline {e.name}" for e in self.elements if e.name in {"script", "style", "iframe"}),
            *(f"{e.name} {name}" for e in self.elements for name in e.attributes if _is_inline(name)),
            *(f"leads out: {e.get('href')}" for e in self.all("a") if _leads_out(e)),
            *(f"loads from elsewhere: {e.attributes}" for e in self.all("link") if _is_far(e.get("href"))),
        ]

    def _named(self) -> set[str]:
        names = ("aria-labelledby", "for", "aria-describedby")
        named = {k for e in self.elements for name in names for k in (e.get(name) or "").split()}
        return named | {str(e.get("href"))[1:] for e in self.all("a") if str(e.get("href")).startswith("#")}

    def _heading_complaints(self) -> list[str]:
        levels = [HEADINGS[e.name] for e in self.elements if e.name in HEADINGS]
        found = [] if levels[:1] == [1] and levels.count(1) == 1 else [f"headings begin with {levels[:2]}"]
        jumps = itertools.pairwise(levels)
        return [*found, *(f"a heading jumps from {a} to {b}" for a, b in jumps if b > a + 1)]

    def _unlabelled(self) -> list[Element]:
        labelled = {e.get("for") for e in self.all("label")}
        controls = [e for e in self.elements if e.name in {"input", "select", "textarea"}]
        return [e for e in controls if e.get("id") not in labelled and e.get("type") != "hidden"]


def _is_explained(svg: Element) -> bool:
    return svg.get("aria-hidden") == "true" or (svg.get("role") == "img" and bool(svg.get("aria-labelledby")))


def _is_inline(name: str) -> bool:
    return name == "style" or name.startswith("on")


def _is_far(address: str | None) -> bool:
    return "//" in (address or "")


def _leads_out(link: Element) -> bool:
    """Whether a link leaves the service without being marked as somebody's source."""
    return _is_far(link.get("href")) and "external" not in (link.get("rel") or "")


@pytest.fixture
def pledger(editor: FlaskClient) -> str:
    """A pledger to make pledges of."""
    assert editor.post("/v1/pledgers", json={"id": "acme", "name": "Acme"}).status_code == 201
    return "acme"


Visit = Callable[[str], Page]


@pytest.fixture
def visit(anybody: FlaskClient) -> Visit:
    """Load a page as a browser does; it must be there and be sound."""

    def load(address: str) -> Page:
        answer = anybody.get(address, headers={"Accept": BROWSER})
        assert answer.status_code == 200, answer.text[:2000]
        page = Page(answer.text)
        assert page.complaints() == []
        return page

    return load


@pytest.fixture
def parse() -> Callable[[str], Page]:
    """Take a page apart that may be of any status."""
    return Page
