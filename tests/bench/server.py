"""The server that the bench presses: the application, and beside it a bare Flask route, on one granian."""

import sys

from flask import Flask
from granian import Granian
from granian.constants import Interfaces
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from pledgetracker.app import create


def both() -> DispatcherMiddleware:
    bare = Flask("bare")

    @bare.get("/")
    def answer() -> dict[str, str]:
        return {"hello": "world"}

    return DispatcherMiddleware(create(), {"/bare": bare})


if __name__ == "__main__":
    Granian(
        "server:both",
        factory=True,
        interface=Interfaces.WSGI,
        port=int(sys.argv[1]),
        blocking_threads=int(sys.argv[2]),
        websockets=False,
    ).serve()
