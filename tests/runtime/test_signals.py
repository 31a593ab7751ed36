"""What being told to stop does, in processes of their own: it changes what a process does for good."""

import signal
import subprocess
import sys

from tests.processes import PATIENCE_SECONDS

WHERE_THE_LOCK_IS_HELD = """
import os, signal, threading
from pledgetracker import signals

lock, stopped = threading.Lock(), threading.Event()

def stop():
    with lock:
        stopped.set()

signals.on_stop(stop)
with lock:
    os.kill(os.getpid(), signal.SIGTERM)
    print(stopped.is_set())
print(stopped.wait())
"""

IN_A_FORK = """
import os, signal
from pledgetracker import signals

signals.on_stop(lambda: print("told"))
child = os.fork()
if child == 0:
    os.kill(os.getpid(), signal.SIGINT)
    os.kill(os.getpid(), signal.SIGTERM)
    print("deaf", flush=True)
    signals.obey()
    print("alive", flush=True)
    os._exit(0)
print("ended by", os.WTERMSIG(os.waitpid(child, 0)[1]))
"""


def said(program: str) -> list[str]:
    ended = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, timeout=PATIENCE_SECONDS
    )
    return ended.stdout.splitlines()


def test_a_stop_may_wait_for_a_lock_that_the_main_thread_holds_when_told() -> None:
    assert said(WHERE_THE_LOCK_IS_HELD) == ["False", "True"]


def test_a_fork_hears_nothing_until_it_obeys_and_is_ended_then_by_what_came_before() -> None:
    assert said(IN_A_FORK) == ["deaf", f"ended by {signal.SIGTERM.value}"]
