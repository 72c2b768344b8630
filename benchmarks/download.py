"""A hub and a device in process, for what happens to pulled rows: nothing travels, all is stored.

Owns how pages are made and installed, in the steps that the daemon takes.  Built over
the tests' world of real stores; what is measured is production's own functions.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.site import fill
from satchel.engine import build, flip, stage
from satchel.engine.replica import Replica, read_state
from satchel.hub.desk import Desk
from satchel.model.limits import PAGE_BYTES_TARGET, PULL_BYTES_DEFAULT
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import Txn
from tests.replicas import NOW_MS, Device, World, new_world

Page = list[bytes]


class Pull(NamedTuple):
    """All that a device gets from its cursor to the head."""

    epoch: int
    base: int
    pages: list[Page]
    flip: list[Any]


@contextmanager
def filled_world(rows: int) -> Iterator[tuple[World, Device]]:
    """A hub with so many accounts and a device that has none of them."""
    with new_world() as world:
        device = Device(world)
        world.devices.append(device)
        device.fetch_schema(1)
        fill(Desk(world.hub.store), rows)
        yield world, device


def pull_all(world: World, device: Device) -> Pull:
    """What the hub has for a device, in pages as they travel; the device stays as it is."""
    state = device.state
    cursor = state.cursor
    entries: list[bytes] = []
    while True:
        answer = world.hub.pull(device.replica.identity.replica, cursor, PULL_BYTES_DEFAULT)
        entries += answer.entries
        cursor = answer.cursor
        if answer.flip is not None:
            pages = list(_pages(entries))
            return Pull(answer.epoch, state.seq, pages, [*answer.flip])


def _pages(entries: Sequence[bytes]) -> Iterator[Page]:
    page: Page = []
    size = 0
    for entry in entries:
        if page and size + len(entry) > PAGE_BYTES_TARGET:
            yield page
            page, size = [], 0
        page.append(entry)
        size += len(entry)
    yield page


def apply(store: Store, pulled: Pull) -> None:
    """Stage every page and install what was pulled, each step a transaction of its own."""
    replica = store.read(Replica.load)
    for page in pulled.pages:
        store.write(partial(_stage, pulled=pulled, page=page))
    result = store.write(lambda txn: _install(txn, replica, pulled.flip))
    while result is flip.Installed.TOO_LARGE:
        result = store.write(lambda txn: build.step(txn, replica, NOW_MS))
    assert result is flip.Installed.DONE, result


def _stage(txn: Txn, pulled: Pull, page: Page) -> None:
    assert stage.stage(txn, pulled.epoch, pulled.base, page, None)


def _install(txn: Txn, replica: Replica, wire: list[Any]) -> flip.Installed:
    result = flip.install(txn, replica, flip.Flip.read(wire), NOW_MS)
    if result is flip.Installed.TOO_LARGE:
        build.start(txn, wire)
    return result


@contextmanager
def copied(path: Path) -> Iterator[Store]:
    """A durable store on a copy of a device's, gone afterwards."""
    copy = path.with_name(f"{path.name}.copy")
    shutil.copytree(path, copy)
    store = Store.open(copy, layout.DEVICE_DBS)
    try:
        yield store
    finally:
        store.close()
        shutil.rmtree(copy)


def stands_at(store: Store) -> int:
    """The cursor S of a device's store."""
    return store.read(read_state).seq
