"""The ping: one GET, to where it was told and nowhere else, and back in time whatever happens."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from pledgetracker.channels.ping import PATIENCE_SECONDS, call
from tests.sinks import free_port


class Switch(ThreadingHTTPServer):
    """A service that waits for pings.

    Attributes:
        asked: the request lines that came.
        status: what is answered.
        location: where it sends the caller, if anywhere.
    """

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.status = 200
        self.location: str | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Switch

    def do_GET(self) -> None:
        self.server.asked.append(self.requestline)
        self.send_response(self.server.status)
        if self.server.location is not None:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(b"OK")

    def log_message(self, *_: object) -> None: ...


@contextmanager
def switch() -> Iterator[Switch]:
    with Switch() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_it_asks_once_for_exactly_what_it_was_told() -> None:
    with switch() as server:
        assert call(f"{server.url}/f00d/cafe?create=1") is None
        assert call(server.url) is None
    assert server.asked == ["GET /f00d/cafe?create=1 HTTP/1.1", "GET / HTTP/1.1"]


@pytest.mark.parametrize("status", [404, 500, 503])
def test_an_answer_that_is_no_success_is_told(status: int) -> None:
    with switch() as server:
        server.status = status
        assert call(server.url) == f"It answered {status}."


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_it_follows_no_redirect(status: int) -> None:
    with switch() as server, switch() as inside:
        server.status, server.location = status, f"{inside.url}/admin"
        assert call(server.url) == f"It answered {status}."
    assert inside.asked == []


def test_it_asks_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with switch() as server, switch() as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert call(server.url) is None
    assert (len(server.asked), proxy.asked) == (1, [])


def test_nobody_there_is_told() -> None:
    assert "refused" in (call(f"http://127.0.0.1:{free_port()}/secret") or "")


def test_a_name_that_nobody_has_is_told() -> None:
    assert call("http://no-such-host.invalid/") is not None


def test_a_certificate_that_is_not_good_is_told() -> None:
    with switch() as server:
        assert call(server.url.replace("http:", "https:")) is not None
    assert server.asked == []


@contextmanager
def dripping() -> Iterator[str]:
    """A server that answers without end, a byte at a time: no step of it takes long."""
    is_over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip() -> None:
            peer, _ = listener.accept()
            with peer:
                while not is_over.wait(0.05):
                    try:
                        peer.sendall(b"H")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            is_over.set()
            thread.join()


def test_an_answer_without_end_is_waited_for_no_longer_than_patience_lasts() -> None:
    before = threading.active_count()
    with dripping() as url:
        began = time.monotonic()
        assert call(url, patience_seconds=0.3) == "No answer within 0.3 seconds."
        assert time.monotonic() - began < PATIENCE_SECONDS
        # The thread that waited is not left waiting: one more would come with every tick.
        end = time.monotonic() + PATIENCE_SECONDS
        while any(thread.name == "ping" for thread in threading.enumerate()):
            assert time.monotonic() < end
            time.sleep(0.01)
    assert threading.active_count() <= before
