"""Cascade, restrict and remove-link as a device derives them over its view (sync.md 1.4)."""

from __future__ import annotations

import pytest

from satchel.engine.commit import Request, commit
from satchel.model import limits
from satchel.model.errors import Clash, Invalid, Missing
from satchel.store.txn import Txn
from tests.recompute import assert_derived
from tests.replicas import Device, World

LINK = "accountleads_association"


def contact_of(device: Device, account: str, name: str = "C") -> str:
    """A contact under an account."""
    return device.create("contact", lastname=name, parentcustomerid=f"account:{account}")


def unit_with_user(device: Device) -> tuple[str, str]:
    """A business unit and a user in it."""
    root = device.ids("businessunit")[0]
    unit = device.create("businessunit", name="U", parentbusinessunitid=f"businessunit:{root}")
    user = device.create("systemuser", lastname="X", businessunitid=f"businessunit:{unit}")
    return unit, user


def test_cascade(ada: Device) -> None:
    """What is under a deleted row is dead with it, to any depth, without an op of its own."""
    account = ada.create("account", name="A")
    contact = contact_of(ada, account)
    task = ada.create("task", subject="T", regardingobjectid=f"contact:{contact}")
    ada.delete("account", account)
    assert (ada.ids("account"), ada.ids("contact"), ada.ids("task")) == ([], [], [])
    assert_derived(ada)
    ada.restore("account", account)
    assert (ada.ids("contact"), ada.ids("task")) == ([contact], [task])
    assert_derived(ada)


def test_what_died_on_its_own_stays_dead(ada: Device) -> None:
    """Bringing the parent back does not bring back what somebody deleted before."""
    account = ada.create("account", name="A")
    one, two = contact_of(ada, account, "1"), contact_of(ada, account, "2")
    ada.delete("contact", one)
    ada.delete("account", account)
    ada.restore("account", account)
    assert ada.ids("contact") == [two]
    assert_derived(ada)


def test_a_child_of_a_dead_parent_cannot_be_restored_alone(ada: Device) -> None:
    """A row that is dead only under another was not deleted: the row above is to be restored."""
    account = ada.create("account", name="A")
    contact = contact_of(ada, account)
    ada.delete("account", account)
    with pytest.raises(Clash, match="row above it") as refused:
        ada.restore("contact", contact)
    assert refused.value.code == "CONFLICT"


def test_restrict(ada: Device) -> None:
    """A row that a living one holds by a restrict lookup is not deleted, nor is anything else."""
    unit, user = unit_with_user(ada)
    before = ada.dump()
    with pytest.raises(Clash) as refused:
        ada.delete("businessunit", unit)
    assert refused.value.code == "RESTRICT"
    assert refused.value.details["row"] == user
    assert ada.dump() == before
    ada.delete("systemuser", user)
    ada.delete("businessunit", unit)


def test_restrict_within_one_change(ada: Device) -> None:
    """One change may delete the holder first and then what it held."""
    unit, user = unit_with_user(ada)
    ada.do(
        {"do": "delete", "table": "systemuser", "id": user},
        {"do": "delete", "table": "businessunit", "id": unit},
    )
    assert unit not in ada.ids("businessunit")
    assert_derived(ada)


def test_remove_link(ada: Device) -> None:
    """A lookup to a dead row reads as null; the value waits below for the row to come back."""
    account = ada.create("account", name="A")
    contact = ada.create("contact", lastname="C")
    ada.update("account", account, primarycontactid=f"contact:{contact}")
    ada.delete("contact", contact)
    assert "primarycontactid" not in ada.columns("account", account)
    assert_derived(ada)
    ada.restore("contact", contact)
    assert ada.columns("account", account)["primarycontactid"]["id"] == contact
    assert_derived(ada)


def test_a_lookup_moved_away_is_not_lost_to_the_null(ada: Device) -> None:
    """A move to another target, made while the first was dead, stays when the first returns."""
    account = ada.create("account", name="A")
    one, two = ada.create("contact", lastname="1"), ada.create("contact", lastname="2")
    ada.update("account", account, primarycontactid=f"contact:{one}")
    ada.delete("contact", one)
    ada.update("account", account, primarycontactid=f"contact:{two}")
    assert ada.columns("account", account)["primarycontactid"]["id"] == two
    ada.restore("contact", one)
    assert ada.columns("account", account)["primarycontactid"]["id"] == two
    assert_derived(ada)


def test_links_of_a_dead_row(ada: Device) -> None:
    """A link is there iff both its ends are; an unlink meanwhile counts."""
    account = ada.create("account", name="A")
    leads = [ada.create("lead", lastname=name, subject="s") for name in "12"]
    for lead in leads:
        ada.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    ada.delete("lead", leads[0])
    assert ada.links(LINK, account) == [leads[1]]
    ada.do({"do": "unlink", "relationship": LINK, "left": account, "right": leads[0]})
    ada.restore("lead", leads[0])
    assert ada.links(LINK, account) == [leads[1]]
    assert_derived(ada)


def test_a_lookup_to_what_is_not_here(world: World, ada: Device) -> None:
    """A full copy refuses a lookup to a row that never was, or that is dead."""
    dead = ada.create("account", name="A")
    ada.delete("account", dead)
    for target, code in ((world.new_id(), "NO_SUCH_ROW"), (dead, "TARGET_GONE")):
        with pytest.raises(Missing) as refused:
            contact_of(ada, target)
        assert refused.value.code == code
        assert refused.value.details["column"] == "parentcustomerid"


def test_a_link_to_what_is_not_here(world: World, ada: Device) -> None:
    """A link needs both its ends alive."""
    account, dead = (ada.create("account", name=name) for name in "AB")
    lead = ada.create("lead", lastname="L", subject="s")
    ada.delete("account", dead)
    for left, code in ((world.new_id(), "NO_SUCH_ROW"), (dead, "GONE")):
        with pytest.raises(Missing) as refused:
            ada.do({"do": "link", "relationship": LINK, "left": left, "right": lead})
        assert refused.value.code == code
    ada.do({"do": "link", "relationship": LINK, "left": account, "right": lead})


def test_a_delete_that_reaches_too_far(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A delete that takes more rows with it than the hub allows is refused here, unwritten."""
    monkeypatch.setattr(limits, "CASCADE_ROWS_MAX", 3)  # the row at the top is one of them
    account = ada.create("account", name="A")
    contacts = [contact_of(ada, account, str(number)) for number in range(3)]
    before = ada.dump()
    with pytest.raises(Invalid) as refused:
        ada.delete("account", account)
    assert refused.value.code == "TOO_BIG"
    assert ada.dump() == before
    ada.update("contact", contacts[0], parentcustomerid=None)
    ada.delete("account", account)
    ada.sync()
    assert ada.summary()["quarantine"] == 0


def test_the_work_of_many_deletes(ada: Device, world: World) -> None:
    """Deletes in one change look at each row once, not at every row for every other."""
    recs = [world.new_id() for _ in range(110)]
    wish = {"table": "account", "columns": {"name": "A"}}
    ada.do(*({"do": "create", "id": rec, **wish} for rec in recs))

    def reads(some: list[str]) -> int:
        wishes = [{"do": "delete", "table": "account", "id": rec} for rec in some]

        def work(txn: Txn) -> int:
            before = txn.reads
            commit(txn, ada.replica, wishes, Request(None, 0, 0), ada.randomness())
            return txn.reads - before

        return ada.store.write(work)

    ten, hundred = reads(recs[:10]), reads(recs[10:])
    assert hundred < 15 * ten
