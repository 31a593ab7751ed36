"""The server behind nginx with the site that comes along: nothing is lost on the way."""

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from http.client import HTTPResponse, HTTPSConnection
from pathlib import Path

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.runtime import Runtime
from tests.conftest import key_of
from tests.processes import PATIENCE_SECONDS, answers, started, wait_until
from tests.sinks import free_port
from tests.world import add_pledge

SITE = Path(__file__).parents[2] / "config" / "deploy" / "nginx.conf"
NGINX = shutil.which("nginx")

pytestmark = pytest.mark.skipif(
    NGINX is None or shutil.which("openssl") is None, reason="needs nginx and openssl"
)

MAIN = """\
{user}daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/site.conf;
}}
"""


def make_certificate(folder: Path) -> None:
    name = ["-subj", "/CN=pledges.example.org", "-addext", "subjectAltName=DNS:pledges.example.org"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    subprocess.run(
        ["openssl", "req", "-x509", "-nodes", "-days", "2", *curve, *files, *name],
        check=True,
        capture_output=True,
    )


@pytest.fixture
def site(tmp_path: Path, port: int) -> Iterator[int]:
    """nginx in front of the server; the port of its TLS side."""
    folder = tmp_path / "nginx"
    folder.mkdir()
    make_certificate(folder)
    secure, plain = free_port(), free_port()
    text = SITE.read_text().replace("127.0.0.1:8000", f"127.0.0.1:{port}")
    text = text.replace("/etc/letsencrypt/live/pledges.example.org", str(folder))
    text = re.sub(r"listen \[::\].*\n", "", text)
    text = text.replace("listen 443", f"listen 127.0.0.1:{secure}").replace(
        "listen 80", f"listen 127.0.0.1:{plain}"
    )
    (folder / "site.conf").write_text(text)
    user = "user root;\n" if os.getuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    command = [
        str(NGINX),
        "-p",
        str(folder),
        "-e",
        str(folder / "error.log"),
        "-c",
        str(folder / "nginx.conf"),
    ]
    with subprocess.Popen(command) as process:
        wait_until(lambda: connects(secure))
        yield secure
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return False
    return True


@pytest.fixture
def context(site: int, tmp_path: Path) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(tmp_path / "nginx" / "fullchain.pem"))
    made.check_hostname = False
    return made


def ask(
    site: int, context: ssl.SSLContext, method: str, path: str, body: str | None = None, **headers: str
) -> HTTPResponse:
    connection = HTTPSConnection("127.0.0.1", site, timeout=PATIENCE_SECONDS, context=context)
    spelled = {name.replace("_", "-"): value for name, value in headers.items()}
    connection.request(method, path, body, {"Host": "pledges.example.org"} | spelled)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_tags_ids_and_refusals_pass_and_metrics_do_not(
    runtime: Runtime, served: dict[str, str], port: int, site: int, context: ssl.SSLContext, tmp_path: Path
) -> None:
    add_pledge(runtime, contacts=())
    key = key_of(runtime, Scope.REVIEW)
    forged = {"X_Forwarded_For": "127.0.0.1", "Accept_Encoding": "gzip"}
    with (tmp_path / "log").open("w+") as log, started(served, "serve", log=log):
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/healthz"))
        found = ask(site, context, "GET", "/v1/pledges/people", X_Request_Id="r-1", **forged)
        assert (found.status, found.headers["X-Request-Id"]) == (200, "r-1")
        assert found.headers["Strict-Transport-Security"]
        tag = found.headers["ETag"]
        assert tag.startswith('"')
        assert ask(site, context, "GET", "/v1/pledges/people", If_None_Match=tag, **forged).status == 304
        said = {"Authorization": f"Bearer {key}", "Content_Type": "application/json"}
        patched = ask(site, context, "PATCH", "/v1/pledges/people", '{"title": "New"}', If_Match=tag, **said)
        assert patched.status == 200
        again = ask(site, context, "PATCH", "/v1/pledges/people", '{"title": "Old"}', If_Match=tag, **said)
        assert again.status == 412
        assert ask(site, context, "POST", "/v1/pledges", "x" * (1024 * 1024 + 1), **said).status == 413
        assert ask(site, context, "GET", "/metrics").status == 404
        assert ask(site, context, "GET", "/v1/../metrics").status == 404
        assert ask(site, context, "GET", "//metrics").status in {301, 403, 404}
