"""The style sheet: colours that can be told apart from what they stand on."""

import re
from pathlib import Path

import pytest

STYLE = Path(__file__).parents[2] / "pledgetracker" / "dashboard" / "static" / "style.css"
# What is written, and on what.
TEXTS = [
    ("ink", "paper"),
    ("ink", "sheet"),
    ("ink", "faint"),
    ("soft", "paper"),
    ("soft", "sheet"),
    ("soft", "faint"),
    ("accent", "paper"),
    ("accent", "sheet"),
    ("on-accent", "accent"),
    ("bad", "bad-wash"),
    ("bad", "paper"),
    ("warn", "warn-wash"),
    ("good", "good-wash"),
    ("plain", "plain-wash"),
    ("figure", "sheet"),
    ("figure", "paper"),
]
# Lines and shapes that carry meaning.
STROKES = [("path", "sheet"), ("path", "paper"), ("conflict", "sheet"), ("conflict", "paper")]


def _schemes() -> dict[str, dict[str, str]]:
    """The colours by name, light and dark."""
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[:2]
    read = [dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block)) for block in (light, dark)]
    return {"light": read[0], "dark": read[0] | read[1]}


def _luminance(colour: str) -> float:
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_strokes_have_the_contrast_of_level_aa(scheme: str) -> None:
    colours = _schemes()[scheme]
    for text, ground in TEXTS:
        assert _contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    for stroke, ground in STROKES:
        assert _contrast(colours[stroke], colours[ground]) >= 3, (stroke, ground)


def test_nothing_is_loaded_from_elsewhere() -> None:
    assert "url(" not in STYLE.read_text()
    assert "@import" not in STYLE.read_text()


def test_every_colour_named_is_there_in_both_schemes() -> None:
    used = set(re.findall(r"var\(--([\w-]+)\)", STYLE.read_text()))
    for colours in _schemes().values():
        assert used <= colours.keys()
    light, dark = re.findall(r":root \{(.*?)\}", STYLE.read_text(), re.DOTALL)[:2]
    assert re.findall(r"--[\w-]+", light) == re.findall(r"--[\w-]+", dark)
