"""Stamps keep causal order whatever the clocks say (sync.md 1.1, 2.5)."""

from __future__ import annotations

from satchel.engine import log
from satchel.engine.commit import Request, commit
from satchel.model import hlc
from tests.recompute import assert_derived
from tests.replicas import Device, World

YEAR_MS = 365 * 24 * 3600 * 1000


def clock(device: Device, ctr: int) -> int:
    """The clock of a waiting changeset, as record and body say it."""
    own = device.replica.identity.replica
    record = device.read(lambda txn: log.read_record(txn, own, ctr))
    assert record is not None
    assert record.hlc == record.entry().hlc
    return record.hlc


def test_clocks_grow_in_one_log(ada: Device) -> None:
    """A clock that steps back does not reorder what one device writes."""
    for step_ms in (0, -YEAR_MS, -2 * YEAR_MS, 0):
        ada.clock_ms = step_ms
        ada.create("account", name="A")
    assert clock(ada, 1) < clock(ada, 2) < clock(ada, 3) < clock(ada, 4)
    assert clock(ada, 2) == clock(ada, 1) + 1


def test_a_slow_clock_wins_over_what_it_has_seen(ada: Device, ben: Device) -> None:
    """A device a year behind still writes over a value it has read."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ben.clock_ms = -YEAR_MS
    ben.update("account", rec, name="B")
    assert ben.columns("account", rec)["name"] == "B"
    ben.sync()
    ada.pull()
    assert ada.columns("account", rec)["name"] == "B"
    assert not ada.dump("cnf")["cnf"]


def test_a_slow_clock_and_an_empty_column(ada: Device, ben: Device) -> None:
    """A write to a column nobody had set stands above the row's create all the same."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ben.clock_ms = -YEAR_MS
    ben.update("account", rec, telephone1="1")
    own = ben.columns("account", rec)
    assert own["telephone1"] == "1"
    assert_derived(ben)


def test_the_floor_covers_what_is_only_named(ada: Device, ben: Device) -> None:
    """A lookup's target and a link's ends count, so a fold never meets the child first."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    ada.sync()
    ben.pull()
    high = hlc.from_ms(ada.hub.now_ms)
    ben.clock_ms = -YEAR_MS
    ben.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    assert clock(ben, 1) > high - (1 << 32)
    link = {"relationship": "accountleads_association", "left": account, "right": lead}
    ben.do({"do": "link", **link})
    assert clock(ben, 2) > clock(ben, 1)


def test_a_fast_clock_is_lowered_by_the_hub(ada: Device, ben: Device) -> None:
    """A stamp from next year counts as made now, and pending work still stands above it."""
    rec = ada.create("account", name="A")
    ada.sync()
    ada.clock_ms = YEAR_MS
    ada.update("account", rec, name="B")
    ada.push_all()
    ada.update("account", rec, name="C")
    ada.pull()
    assert ada.columns("account", rec)["name"] == "C"
    ada.sync()
    ben.pull()
    modified = ben.columns("account", rec)["modifiedon"]
    assert modified < "2024"
    ben.update("account", rec, name="D")
    ben.sync()
    ada.pull()
    assert ada.columns("account", rec)["name"] == "D"


def test_the_floor_forgets_what_is_decided(ada: Device) -> None:
    """Once a clock that stood in the future is put right and its work decided, time is as usual."""
    ada.clock_ms = YEAR_MS
    ada.create("account", name="A")
    ada.sync()
    ada.clock_ms = 0
    ada.create("account", name="B")
    assert hlc.to_ms(clock(ada, 2)) < ada.hub.now_ms + 60_000


def test_the_offset_to_the_hub(ada: Device, world: World) -> None:
    """The stamp follows the hub's clock as far as it is known; the record keeps this machine's."""
    wish = {"do": "create", "table": "account", "columns": {"name": "A"}}
    told = ada.randomness()._replace(ahead_ms=YEAR_MS)
    ada.store.write(lambda txn: commit(txn, ada.replica, [wish], Request(None, 0, 0), told))
    assert hlc.to_ms(clock(ada, 1)) == world.now_ms + YEAR_MS
    own = ada.replica.identity.replica
    record = ada.read(lambda txn: log.read_record(txn, own, 1))
    assert record is not None
    assert record.time_ms == world.now_ms


def test_an_offset_before_the_beginning(ada: Device) -> None:
    """A hub whose clock stands before 1970 does not make a stamp that cannot be written."""
    wish = {"do": "create", "table": "account", "columns": {"name": "A"}}
    told = ada.randomness()._replace(ahead_ms=-100 * YEAR_MS)
    ada.store.write(lambda txn: commit(txn, ada.replica, [wish], Request(None, 0, 0), told))
    assert clock(ada, 1) > 0
