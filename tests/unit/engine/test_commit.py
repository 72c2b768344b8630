"""T1 op by op: what a command writes, and what apps see of it at once."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import log, outbox
from satchel.model import changeset as cs
from satchel.model.changeset import Entry, Op
from satchel.model.errors import Clash, Invalid, Missing, SatchelError
from satchel.model.ids import parse_id
from satchel.wire import chain as chains
from tests.recompute import assert_derived
from tests.replicas import Device, World

LINK = "accountleads_association"


def entry(device: Device, ctr: int) -> Entry:
    """The changeset of that counter, as it waits in the log."""
    record = device.read(lambda txn: log.read_record(txn, device.replica.identity.replica, ctr))
    assert record is not None
    return record.entry()


def ops(device: Device, ctr: int) -> list[Op]:
    """Its ops."""
    return entry(device, ctr).ops


def raw(rec: str) -> bytes:
    """An id as it lies in keys and ops."""
    found = parse_id(rec)
    assert found is not None
    return found


def test_create(ada: Device) -> None:
    """A create is seen at once, pending, with its defaults, its owner and who made it."""
    rec = ada.create("account", name="Fabrikam", creditlimit="5000")
    row = ada.get("account", rec)
    assert row["pending"]
    assert row["columns"]["name"] == "Fabrikam"
    assert row["columns"]["statecode"] == 0
    owner = row["columns"]["ownerid"]
    assert owner["table"] == "systemuser"
    assert raw(owner["id"]) == ada.user
    assert row["columns"]["createdby"] == row["columns"]["modifiedby"] == owner
    (op,) = ops(ada, 1)
    assert op[:3] == [cs.CREATE, 1, raw(rec)]
    assert list(op[3]) == sorted(op[3])
    assert_derived(ada)


def test_create_with_an_id(world: World, ada: Device) -> None:
    """An app may choose the id; one that exists or existed is DUP_ID."""
    rec = world.new_id()
    wish = {"do": "create", "table": "account", "id": rec, "columns": {"name": "A"}}
    assert ada.do(wish)["ids"] == [rec]
    ada.delete("account", rec)
    with pytest.raises(Clash) as refused:
        ada.do(wish)
    assert refused.value.code == "DUP_ID"


def test_update_of_columns_and_groups(ada: Device) -> None:
    """Lone columns travel in one op, each group in one of its own and whole."""
    rec = ada.create("contact", firstname="Ann", lastname="Bee", jobtitle="Clerk")
    ada.update("contact", rec, firstname="Anna", jobtitle="Chief", telephone1="1")
    kinds = [op[0] for op in ops(ada, 2)]
    assert sorted(kinds) == [cs.SET, cs.GROUP]
    (group,) = (op for op in ops(ada, 2) if op[0] == cs.GROUP)
    assert {"Anna", "Bee"} <= set(group[4].values())
    shown = ada.columns("contact", rec)
    assert shown["fullname"] == "Anna Bee"
    assert (shown["jobtitle"], shown["telephone1"]) == ("Chief", "1")
    assert_derived(ada)


def test_upsert_makes_or_sets(world: World, ada: Device) -> None:
    """An upsert makes a row that was never there and sets columns of one that lives."""
    rec = world.new_id()
    wish: dict[str, Any] = {"do": "upsert", "table": "account", "id": rec}
    ada.do({**wish, "columns": {"name": "A", "telephone1": "1"}})
    ada.do({**wish, "columns": {"telephone1": "2", "address1_city": "Rome"}})
    shown = ada.columns("account", rec)
    assert (shown["name"], shown["telephone1"], shown["address1_city"]) == ("A", "2", "Rome")
    assert [op[0] for op in [*ops(ada, 1), *ops(ada, 2)]] == [cs.UPSERT, cs.UPSERT]
    assert_derived(ada)


def test_upsert_of_a_dead_row(ada: Device) -> None:
    """An upsert of an id that died is GONE: it never makes a deleted row anew."""
    rec = ada.create("account", name="A")
    ada.delete("account", rec)
    with pytest.raises(Missing) as refused:
        ada.do({"do": "upsert", "table": "account", "id": rec, "columns": {"name": "B"}})
    assert refused.value.code == "GONE"


def test_delete_and_restore(ada: Device) -> None:
    """A delete hides a row with all that is in it, a restore brings the same back."""
    rec = ada.create("account", name="A", telephone1="1")
    before = ada.columns("account", rec)
    ada.delete("account", rec)
    with pytest.raises(Missing) as refused:
        ada.get("account", rec)
    assert refused.value.code == "GONE"
    assert ada.ids("account") == []
    ada.restore("account", rec)
    after = ada.columns("account", rec)
    assert {name: after[name] for name in ("name", "telephone1", "createdon")} == {
        name: before[name] for name in ("name", "telephone1", "createdon")
    }
    assert [op[3] for ctr in (2, 3) for op in ops(ada, ctr)] == [2, 3]
    assert_derived(ada)


def test_a_restore_needs_a_deleted_row(world: World, ada: Device) -> None:
    """What lives cannot be restored (CONFLICT), nor what never was (NO_SUCH_ROW)."""
    rec = ada.create("account", name="A")
    for other, code in ((rec, "CONFLICT"), (world.new_id(), "NO_SUCH_ROW")):
        with pytest.raises(SatchelError) as refused:
            ada.restore("account", other)
        assert refused.value.code == code


def test_link_and_unlink(ada: Device) -> None:
    """A link is seen from both ends; an unlink names the adds it takes away."""
    left, right = ada.create("account", name="A"), ada.create("lead", lastname="L", subject="s")
    ends = {"relationship": LINK, "left": left, "right": right}
    linked = ada.do({"do": "link", **ends})
    assert ada.links(LINK, left) == [right]
    assert ada.links(LINK, right, "right") == [left]
    assert_derived(ada)
    unlinked = ada.do({"do": "unlink", **ends})
    assert ada.links(LINK, left) == ada.links(LINK, right, "right") == []
    (op,) = ops(ada, unlinked["ctr"])
    assert op[4] == [[ada.replica.identity.replica, linked["ctr"]]]
    assert_derived(ada)
    with pytest.raises(Missing) as refused:
        ada.do({"do": "unlink", **ends})
    assert refused.value.code == "NO_SUCH_ROW"


def test_a_link_twice_in_one_change(ada: Device) -> None:
    """The same link twice in one change is one link, here and once the hub has it."""
    left, right = ada.create("account", name="A"), ada.create("lead", lastname="L", subject="s")
    link = {"do": "link", "relationship": LINK, "left": left, "right": right}
    ada.do(link, link)
    assert ada.links(LINK, left) == [right]
    assert_derived(ada)
    ada.sync()
    assert ada.links(LINK, left) == [right]
    assert ada.summary()["digest"] == ada.hub.digest()


def test_a_receipt_has_one_id_for_each_wish(ada: Device) -> None:
    """An update that travels as several ops has one id in the receipt, a link has none."""
    contact = ada.create("contact", lastname="L")
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    receipt = ada.do(
        {
            "do": "update",
            "table": "contact",
            "id": contact,
            "columns": {"firstname": "F", "jobtitle": "j", "address1_city": "Rome"},
        },
        {"do": "link", "relationship": LINK, "left": account, "right": lead},
        {"do": "delete", "table": "account", "id": account},
    )
    assert receipt["ids"] == [contact, None, account]


def test_log_and_chain(ada: Device) -> None:
    """Counters have no gap and each record carries the chain over all before it."""
    for number in range(3):
        ada.create("account", name=f"A{number}")
    own = ada.replica.identity.replica
    records = ada.read(lambda txn: list(log.records(txn, own)))
    assert [ctr for ctr, _ in records] == [1, 2, 3]
    chain = chains.CHAIN_START
    for ctr, record in records:
        chain = chains.extend(chain, own, ctr, chains.body_hash(record.body))
        assert record.chain == chain
    assert ada.read(lambda txn: outbox.waiting(txn, own)) == 3


def test_the_context_is_where_the_device_stands(ada: Device) -> None:
    """A changeset carries the cursor, and the highest seq among the rows it touches."""
    rec = ada.create("account", name="A")
    assert entry(ada, 1).ctx.base_seq == ada.state.seq
    ada.sync()
    seq = ada.columns("account", rec)["versionnumber"]
    ada.hub.add_user(b"somebody else 16", "Else")
    ada.pull()
    ada.update("account", rec, name="B")
    ctx = entry(ada, 2).ctx
    assert ctx.base_seq == ada.state.seq > seq
    assert seq <= ctx.rows_seq < ctx.base_seq
    assert ctx.foreign == {}


def test_a_row_over_one_mebibyte(ada: Device) -> None:
    """A row may not grow past 1 MiB, however small the last write; nothing is written then."""
    rec = ada.create("annotation", subject="s", documentbody="x" * (700 << 10))
    before = ada.dump()
    with pytest.raises(Invalid) as refused:
        ada.update("annotation", rec, notetext="\N{BICYCLE}" * 100_000)
    assert refused.value.code == "TOO_BIG"
    assert refused.value.details["table"] == "annotation"
    assert ada.dump() == before
    ada.update("annotation", rec, notetext="\N{BICYCLE}" * 50_000)
