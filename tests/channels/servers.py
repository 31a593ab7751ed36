"""Mail servers to test against: one that follows a script, misbehaviour included."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import takewhile
from threading import Thread

DROP = "drop the connection"
HANG = "say nothing until the client has gone"

USUAL = {
    "connect": "220 ready",
    "EHLO": "250 mail.example",
    "AUTH": "235 welcome",
    "MAIL": "250 sender fine",
    "RCPT": "250 recipient fine",
    "DATA": "354 go ahead",
    ".": "250 taken",
    "RSET": "250 forgotten",
    "QUIT": "221 bye",
}


@dataclass
class ScriptedServer:
    """Answers each verb as told; a list gives the answers one after the other, the last for good.

    What it heard is complete once a client has its answer.
    """

    script: dict[str, list[str]]
    listener: socket.socket
    heard: list[str] = field(default_factory=list)
    messages: list[bytes] = field(default_factory=list)
    connections: int = 0

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def serve(self) -> None:
        with suppress(OSError):  # the listener was closed: the test is over
            while True:
                connection, _ = self.listener.accept()
                self.connections += 1
                with suppress(OSError), connection:
                    self._talk(connection)

    def _talk(self, connection: socket.socket) -> None:
        with connection.makefile("rb") as lines:
            if not self._answer(connection, "connect"):
                return
            for line in lines:
                said = line.decode(errors="replace").strip()
                verb = said.partition(" ")[0].upper()
                self.heard.append(said)
                if not self._answer(connection, verb) or verb == "QUIT":
                    return
                if verb == "DATA" and self.script["DATA"][0].startswith("354"):
                    taken = list(takewhile(lambda line: line != b".\r\n", lines))
                    if not taken:
                        return  # the client thought better of it
                    message = b"".join(taken)
                    if not self._answer(connection, "."):
                        return
                    self.messages.append(message)

    def _answer(self, connection: socket.socket, verb: str) -> bool:
        answers = self.script.get(verb, ["500 what"])
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer == HANG:
            while connection.recv(1024):
                pass
        if answer in {HANG, DROP}:
            return False
        connection.sendall(answer.encode() + b"\r\n")
        return True


@contextmanager
def scripted(changes: Mapping[str, str | list[str]]) -> Iterator[ScriptedServer]:
    script = {
        verb: [answer] if isinstance(answer, str) else list(answer)
        for verb, answer in {**USUAL, **changes}.items()
    }
    listener = socket.create_server(("127.0.0.1", 0))
    server = ScriptedServer(script, listener)
    thread = Thread(target=server.serve, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)  # wakes accept(), which close() alone does not
        listener.close()
        thread.join(5)
