"""A mail server in a process of its own that takes every letter: `sink.py PORT`, until it is ended."""

import sys
import threading

from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink

if __name__ == "__main__":
    Controller(Sink(), hostname="127.0.0.1", port=int(sys.argv[1])).start()
    threading.Event().wait()
