"""Being told to stop, by SIGTERM or SIGINT, at whatever instant that is."""

import signal
import threading
from collections.abc import Callable

STOP = frozenset({signal.SIGTERM, signal.SIGINT})


def on_stop(stop: Callable[[], None]) -> None:
    """See that being told to stop does one thing from here on: `stop` is called, once, in a thread.

    A handler would be called in the main thread between any two of its steps, where it must not wait for a
    lock: the main thread may hold it, that of an event being the first. To be called before any other thread
    is started. Processes forked from this one hear nothing until they have called `obey`.
    """
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP)

    def listen() -> None:
        signal.sigwait(STOP)
        stop()

    threading.Thread(target=listen, name="signals", daemon=True).start()


def obey() -> None:
    """In a process forked from one that calls `on_stop`: let SIGTERM end it, also one that has come already.

    SIGINT stays without effect: a terminal sends it to everybody, and it is for the first process to tell the
    others.
    """
    # What was inherited would do for this process what was meant for the other.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
