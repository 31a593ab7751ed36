"""Settings come from defaults, a file and the environment, and every mistake is reported at once."""

import dataclasses
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pledgetracker.settings import Problem, Settings, SettingsError, load

SECRET = "correct-horse-battery-staple-0123456789"

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write_file(text: str) -> Path:
        path = tmp_path / "settings.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write_file


def problems_of(environ: dict[str, str], config: Path | None = None) -> tuple[Problem, ...]:
    with pytest.raises(SettingsError) as caught:
        load(environ, config=config)
    assert len(str(caught.value).splitlines()) == len(caught.value.problems)
    return caught.value.problems


def only_problem(environ: dict[str, str], config: Path | None = None) -> Problem:
    (problem,) = problems_of(environ, config)
    return problem


class TestSources:
    def test_without_any_source_the_defaults_hold(self) -> None:
        assert load({}) == Settings()

    def test_the_file_wins_over_the_default_and_the_environment_over_the_file(self, write: Write) -> None:
        settings = load({"PLEDGETRACKER_PORT": "9001"}, config=write("port = 9000\nthreads = 4"))
        assert (settings.port, settings.threads, settings.processes) == (9001, 4, 1)

    def test_the_environment_names_the_file(self, write: Write) -> None:
        assert load({"PLEDGETRACKER_CONFIG": str(write("port = 9000"))}).port == 9000

    def test_the_argument_wins_over_the_file_named_in_the_environment(self, write: Write) -> None:
        settings = load({"PLEDGETRACKER_CONFIG": "/nowhere.toml"}, config=write("port = 9000"))
        assert settings.port == 9000

    def test_an_empty_text_stands_for_the_default_and_undoes_the_file(self, write: Write) -> None:
        config = write('port = 9000\nalert_recipients = ["a@example.org"]\ntime_zone = ""')
        environ = {
            "PLEDGETRACKER_PORT": "",
            "PLEDGETRACKER_ALERT_RECIPIENTS": "",
            "PLEDGETRACKER_SECRET_FILE": "",
            "PLEDGETRACKER_CONFIG": "",
        }
        assert load(environ, config=config) == Settings()

    def test_variables_of_others_and_of_the_tests_are_left_alone(self) -> None:
        assert (
            load({"PORT": "1", "PLEDGETRACKER_TEST_POSTGRES": "x", "pledgetracker_port": "1"}) == Settings()
        )

    def test_a_file_that_begins_with_a_byte_order_mark_is_read(self, write: Write) -> None:
        assert load({}, config=write("\ufeffport = 9000")).port == 9000

    def test_every_kind_of_value_can_be_written_in_the_environment(self) -> None:
        settings = load(
            {
                "PLEDGETRACKER_PUBLIC_READS": "No",
                "PLEDGETRACKER_DATA_DIR": "/srv/pledges",
                "PLEDGETRACKER_ALERT_RECIPIENTS": "a@example.org, b@example.org,,a@example.org",
                "PLEDGETRACKER_AT_RISK_PACE": "0.5",
                "PLEDGETRACKER_SMTP_SECURITY": "tls",
                "PLEDGETRACKER_TIME_ZONE": "Europe/Paris",
            }
        )
        assert settings.public_reads is False
        assert settings.data_dir == Path("/srv/pledges")
        assert settings.alert_recipients == ("a@example.org", "b@example.org")
        assert settings.at_risk_pace == Decimal("0.5")
        assert (settings.smtp_security, settings.time_zone) == ("tls", "Europe/Paris")

    @pytest.mark.parametrize(
        ("text", "meant"),
        [("true", True), ("yes", True), ("1", True), ("FALSE", False), ("no", False), ("0", False)],
    )
    def test_a_switch_in_the_environment_has_three_words_for_each_side(self, text: str, meant: bool) -> None:
        assert load({"PLEDGETRACKER_MAIL_NEWS": text}).mail_news is meant

    def test_the_file_holds_typed_values(self, write: Write) -> None:
        config = write(
            'on_track_pace = 0.8\nbehind_clears_pace = 1\nmail_news = false\nalert_recipients = ["a@b.org"]'
        )
        settings = load({}, config=config)
        assert (settings.on_track_pace, settings.behind_clears_pace) == (Decimal("0.8"), Decimal(1))
        assert isinstance(settings.behind_clears_pace, Decimal)
        assert settings.mail_news is False
        assert settings.alert_recipients == ("a@b.org",)


class TestWorkedOutDefaults:
    def test_the_public_address_follows_host_and_port(self) -> None:
        assert (
            load({"PLEDGETRACKER_HOST": "pledges", "PLEDGETRACKER_PORT": "80"}).public_url
            == "http://pledges:80"
        )

    def test_an_ipv6_host_stands_in_brackets_in_the_public_address(self) -> None:
        assert load({"PLEDGETRACKER_HOST": "::1"}).public_url == "http://[::1]:8000"

    def test_the_database_is_in_the_data_folder(self) -> None:
        expected = "sqlite:////srv/pledges/pledgetracker.sqlite3"
        assert load({"PLEDGETRACKER_DATA_DIR": "/srv/pledges"}).database_url == expected

    @pytest.mark.parametrize("folder", ["what?", "100%25", "café #1", "data"])
    def test_the_database_is_in_the_data_folder_whatever_that_is_called(self, folder: str) -> None:
        url = make_url(load({"PLEDGETRACKER_DATA_DIR": folder}).database_url)
        assert url.database == f"{folder}/pledgetracker.sqlite3"

    @pytest.mark.parametrize(("security", "port"), [("none", 25), ("starttls", 587), ("tls", 465)])
    def test_the_mail_port_follows_the_protection(self, security: str, port: int) -> None:
        assert load({"PLEDGETRACKER_SMTP_SECURITY": security}).smtp_port == port

    def test_what_is_given_is_not_worked_out(self) -> None:
        settings = load(
            {
                "PLEDGETRACKER_PUBLIC_URL": "https://pledges.example.org/fr",
                "PLEDGETRACKER_DATABASE_URL": "postgresql:///pledges",
                "PLEDGETRACKER_SMTP_PORT": "2525",
            }
        )
        assert settings.public_url == "https://pledges.example.org/fr"
        assert settings.database_url == "postgresql:///pledges"
        assert settings.smtp_port == 2525


class TestSecrets:
    def test_a_secret_comes_from_a_file_of_its_own_less_its_last_line_break(self, tmp_path: Path) -> None:
        (tmp_path / "unix").write_bytes(f" {SECRET} \n".encode())
        (tmp_path / "windows").write_bytes(b"postgresql://u:p@db/x\r\n")
        settings = load(
            {
                "PLEDGETRACKER_SECRET_FILE": str(tmp_path / "unix"),
                "PLEDGETRACKER_DATABASE_URL_FILE": str(tmp_path / "windows"),
            }
        )
        assert settings.secret == f" {SECRET} "
        assert settings.database_url == "postgresql://u:p@db/x"

    def test_a_secret_given_twice_is_refused(self, tmp_path: Path) -> None:
        environ = {"PLEDGETRACKER_SECRET": SECRET, "PLEDGETRACKER_SECRET_FILE": str(tmp_path / "none")}
        problem = only_problem(environ)
        assert problem.source == "PLEDGETRACKER_SECRET_FILE in the environment"
        assert problem.message == "PLEDGETRACKER_SECRET is set as well"

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            (None, "the file it names cannot be read (No such file or directory)"),
            (b"\n", "the file it names is empty"),
            (b"\xff\n", "the file it names is not UTF-8 text"),
            (b"two\nlines, of which the first is no secret\n", "the value has a control character in it"),
            (b"short\n", "the value is shorter than 32 characters"),
        ],
    )
    def test_a_secret_file_that_cannot_be_used_is_refused(
        self, tmp_path: Path, content: bytes | None, message: str
    ) -> None:
        path = tmp_path / "secret"
        if content is not None:
            path.write_bytes(content)
        assert only_problem({"PLEDGETRACKER_SECRET_FILE": str(path)}).message == message

    def test_a_secret_file_with_an_impossible_name_is_refused(self) -> None:
        assert "no usable name" in only_problem({"PLEDGETRACKER_SECRET_FILE": "a\0b"}).message

    def test_no_error_quotes_a_secret_even_where_it_was_put_by_mistake(self) -> None:
        environ = {
            "PLEDGETRACKER_SECRET": "hunter2",
            "PLEDGETRACKER_SMTP_PASSWORD": "hunter2\n",
            "PLEDGETRACKER_DATABASE_URL": "mysql://root:hunter2@db/pledges",
            "PLEDGETRACKER_DATABASE_URL_FILE": "",
            "PLEDGETRACKER_SMTP_PASWORD": "hunter2",
            "PLEDGETRACKER_SMTP_HOST": "smtp://me:hunter2@mail.example.org",
            "PLEDGETRACKER_PUBLIC_URL": "https://me:hunter2@pledges.example.org",
        }
        told = "\n".join(map(str, problems_of(environ)))
        assert len(told.splitlines()) == 6
        assert "hunter2" not in told
        in_file_variable = only_problem({"PLEDGETRACKER_SMTP_PASSWORD_FILE": "hunter2"})
        assert "hunter2" not in str(in_file_variable)

    def test_no_secret_is_in_the_repr(self) -> None:
        environ = {
            "PLEDGETRACKER_SECRET": SECRET,
            "PLEDGETRACKER_SMTP_USERNAME": "me",
            "PLEDGETRACKER_SMTP_PASSWORD": "hunter2",
            "PLEDGETRACKER_DATABASE_URL": "postgresql://me:hunter2@db/pledges",
        }
        settings = load(environ)
        assert (settings.secret, settings.smtp_password) == (SECRET, "hunter2")
        assert SECRET not in repr(settings)
        assert "hunter2" not in repr(settings)


class TestTheFile:
    def test_a_named_file_that_is_missing_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "none.toml"
        by_argument = only_problem({}, path)
        assert str(by_argument) == (
            f"{path}: the file cannot be read (No such file or directory). Correct the path or the rights."
        )
        by_variable = only_problem({"PLEDGETRACKER_CONFIG": str(path)})
        assert by_variable.source == f"PLEDGETRACKER_CONFIG ({path})"

    def test_a_file_with_an_impossible_name_is_refused(self) -> None:
        assert "no usable name" in only_problem({"PLEDGETRACKER_CONFIG": "a\0b"}).message

    @pytest.mark.parametrize(
        ("text", "line"),
        [
            ("port = 8000\nhost = localhost\n", 2),
            ("port = 1\n\nalert_recipients = [", 3),
            ("port = 1\nport = 2", 2),
        ],
    )
    def test_an_invalid_file_is_one_problem_with_its_line(self, write: Write, text: str, line: int) -> None:
        problem = only_problem({}, write(text))
        assert "not valid TOML" in problem.message
        assert f"at line {line}," in problem.message

    def test_a_file_in_another_encoding_is_one_problem_with_its_line(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.toml"
        path.write_bytes("port = 1\n# é\n".encode("latin-1"))
        assert only_problem({}, path).message == "line 2 is not UTF-8 text"

    @pytest.mark.parametrize("value", ["[" * 100_000, "9" * 5_000, "1e99999999999999999999"])
    def test_a_file_of_absurd_size_is_one_problem(self, write: Write, value: str) -> None:
        assert "beyond all measure" in only_problem({}, write(f"on_track_pace = {value}")).message

    def test_an_unreadable_file_hides_no_other_problem_and_invents_none(self, write: Write) -> None:
        environ = {
            "PLEDGETRACKER_PORT": "0",
            "PLEDGETRACKER_SMTP_USERNAME": "its password may be in the file",
        }
        assert {problem.name for problem in problems_of(environ, write("= 1"))} == {"config", "port"}

    def test_a_table_is_refused_with_the_cure(self, write: Write) -> None:
        problem = only_problem({}, write('[smtp]\nhost = "mail.example.org"'))
        assert problem.message == "this is a table, and settings have none"


class TestUnknownNames:
    @pytest.mark.parametrize(
        ("variable", "meant"),
        [
            ("PLEDGETRACKER_SMTP_HOSTT", "PLEDGETRACKER_SMTP_HOST"),
            ("PLEDGETRACKER_port", "PLEDGETRACKER_PORT"),
            ("PLEDGETRACKER_CONFG", "PLEDGETRACKER_CONFIG"),
            ("PLEDGETRACKER_SECRET_FIL", "PLEDGETRACKER_SECRET_FILE"),
        ],
    )
    def test_an_unknown_variable_is_refused_with_the_nearest_name(self, variable: str, meant: str) -> None:
        problem = only_problem({variable: "x"})
        assert problem.source == f"{variable} in the environment"
        assert problem.cure == f"Did you mean {meant}?"

    @pytest.mark.parametrize(
        ("key", "meant"),
        [("tick_second", "tick_seconds"), ("PLEDGETRACKER_PORT", "port"), ("Log_Level", "log_level")],
    )
    def test_an_unknown_key_is_refused_with_the_nearest_name(
        self, write: Write, key: str, meant: str
    ) -> None:
        config = write(f"{key} = 1")
        problem = only_problem({}, config)
        assert problem.source == f"{key} in {config}"
        assert problem.cure == f"Did you mean {meant}?"

    def test_a_name_near_to_nothing_points_to_the_example(self) -> None:
        assert "pledgetracker.example.toml" in only_problem({"PLEDGETRACKER_XYZZY": "1"}).cure

    def test_a_line_break_in_a_name_makes_no_second_line(self, write: Write) -> None:
        assert "\\n" in str(only_problem({}, write('"a\\nb" = 1')))


REFUSED_TEXTS = [
    ("PORT", "0", "0 is not between 1 and 65535"),
    ("PORT", "65536", "65536 is not between 1 and 65535"),
    ("PORT", "-1", "-1 is not between 1 and 65535"),
    ("PORT", "8e3", '"8e3" is not a whole number'),
    ("PORT", "٨٠", '"٨٠" is not a whole number'),
    ("PORT", "1_0", '"1_0" is not a whole number'),
    ("PORT", " 80", '" 80" is not a whole number'),
    ("GRACE_DAYS", "3651", "3651 is not between 0 and 3650"),
    ("PUBLIC_READS", "maybe", '"maybe" is neither true nor false'),
    ("ON_TRACK_PACE", "nan", '"nan" is not a number'),
    ("ON_TRACK_PACE", "1.01", "1.01 is not between 0 and 1"),
    ("ON_TRACK_PACE", "-0.5", "-0.5 is not between 0 and 1"),
    ("ON_TRACK_PACE", "0.9000001", "0.9000001 has more than 6 decimals"),
    ("HOST", "a b", '"a b" is neither a host name nor an IP address'),
    ("HOST", "1:2", '"1:2" is neither a host name nor an IP address'),
    ("SMTP_HOST", "mail.example.org:25", '"mail.example.org:25" is neither a host name nor an IP address'),
    ("PUBLIC_URL", "https://x.org/", '"https://x.org/" ends in a slash'),
    ("PUBLIC_URL", "ftp://x.org", '"ftp://x.org" is not the http or https address of a site'),
    ("PUBLIC_URL", "https://x.org?a", '"https://x.org?a" is not the http or https address of a site'),
    ("PUBLIC_URL", "https://x.org:99999", '"https://x.org:99999" is not the http or https address of a site'),
    ("DATABASE_URL", "postgres://db/x", "the value is the address of neither an SQLite file nor"),
    ("DATABASE_URL", "sqlite://", "the value is the address of neither an SQLite file nor"),
    ("DATABASE_URL", "sqlite:///:memory:", "the value is a database in memory"),
    ("PING_URL", "https://me:secret@x.org/f00d", "the value is not an http or https address"),
    ("PING_URL", "ftp://x.org/f00d", "the value is not an http or https address"),
    ("PING_URL", "https://x.org:0/f00d", "the value is not an http or https address"),
    ("PING_URL", "https://x.org/a b", "the value is not an http or https address"),
    ("PING_URL", "https://x.org/é", "the value is not an http or https address"),
    ("PING_URL", "https://é.org/", "the value has a character in it that no such address has"),
    ("PING_URL", "https://x.org/#a", "the value has a character in it that no such address has"),
    ("REPORTING_ORG_REF", "XI IATI", '"XI IATI" is not an identifier that a registry would give out'),
    ("REPORTING_ORG_TYPE", "12", '"12" is not one of the words it may be'),
    ("OCID_PREFIX", "ocds/1", '"ocds/1" is not an identifier that a registry would give out'),
    ("RECORD_LANGUAGE", "fra", '"fra" is not the code of a language'),
    ("METRICS_TOKEN", "short", "the value is shorter than 16 characters"),
    ("DATA_DIR", "~/data", '"~/data" begins with ~'),
    ("DATA_DIR", "a\0b", '"a\0b" has a control character in it'),
    ("DATA_DIR", "caf\udce9", '"caf\udce9" has a control character in it'),
    ("MAIL_FROM", "nobody", '"nobody" is not an e-mail address'),
    ("MAIL_FROM", "a, b <a@b.org>", '"a, b <a@b.org>" is not an e-mail address'),
    ("MAIL_FROM", "a@b.org\r\nBcc: c@d.org", '"a@b.org\r\nBcc: c@d.org" has a control character in it'),
    ("ALERT_RECIPIENTS", "a@b.org,c", '"c" is not an e-mail address'),
    ("ALERT_RECIPIENTS", "A <a@b.org>", '"A <a@b.org>" is not an e-mail address'),
    ("ALERT_LANGUAGE", "de", '"de" is not one of the words it may be'),
    ("LOG_LEVEL", "INFO", '"INFO" is not one of the words it may be'),
    ("TIME_ZONE", "Europe/Pariss", '"Europe/Pariss" is no time zone that is known here'),
    ("TIME_ZONE", "../UTC", '"../UTC" is no time zone that is known here'),
    ("SMTP_USERNAME", "x" * 200 + "\n", f'"{"x" * 80}…" has a control character in it'),
]

REFUSED_VALUES = [
    ("port", "true", "true is not a whole number"),
    ("port", '"8000"', '"8000" is not a whole number'),
    ("port", "80.5", "80.5 is not a whole number"),
    ("mail_news", "1", "1 is neither true nor false"),
    ("at_risk_pace", "true", "true is not a number"),
    ("at_risk_pace", "nan", "NaN is not between 0 and 1"),
    ("at_risk_pace", "inf", "Infinity is not between 0 and 1"),
    ("host", "1", "1 is not a text"),
    ("host", "1979-05-27", "the value is not a text"),
    ("alert_recipients", '"a@b.org"', '"a@b.org" is not a list'),
    ("alert_recipients", "[1]", "1 is not a text"),
    ("smtp_password", "12345", "the value is not a text"),
]


BOUNDS = [
    ("port", 1, 65_535),
    ("threads", 1, 64),
    ("processes", 1, 64),
    ("smtp_port", 1, 65_535),
    ("smtp_timeout_seconds", 1, 300),
    ("tick_seconds", 1, 3_600),
    ("lead_days", 1, 3_650),
    ("cadence_days", 1, 3_650),
    ("grace_days", 0, 3_650),
]


class TestRefusedValues:
    @pytest.mark.parametrize(("name", "least", "most"), BOUNDS)
    def test_a_whole_number_may_be_either_bound_and_nothing_beyond(
        self, name: str, least: int, most: int
    ) -> None:
        variable = f"PLEDGETRACKER_{name.upper()}"
        assert [getattr(load({variable: str(n)}), name) for n in (least, most)] == [least, most]
        for beyond in (least - 1, most + 1):
            assert only_problem({variable: str(beyond)}).name == name

    @pytest.mark.parametrize(("name", "text", "message"), REFUSED_TEXTS)
    def test_a_wrong_text_in_the_environment_is_refused(self, name: str, text: str, message: str) -> None:
        problem = only_problem({f"PLEDGETRACKER_{name}": text})
        assert problem.name == name.lower()
        assert problem.message.startswith(message)
        assert problem.cure.startswith("Write ")

    @pytest.mark.parametrize(("name", "value", "message"), REFUSED_VALUES)
    def test_a_wrong_value_in_the_file_is_refused(
        self, write: Write, name: str, value: str, message: str
    ) -> None:
        config = write(f"{name} = {value}")
        problem = only_problem({}, config)
        assert (problem.name, problem.source, problem.message) == (name, f"{name} in {config}", message)

    @pytest.mark.parametrize("sender", ["a@b.org", '"Doe, Jane" <a@b.org>', "Équipe <a@b.org>", "<a@b.org>"])
    def test_a_sender_may_have_a_name(self, sender: str) -> None:
        assert load({"PLEDGETRACKER_MAIL_FROM": sender}).mail_from == sender

    def test_every_problem_of_every_source_is_told_at_once_with_its_cure(self, write: Write) -> None:
        config = write('port = 0\nthread = 4\nlog_level = "loud"\nalert_recipients = ["x", "a@b.org", "y"]')
        environ = {"PLEDGETRACKER_PROCESSES": "many", "PLEDGETRACKER_SECRET": "short"}
        with pytest.raises(SettingsError) as caught:
            load(environ, config=config)
        env, processes, levels, secret = (
            "the environment",
            "a whole number from 1 to 64",
            "debug, info, warning, error",
            "at least 32 characters drawn at random",
        )
        recipients = '["a@example.org", "b@example.org"] in the file, a@example.org,b@example.org outside'
        assert set(str(caught.value).splitlines()) == {
            f"port in {config}: 0 is not between 1 and 65535. Write a whole number from 1 to 65535.",
            f"thread in {config}: there is no such setting. Did you mean threads?",
            f'log_level in {config}: "loud" is not one of the words it may be. Write one of {levels}.',
            f'alert_recipients in {config}: "x" is not an e-mail address. Write {recipients}.',
            f'alert_recipients in {config}: "y" is not an e-mail address. Write {recipients}.',
            f'PLEDGETRACKER_PROCESSES in {env}: "many" is not a whole number. Write {processes}.',
            f"PLEDGETRACKER_SECRET in {env}: the value is shorter than 32 characters. Write {secret}.",
        }


class TestRulesBetweenSettings:
    @pytest.mark.parametrize("alone", ["SMTP_USERNAME", "SMTP_PASSWORD"])
    def test_a_login_needs_both_its_halves(self, alone: str) -> None:
        problem = only_problem({f"PLEDGETRACKER_{alone}": "hunter2"})
        assert problem.source == f"PLEDGETRACKER_{alone} in the environment"
        assert problem.cure == "Set both or neither"
        assert "hunter2" not in str(problem)

    def test_a_wrong_half_of_a_login_is_not_called_missing_too(self) -> None:
        environ = {"PLEDGETRACKER_SMTP_USERNAME": "me", "PLEDGETRACKER_SMTP_PASSWORD": "a\tb"}
        assert only_problem(environ).message == "the value has a control character in it"

    @pytest.mark.parametrize(
        ("host", "accepted"),
        [
            ("localhost", True),
            ("127.0.0.2", True),
            ("::1", True),
            ("10.0.0.1", False),
            ("mail.example.org", False),
        ],
    )
    def test_a_login_in_the_clear_stays_on_this_machine(self, host: str, accepted: bool) -> None:
        environ = {
            "PLEDGETRACKER_SMTP_HOST": host,
            "PLEDGETRACKER_SMTP_SECURITY": "none",
            "PLEDGETRACKER_SMTP_USERNAME": "me",
            "PLEDGETRACKER_SMTP_PASSWORD": "hunter2",
        }
        if accepted:
            assert load(environ).smtp_host == host
        else:
            problem = only_problem(environ)
            assert problem.cure == "Set smtp_security to starttls or tls"
            assert "PLEDGETRACKER_SMTP_SECURITY in the environment" in problem.source

    @pytest.mark.parametrize(
        ("at_risk", "on_track", "clears", "named"),
        [
            ("0.9", "0.9", "0.95", "at_risk_pace 0.9 is not below on_track_pace 0.9"),
            ("0.7", "0.96", "0.95", "on_track_pace 0.96 is above behind_clears_pace 0.95"),
        ],
    )
    def test_paces_out_of_order_are_refused(
        self, at_risk: str, on_track: str, clears: str, named: str
    ) -> None:
        environ = {
            "PLEDGETRACKER_AT_RISK_PACE": at_risk,
            "PLEDGETRACKER_ON_TRACK_PACE": on_track,
            "PLEDGETRACKER_BEHIND_CLEARS_PACE": clears,
        }
        assert only_problem(environ).message == named

    def test_on_track_may_be_where_behind_clears(self) -> None:
        assert load({"PLEDGETRACKER_ON_TRACK_PACE": "0.95"}).on_track_pace == Decimal("0.95")


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        load({}).port = 1  # type: ignore[misc]  # the point of the test
