"""The folder of a hub: one store for each organisation, and one process at a time.

Owns where the stores lie and the lock on the folder, which is held by a hub that runs,
and by ``hub init`` and ``hub call`` for the moment they take.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from satchel.config import Layout
from satchel.hub.desk import Desk
from satchel.hub.found import FirstIds, found
from satchel.hub.office import Setup
from satchel.model.errors import Clash, Mistake
from satchel.model.ids import REPLICA_BYTES
from satchel.shell import clock
from satchel.shell.listeners import make_private_folder
from satchel.store import layout as disk
from satchel.store.env import Store
from satchel.store.lock import StoreLock
from satchel.wire.entry import SALT_BYTES

_KEY_BYTES = 32
_ID_BYTES = 16
_NAME_MAX = 100


@contextmanager
def hub_lock(layout: Layout) -> Iterator[None]:
    """Be the one process that has this hub.  Raises Clash ALREADY_RUNNING."""
    folder = Path(layout.hub)
    make_private_folder(folder)
    try:
        lock = StoreLock(folder)
    except Clash as running:
        raise Clash(
            "ALREADY_RUNNING",
            f"A hub is running in {folder} (process {running.details.get('pid') or 'unknown'}).",
            "Use that one, or stop it first.",
            running.details,
        ) from None
    try:
        yield
    finally:
        lock.release()


def open_desks(layout: Layout) -> list[Desk]:
    """Open every organisation of the hub, for this thread, in the order of their names.

    A folder whose founding was cut short holds none and is passed over.
    """
    desks = []
    for path in sorted(Path(layout.hub).glob("*/store")):
        store = Store.open(path, disk.HUB_DBS)
        if store.read(lambda txn: txn.count(disk.META)):
            desks.append(Desk(store))
        else:
            store.close()
    return desks


def close_desks(desks: list[Desk]) -> None:
    """Close the stores; on the thread that opened them."""
    for desk in desks:
        desk.store.close()


def found_org(layout: Layout, name: str) -> Path:
    """Make the store of a new organisation and return its folder.

    Raises Clash ALREADY_EXISTS, or Mistake BAD_REQUEST for a name that is none.
    """
    name = name.strip()
    if not 0 < len(name) <= _NAME_MAX or not name.isprintable():
        raise Mistake("BAD_REQUEST", "An organisation's name has 1 to 100 printable characters.")
    setup = Setup(
        clock.make_id(),
        name,
        clock.fresh_bytes(REPLICA_BYTES),
        clock.fresh_bytes(_KEY_BYTES),
        clock.fresh_bytes(_KEY_BYTES),
    )
    folder = Path(layout.hub) / (_slug(name) or setup.org.hex())
    ids = FirstIds(clock.make_id(), clock.make_id(), clock.make_id())
    salt = clock.fresh_bytes(SALT_BYTES)
    make_private_folder(folder)
    store = Store.open(folder / "store", disk.HUB_DBS)
    try:
        store.write(lambda txn: found(txn, setup, ids, clock.now_ms(), salt))
    except Clash:
        raise Clash(
            "ALREADY_EXISTS",
            f"There is an organisation in {folder} already.",
            "Choose another name.",
        ) from None
    finally:
        store.close()
    return folder


def _slug(name: str) -> str:
    """The name as a folder's; nothing of it can lead to another place."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
