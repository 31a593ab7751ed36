"""The composition root: one clock, one secret, and what settings become."""

import stat
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, timedelta
from pathlib import Path

import pytest

from pledgetracker import runtime as composition
from pledgetracker.channels.folder import FolderChannel
from pledgetracker.channels.smtp import Security, SmtpChannel
from pledgetracker.domain.pledge import Contact
from pledgetracker.runtime import Runtime, SecretEmpty
from pledgetracker.settings import SettingsError, load
from tests.conftest import Clock
from tests.world import ANN, add_pledge


def secret_of(folder: str) -> bytes:
    """The secret that a process finds or makes in a folder."""
    return composition._pepper(load({"PLEDGETRACKER_DATA_DIR": folder}))


def test_the_clock_tells_the_time_in_utc() -> None:
    first = composition.clock()
    assert first.tzinfo is UTC
    assert timedelta(0) <= composition.clock() - first < timedelta(minutes=1)


def test_the_secret_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "deep"
    made = secret_of(str(folder))
    assert secret_of(str(folder)) == made
    assert len(made) == 64
    assert stat.S_IMODE((folder / "secret").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_whoever_starts_at_once_agrees_on_the_secret(tmp_path: Path) -> None:
    folder, begin = tmp_path / "new", threading.Barrier(8)

    def find(_: int) -> bytes:
        begin.wait()
        return secret_of(str(folder))

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(find, range(8)))
    assert len(set(found)) == 1
    assert [path.name for path in folder.iterdir()] == ["secret"]


def test_a_secret_of_the_settings_needs_no_file(tmp_path: Path) -> None:
    environ = {"PLEDGETRACKER_DATA_DIR": str(tmp_path / "new"), "PLEDGETRACKER_SECRET": "x" * 32}
    assert composition._pepper(load(environ)) == b"x" * 32
    assert not (tmp_path / "new").exists()


def test_an_empty_secret_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(" \n")
    with pytest.raises(SecretEmpty, match="make every key anew"):
        secret_of(str(tmp_path))


def test_wrong_settings_do_not_start() -> None:
    with pytest.raises(SettingsError):
        composition.start({"PLEDGETRACKER_PORT": "no"})


def test_settings_become_a_runtime(tmp_path: Path) -> None:
    made = composition.start({"PLEDGETRACKER_DATA_DIR": str(tmp_path), "PLEDGETRACKER_LEAD_DAYS": "7"})
    assert made.rules.policy.lead_days == 7
    assert made.clock is composition.clock
    made.database.close()


def test_watchers_are_told_in_the_language_of_the_settings_and_contacts_in_their_own(
    environ: dict[str, str], clock: Clock
) -> None:
    said = {
        "PLEDGETRACKER_ALERT_RECIPIENTS": "Eve@Example.org, ann@example.org",
        "PLEDGETRACKER_ALERT_LANGUAGE": "fr",
    }
    made = composition.assemble(load(environ | said))
    record = add_pledge(made, contacts=(Contact("ANN@example.org", "Ann", "en"),))
    found = [(one.email, one.name, one.language) for one in made.rules.recipients(record.pledge)]
    assert found == [(ANN, "Ann", "en"), ("eve@example.org", None, "fr")]
    made.database.close()


def test_links_lead_to_the_address_that_people_use(runtime: Runtime) -> None:
    links = composition.links("https://pledges.example.org", "people")
    assert links.page == "https://pledges.example.org/pledges/people"
    assert links.progress == "https://pledges.example.org/v1/pledges/people/progress"


@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_the_protection_of_mail_is_the_one_of_the_settings(environ: dict[str, str], security: str) -> None:
    said = {"PLEDGETRACKER_SMTP_HOST": "127.0.0.1", "PLEDGETRACKER_SMTP_SECURITY": security}
    channel = composition._channel(load(environ | said))
    assert isinstance(channel, SmtpChannel)
    # A word would pass for one of the kinds in print, and be none where it is asked for.
    assert channel.security is Security(security)


def test_without_a_mail_server_letters_go_to_the_data_folder(runtime: Runtime, tmp_path: Path) -> None:
    channel = runtime.post_office().channel
    assert isinstance(channel, FolderChannel)
    assert channel.directory == composition.mail_folder(runtime.settings) == tmp_path / "mail"


@pytest.mark.parametrize(
    ("sender", "domain"),
    [("alerts@pledges.example", "pledges.example"), ("Us <a@b.example>", "b.example")],
)
def test_message_ids_are_of_the_senders_domain(environ: dict[str, str], sender: str, domain: str) -> None:
    made = composition.assemble(load(environ | {"PLEDGETRACKER_MAIL_FROM": sender}))
    assert made.mail_domain == domain
    made.database.close()


def test_a_post_office_can_look_at_alerts_as_if_it_were_another_day_and_keeps_its_clock(
    runtime: Runtime, clock: Clock
) -> None:
    later = clock.now + timedelta(days=9)
    trial, usual = runtime.post_office(at=later), runtime.post_office()
    assert (trial.judging_at(), trial.clock()) == (later, clock.now)
    assert (usual.judging_at(), usual.clock()) == (clock.now, clock.now)
