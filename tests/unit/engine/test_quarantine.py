"""Refused work: kept, explained, fixable, and never dropped but by a person (sync.md 3.4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from satchel.engine import log, parked, quarantine
from satchel.model import limits
from satchel.model.errors import Invalid, Missing, Mistake, SatchelError
from satchel.model.ids import Dot
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack, unpack
from tests.recompute import assert_derived
from tests.replicas import Device

T = TypeVar("T")


def refused(ada: Device, ben: Device) -> tuple[str, str]:
    """A contact under an account that Ben has deleted (1), an edit of it (2), and a late edit
    of the account (3), all refused; the account and the contact."""
    account = ben.create("account", name="A", telephone1="0")
    ben.sync()
    ada.pull()
    contact = ada.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    ada.update("contact", contact, jobtitle="j")
    ada.update("account", account, telephone1="1")
    ben.delete("account", account)
    ben.sync()
    ada.sync()
    assert [(one["ctr"], one["code"]) for one in page(ada)["entries"]] == [
        (1, "TARGET_GONE"),
        (2, "DEP"),
        (3, "GONE"),
    ]
    return account, contact


def page(device: Device, after: int = 0, limit: int | None = None) -> dict[str, Any]:
    """A page of quarantine."""
    return device.read(lambda txn: parked.page(txn, device.replica, after, limit))


def dot(device: Device, ctr: int) -> Dot:
    """The name of an own changeset."""
    return Dot(device.replica.identity.replica, ctr)


def write(device: Device, work: Callable[[Txn], T]) -> T:
    """Run one transaction."""
    return device.store.write(work)


def retry(device: Device, ctr: int, **how: Any) -> list[int]:
    """Try a refused change again; the counters of what was written."""
    receipts = write(
        device,
        lambda txn: quarantine.retry(
            txn, device.replica, dot(device, ctr), device.randomness(), **how
        ),
    )
    return [receipt["ctr"] for receipt in receipts]


def test_what_is_shown(ada: Device, ben: Device) -> None:
    """Each entry says what it would do, why not, since when, and what hangs on it."""
    account, contact = refused(ada, ben)
    one, two, three = page(ada)["entries"]
    assert one["dependants"] == [2]
    assert one["cause"] is None
    assert one["ops"][0]["columns"]["parentcustomerid"] == {"table": "account", "id": account}
    assert "deleted" in one["message"]
    assert two["cause"] == {"replica": ada.replica.identity.replica.hex(), "ctr": 1}
    assert two["ops"] == [
        {"do": "update", "table": "contact", "id": contact, "columns": {"jobtitle": "j"}}
    ]
    assert three["dependants"] == []
    assert one["written"] <= one["time"]
    shown = ada.read(lambda txn: parked.show(txn, ada.replica, 3, None))
    assert shown["before"][0]["id"] == account


def test_paging(ada: Device, ben: Device) -> None:
    """A page goes on behind its last counter, and says how many there are in all."""
    refused(ada, ben)
    first = page(ada, 0, 2)
    assert ([one["ctr"] for one in first["entries"]], first["next"], first["total"]) == (
        [1, 2],
        2,
        3,
    )
    second = page(ada, 2, 2)
    assert ([one["ctr"] for one in second["entries"]], second["next"]) == ([3], None)


def test_a_page_fits_an_answer(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the refused changes are, a page of them fits a frame, and ends."""
    monkeypatch.setattr(limits, "REPLY_BYTES_TARGET", 3000)
    body = big_entry(ada)
    record = pack(list(quarantine.Parked(body, 4, 10, {"message": "no"}, 1, 2, [])))

    def park(txn: Txn) -> None:
        for ctr in range(1, 6):
            txn.put(layout.QTN, layout.log_key(*dot(ada, ctr)), record)

    write(ada, park)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        found = page(ada, after)
        assert len(pack(found)) < 4000
        seen += [one["ctr"] for one in found["entries"]]
        after = found["next"]
    assert seen == [1, 2, 3, 4, 5]
    with pytest.raises(Invalid) as too_big:
        ada.read(lambda txn: parked.export(txn, ada.replica, None, None))
    assert too_big.value.code == "TOO_BIG"
    (one,) = ada.read(lambda txn: parked.export(txn, ada.replica, 3, None))["entries"]
    assert one["ops"][0]["columns"]["description"] == "x" * 1400
    assert one["body"] is None


def big_entry(device: Device) -> bytes:
    """The body of a change with a long text."""
    device.create("account", name="A", description="x" * 1400)
    record = device.read(lambda txn: log.read_record(txn, *dot(device, 1)))
    assert record is not None
    return record.body


def test_retry_with_dependants(ada: Device, ben: Device) -> None:
    """Tried again under new counters, the change and what stood on it in the same order."""
    account, contact = refused(ada, ben)
    ben.restore("account", account)
    ben.sync()
    ada.sync()
    assert retry(ada, 1) == [4, 5]
    assert ada.columns("contact", contact)["jobtitle"] == "j"
    assert [one["ctr"] for one in page(ada)["entries"]] == [3]
    assert_derived(ada)
    ada.sync()
    assert not ada.get("contact", contact)["pending"]
    assert ada.summary()["digest"] == ada.hub.digest()


def test_retry_alone(ada: Device, ben: Device) -> None:
    """Without its dependants they stay, and can follow one by one."""
    account, contact = refused(ada, ben)
    ben.restore("account", account)
    ben.sync()
    ada.sync()
    assert retry(ada, 1, with_dependants=False) == [4]
    assert [one["ctr"] for one in page(ada)["entries"]] == [2, 3]
    assert retry(ada, 2) == [5]
    assert ada.columns("contact", contact)["jobtitle"] == "j"


def test_a_retry_that_cannot_be(ada: Device, ben: Device) -> None:
    """What would be refused here at once stays in quarantine, all of it."""
    refused(ada, ben)
    before = ada.dump()
    with pytest.raises(SatchelError) as again:
        retry(ada, 1)
    assert again.value.code == "TARGET_GONE"
    assert ada.dump() == before


def test_restore_and_apply_again(ada: Device, ben: Device) -> None:
    """An edit of a row that somebody deleted: the row comes back first, then the edit."""
    account, _ = refused(ada, ben)
    assert retry(ada, 3, restore=True) == [4]
    ada.sync()
    shown = ada.columns("account", account)
    assert (shown["name"], shown["telephone1"]) == ("A", "1")
    assert ada.summary()["digest"] == ada.hub.digest()


def test_edit_and_retry(ada: Device, ben: Device) -> None:
    """Columns of one of its ops are changed, and it is tried again as a new change."""
    _, contact = refused(ada, ben)
    assert retry(ada, 1, edits={0: {"parentcustomerid": None, "lastname": "D"}}) == [4, 5]
    shown = ada.columns("contact", contact)
    assert (shown["lastname"], shown["jobtitle"]) == ("D", "j")
    assert "parentcustomerid" not in shown


@pytest.mark.parametrize("position", [-1, 1, 1000])
def test_an_edit_of_no_op(ada: Device, ben: Device, position: int) -> None:
    """An op that is not there cannot be edited."""
    refused(ada, ben)
    with pytest.raises(Mistake):
        retry(ada, 1, edits={position: {"lastname": "D"}})


def test_an_edit_of_a_delete(ada: Device, ben: Device) -> None:
    """An op without columns cannot be edited."""
    account = ben.create("account", name="A")
    ben.sync()
    ada.pull()
    ben.delete("account", account)
    ben.restore("account", account)
    ben.sync()
    ada.delete("account", account)
    ada.sync()
    assert page(ada)["entries"][0]["code"] == "CONFLICT"
    with pytest.raises(Mistake):
        retry(ada, 1, edits={0: {"name": "B"}})


def test_discard(ada: Device, ben: Device) -> None:
    """Given up for good, by a person and for this one alone; the journal tells."""
    refused(ada, ben)
    write(ada, lambda txn: quarantine.discard(txn, dot(ada, 3)))
    assert [one["ctr"] for one in page(ada)["entries"]] == [1, 2]
    last = max(ada.dump(layout.JRN)[layout.JRN].items())
    assert unpack(last[1]) == [[5, 3]]
    for deed in (
        lambda txn: quarantine.discard(txn, dot(ada, 3)),
        lambda txn: quarantine.read(txn, dot(ada, 3)),
    ):
        with pytest.raises(Missing) as gone:
            write(ada, deed)
        assert gone.value.code == "NO_SUCH_ENTRY"


def test_export(ada: Device, ben: Device) -> None:
    """Nothing that a person typed is left out, and the bytes as the hub has judged them."""
    refused(ada, ben)
    exported = ada.read(lambda txn: parked.export(txn, ada.replica, None, None))
    assert exported["schema"] == 1
    for one in exported["entries"]:
        raw = ada.dump(layout.QTN)[layout.QTN][layout.log_key(*dot(ada, one["ctr"]))]
        assert bytes.fromhex(one["body"]) == unpack(raw)[0]
    own = ada.replica.identity.replica.hex()
    (one,) = ada.read(lambda txn: parked.export(txn, ada.replica, 2, own))["entries"]
    assert one["ctr"] == 2


def test_a_tree_of_dependants() -> None:
    """Dependants are found at any remove, in the order in which they were written."""
    own = b"replica8"
    names = [Dot(own, ctr) for ctr in range(8)]
    known = {names[1]: [names[2], names[5]], names[2]: [names[3]], names[5]: [names[6]]}
    assert quarantine.dependants(known, names[1]) == [names[2], names[3], names[5], names[6]]
    assert quarantine.dependants(known, names[4]) == []
