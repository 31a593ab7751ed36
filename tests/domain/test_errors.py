"""What a refusal says to the person who reads it."""

import pytest

from pledgetracker.domain import errors
from pledgetracker.domain.errors import FieldProblem, Invalid, Refusal


def test_every_broken_rule_is_in_the_message_with_its_place() -> None:
    refusal = Invalid([FieldProblem("/due", "Too early."), FieldProblem("", "Nothing to change.")])
    assert str(refusal) == "/due: Too early.; /: Nothing to change."
    assert len(refusal.problems) == 2


def test_one_problem_with_one_field_is_one_call() -> None:
    assert Invalid.field("/due", "Too early.").problems == (FieldProblem("/due", "Too early."),)


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        (errors.NotFound("pledge", "gpus"), ["no pledge", "'gpus'"]),
        (errors.AlreadyExists("pledge", "gpus"), ["'gpus'", "PATCH"]),
        (
            errors.StillReferenced("pledger", "acme", "it made 2 pledges", "Delete them."),
            ["acme", "2 pledges"],
        ),
        (errors.AlreadySuperseded(3, 5), ["Update 3", "update 5"]),
        (errors.AlreadyRetracted(3, 5), ["Verdict 3", "by 5", "another verdict"]),
        (errors.VersionTaken("house", 2), ["'house'", "version 2", "leave the version out"]),
        (errors.AlreadyWithdrawn("gpus"), ["'gpus'", "DELETE"]),
        (errors.KeyMissing("write"), ["'write'", "Authorization: Bearer"]),
        (errors.KeyUnknown(), ["pledgetracker keys create"]),
        (errors.ScopeTooSmall("read", "write"), ["'write'", "'read'"]),
        (errors.OtherPledger("acme", "globex"), ["'acme'", "'globex'"]),
    ],
)
def test_a_refusal_names_what_it_is_about_and_what_to_do(refusal: Refusal, words: list[str]) -> None:
    assert [word for word in words if word not in str(refusal)] == []
