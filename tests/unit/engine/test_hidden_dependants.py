"""Work that stands on a refused change is in no view while it waits for its own verdict."""

from __future__ import annotations

import pytest

from satchel.engine import outbox, quarantine
from satchel.engine.flip import Installed
from satchel.model import limits
from satchel.model.errors import Missing
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.store import layout
from tests.recompute import assert_derived
from tests.replicas import Device, World


def refused_customer(ada: Device, ben: Device) -> tuple[str, str, str]:
    """Ada adds a contact to an account that Ben has deleted, and goes on from there.

    Only the contact has reached the hub; what stands on it is still in her outbox.
    Returns the contact, a task on it, and an account that is hers alone.
    """
    gone = ben.create("account", name="Gone")
    ben.sync()
    ada.pull()
    ben.delete("account", gone)
    ben.sync()
    contact = ada.create("contact", lastname="New", parentcustomerid=f"account:{gone}")
    ada.push(entries_max=1)
    task = ada.create("task", subject="Call", regardingobjectid=f"contact:{contact}")
    ada.update("task", task, description="twice")
    own = ada.create("account", name="Own")
    assert ada.pull() is Installed.DONE
    return contact, task, own


def test_dependants_of_a_refused_change_are_hidden(ada: Device, ben: Device) -> None:
    """With the FLIP that refuses a change, what stands on it leaves the view, and only that."""
    contact, task, own = refused_customer(ada, ben)
    for table, rec in (("contact", contact), ("task", task)):
        with pytest.raises(Missing):
            ada.get(table, rec)
    assert ada.columns("account", own)["name"] == "Own"
    assert ada.read(lambda txn: outbox.page(txn, ada.replica, 0, None))["total"] == 3
    hidden = ada.read(
        lambda txn: [outbox.show(txn, ada.replica, ctr)["hidden"] for ctr in (2, 3, 4)]
    )
    assert hidden == [True, True, False]
    assert_derived(ada)


def test_they_follow_their_cause_into_quarantine(ada: Device, ben: Device) -> None:
    """The hub gives each its counter and DEP; independent work of the same outbox is taken."""
    _, _, own = refused_customer(ada, ben)
    outcomes = ada.push()
    assert [outcome.code for outcome in outcomes] == [Code.DEP, Code.DEP, Code.OK]
    assert ada.pull() is Installed.DONE
    assert len(ada.dump(layout.QTN)[layout.QTN]) == 3
    assert not ada.get("account", own)["pending"]
    assert_derived(ada)


def test_discarding_the_cause_does_not_bring_them_back(ada: Device, ben: Device) -> None:
    """A refusal is remembered after the refused change was given up."""
    _, task, _ = refused_customer(ada, ben)
    own = ada.replica.identity.replica
    ada.store.write(lambda txn: quarantine.discard(txn, Dot(own, 1)))
    ada.update("account", ada.create("account", name="More"), fax="1")
    ben.create("account", name="Elsewhere")
    ben.sync()
    assert ada.pull() is Installed.DONE
    with pytest.raises(Missing):
        ada.get("task", task)
    assert_derived(ada)


def test_a_refusal_does_not_age_out_of_the_archive(world: World, ada: Device, ben: Device) -> None:
    """Weeks after a refused change was given up, what stands on it is still in no view."""
    _, task, _ = refused_customer(ada, ben)
    own = ada.replica.identity.replica
    ada.store.write(lambda txn: quarantine.discard(txn, Dot(own, 1)))
    world.now_ms += limits.ARCHIVE_MS + 1
    for _ in range(2):
        ben.create("account", name="Elsewhere")
        ben.sync()
        assert ada.pull() is Installed.DONE
    ada.update("account", ada.create("account", name="More"), fax="1")
    with pytest.raises(Missing):
        ada.get("task", task)
    assert_derived(ada)
