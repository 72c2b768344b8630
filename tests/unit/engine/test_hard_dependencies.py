"""What a changeset cannot mean anything without is computed, and nothing else (sync.md 2.4)."""

from __future__ import annotations

import pytest

from satchel.engine import outbox
from tests.replicas import Device, World

LINK = "accountleads_association"


def needs(device: Device, ctr: int) -> list[int]:
    """The counters that a waiting changeset depends on."""
    shown = device.read(lambda txn: outbox.show(txn, device.replica, ctr))
    found: list[int] = shown["depends_on"]
    return found


def upsert(device: Device, rec: str, name: str) -> int:
    """Upsert an account; its counter."""
    wish = {"do": "upsert", "table": "account", "id": rec, "columns": {"name": name}}
    ctr: int = device.do(wish)["ctr"]
    return ctr


def link(device: Device, do: str, left: str, right: str) -> int:
    """Link or unlink an account and a lead; the counter."""
    ctr: int = device.do({"do": do, "relationship": LINK, "left": left, "right": right})["ctr"]
    return ctr


def test_nothing_is_needed_of_what_is_decided(ada: Device) -> None:
    """Work on decided rows stands on its own, and so do edits of a pending value."""
    rec = ada.create("account", name="A")
    ada.sync()
    ada.update("account", rec, name="B")
    ada.update("account", rec, name="C")
    ada.delete("account", rec)
    assert [needs(ada, ctr) for ctr in (2, 3, 4)] == [[], [], []]


def test_work_on_a_pending_create(ada: Device) -> None:
    """An update, a lookup, a link and a delete need the create of the row they are on or name."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    ada.update("account", account, name="B")
    ada.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    linked = link(ada, "link", account, lead)
    ada.delete("account", account)
    assert needs(ada, 3) == [1]
    assert needs(ada, 4) == [1]
    assert needs(ada, linked) == [1, 2]
    assert needs(ada, 6) == [1]


def test_an_unlink_of_a_pending_create(ada: Device) -> None:
    """An unlink needs its ends as the link did, but not a delete that has hidden one."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    link(ada, "link", account, lead)
    assert needs(ada, link(ada, "unlink", account, lead)) == [1, 2]
    link(ada, "link", account, lead)
    ada.sync()
    ada.delete("account", account)
    assert needs(ada, link(ada, "unlink", account, lead)) == []


def test_an_upsert_needs_no_create(world: World, ada: Device) -> None:
    """An upsert makes the row where it is missing, so it never depends on a pending create."""
    rec = world.new_id()
    ada.do({"do": "create", "table": "account", "id": rec, "columns": {"name": "A"}})
    assert needs(ada, upsert(ada, rec, "B")) == []
    assert needs(ada, ada.update("account", rec, telephone1="1")["ctr"]) == [1]


def test_what_an_upsert_has_made_is_a_create(world: World, ada: Device) -> None:
    """An update of a row that a pending upsert has made needs that upsert."""
    rec = world.new_id()
    upsert(ada, rec, "A")
    assert needs(ada, ada.update("account", rec, telephone1="1")["ctr"]) == [1]
    assert needs(ada, upsert(ada, rec, "B")) == []


def test_life_stands_on_pending_life(ada: Device) -> None:
    """A restore needs the pending delete it undoes, and work on the row the pending restore."""
    rec = ada.create("account", name="A")
    ada.sync()
    ada.delete("account", rec)
    ada.restore("account", rec)
    ada.update("account", rec, name="B")
    ada.delete("account", rec)
    assert [needs(ada, ctr) for ctr in (2, 3, 4, 5)] == [[], [2], [3], [3]]


def test_both_the_create_and_the_restore(ada: Device) -> None:
    """Work on a row made, deleted and restored while away needs the create and the restore."""
    rec = ada.create("account", name="A")
    ada.delete("account", rec)
    ada.restore("account", rec)
    ada.update("account", rec, name="B")
    assert [needs(ada, ctr) for ctr in (2, 3, 4)] == [[1], [1, 2], [1, 3]]


@pytest.mark.parametrize("table", ["account", "contact"])
def test_what_one_change_makes_it_does_not_need(ada: Device, world: World, table: str) -> None:
    """A change that makes a row and works on it needs nobody."""
    rec = world.new_id()
    column = {"account": "name", "contact": "lastname"}[table]
    ada.do(
        {"do": "create", "table": table, "id": rec, "columns": {column: "A"}},
        {"do": "update", "table": table, "id": rec, "columns": {"telephone1": "1"}},
        {"do": "delete", "table": table, "id": rec},
        {"do": "restore", "table": table, "id": rec},
    )
    assert needs(ada, 1) == []
