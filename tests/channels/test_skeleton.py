"""A page filled into a skeleton is what the template makes of it, to the letter."""

import pytest

from pledgetracker.channels.mail.facts import Facts
from pledgetracker.channels.mail.letter import lay_out
from pledgetracker.channels.mail.page import page
from pledgetracker.channels.mail.skeleton import Skeletons
from pledgetracker.domain.alert import AlertKind

from .reading import KINDS, LANGUAGES, NoticeOf

# Whatever HTML, or the skeleton itself, might take for its own.
HOSTILE = "A <b>bold</b> &amp; \"quoted\" 'title' \ue0003\ue001 {{ x }} \u00a0é = 100 %"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_filled_skeleton_is_what_the_template_makes(
    notice_of: NoticeOf, kind: AlertKind, language: str
) -> None:
    skeletons = Skeletons(lay_out)
    for words in ({}, {"title": HOSTILE, "indicator": HOSTILE, "unit": "a & b"}, {}):
        shown = page(Facts(notice_of(kind, language, pledge=words)))
        assert skeletons.fill(shown) == lay_out(shown)
