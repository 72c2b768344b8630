"""The stores of format 1 that are checked in: read, worked on and brought together, at all costs.

``store_v1`` holds a hub and two of its devices as this version left them: one with work that
waits, is refused, is decided but not yet shown, and a pull that has not ended; one in the
middle of a build aside.  Their schema is a small one.  ``expected.json`` says what they say.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel.engine.build import read_build
from satchel.engine.flip import Installed
from satchel.engine.replica import STORE_FORMAT, Replica
from satchel.model.errors import Trouble
from satchel.model.feed import Item
from satchel.model.ids import id_text
from satchel.store import layout
from satchel.wire.codec import pack, unpack
from tests.golden.reading import device_says, hub_says
from tests.recompute import assert_derived
from tests.replicas import World

HERE = Path(__file__).parent / "store_v1"
LATER_MS = 1_700_000_100_000
LINK = "accountleads_association"


@pytest.fixture
def world() -> Iterator[World]:
    """Copies of the stores, open."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        shutil.copytree(HERE, folder / "w")
        opened = World(folder / "w")
        opened.now_ms = LATER_MS
        opened.open_devices()
        yield opened
        opened.close()
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="module")
def expected() -> dict[str, Any]:
    """What each store says."""
    found: dict[str, Any] = json.loads((HERE / "expected.json").read_text(encoding="utf-8"))
    return found


def test_there_is_something_of_everything(world: World) -> None:
    """No database is empty in all the devices, nor in the hub, and every kind of entry is staged."""
    dumps = [device.dump() for device in world.devices]
    assert all(any(dump[db] for dump in dumps) for db in layout.DEVICE_DBS)
    counts = world.hub.store.read(lambda txn: [txn.count(db) for db in layout.HUB_DBS])
    assert all(counts)
    staged = {unpack(raw)[0] for raw in dumps[0][layout.STG].values()}
    assert staged == {Item.PUT, Item.TOMB, Item.LINK, Item.UNLINK, Item.CONFLICT, Item.ORIGIN, Item.OUTCOME}  # fmt: skip


def test_devices_say_what_they_said(world: World, expected: dict[str, Any]) -> None:
    """Rows, links, journal, outbox, quarantine, conflicts, verdicts and receipts read as before."""
    for name, device in zip(("d1", "d2"), world.devices, strict=True):
        assert json.loads(json.dumps(device_says(device))) == expected[name]


def test_the_hub_says_what_it_said(world: World, expected: dict[str, Any]) -> None:
    """Rows, log, users, devices and digest read as before."""
    assert json.loads(json.dumps(hub_says(world.hub))) == expected["hub"]


def test_what_is_derived_still_follows(world: World) -> None:
    """VIEW, REF and LNK are what this version would compute."""
    for device in world.devices:
        assert_derived(device)


def test_work_goes_on(world: World) -> None:
    """The device writes on its old store, ends the pull, and is judged."""
    device = world.devices[0]
    waiting = device.summary()["outbox"]
    account = device.create("account", name="New", telephone1="1")
    contact = device.create("contact", lastname="New", parentcustomerid=f"account:{account}")
    lead = device.ids("lead")[0]
    device.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    device.update("contact", contact, firstname="A", jobtitle="B")
    device.delete("contact", contact)
    device.restore("contact", contact)
    assert device.summary()["outbox"] == waiting + 6
    assert_derived(device)
    assert device.pull() is Installed.DONE
    assert_derived(device)
    device.sync()
    summary = device.summary()
    assert (summary["overlay"], summary["outbox"]) == (0, 0)
    assert summary["digest"] == world.hub.digest()
    assert device.columns("contact", contact)["fullname"] == "A New"
    assert device.links(LINK, account) == [lead]


def test_the_build_goes_on(world: World) -> None:
    """The other device finishes its build, and then holds what the hub holds."""
    device = world.devices[1]
    assert device.read(read_build) is not None
    while (result := device.build_step()) is Installed.TOO_LARGE:
        assert_derived(device)
    assert result is Installed.DONE
    assert_derived(device)
    device.sync()
    assert device.summary()["digest"] == world.hub.digest()


def test_all_come_together(world: World) -> None:
    """Hub and devices, each on its old store, end up equal; the sequence has no gap."""
    hub, (one, two) = world.hub, world.devices
    while two.build_step() is Installed.TOO_LARGE:
        pass
    hub.add_user(b"a later user  16", "Later")
    for device in (one, two, one, two):
        device.sync()
    assert one.summary()["digest"] == two.summary()["digest"] == hub.digest()
    later = id_text(b"a later user  16")
    assert one.columns("systemuser", later) == two.columns("systemuser", later)
    seqs = hub.store.read(lambda txn: [layout.parse_seq_key(key) for key, _ in txn.scan("seq")])
    assert seqs == list(range(1, hub.head + 1))


def test_a_store_of_a_later_version_is_refused(world: World) -> None:
    """It says which format it has and what to do, and is left as it is."""
    store = world.devices[0].store
    store.write(lambda txn: txn.put(layout.META, b"format", pack(STORE_FORMAT + 1)))
    with pytest.raises(Trouble) as refused:
        store.read(Replica.load)
    assert refused.value.code == "STORE_VERSION"
    assert str(STORE_FORMAT + 1) in refused.value.message
    assert refused.value.remedy
