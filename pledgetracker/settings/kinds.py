"""What a setting may be: each kind checks a value, says what is wrong with it, and words what is wanted.

Kinds are marshmallow fields, stricter than its own: nothing is converted that the operator did not write.
"""

import abc
import ipaddress
import re
import unicodedata
import zoneinfo
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from marshmallow import ValidationError, fields, validate


class Kind(fields.Raw, abc.ABC):
    """What a setting may be: `wanted` says it in words, `_check` decides, `parse` reads it from text."""

    def __init__(self, wanted: str) -> None:
        super().__init__(post_load=self._check)
        self.wanted = wanted

    def parse(self, text: str) -> object:
        """Turn a text of the environment into what the file would have held; hopeless text stays text."""
        return self._parse(text)

    def _parse(self, text: str) -> object:
        return text

    @abc.abstractmethod
    def _check(self, value: Any) -> Any:
        """Return the setting's value; raises ValidationError with the reason against it."""


class Text(Kind):
    """One line of text."""

    def _check(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError("is not a text")
        if any(unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"} for character in value):
            raise ValidationError("has a control character in it")
        return value


class OrganisationReference(Text):
    """An identifier as registries give them out."""

    def __init__(self) -> None:
        super().__init__("an identifier such as XI-IATI-1234 or ocds-a1b2c3: letters, digits, dots, hyphens")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:-]{1,99}", text):
            raise ValidationError("is not an identifier that a registry would give out")
        return text


class LanguageCode(Text):
    """A language by its two letters."""

    def __init__(self) -> None:
        super().__init__("two small letters of ISO 639-1, such as en or fr")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if not re.fullmatch(r"[a-z]{2}", text):
            raise ValidationError("is not the code of a language")
        return text


class Secret(Text):
    """A text that is never shown."""

    def __init__(self, wanted: str, *, characters_min: int = 1) -> None:
        super().__init__(wanted)
        self.characters_min = characters_min

    def _check(self, value: Any) -> Any:
        if len(super()._check(value)) < self.characters_min:
            raise ValidationError(f"is shorter than {self.characters_min} characters")
        return value


class Host(Text):
    """A host name or an IP address."""

    def __init__(self) -> None:
        super().__init__("a host name or an IP address, without scheme and port")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if not re.fullmatch(r"[A-Za-z0-9_.-]+", text) and parsed_ip(text) is None:
            raise ValidationError("is neither a host name nor an IP address")
        return text


class WebAddress(Text):
    """The address of a site, to which paths are appended."""

    def __init__(self) -> None:
        super().__init__("an address such as https://pledges.example.org, without a slash at its end")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", text) or not _has_readable_port(text):
            raise ValidationError("is not the http or https address of a site")
        if text.endswith("/"):
            raise ValidationError("ends in a slash")
        return text


class CallAddress(Text):
    """An address that is called as it stands."""

    def __init__(self) -> None:
        super().__init__(
            "an address such as https://hc-ping.com/your-uuid, in plain letters, without user and #"
        )

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if not re.fullmatch(r"https?://[^/?#@]+([/?][!-~]*)?", text) or not _has_readable_port(text):
            raise ValidationError("is not an http or https address that can be called")
        if not re.fullmatch(r"[!-~]+", text) or "#" in text:
            raise ValidationError("has a character in it that no such address has")
        return text


class DatabaseAddress(Text):
    """Where the database is: one of the two that are supported."""

    def __init__(self) -> None:
        super().__init__("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if text.startswith("sqlite:///:memory:"):
            raise ValidationError("is a database in memory, which only one connection would see")
        if not re.fullmatch(r"sqlite:////?[^/?].*|postgresql://.+", text):
            raise ValidationError("is the address of neither an SQLite file nor a PostgreSQL database")
        return text


class Folder(Text):
    """A folder."""

    def __init__(self) -> None:
        super().__init__("the path of a folder, without ~ at its start")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        if text.startswith("~"):
            raise ValidationError("begins with ~, which only a shell understands")
        return Path(text)


class TimeZone(Text):
    """A time zone by its IANA name."""

    def __init__(self) -> None:
        super().__init__("an IANA name such as Europe/Paris")

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        # Not ZoneInfo(text): that opens files by name, takes "right/UTC" and fails in several ways.
        if text not in zoneinfo.available_timezones():
            raise ValidationError("is no time zone that is known here")
        return text


class Address(Text):
    """An e-mail address; `sender` allows a display name before it."""

    def __init__(self, *, sender: bool = False) -> None:
        super().__init__('"Name <name@example.org>" or name@example.org' if sender else "name@example.org")
        self.sender = sender

    def _check(self, value: Any) -> Any:
        text = super()._check(value)
        named = (
            re.fullmatch(r'(?:"[^"\\<>]*"|[^"\\<>()\[\],:;@]*) ?<([^<>]+)>', text) if self.sender else None
        )
        validate.Email(error="is not an e-mail address")(named[1] if named else text)
        return text


class Addresses(Kind):
    """A list of e-mail addresses, each kept once."""

    def __init__(self) -> None:
        super().__init__(
            '["a@example.org", "b@example.org"] in the file, a@example.org,b@example.org outside'
        )
        self.address = Address()

    def _parse(self, text: str) -> object:
        return [part for part in map(str.strip, text.split(",")) if part]

    def _check(self, value: Any) -> Any:
        if not isinstance(value, list):
            raise ValidationError("is not a list")
        reasons: dict[str | int, Any] = {}
        for index, entry in enumerate(value):
            try:
                self.address.deserialize(entry)
            except ValidationError as error:
                reasons[index] = error.messages
        if reasons:
            raise ValidationError(reasons)
        return tuple(dict.fromkeys(value))


class Choice(Text):
    """One of a few words: those of a `Literal`."""

    def __init__(self, literal: object) -> None:
        self.words: tuple[str, ...] = get_args(literal)
        super().__init__(f"one of {', '.join(self.words)}")

    def _check(self, value: Any) -> Any:
        if super()._check(value) not in self.words:
            raise ValidationError("is not one of the words it may be")
        return value


class Switch(Kind):
    """True or false."""

    def __init__(self) -> None:
        super().__init__("true or false")

    def _parse(self, text: str) -> object:
        return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
            text.lower(), text
        )

    def _check(self, value: Any) -> Any:
        if not isinstance(value, bool):
            raise ValidationError("is neither true nor false")
        return value


class Whole(Kind):
    """A whole number between two bounds, both allowed."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(f"a whole number from {least} to {most}")
        self.least, self.most = least, most

    def _parse(self, text: str) -> object:
        return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text

    def _check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValidationError("is not a whole number")
        if not self.least <= value <= self.most:
            raise ValidationError(f"is not between {self.least} and {self.most}")
        return value


class Share(Kind):
    """A decimal number from 0 to 1."""

    def __init__(self) -> None:
        super().__init__("a number from 0 to 1 with at most 6 decimals, such as 0.90")

    def _parse(self, text: str) -> object:
        return Decimal(text) if re.fullmatch(r"-?[0-9]{1,9}(\.[0-9]{1,9})?", text) else text

    def _check(self, value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise ValidationError("is not a number")
        # An int may be too long for Decimal arithmetic to be cheap, a Decimal may be NaN: bounds come first.
        if (isinstance(value, Decimal) and not value.is_finite()) or not 0 <= value <= 1:
            raise ValidationError("is not between 0 and 1")
        number = Decimal(value)
        if number != round(number, 6):
            raise ValidationError("has more than 6 decimals")
        return number


def parsed_ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the IP address that the text is, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _has_readable_port(url: str) -> bool:
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False
