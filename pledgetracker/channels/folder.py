"""Letters as files, for when there is no mail server: one `.eml` each, which any mail program opens."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp

from pledgetracker.channels.base import ChannelDown, Outage, Session, nothing
from pledgetracker.domain.letter import Letter


@dataclass(frozen=True, slots=True)
class FolderChannel:
    """Writes letters into `directory`, readable by its owner alone."""

    directory: Path

    @contextmanager
    def open(self) -> Iterator[Session]:
        """A session; the directory is made when the first letter is sent."""
        yield _FolderSession(self.directory)

    def path_of(self, message_id: str) -> Path:
        """Where the letter with that Message-ID lies: named by it alone, so that a retry replaces it."""
        return self.directory / f"{hashlib.sha256(message_id.encode()).hexdigest()[:40]}.eml"


class _FolderSession:
    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def send(self, letter: Letter, at_brink: Callable[[], None] = nothing) -> None:
        """Write the letter; it is on the disk when this returns."""
        at_brink()
        try:
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            # The mode given to mkdir yields to the umask, and says nothing of a directory that was there.
            self._directory.chmod(0o700)
            _write(FolderChannel(self._directory).path_of(letter.message_id), letter.content)
        except OSError as error:
            raise ChannelDown(
                f"Cannot write to {self._directory}: {error}", kind=Outage.CONNECTION
            ) from error


def _write(path: Path, content: bytes) -> None:
    handle, name = mkstemp(dir=path.parent, prefix=".", suffix=".tmp")  # made with mode 0600
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink()
        raise
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    """Without this the new name may be lost in a crash, though the content is on the disk."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
