"""Addresses become URIs or are told as text: nothing recorded is lost, nothing invalid is linked to."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.pledge import Source
from pledgetracker.feeds.sources import links, unlinked, uri
from tests.standards import URI


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://example.org/a%20b?x=1&y=2#z", "https://example.org/a%20b?x=1&y=2#z"),
        ("https://example.org/été", "https://example.org/%C3%A9t%C3%A9"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ('https://example.org/"<>\\^`{|}', "https://example.org/%22%3C%3E%5C%5E%60%7B%7C%7D"),
        ("https://example.org/a[1]?b[]=2#c#d", "https://example.org/a%5B1%5D?b%5B%5D=2#c%23d"),
        ("https://[::1]:8000/x", "https://[::1]:8000/x"),
        ("https://exämple.org/", "https://ex%C3%A4mple.org/"),
        ("https://example.org:/a", "https://example.org/a"),
        ("https://example.org::/", None),
        ("https://example.org:port/", None),
        ("https://a[b/", None),
        ("https://[::1/", None),
        ("ftp://example.org/", None),
        ("https:///path", None),
    ],
)
def test_an_address_becomes_a_uri_or_nothing(address: str, expected: str | None) -> None:
    assert uri(address) == expected


@given(st.text(st.characters(exclude_categories=["Cs"])).map("https://".__add__))
def test_whatever_comes_out_is_a_uri_and_stays_as_it_is(address: str) -> None:
    made = uri(address)
    if made is not None:
        assert URI.fullmatch(made)
        assert uri(made) == made


def test_a_source_is_linked_to_with_its_archived_copy() -> None:
    source = Source(
        "https://example.org/report.PDF",
        "The report",
        "Example",
        date(2025, 1, 2),
        "https://archive.example/1",
        "up to",
    )
    page, copy = links([source])
    assert (page.url, page.title, page.media_type) == (source.url, "The report", "application/pdf")
    assert (copy.url, copy.title, copy.media_type) == (
        source.archived_url,
        "The report (archived copy)",
        "text/html",
    )
    assert page.published_on == date(2025, 1, 2)
    assert page.quote == "up to"
    assert list(unlinked([source])) == []


def test_a_link_is_called_by_title_then_publisher_then_address() -> None:
    address = "https://example.org/"
    sources = [Source(address, "T", "P"), Source(address, None, "P"), Source(address)]
    assert [link.title for link in links(sources)] == ["T", "P", address]


def test_what_cannot_be_linked_to_is_told_in_words() -> None:
    printed = Source(None, "Le Monde, page 3", "Le Monde", date(2024, 5, 14), None, "up to")
    broken = Source("https://example.org:port/", "The report")
    assert list(unlinked([printed, broken, Source()])) == [
        "Le Monde, page 3, Le Monde, 2024-05-14, “up to”",
        "The report, https://example.org:port/",
    ]
