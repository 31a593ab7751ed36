"""The pages in a real browser, served by a real server."""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from pledgetracker.runtime import Runtime

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
REQUIRED = os.environ.get("PLEDGETRACKER_TEST_REQUIRE_BROWSER") == "1"
PLEDGE = "/pledges/microsoft-france-people-trained"
HEIGHT = 800

pytestmark = pytest.mark.skipif(
    not CHROMIUM.exists() and not REQUIRED, reason="no browser: install Debian's chromium"
)


@dataclass
class Watched:
    """A tab, and what went wrong in it."""

    tab: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    hosts: set[str | None] = field(default_factory=set)

    def open(self, address: str) -> None:
        self.tab.goto(self.base + address)

    def overflow(self) -> int:
        """By how many pixels the page is wider than the window."""
        width = self.tab.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert isinstance(width, int)
        return width


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture
def base(app: Flask, seeded: Runtime) -> Iterator[str]:
    """The address of the application, on a port of its own."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


Open = Callable[[int, str], Watched]


@pytest.fixture
def window(browser: Browser, base: str) -> Iterator[Open]:
    """Open a window of some width, light or dark; afterwards nothing may have gone wrong in it."""
    opened: list[Watched] = []

    def open_window(width: int, scheme: str) -> Watched:
        context = browser.new_context(
            viewport={"width": width, "height": HEIGHT},
            color_scheme="dark" if scheme == "dark" else "light",
        )
        context.add_init_script(
            "addEventListener('securitypolicyviolation', e => console.error('policy: ' + e.blockedURI))"
        )
        watched = Watched(context.new_page(), base)
        watched.tab.on("console", lambda message: watched.complaints.append(message.text))
        watched.tab.on("pageerror", lambda error: watched.complaints.append(str(error)))
        watched.tab.on("request", lambda request: watched.hosts.add(urlsplit(request.url).hostname))
        opened.append(watched)
        return watched

    yield open_window
    for watched in opened:
        watched.tab.context.close()
        assert watched.complaints == []
        assert watched.hosts == {"127.0.0.1"}


WIDTHS = (375, 700, 1280)


@pytest.mark.parametrize(
    "address",
    [
        "/",
        PLEDGE,
        "/pledges/microsoft-mulhouse-data-centre",
        "/pledges/choose-france-2025-05-total",
        "/initiatives/choose-france",
        "/docs",
    ],
)
def test_a_page_fits_its_window_and_loads_nothing_from_elsewhere(window: Open, address: str) -> None:
    watched = window(WIDTHS[0], "light")
    watched.open(address)
    assert watched.tab.locator("h1").count() == 1
    for width in WIDTHS:
        watched.tab.set_viewport_size({"width": width, "height": HEIGHT})
        assert watched.overflow() <= 0, width


def test_the_style_arrives_and_follows_the_dark(window: Open) -> None:
    shades = []
    for scheme in ("light", "dark"):
        watched = window(1280, scheme)
        watched.open("/")
        shades.append(watched.tab.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert shades == ["rgb(250, 249, 246)", "rgb(21, 21, 21)"]


def test_a_chart_is_seen_at_a_legible_size_on_a_phone(window: Open) -> None:
    watched = window(375, "light")
    watched.open(PLEDGE)
    heights = watched.tab.evaluate(
        "[...document.querySelectorAll('svg.chart')].map(e => e.getBoundingClientRect().height)"
    )
    assert sorted(height > 150 for height in heights) == [False, True]
    label = watched.tab.locator("svg.chart-narrow text").first.bounding_box()
    assert label is not None
    assert label["height"] >= 9


def test_the_keyboard_reaches_the_content_first(window: Open) -> None:
    watched = window(1280, "light")
    watched.open("/")
    watched.tab.keyboard.press("Tab")
    assert watched.tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    watched.tab.keyboard.press("Enter")
    assert watched.tab.evaluate("document.activeElement.id") == "content"


def test_the_form_narrows_the_list(window: Open) -> None:
    watched = window(375, "dark")
    watched.open("/")
    watched.tab.get_by_label("Words").fill("GPU")
    watched.tab.get_by_role("button", name="Show").click()
    watched.tab.wait_for_url("**q=GPU**")
    assert watched.tab.locator("article").count() == 1
    watched.tab.get_by_role("link", name="advanced GPUs").click()
    watched.tab.wait_for_url("**/pledges/microsoft-france-gpus")


def test_a_posted_update_is_there_after_a_reload(window: Open, editor: FlaskClient, base: str) -> None:
    watched = window(1280, "light")
    watched.open(PLEDGE)
    assert watched.tab.get_by_text("612,345 people in total").count() == 0
    answer = watched.tab.request.post(
        f"{base}/v1{PLEDGE}/progress",
        data={"value": 612345, "as_of": "2026-11-20"},
        headers={"Authorization": editor.environ_base["HTTP_AUTHORIZATION"]},
    )
    assert answer.status == 201
    watched.tab.reload()
    assert watched.tab.get_by_text("612,345 people in total").count() == 1
    assert watched.tab.locator("header.intro .badge").inner_text() == "At risk"
