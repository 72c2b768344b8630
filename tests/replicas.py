"""One hub and its devices over real stores in a temporary folder, and no network between.

The production functions, called as the daemon and the hub call them: what travels is handed
over in memory, time stands still unless a test moves it, and chance comes from a seed.  So a
test says in which order things reach whom, and how often.
"""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from satchel.engine import build, commit, digest, flip, outbox, reading, stage
from satchel.engine.replica import Identity, Replica, State, create_store, read_state
from satchel.hub.found import FIRST_EPOCH
from satchel.hub.outcomes import Outcome
from satchel.model import limits
from satchel.model.ids import IdMaker, id_text
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn
from tests.one_hub import NOW_MS, ORG, Hub, Pulled

__all__ = ["NOW_MS", "Device", "Hub", "Receipt", "World", "new_world"]

T = TypeVar("T")
Receipt = dict[str, Any]


class World:
    """The hub, its devices, the one clock and the one source of chance."""

    def __init__(self, folder: Path, seed: int = 1) -> None:
        self.folder = folder
        self.chance = random.Random(seed)
        self.now_ms = NOW_MS
        self._ids = IdMaker()
        self.devices: list[Device] = []
        self.hub = Hub(Store.open(folder / "hub", layout.HUB_DBS, sync=False), self)

    def open_devices(self) -> list[Device]:
        """The devices whose stores lie in the folder already, as they were left."""
        self.devices = [Device(self, path=path) for path in sorted(self.folder.glob("d*"))]
        return self.devices

    def join(self, user: bytes | None = None) -> Device:
        """A new device, of a new user unless given, that has downloaded what there is."""
        device = Device(self, user=user)
        self.devices.append(device)
        device.pull()
        return device

    def fresh(self, count: int) -> bytes:
        """So many random bytes."""
        return self.chance.randbytes(count)

    def new_id(self) -> str:
        """A row id nobody has."""
        return id_text(self._ids.make(self.now_ms, self.fresh(8)))

    def make_id(self) -> bytes:
        """The same as 16 bytes."""
        return self._ids.make(self.now_ms, self.fresh(8))

    def settle(self) -> None:
        """Everybody pushes and pulls until nothing is left to say."""
        for device in self.devices:
            device.push_all()
        for device in self.devices:
            device.pull()

    def close(self) -> None:
        """Close every store."""
        for device in self.devices:
            device.store.close()
        self.hub.store.close()


class Device:
    """One replica of one user."""

    def __init__(
        self, world: World, *, user: bytes | None = None, path: Path | None = None
    ) -> None:
        self._world = world
        self.hub = world.hub
        self._processed = 0  # what the hub has answered: a hint in memory
        self.clock_ms = 0
        """How far its clock is ahead of everybody else's."""
        self.path = path or world.folder / f"d{len(world.devices) + 1}"
        self.store = Store.open(self.path, layout.DEVICE_DBS, sync=False)
        if path is None:
            self._create(len(world.devices) + 1, user)
        self.replica = self.read(Replica.load)

    @property
    def user(self) -> bytes:
        """Whose device it is."""
        return self.replica.identity.user

    def _create(self, number: int, user: bytes | None) -> None:
        replica, device = self._world.fresh(8), self._world.fresh(16)
        if user is None:
            user = self._world.fresh(16)
            self.hub.add_user(user, f"User {number}")
        identity = Identity(
            ORG, "Contoso", user, f"User {number}", device, f"device {number}", replica,
            self.hub.admit(replica, user, device), b"s" * 32, b"", b"", "http://127.0.0.1:1",
            None, False, b"x" * 32,
        )  # fmt: skip
        self.store.write(lambda txn: create_store(txn, identity, FIRST_EPOCH))

    # -- the app's side ------------------------------------------------------------------------

    def do(self, *wishes: Mapping[str, Any], request: commit.Request | None = None) -> Receipt:
        """Commit one change."""
        self._world.now_ms += 10
        name = request or commit.Request(None, 0, 0)
        return self.store.write(
            lambda txn: commit.commit(txn, self.replica, wishes, name, self.randomness())
        )

    def randomness(self) -> commit.Randomness:
        """What a commit takes from the world, as this device's clock shows it."""
        world = self._world
        return commit.Randomness(world.now_ms + self.clock_ms, world.fresh, world.make_id)

    def create(self, table: str, **columns: Any) -> str:
        """Create a row; its id."""
        (rec,) = self.do({"do": "create", "table": table, "columns": columns})["ids"]
        return str(rec)

    def update(self, table: str, rec: str, **columns: Any) -> Receipt:
        """Set columns of a row."""
        return self.do({"do": "update", "table": table, "id": rec, "columns": columns})

    def delete(self, table: str, rec: str) -> Receipt:
        """Delete a row."""
        return self.do({"do": "delete", "table": table, "id": rec})

    def restore(self, table: str, rec: str) -> Receipt:
        """Bring a row back."""
        return self.do({"do": "restore", "table": table, "id": rec})

    def get(self, table: str, rec: str) -> dict[str, Any]:
        """One living row as apps see it."""
        return self.read(lambda txn: reading.get(txn, self.replica, table, rec, None))

    def columns(self, table: str, rec: str) -> dict[str, Any]:
        """Its columns."""
        shown: dict[str, Any] = self.get(table, rec)["columns"]
        return shown

    def ids(self, table: str) -> list[str]:
        """The ids of the living rows of a table."""
        page = self.read(lambda txn: reading.list_rows(txn, self.replica, table, None, 5000, []))
        return [row["id"] for row in page["rows"]]

    def links(self, relationship: str, rec: str, side: str = "left") -> list[str]:
        """The ids at the other end of a row's links."""
        found: list[str] = self.read(
            lambda txn: reading.list_links(txn, self.replica, relationship, rec, side, None, 5000)
        )["ids"]
        return found

    def summary(self) -> dict[str, Any]:
        """Cursor, digest, and what stands over BASE."""
        return self.read(lambda txn: digest.summary(txn, self.replica))

    # -- the store -----------------------------------------------------------------------------

    def read(self, work: Callable[[ReadTxn], T]) -> T:
        """Run ``work`` in a read transaction."""
        return self.store.read(work)

    def dump(self, *dbs: str) -> dict[str, dict[bytes, bytes]]:
        """All bytes of these databases, or of all: what a test compares."""
        names = dbs or layout.DEVICE_DBS
        return self.read(lambda txn: {name: dict(txn.scan(name)) for name in names})

    @property
    def state(self) -> State:
        """Where BASE stands."""
        return self.read(read_state)

    def reopen(self) -> None:
        """As after a crash: only what is on disk is left."""
        self.store.close()
        self._processed = 0
        self.store = Store.open(self.path, layout.DEVICE_DBS, sync=False)
        self.replica = self.read(Replica.load)

    # -- sync, in the steps the daemon takes -----------------------------------------------------

    def bundle(self, entries_max: int = limits.BUNDLE_ENTRIES_MAX, after: int = 0) -> outbox.Bundle:
        """What it would push next."""
        own = self.replica.identity.replica
        return self.read(
            lambda txn: outbox.read_bundle(txn, own, after, entries_max, limits.BUNDLE_BYTES_MAX)
        )

    def push(self, entries_max: int = limits.BUNDLE_ENTRIES_MAX) -> list[Outcome]:
        """Push the next bundle; the verdicts."""
        bundle = self.bundle(entries_max, self._processed)
        if not bundle.entries:
            return []
        pushed = self.hub.push(self.replica.identity.replica, bundle)
        self._processed = pushed.processed
        return pushed.outcomes

    def push_all(self) -> None:
        """Push until the hub has decided everything."""
        while self.push():
            pass

    def fetch(self, bytes_max: int = limits.PULL_BYTES_DEFAULT) -> list[Any]:
        """Stage pages until a pass ends; its FLIP, not installed."""
        while True:
            state = self.state
            answer = self.hub.pull(
                self.replica.identity.replica, state.pass_cursor or state.cursor, bytes_max
            )
            self.stage(answer)
            if answer.flip is not None:
                return answer.flip

    def stage(self, answer: Pulled) -> bool:
        """Stage what one answer has brought."""
        cursor = answer.cursor if answer.flip is None else None
        return self.store.write(
            lambda txn: stage.stage(txn, answer.epoch, answer.base, answer.entries, cursor)
        )

    def install(self, wire: list[Any]) -> flip.Installed:
        """Install a FLIP, aside where it is large."""
        result = self.install_or_start(wire)
        while result is flip.Installed.TOO_LARGE:
            result = self.build_step()
        return result

    def install_or_start(self, wire: list[Any]) -> flip.Installed:
        """Install a FLIP, or begin its build."""
        now = self._world.now_ms

        def work(txn: Txn) -> flip.Installed:
            result = flip.install(txn, self.replica, flip.Flip.read(wire), now)
            if result is flip.Installed.TOO_LARGE:
                build.start(txn, wire)
            return result

        return self.store.write(work)

    def build_step(self) -> flip.Installed:
        """One piece of a build."""
        now = self._world.now_ms
        return self.store.write(lambda txn: build.step(txn, self.replica, now))

    def pull(self, bytes_max: int = limits.PULL_BYTES_DEFAULT) -> flip.Installed:
        """Pull up to the head and install it; fetches a schema where one is needed."""
        wire = self.fetch(bytes_max)
        if (result := self.install(wire)) is flip.Installed.NEEDS_SCHEMA:
            self.fetch_schema(wire[5])
            result = self.install(wire)
        return result

    def fetch_schema(self, version: int) -> None:
        """Store a schema document of the hub's."""
        key = layout.seq_key(version)
        document = self.hub.store.read(lambda txn: txn.get(layout.SCH, key))
        assert document is not None
        self.store.write(lambda txn: txn.put(layout.SCH, key, document))

    def sync(self) -> None:
        """Push and pull."""
        self.push_all()
        assert self.pull() is flip.Installed.DONE


@contextmanager
def new_world(seed: int = 1) -> Iterator[World]:
    """A world in a folder that is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        world = World(folder, seed)
        try:
            yield world
        finally:
            world.close()
    finally:
        shutil.rmtree(folder)
