"""The flows with mistakes in them that crash points must find; to be run in place of `flows`."""

from dataclasses import replace
from secrets import token_hex

from pledgetracker.channels.base import Session
from pledgetracker.domain.alert import AlertState
from pledgetracker.domain.attempt import Outcome, Result
from pledgetracker.services import monitoring
from pledgetracker.services.sending import Round, Waiting
from tests.torture import flows
from tests.torture.flows import Answer, Job, Program


def _forget_the_key(program: Program, job: Job) -> Answer:
    """Take the request, and every repetition of it, for a new one."""
    return flows._ask(program, replace(job, key=token_hex(16)))


def _tick_in_pieces(program: Program, job: Job) -> None:
    """Commit what was found on one pledge before looking at the next."""
    runtime, now = program.runtime, program.clock.now
    while runtime.database.write(lambda tx: monitoring.check_batch(tx, runtime.rules, now=now, limit=1)):
        pass


def _mark_before_sending(program: Program, job: Job) -> None:
    """Record a letter as sent, then send it."""

    def send(self: Round, session: Session, waiting: Waiting) -> None:
        alert, letter = waiting[0]
        self._end(alert, AlertState.SENT, None, Result(Outcome.SENT, None, None, None), None)
        self._settled()
        session.send(letter, lambda: None)

    Round._send = send  # type: ignore[method-assign] # a mistake, made here
    flows._deliver(program, job)


if __name__ == "__main__":
    flows.FLOWS.update(request=_forget_the_key, tick=_tick_in_pieces, deliver=_mark_before_sending)
    flows.main()
