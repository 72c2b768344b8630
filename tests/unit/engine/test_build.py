"""A generation of BASE built aside: bounded steps, any of them the last before a crash."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from satchel.engine import build, digest
from satchel.engine.flip import Installed
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import unpack
from tests.recompute import assert_derived
from tests.replicas import Device, World

LINK = "accountleads_association"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every FLIP is a large one, and a step does little."""
    monkeypatch.setattr(limits, "FLIP_ROWS_MAX", 0)
    monkeypatch.setattr(limits, "BUILD_ROWS_MAX", 4)


def furnish(device: Device) -> tuple[list[str], list[str]]:
    """Some accounts with contacts under them, and linked leads."""
    accounts = [device.create("account", name=f"A{number}") for number in range(5)]
    contacts = [
        device.create("contact", lastname=f"C{number}", parentcustomerid=f"account:{account}")
        for number, account in enumerate(accounts)
    ]
    lead = device.create("lead", lastname="L", subject="s")
    for account in accounts[:2]:
        device.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    return accounts, contacts


def swept(device: Device) -> None:
    """Sweep away what is no longer read."""
    while device.store.write(build.sweep):
        pass


def generations(device: Device) -> set[int]:
    """The generations of which anything lies in the store."""
    dbs = (layout.ROW, layout.REF, layout.LNK, layout.CNF)
    return {key[0] for pairs in device.dump(*dbs).values() for key in pairs}


def test_first_download(world: World, ada: Device) -> None:
    """Before the first download has ended there is nothing to read or to write over."""
    furnish(ada)
    ada.sync()
    ben = Device(world)
    world.devices.append(ben)
    for use in (lambda: ben.ids("account"), lambda: ben.create("account", name="B")):
        with pytest.raises(SatchelError) as refused:
            use()
        assert refused.value.code == "LOADING"
    ben.pull()
    assert ben.state.generation == 1
    assert len(ben.ids("account")) == 5
    assert ben.summary()["digest"] == world.hub.digest()
    assert_derived(ben)


@pytest.mark.usefixtures("small")
def test_a_large_delta(ada: Device, ben: Device) -> None:
    """What is too large for one transaction goes into a second generation, switched in whole."""
    accounts, contacts = furnish(ada)
    ada.sync()
    ben.pull()
    ada.delete("account", accounts[0])
    ada.update("contact", contacts[1], parentcustomerid=f"account:{accounts[2]}")
    ada.create("account", name="new")
    ada.push_all()
    before = ben.state
    wire = ben.fetch()
    assert ben.install_or_start(wire) is Installed.TOO_LARGE
    steps = 0
    while (result := ben.build_step()) is Installed.TOO_LARGE:
        steps += 1
        assert ben.state.seq == before.seq
        assert sorted(ben.ids("account")) == sorted(accounts)
    assert result is Installed.DONE
    assert steps > 5
    assert ben.state.generation == before.generation + 1
    assert ben.summary()["digest"] == ben.hub.digest()
    assert_derived(ben)


@pytest.mark.usefixtures("small")
def test_a_crash_between_any_two_steps(ada: Device, ben: Device) -> None:
    """A build goes on after a restart from what is on disk, wherever it was."""
    furnish(ada)
    ada.sync()
    wire = ben.fetch()
    ben.reopen()
    assert ben.install_or_start(wire) is Installed.TOO_LARGE
    ben.reopen()
    while ben.build_step() is Installed.TOO_LARGE:
        ben.reopen()
    assert ben.read(build.read_build) is None
    assert ben.summary()["digest"] == ben.hub.digest()
    assert_derived(ben)


@pytest.mark.usefixtures("small")
def test_work_goes_on_meanwhile(ada: Device, ben: Device) -> None:
    """What is written while a generation is built stands over it once it is switched in."""
    accounts, contacts = furnish(ada)
    ada.sync()
    ben.pull()
    ben.update("contact", contacts[0], parentcustomerid=f"account:{accounts[1]}")
    ada.update("account", accounts[3], name="news")
    ada.push_all()
    deeds: list[Callable[[], object]] = [
        lambda: ben.update("contact", contacts[0], parentcustomerid=f"account:{accounts[2]}"),
        lambda: ben.delete("account", accounts[4]),
        lambda: ben.create("contact", lastname="new", parentcustomerid=f"account:{accounts[3]}"),
        lambda: ben.update("account", accounts[3], telephone1="1"),
    ]
    assert ben.install_or_start(ben.fetch()) is Installed.TOO_LARGE
    while ben.build_step() is Installed.TOO_LARGE:
        if deeds:
            deeds.pop(0)()
    assert not deeds
    shown = ben.columns("account", accounts[3])
    assert (shown["name"], shown["telephone1"]) == ("news", "1")
    assert accounts[4] not in ben.ids("account")
    assert contacts[4] not in ben.ids("contact")
    assert_derived(ben)
    ben.sync()
    assert ben.summary()["digest"] == ben.hub.digest()


@pytest.mark.usefixtures("small")
def test_what_arrives_under_a_dead_parent(ada: Device, ben: Device) -> None:
    """A row that came with the new generation follows what pending work has killed above it."""
    account = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ben.delete("account", account)
    contact = ada.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    task = ada.create("task", subject="T", regardingobjectid=f"contact:{contact}")
    ada.push_all()
    ben.pull()
    assert ben.ids("contact") == []
    assert task not in ben.ids("task")
    assert_derived(ben)


@pytest.mark.usefixtures("small")
def test_decided_work_leaves_with_the_switch(ada: Device, ben: Device) -> None:
    """Own work decided meanwhile leaves log and overlay when the generation is switched in."""
    accounts, _ = furnish(ada)
    ada.sync()
    ben.pull()
    ada.delete("account", accounts[0])
    ada.push_all()
    ben.update("account", accounts[0], name="late")
    ben.update("account", accounts[1], name="good")
    ben.push_all()
    ben.pull()
    assert ben.columns("account", accounts[1])["name"] == "good"
    summary = ben.summary()
    assert (summary["overlay"], summary["outbox"], summary["quarantine"]) == (0, 0, 1)
    assert summary["digest"] == ben.hub.digest()
    last = max(ben.dump(layout.JRN)[layout.JRN].items())
    assert unpack(last[1]) == [[2], [3, 1, 5], [3, 2, 0]]


@pytest.mark.usefixtures("small")
def test_the_old_generation_is_swept_away(ada: Device, ben: Device) -> None:
    """What was switched out goes in bounded runs; nothing of it is left."""
    furnish(ada)
    ada.sync()
    ben.pull()
    first = ben.state.generation
    ada.create("account", name="more")
    ada.push_all()
    ben.pull()
    assert generations(ben) == {first, first + 1}
    assert ben.store.write(build.sweep)
    swept(ben)
    assert generations(ben) == {first + 1}
    assert ben.summary()["digest"] == ben.hub.digest()
    assert not ben.store.write(build.sweep)


@pytest.mark.usefixtures("small")
def test_a_build_that_no_longer_fits_is_dropped(ada: Device, ben: Device) -> None:
    """A build whose start is not where the device stands is dropped, and its rows with it."""
    furnish(ada)
    ada.push_all()
    wire = ben.fetch()
    assert ben.install_or_start(wire) is Installed.TOO_LARGE
    for _ in range(4):
        ben.build_step()
    elsewhere = ben.state._replace(seq=ben.state.seq - 1)
    ben.store.write(elsewhere.write)
    assert ben.build_step() is Installed.IGNORED
    assert ben.read(build.read_build) is None
    assert not ben.dump(layout.STG)[layout.STG]
    swept(ben)
    assert generations(ben) == {ben.state.generation}
    ben.store.write(elsewhere._replace(seq=elsewhere.seq + 1).write)
    assert ben.pull() is Installed.DONE
    assert ben.summary()["digest"] == ben.hub.digest()


def test_a_step_is_bounded_in_bytes(
    ada: Device, ben: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few but large rows count as a large delta, and are taken in as small runs."""
    for _ in range(6):
        ada.create("annotation", subject="s", documentbody="x" * 3000)
    ada.push_all()
    monkeypatch.setattr(limits, "FLIP_BYTES_MAX", 10_000)
    monkeypatch.setattr(limits, "BUILD_BYTES_MAX", 7_000)
    wire = ben.fetch()
    assert ben.install_or_start(wire) is Installed.TOO_LARGE
    taken = []
    while ben.build_step() is Installed.TOO_LARGE:
        rows = ben.dump(layout.ROW)[layout.ROW]
        taken.append(sum(key[0] == ben.state.generation + 1 for key in rows))
    assert max(after - before for before, after in pairwise(taken)) <= 2
    assert ben.summary()["digest"] == ben.hub.digest()


def test_the_generation_comes_round(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A generation is one byte in keys: after the last number comes the first again."""
    monkeypatch.setattr(limits, "FLIP_ROWS_MAX", 0)
    ada.create("account", name="A")
    ada.push_all()
    state = ada.state
    present = ada.dump(layout.ROW, layout.REF, layout.LNK, layout.CNF)

    def renumber(txn: Txn) -> None:
        for db, pairs in present.items():
            for key, value in pairs.items():
                txn.delete(db, key)
                txn.put(db, b"\xff" + key[1:], value)
        state._replace(generation=255).write(txn)

    ada.store.write(renumber)
    ada.pull()
    assert ada.state.generation == 1
    assert ada.read(digest.base_digest) == ada.hub.digest()
