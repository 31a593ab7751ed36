"""Who publishes the record, and how its pledges and initiatives are called in files for others."""

import re
from dataclasses import dataclass

from pledgetracker.settings import Settings

# What IATI's rules keep out of identifiers; in an address they only separate.
_SEPARATORS = re.compile(r"[/&|?]+")


@dataclass(frozen=True, slots=True)
class Publisher:
    """The publisher of the files, as the operator names it.

    Attributes:
        ref: its registered identifier, or the place of this service where none was set.
        type: a code of IATI's list OrganisationType.
        language: ISO 639-1 code of what is written in the record.
        ocid_prefix: what identifiers in OCDS begin with.
        site: the address of this service.
    """

    ref: str
    name: str
    type: str
    language: str
    ocid_prefix: str
    site: str

    def initiative(self, key: str) -> str:
        """How IATI calls an initiative."""
        return f"{self.ref}-initiative-{key}"

    def pledge(self, key: str) -> str:
        """How IATI calls a pledge."""
        return f"{self.ref}-pledge-{key}"

    def ocid(self, key: str) -> str:
        """How OCDS calls a pledge."""
        return f"{self.ocid_prefix}-{key}"

    def page(self, key: str) -> str:
        """Where people read of a pledge."""
        return f"{self.site}/pledges/{key}"


def publisher(settings: Settings) -> Publisher:
    """Who publishes, with the place of this service wherever no registered identifier was set."""
    place = _SEPARATORS.sub("-", settings.public_url.partition("://")[2])
    return Publisher(
        ref=settings.reporting_org_ref or place,
        name=settings.reporting_org_name or f"pledgetracker at {settings.public_url}",
        type=settings.reporting_org_type,
        language=settings.record_language,
        ocid_prefix=settings.ocid_prefix or place,
        site=settings.public_url,
    )
