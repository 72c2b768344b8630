"""A schema that no device could fetch is refused where it would be made."""

from __future__ import annotations

import pytest

from satchel.hub.members import add_tables
from satchel.model import limits
from satchel.model.errors import Invalid
from satchel.store import layout
from tests.replicas import World, new_world

VESSEL = {"table": [{"name": "new_vessel", "label": "Vessel", "column": []}]}


def documents(world: World) -> dict[bytes, bytes]:
    """Every schema document the hub holds."""
    return world.hub.store.read(lambda txn: dict(txn.scan(layout.SCH)))


def test_a_schema_beyond_a_frame_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """TOO_BIG names the bound, and the schema in force stays; within the bound it is taken."""
    with new_world() as world:
        before = documents(world)
        largest = max(len(each) for each in before.values())
        monkeypatch.setattr(limits, "SCHEMA_BYTES_MAX", largest)
        with pytest.raises(Invalid, match=str(largest)) as refused:
            world.hub.store.write(lambda txn: add_tables(txn, VESSEL))
        assert refused.value.code == "TOO_BIG"
        assert documents(world) == before
        monkeypatch.undo()
        assert world.hub.store.write(lambda txn: add_tables(txn, VESSEL)) == 2
