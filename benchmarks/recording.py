"""The puts that changes come to: production's own, recorded, and made again without it.

Owns the recording transaction and the bare LMDB side of a comparison; what is measured
with them is the benchmarks' own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
from tempfile import TemporaryDirectory
from typing import NamedTuple

import lmdb

from benchmarks import records
from benchmarks.timing import seconds_of
from satchel.engine.commit import Request, commit
from satchel.engine.replica import Replica
from satchel.shell import clock
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.lmdb_txn import Handles
from satchel.store.txn import Txn

_MAP_BYTES = 8 << 30
_SESSION = bytes(16)


class Put(NamedTuple):
    """One write; ``value`` None: the key is deleted."""

    db: str
    key: bytes
    value: bytes | None


class Recorder:
    """A ``Txn`` that hands everything on and notes what is written."""

    def __init__(self, txn: Txn) -> None:
        self.puts: list[Put] = []
        self._txn = txn
        self.get = txn.get
        self.scan = txn.scan
        self.prefix = txn.prefix
        self.first = txn.first
        self.last = txn.last
        self.count = txn.count

    @property
    def reads(self) -> int:
        """As the transaction counts them."""
        return self._txn.reads

    @property
    def writes(self) -> int:
        """As the transaction counts them."""
        return self._txn.writes

    def put(self, db: str, key: bytes, value: bytes) -> None:
        """Set a key."""
        self.puts.append(Put(db, key, value))
        self._txn.put(db, key, value)

    def append(self, db: str, key: bytes, value: bytes) -> None:
        """Put the highest key."""
        self.puts.append(Put(db, key, value))
        self._txn.append(db, key, value)

    def delete(self, db: str, key: bytes) -> bool:
        """Remove a key."""
        self.puts.append(Put(db, key, None))
        return self._txn.delete(db, key)

    def delete_prefix(self, db: str, prefix: bytes, limit: int | None = None) -> int:
        """Nothing that is measured here removes a range."""
        raise AssertionError("a range is removed: it would be missing on the other side")


def record_edits(store: Path, rows: int, count: int) -> list[list[Put]]:
    """Edit two columns of so many rows at random in a device store; each edit's puts."""
    chance = Random(1)
    opened = Store.open(store, layout.DEVICE_DBS, sync=False)
    try:
        replica = opened.read(Replica.load)
        return [_edit(opened, replica, chance, rows, n) for n in range(1, count + 1)]
    finally:
        opened.close()


def _edit(store: Store, replica: Replica, chance: Random, rows: int, n: int) -> list[Put]:
    name = records.row_name(chance.randrange(rows))
    wish = {"do": "update", "table": records.TABLE, "id": name, "columns": records.edit(chance)}

    def work(txn: Txn) -> list[Put]:
        recorder = Recorder(txn)
        commit(recorder, replica, [wish], Request(_SESSION, n, n - 1), clock.world())
        return recorder.puts

    return store.write(work)


class BareTxn:
    """One durable transaction of :class:`Bare`."""

    def __init__(self, raw: lmdb.Transaction[bytes], handles: Handles) -> None:
        self._raw = raw
        self._handles = handles

    def get(self, db: str, key: bytes) -> bytes | None:
        """The value of a key, or None."""
        return self._raw.get(key, None, self._handles[db])

    def put(self, put: Put) -> None:
        """Make one write."""
        db, key, value = put
        if value is None:
            self._raw.delete(key, b"", self._handles[db])
        else:
            self._raw.put(key, value, True, True, False, self._handles[db])


class Bare:
    """LMDB as it is, with its default, durable flags; made by :func:`open_bare`."""

    def __init__(self, env: lmdb.Environment, dbs: Sequence[str]) -> None:
        self._env = env
        self._handles = {name: env.open_db(name.encode()) for name in dbs}

    @contextmanager
    def begin(self) -> Iterator[BareTxn]:
        """A write transaction; what it wrote is durable after the block."""
        with self._env.begin(write=True) as raw:
            yield BareTxn(raw, self._handles)

    def commit(self, puts: Sequence[Put]) -> None:
        """Make these puts in one transaction."""
        with self._env.begin(write=True) as raw:
            txn = BareTxn(raw, self._handles)
            for put in puts:
                txn.put(put)


@contextmanager
def open_bare(path: Path, dbs: Sequence[str]) -> Iterator[Bare]:
    """Open, or make, an environment in a folder."""
    path.mkdir(exist_ok=True)
    with lmdb.open(str(path), map_size=_MAP_BYTES, max_dbs=len(dbs) or 1) as env:
        yield Bare(env, dbs)


def commit_seconds(times: int = 30) -> float:
    """What a commit of one small put takes on this disk at this moment: the median."""
    with (
        TemporaryDirectory(prefix="s", dir="/tmp") as folder,
        open_bare(Path(folder) / "probe", ["main"]) as bare,
    ):
        puts = [Put("main", number.to_bytes(8, "big"), bytes(64)) for number in range(times)]
        return median(seconds_of(partial(bare.commit, [put])) for put in puts)
