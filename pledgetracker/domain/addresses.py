"""Where requests come from: which of the addresses said is the caller's, and what one caller owns of them."""

import ipaddress
import re
from functools import lru_cache

UNKNOWN = "unknown"
# An owner of IPv6 has at least this much of it.
IPV6_NETWORK_BITS = 64
# Some proxies add the port.
_WITH_PORT = re.compile(r"\[(?P<six>[^\]]+)\](?::\d+)?|(?P<four>[\d.]+):\d+")


def client_of(peer: str | None, forwarded: str, trusted_proxies: int) -> str:
    """The caller's address: that of who connected, or of who connected to the outermost trusted proxy.

    Each proxy adds at the end of X-Forwarded-For; what stands before that, the caller may have made up. A
    request that did not come through so many proxies has but the address that it came from.
    """
    if trusted_proxies:
        said = forwarded.rsplit(",", trusted_proxies)
        if len(said) >= trusted_proxies and (found := _read(said[-trusted_proxies])):
            return found
    return _read(peer or "") or UNKNOWN


@lru_cache(maxsize=4096)
def _read(text: str) -> str | None:
    """An address as it is usually written, or None if it is none; IPv4 in the clothes of IPv6 is IPv4."""
    text = text.strip()
    if match := _WITH_PORT.fullmatch(text):
        text = match["six"] or match["four"]
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


@lru_cache(maxsize=4096)
def owner_of(address: str) -> str:
    """What of the net belongs to whoever has this address, as far as limits are concerned."""
    if ":" not in address:
        return address
    return str(ipaddress.IPv6Network((address, IPV6_NETWORK_BITS), strict=False))
