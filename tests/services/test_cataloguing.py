"""Pledgers and initiatives: kept under permanent ids, never deleted from under what names them."""

from typing import Any

import pytest

from pledgetracker.domain.access import Scope
from pledgetracker.domain.errors import AlreadyExists, Invalid, KeyUnknown, NotFound, StillReferenced
from pledgetracker.domain.vantage import Vantage
from pledgetracker.runtime import Runtime
from pledgetracker.services import cataloguing, keyring
from tests.conftest import Clock, key_of
from tests.world import EVERYTHING, add_pledge, noon


def do(runtime: Runtime, work: Any, *words: Any, **said: Any) -> Any:
    """One use case in a transaction of its own."""
    return runtime.database.write(lambda tx: work(tx, *words, **said))


def initiative(runtime: Runtime, key: str, parent: str | None = None) -> Any:
    fields = {"id": key, "title": key.title(), "parent": parent}
    return do(runtime, cataloguing.add_initiative, fields, now=runtime.clock())


def test_ids_are_made_from_names_and_numbered_where_taken(runtime: Runtime) -> None:
    made = [
        do(runtime, cataloguing.add_pledger, {"name": name}, now=runtime.clock()).id
        for name in ("Électricité de France", "électricité de FRANCE", "Ελλάδα", "Ελλάδα")
    ]
    assert made == ["electricite-de-france", "electricite-de-france-2", "pledger", "pledger-2"]


def test_an_id_that_is_taken_is_refused(runtime: Runtime) -> None:
    initiative(runtime, "plan")
    with pytest.raises(AlreadyExists, match="'plan' exists already"):
        initiative(runtime, "plan")


def test_changes_count_versions_and_nothing_changes_nothing(runtime: Runtime, clock: Clock) -> None:
    do(runtime, cataloguing.add_pledger, {"id": "acme", "name": "Acme"}, now=clock.now)
    initiative(runtime, "plan")
    clock.now = noon("2026-12-01")
    for change, key, name in (
        (cataloguing.change_pledger, "acme", "name"),
        (cataloguing.change_initiative, "plan", "title"),
    ):
        same = do(runtime, change, key, {"id": key}, now=clock.now)
        assert same.version == 1
        changed = do(runtime, change, key, {name: "New"}, now=clock.now)
        assert (getattr(changed, name), changed.version, changed.updated_at) == ("New", 2, clock.now)


@pytest.mark.parametrize("change", [cataloguing.change_pledger, cataloguing.change_initiative])
def test_ids_cannot_be_changed(runtime: Runtime, change: Any) -> None:
    do(runtime, cataloguing.add_pledger, {"id": "plan", "name": "Acme"}, now=runtime.clock())
    initiative(runtime, "plan")
    with pytest.raises(Invalid, match="Ids are permanent; this is 'plan'"):
        do(runtime, change, "plan", {"id": "other"}, now=runtime.clock())


def test_what_is_not_there_is_not_found(runtime: Runtime) -> None:
    for work, said in (
        (cataloguing.get_pledger, {}),
        (cataloguing.get_initiative, {}),
        (cataloguing.delete_pledger, {"now": runtime.clock()}),
        (cataloguing.delete_initiative, {"now": runtime.clock()}),
        (cataloguing.change_pledger, {"fields": {}, "now": runtime.clock()}),
        (cataloguing.change_initiative, {"fields": {}, "now": runtime.clock()}),
    ):
        with pytest.raises(NotFound, match="'nobody'"):
            do(runtime, work, "nobody", **said)


def test_an_initiative_never_comes_to_stand_under_itself(runtime: Runtime) -> None:
    initiative(runtime, "top")
    initiative(runtime, "middle", "top")
    initiative(runtime, "leaf", "middle")
    for parent, why in (("top", "under itself"), ("middle", "cannot stand over it"), ("leaf", "over it")):
        with pytest.raises(Invalid, match=why):
            do(runtime, cataloguing.change_initiative, "top", {"parent": parent}, now=runtime.clock())
    moved = do(runtime, cataloguing.change_initiative, "leaf", {"parent": "top"}, now=runtime.clock())
    assert moved.parent == "top"
    with pytest.raises(Invalid, match="There is no initiative 'nowhere'"):
        initiative(runtime, "new", "nowhere")


def test_what_something_names_is_not_deleted(runtime: Runtime) -> None:
    initiative(runtime, "top")
    initiative(runtime, "plan", "top")
    add_pledge(runtime, initiative="plan")
    for work, key in (
        (cataloguing.delete_pledger, "acme"),
        (cataloguing.delete_initiative, "plan"),
        (cataloguing.delete_initiative, "top"),
    ):
        with pytest.raises(StillReferenced, match=f"'{key}' cannot be deleted"):
            do(runtime, work, key, now=runtime.clock())


def test_a_pledger_that_a_key_is_tied_to_is_not_deleted(runtime: Runtime) -> None:
    do(runtime, cataloguing.add_pledger, {"id": "acme", "name": "Acme"}, now=runtime.clock())
    key_of(runtime, Scope.PROGRESS, pledger="acme")
    with pytest.raises(StillReferenced):
        do(runtime, cataloguing.delete_pledger, "acme", now=runtime.clock())


def test_what_nothing_names_is_deleted_and_its_id_is_free(runtime: Runtime) -> None:
    initiative(runtime, "plan")
    do(runtime, cataloguing.add_pledger, {"id": "acme", "name": "Acme"}, now=runtime.clock())
    do(runtime, cataloguing.delete_initiative, "plan", now=runtime.clock())
    do(runtime, cataloguing.delete_pledger, "acme", now=runtime.clock())
    with runtime.database.read() as tx:
        assert cataloguing.list_pledgers(tx, EVERYTHING, Vantage(runtime.clock())).items == []
        assert cataloguing.list_initiatives(tx, EVERYTHING, Vantage(runtime.clock())).items == []
    initiative(runtime, "plan")


@pytest.mark.parametrize("spelled", ["", "pt_", "pt_x_y", "pt__", "xx_a_b", "pt_a_b_c", "\ud800"])
def test_what_is_no_key_is_unknown(runtime: Runtime, spelled: str) -> None:
    with pytest.raises(KeyUnknown), runtime.database.read() as tx:
        keyring.authenticate(tx, spelled, runtime.pepper, now=runtime.clock())


def test_a_key_is_good_until_it_expires_or_is_revoked_and_under_its_own_secret_only(
    runtime: Runtime, clock: Clock
) -> None:
    ends = noon("2026-12-01")
    spelled = do(
        runtime,
        keyring.create_key,
        "me",
        Scope.READ,
        runtime.pepper,
        expires_at=ends,
        now=clock.now,
    )

    def is_good(pepper: bytes = runtime.pepper, *, of: str = spelled) -> bool:
        try:
            with runtime.database.read() as tx:
                keyring.authenticate(tx, of, pepper, now=clock.now)
        except KeyUnknown:
            return False
        return True

    assert is_good()
    assert not is_good(b"another secret")
    assert not is_good(of=spelled[:-1] + ("0" if spelled[-1] != "0" else "1"))
    clock.now = ends
    assert not is_good()
    clock.now = noon("2026-11-24")
    key_id = spelled.split("_")[1]
    do(runtime, keyring.revoke_key, key_id, now=clock.now)
    assert not is_good()
