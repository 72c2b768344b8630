"""One open store and what lives beside it: window, hints, bells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import trio
import trio.testing

from satchel.engine.commit import Request, commit
from satchel.model import limits
from satchel.model.errors import Clash, SatchelError, Trouble
from satchel.shell import clock
from satchel.shell.device import Device
from satchel.shell.writer import Work
from satchel.store.txn import Txn
from tests.replicas import World, new_world
from tests.shell.loopback import run

APP = b"session 1 of app"


@pytest.fixture
def world() -> Iterator[World]:
    """A hub whose one device has downloaded what there is."""
    with new_world() as made:
        made.join()
        yield made


def opened(world: World) -> Device:
    """The daemon's view of the device, on durable flags."""
    (device,) = world.devices
    device.store.close()
    return Device.open(device.path)


def create(device: Device, number: int) -> None:
    """Write an account in a transaction of its own."""
    wish = {"do": "create", "table": "account", "columns": {"name": "A"}}

    def work(txn: Txn) -> None:
        receipt = commit(
            txn, device.replica, [wish], Request(APP, number, 0), clock.world(device.ahead_ms)
        )
        device.window.stage(APP, number, 0, receipt, clock.now_ms())

    (result,) = trio.run(submit, device, work)
    assert result is None


async def submit(device: Device, work: Work) -> list[Any]:
    """Run one work through the device's writer."""
    async with trio.open_nursery() as nursery:
        await nursery.start(device.writer.run)
        results = await device.writer.submit([work])
        nursery.cancel_scope.cancel()
    return results


def test_durable_as_the_daemon_opens_it(world: World) -> None:
    """The daemon's own store has LMDB's default durability, nothing less."""
    device = opened(world)
    flags = device.store.info()["flags"]
    assert (flags["sync"], flags["metasync"], flags["writemap"]) == (True, True, False)
    device.close()


def test_what_was_committed_is_known(world: World) -> None:
    """After a commit the head has moved and its receipt can be asked for; after a reopening too."""
    device = opened(world)
    assert device.head_ctr == 0
    create(device, 1)
    assert device.head_ctr == 1
    receipt = device.window.answered(APP, 1)
    assert receipt is not None
    assert receipt["ctr"] == 1
    device.close()
    again = opened(world)
    assert again.head_ctr == 1
    assert again.window.answered(APP, 1) == receipt
    again.close()


def test_an_abort_is_not_known(world: World) -> None:
    """A transaction that was aborted leaves no receipt and no head."""

    def work(txn: Txn) -> None:
        device.window.stage(APP, 1, 0, {"ctr": 1}, clock.now_ms())
        txn.put("jrn", b"12345678", b"")
        raise Clash("CONFLICT", "No.")

    device = opened(world)

    (result,) = trio.run(submit, device, work)
    assert isinstance(result, SatchelError)
    assert device.window.answered(APP, 1) is None
    assert device.head_ctr == 0
    device.close()


def test_bells(world: World) -> None:
    """A commit wakes whoever waits for changes; the outbox rings only when it has grown."""
    device = opened(world)
    heard: list[str] = []

    async def listen(name: str) -> None:
        await getattr(device, name).wait()
        heard.append(name)

    async def main() -> None:
        async with trio.open_nursery() as nursery:
            await nursery.start(device.writer.run)
            nursery.start_soon(listen, "changed")
            nursery.start_soon(listen, "outbox_grew")
            await trio.testing.wait_all_tasks_blocked()
            await device.writer.call(lambda txn: txn.put("jrn", bytes(8), b"\x90"))
            await trio.testing.wait_all_tasks_blocked()
            assert heard == ["changed"]
            nursery.cancel_scope.cancel()

    run(main)
    device.close()


def test_hints_and_sessions_are_tidied(world: World) -> None:
    """What the store can say itself is no hint any more; old sessions are forgotten."""
    device = opened(world)
    create(device, 1)
    device.hint(1, 0, 5, None)
    now = clock.now_ms()
    device.tidy(now)
    assert device.hints[1].code == "OK"
    assert device.window.knows(APP)
    device.tidy(now + 2 * limits.SESSION_MS)
    assert not device.window.knows(APP)
    device.hint(0, 99, None, None)
    device.tidy(now)
    assert list(device.hints) == [1]
    device.close()


def test_a_store_of_a_later_version(world: World) -> None:
    """What cannot be read is closed again, so that it can be opened by what can read it."""
    (there,) = world.devices
    there.store.write(lambda txn: txn.put("meta", b"format", b"\x02"))
    with pytest.raises(Trouble) as refused:
        opened(world)
    assert refused.value.code == "STORE_VERSION"
    with pytest.raises(Trouble):
        Device.open(there.path)
