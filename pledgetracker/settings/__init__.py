"""The settings: what an operator may choose, and how each choice is read, checked and explained."""

from pledgetracker.settings.declared import Language, LogFormat, LogLevel, Settings, SmtpSecurity
from pledgetracker.settings.loading import CONFIG_VARIABLE, PREFIX, TEST_PREFIX, load, secrets_of
from pledgetracker.settings.problems import Problem, SettingsError

__all__ = [
    "CONFIG_VARIABLE",
    "PREFIX",
    "TEST_PREFIX",
    "Language",
    "LogFormat",
    "LogLevel",
    "Problem",
    "Settings",
    "SettingsError",
    "SmtpSecurity",
    "load",
    "secrets_of",
]
