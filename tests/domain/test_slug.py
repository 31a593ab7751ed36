"""Readable, permanent ids."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pledgetracker.domain.slug import MAX_LENGTH, is_slug, numbered, slugify


@pytest.mark.parametrize("text", ["a", "microsoft-france-gpus", "2025", "a" * 100])
def test_lower_case_letters_digits_and_single_hyphens_make_an_id(text: str) -> None:
    assert is_slug(text)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a--b", "A", "é", "a b", "a_b", "a\n", "a" * 101, "٣"])
def test_anything_else_does_not(text: str) -> None:
    assert not is_slug(text)


@pytest.mark.parametrize(
    ("title", "key"),
    [
        ("Microsoft: 25,000 GPUs in France", "microsoft-25-000-gpus-in-france"),
        ("Côte d'Azur — énergie", "cote-d-azur-energie"),
        ("Υπόσχεση", "pledge"),
        ("", "pledge"),
        ("a" * 89 + " b", "a" * 89),
    ],
)
def test_a_title_gives_an_id(title: str, key: str) -> None:
    assert slugify(title, fallback="pledge") == key


@given(st.text(), st.integers(1, 999_999_999))
def test_every_title_gives_an_id_with_room_for_a_number(title: str, n: int) -> None:
    assert is_slug(numbered(slugify(title, fallback="pledge"), n))


def test_the_second_of_a_name_is_numbered() -> None:
    assert [numbered("gpus", n) for n in (1, 2, 3)] == ["gpus", "gpus-2", "gpus-3"]
    assert len(numbered("a" * 90, 10**8)) <= MAX_LENGTH
