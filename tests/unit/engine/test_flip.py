"""T3: BASE moves from S to S', and decided work leaves log and overlay (sync.md 3.4, 3.5)."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import log, outbox, stage
from satchel.engine.flip import Installed
from satchel.model import limits
from satchel.model.errors import Missing, Trouble
from satchel.model.outcome import Code
from satchel.store import layout
from satchel.wire.chain import body_hash
from satchel.wire.codec import unpack
from tests.recompute import assert_derived
from tests.replicas import Device, World


def quarantined(device: Device) -> dict[int, int]:
    """Counter to code of what waits in quarantine."""
    return {
        layout.parse_log_key(key)[1]: unpack(raw)[1]
        for key, raw in device.dump(layout.QTN)[layout.QTN].items()
    }


def archived(device: Device) -> list[int]:
    """The counters in the archive."""
    return [layout.parse_log_key(key)[1] for key in device.dump(layout.ARC)[layout.ARC]]


def test_an_accepted_change_goes_to_the_archive(ada: Device) -> None:
    """What the hub took leaves log and overlay with the FLIP, and stays in the archive."""
    rec = ada.create("account", name="A")
    ada.push_all()
    assert ada.get("account", rec)["pending"]
    assert ada.pull() is Installed.DONE
    row = ada.get("account", rec)
    assert not row["pending"]
    assert row["columns"]["versionnumber"] == ada.hub.head
    assert archived(ada) == [1]
    assert not ada.dump(layout.LOG, layout.VIEW)[layout.LOG]
    assert not ada.dump(layout.VIEW)[layout.VIEW]
    body, seq, code, _ = unpack(next(iter(ada.dump(layout.ARC)[layout.ARC].values())))
    outcome = ada.hub.outcome(ada.replica.identity.replica, 1)
    assert outcome is not None
    assert (seq, code, body_hash(body)) == (outcome.seq, Code.OK, outcome.bh)


def test_own_work_stays_until_the_flip(ada: Device, ben: Device) -> None:
    """An answer to a push drops nothing; a FLIP that does not hold the outcome drops nothing."""
    rec = ada.create("account", name="A")
    ben.create("account", name="B")
    ben.sync()
    wire = ada.fetch()
    ada.push_all()
    assert ada.install(wire) is Installed.DONE
    assert ada.get("account", rec)["pending"]
    assert archived(ada) == []
    ada.pull()
    assert not ada.get("account", rec)["pending"]


def test_pending_work_over_new_base(ada: Device, ben: Device) -> None:
    """Others' news comes in under pending work: each column shows what it must."""
    rec = ada.create("account", name="A", telephone1="1")
    ada.sync()
    ben.pull()
    ada.update("account", rec, telephone1="mine")
    ben.update("account", rec, name="theirs")
    ben.sync()
    ada.pull()
    shown = ada.columns("account", rec)
    assert (shown["name"], shown["telephone1"]) == ("theirs", "mine")
    assert_derived(ada)


def test_a_refusal_takes_its_dependants_and_nobody_else(
    world: World, ada: Device, ben: Device
) -> None:
    """Quarantine gets the refused change and exactly what stood on it; later work survives."""
    taken = world.new_id()
    create = {"do": "create", "table": "account", "id": taken}
    ben.do({**create, "columns": {"name": "first"}})
    ben.push_all()
    kept = ada.create("account", name="kept")
    ada.update("account", kept, telephone1="0")
    ada.do({**create, "columns": {"name": "second"}})
    ada.update("account", taken, name="B")
    under = ada.create("contact", lastname="C", parentcustomerid=f"account:{taken}")
    free = ada.create("contact", lastname="F")
    ada.update("contact", under, jobtitle="j")
    ada.update("contact", free, jobtitle="j")
    ada.sync()
    assert quarantined(ada) == {3: Code.DUP_ID, 4: Code.DEP, 5: Code.DEP, 7: Code.DEP}
    assert archived(ada) == [1, 2, 6, 8]
    assert ada.columns("account", taken)["name"] == "first"
    assert ada.columns("account", kept)["telephone1"] == "0"
    assert ada.ids("contact") == [free]
    assert ada.columns("contact", free)["jobtitle"] == "j"
    assert_derived(ada)
    assert ada.summary()["digest"] == world.hub.digest()


def test_a_refused_value_leaves_the_view(world: World, ada: Device, ben: Device) -> None:
    """After a refusal the row shows what the hub has, and the dead row's edits are kept."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ben.delete("account", rec)
    ben.sync()
    ada.update("account", rec, name="B")
    ada.sync()
    assert quarantined(ada) == {2: Code.GONE}
    with pytest.raises(Missing):
        ada.get("account", rec)
    assert_derived(ada)
    assert world.hub.digest() == ada.summary()["digest"]


def test_a_fork_keeps_everything(ada: Device) -> None:
    """Where the hub's history of this replica is not the store's own, nothing is dropped."""
    ada.create("account", name="A")
    twin = ada.bundle()
    other = outbox.Bundle(twin.first, twin.prev_chain, [twin.entries[0][:-1] + b"?"])
    ada.hub.push(ada.replica.identity.replica, other)
    before = ada.dump(layout.LOG, layout.VIEW, layout.ROW, layout.ORG)
    wire = ada.fetch()
    assert ada.install(wire) is Installed.FORK
    assert ada.dump(layout.LOG, layout.VIEW, layout.ROW, layout.ORG) == before
    with pytest.raises(Trouble) as refused:
        ada.push()
    assert refused.value.code == "FORK"


def test_chains_are_compared(ada: Device) -> None:
    """The hub's chain is this store's own only at a counter this store has, byte for byte."""
    own = ada.replica.identity.replica
    ada.create("account", name="A")
    ada.sync()
    ada.create("account", name="B")
    record = ada.read(lambda txn: log.read_record(txn, own, 2))
    line = ada.dump(layout.ORG)[layout.ORG][own]
    chain = unpack(line)[3]
    assert record is not None

    def matches(processed: int, chain: bytes) -> bool:
        return ada.read(lambda txn: log.chain_matches(txn, own, processed, chain))

    assert matches(1, chain)
    assert matches(2, record.chain)
    assert not matches(1, record.chain)
    assert not matches(2, chain)
    assert not matches(0, bytes(32))
    assert not matches(3, record.chain)


def test_a_schema_first(ada: Device) -> None:
    """A FLIP that names a schema the device has not waits for it, and changes nothing."""
    ada.create("account", name="A")
    ada.push_all()
    wire = ada.fetch()
    wire[5] = 2
    before = ada.dump()
    assert ada.install(wire) is Installed.NEEDS_SCHEMA
    assert ada.dump() == before
    document = before[layout.SCH][layout.seq_key(1)]
    ada.store.write(lambda txn: txn.put(layout.SCH, layout.seq_key(2), document))
    assert ada.install(wire) is Installed.DONE
    assert ada.state.schema == 2


def test_the_same_flip_twice(ada: Device) -> None:
    """A FLIP counts from where it starts, once."""
    ada.create("account", name="A")
    ada.push_all()
    wire = ada.fetch()
    assert ada.install(wire) is Installed.DONE
    before = ada.dump()
    assert ada.install(wire) is Installed.IGNORED
    assert ada.dump() == before


def test_an_old_nothing_new(ada: Device, ben: Device) -> None:
    """A FLIP that says "nothing new" does not end the pass that is under way when it comes."""
    nothing = ada.fetch()
    assert ada.install(nothing) is Installed.DONE
    ben.create("account", name="B")
    ben.push_all()
    answer = ada.hub.pull(ada.replica.identity.replica, ada.state.cursor, 1 << 20)
    ada.stage(answer)
    before = ada.dump()
    assert ada.install(nothing) is Installed.IGNORED
    assert ada.dump() == before
    assert answer.flip is not None
    assert ada.install(answer.flip) is Installed.DONE
    assert ada.summary()["digest"] == ada.hub.digest()


def test_pages_twice_late_and_from_elsewhere(ada: Device, ben: Device) -> None:
    """A page that comes again changes nothing; one from another S is not staged."""
    ben.create("account", name="B")
    ben.push_all()
    answer = ada.hub.pull(ada.replica.identity.replica, ada.state.cursor, 1 << 20)
    assert ada.stage(answer)
    once = ada.dump()
    assert ada.stage(answer)
    assert ada.dump() == once
    assert answer.flip is not None
    ada.install(answer.flip)
    flipped = ada.dump()
    assert not ada.stage(answer)
    assert ada.dump() == flipped


def test_the_higher_seq_stays(ada: Device, ben: Device) -> None:
    """Of two pages that hold one row the later state stays, whichever comes last."""
    rec = ben.create("account", name="old")
    ben.push_all()
    ask = ada.replica.identity.replica, ada.state.cursor, 1 << 20
    old = ada.hub.pull(*ask)
    ben.update("account", rec, name="new")
    ben.push_all()
    new = ada.hub.pull(*ask)
    ada.stage(new)
    ada.stage(old)
    assert new.flip is not None
    ada.install(new.flip)
    assert ada.columns("account", rec)["name"] == "new"
    assert ada.summary()["digest"] == ada.hub.digest()


def test_a_pull_goes_on_where_it_was_cut(ada: Device, ben: Device) -> None:
    """What was staged survives a crash, and the pull goes on behind the last page that knew."""
    for number in range(20):
        ben.create("account", name=f"B{number}")
    ben.push_all()
    first = ada.hub.pull(ada.replica.identity.replica, ada.state.cursor, 1500)
    assert first.flip is None
    ada.stage(first)
    second = ada.hub.pull(ada.replica.identity.replica, first.cursor, 1500)
    ada.store.write(lambda txn: stage.stage(txn, second.epoch, second.base, second.entries, None))
    ada.reopen()
    cut = ada.state
    assert cut.pass_cursor == first.cursor
    assert ada.pull(1500) is Installed.DONE
    assert ada.state.pass_cursor is None
    assert ada.summary()["digest"] == ada.hub.digest()


def test_a_row_marked_after_it_was_folded(ada: Device, ben: Device) -> None:
    """A row that arrives unchanged by pending work still follows what pending work has killed.

    The first account's delete is pending; the news moves its contact under it, so the contact
    dies here, and with it the lookup of a second account that came in the same FLIP.
    """
    first, second = (ada.create("account", name=name) for name in "12")
    contact = ada.create("contact", lastname="C")
    ada.update("account", second, primarycontactid=f"contact:{contact}")
    ada.sync()
    ben.pull()
    ada.delete("account", first)
    ben.update("contact", contact, parentcustomerid=f"account:{first}")
    ben.update("account", second, name="2b")
    ben.sync()
    ada.pull()
    assert ada.ids("contact") == []
    shown = ada.columns("account", second)
    assert (shown["name"], shown.get("primarycontactid")) == ("2b", None)
    assert_derived(ada)


def test_a_row_that_arrives_under_a_dead_parent(ada: Device, ben: Device) -> None:
    """What comes in under a row whose delete is pending is born dead."""
    account = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ada.delete("account", account)
    ben.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    ben.sync()
    ada.pull()
    assert ada.ids("contact") == []
    assert_derived(ada)
    ada.sync()
    assert ada.summary()["overlay"] == 0


def test_a_large_refused_delete_is_undone_whole(
    ada: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds are for commits: a FLIP that brings back more rows than one delete may take goes in."""
    account = ada.create("account", name="A")
    contacts = [
        ada.create("contact", lastname=str(n), parentcustomerid=f"account:{account}")
        for n in range(6)
    ]
    ada.sync()
    ada.delete("account", account)
    for value in ("CASCADE_ROWS_MAX", "JUDGE_ROWS_MAX"):
        monkeypatch.setattr(limits, value, 2)
    ada.push_all()
    assert ada.pull() is Installed.DONE
    assert quarantined(ada) == {8: Code.TOO_BIG}
    assert sorted(ada.ids("contact")) == contacts
    assert_derived(ada)


def test_outcomes_are_journaled(ada: Device) -> None:
    """A FLIP tells apps which of their changes were decided."""
    ada.create("account", name="A")
    ada.sync()
    last = max(ada.dump(layout.JRN)[layout.JRN].items())
    assert [3, 1, int(Code.OK)] in unpack(last[1])


def test_where_a_change_is(ada: Device) -> None:
    """A receipt can be followed: durable, then visible with its verdict; else it never was."""
    own = ada.replica.identity.replica
    ada.create("account", name="A")

    def where(ctr: int) -> dict[str, Any] | None:
        return ada.read(lambda txn: outbox.state_of(txn, own, ctr))

    assert where(1) == {"state": "durable", "code": None, "seq": None, "detail": None}
    ada.sync()
    assert where(1) == {"state": "visible", "code": "OK", "seq": ada.hub.head, "detail": None}
    assert (where(0), where(2)) == (None, None)
