"""Whose request it is: nobody can say that it is another's."""

import pytest

from pledgetracker.domain.addresses import client_of, owner_of

PEER = "198.51.100.1"
CASES = [
    # forwarded, proxies trusted, the caller
    ("", 0, PEER),
    ("203.0.113.9", 0, PEER),
    ("", 1, PEER),
    ("203.0.113.9", 1, "203.0.113.9"),
    ("made up, 203.0.113.9", 1, "203.0.113.9"),
    ("1.1.1.1,203.0.113.9", 1, "203.0.113.9"),
    ("1.1.1.1, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
    ("203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
    # It came past one of the proxies.
    ("203.0.113.9", 2, PEER),
    # What is no address tells nothing.
    ("unknown", 1, PEER),
    ("203.0.113.9, ", 1, PEER),
    ("999.0.0.1", 1, PEER),
    ("203.0.113.9:4711", 1, "203.0.113.9"),
    ("[2001:db8::1]:4711", 1, "2001:db8::1"),
    ("[2001:db8::1]", 1, "2001:db8::1"),
    ("2001:DB8:0:0::1", 1, "2001:db8::1"),
    ("::ffff:203.0.113.9", 1, "203.0.113.9"),
    ("fe80::1%eth0", 1, "fe80::1"),
    ("," * 50_000, 1, PEER),
]


@pytest.mark.parametrize(("forwarded", "trusted", "caller"), CASES)
def test_only_what_trusted_proxies_add_is_believed(forwarded: str, trusted: int, caller: str) -> None:
    assert client_of(PEER, forwarded, trusted) == caller


@pytest.mark.parametrize(
    ("peer", "caller"), [(None, "unknown"), ("", "unknown"), ("::ffff:10.0.0.1", "10.0.0.1"), ("::1", "::1")]
)
def test_who_connects_is_the_caller(peer: str | None, caller: str) -> None:
    assert client_of(peer, "203.0.113.9", 0) == caller


@pytest.mark.parametrize(
    ("address", "owner"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("unknown", "unknown"),
    ],
)
def test_of_ipv6_a_caller_owns_a_network(address: str, owner: str) -> None:
    assert owner_of(address) == owner
