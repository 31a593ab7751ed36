from email import message_from_bytes
from pathlib import Path

import pytest

from pledgetracker.channels.base import Channel, ChannelDown, Outage
from pledgetracker.channels.folder import FolderChannel
from pledgetracker.domain.letter import Letter


def letter(number: int, content: bytes = b"Subject: One\r\n\r\nBody\r\n") -> Letter:
    return Letter(f"<{number}@pledges.example>", "alerts@pledges.example", "ada@example.org", content)


def test_each_letter_becomes_one_file_that_holds_its_bytes(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path / "mail")
    with channel.open() as session:
        session.send(letter(1))
        session.send(letter(2))
    files = sorted((tmp_path / "mail").iterdir())
    assert files == sorted(channel.path_of(f"<{n}@pledges.example>") for n in (1, 2))
    assert all(file.suffix == ".eml" and message_from_bytes(file.read_bytes())["Subject"] for file in files)


def test_only_the_owner_can_read_the_letters(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    folder.mkdir(mode=0o755)
    with FolderChannel(folder).open() as session:
        session.send(letter(1))
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [file.stat().st_mode & 0o777 for file in folder.iterdir()] == [0o600]


def test_a_retry_replaces_the_file_of_the_first_attempt(tmp_path: Path) -> None:
    channel: Channel = FolderChannel(tmp_path)
    for content in (b"first\r\n", b"again\r\n"):
        with channel.open() as session:
            session.send(letter(1, content))
    assert [file.read_bytes() for file in tmp_path.iterdir()] == [b"again\r\n"]


def test_a_message_id_cannot_lead_out_of_the_folder(tmp_path: Path) -> None:
    assert FolderChannel(tmp_path).path_of("<../../x@y>").parent == tmp_path


def test_a_folder_that_cannot_be_written_is_a_channel_that_is_down(tmp_path: Path) -> None:
    occupied = tmp_path / "mail"
    occupied.write_text("not a folder")
    with FolderChannel(occupied).open() as session, pytest.raises(ChannelDown) as caught:
        session.send(letter(1))
    assert caught.value.kind is Outage.CONNECTION


def test_a_failed_write_leaves_no_half_a_letter(tmp_path: Path) -> None:
    channel = FolderChannel(tmp_path)
    channel.path_of("<1@pledges.example>").mkdir()  # a file cannot replace a folder
    with channel.open() as session, pytest.raises(ChannelDown):
        session.send(letter(1))
    assert [path.is_dir() for path in tmp_path.iterdir()] == [True]
