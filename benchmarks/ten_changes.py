"""Ten changed rows, in small stores and large: what pull and FLIP touch, and what they take.

In process, with durable stores.  The count is of lookups, pairs read and writes, on hub
and device together, as the transactions themselves keep it.
"""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks import bars, records
from benchmarks.bench import Bench
from benchmarks.download import filled_world
from benchmarks.harness import Result, take_turns
from satchel.engine import flip, stage
from satchel.hub.office import read_origin
from satchel.hub.pull import Cursor, pull
from satchel.model import changeset as cs
from satchel.model.limits import PULL_BYTES_DEFAULT
from satchel.schema.validate import update_values
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn
from tests.replicas import NOW_MS, Device, World

_CHANGES = 10
_SMALL = 1_000
_FULL, _QUICK = (100_000, 1_000_000), (2_000, 10_000)


def measure(bench: Bench) -> list[Result]:
    """``ten_changes_work_1m_vs_1k`` and ``ten_changes_1m_vs_100k``."""
    middle, large = _QUICK if bench.quick else _FULL
    with ExitStack() as stack:
        offices = {
            rows: _Office(*stack.enter_context(filled_world(rows)), rows)
            for rows in (_SMALL, middle, large)
        }
        taken = take_turns(
            {str(rows): office.follow for rows, office in offices.items()}, bench.pick(40, 10), 3
        )
        work = {rows: median(office.touched) for rows, office in offices.items()}
    return [
        bars.result(
            "ten_changes_work_1m_vs_1k",
            work[large],
            work[_SMALL],
            work[large] / work[_SMALL],
            void=bench.void,
        ),
        bars.result(
            "ten_changes_1m_vs_100k",
            taken.median(str(large)) * 1e3,
            taken.median(str(middle)) * 1e3,
            taken.ratio(str(large), str(middle)),
            void=bench.void_on_disk(),
        ),
    ]


class _Office:
    """A hub and a device that has everything."""

    def __init__(self, world: World, device: Device, rows: int) -> None:
        self._hub = world.hub
        self._device = device
        self._rows = rows
        self._chance = Random(8)
        self.touched: list[int] = []
        device.pull()
        device.store.close()
        device.store = Store.open(device.path, layout.DEVICE_DBS)

    def follow(self) -> float:
        """Ten rows change at the hub; the seconds of pull and FLIP."""
        for number in self._chance.sample(range(self._rows), _CHANGES):
            self._change(number)
        began = perf_counter()
        touched = self._pull_and_flip()
        seconds = perf_counter() - began
        self.touched.append(touched)
        return seconds

    def _change(self, number: int) -> None:
        catalog = self._hub.catalog
        table = catalog.table(records.TABLE)
        registers = update_values(catalog, table, records.edit(self._chance), lambda _: None)
        values = {column: registers[column][column] for column in sorted(registers)}
        self._hub.write([cs.SET, table.number, records.row_id(number), values])

    def _pull_and_flip(self) -> int:
        """What the daemon and the hub do for it; how much that touched."""
        device, hub = self._device, self._hub
        answer, read = hub.store.read(self._serve)
        staged = device.store.write(lambda txn: self._stage(txn, answer))
        wire = [
            answer.epoch,
            answer.base,
            answer.cursor,
            answer.seq,
            [],
            1,
            None,
            None,
            NOW_MS,
            None,
        ]
        installed = device.store.write(lambda txn: self._install(txn, wire))
        return read + staged + installed

    def _serve(self, txn: ReadTxn) -> tuple[_Answer, int]:
        hub, device = self._hub, self._device
        origin = read_origin(txn, device.replica.identity.replica)
        assert origin is not None
        sealed = device.state.cursor
        assert sealed is not None
        cursor = Cursor.open(hub.office.setup.cursor_key, sealed)
        found = pull(txn, hub.office, origin, cursor, PULL_BYTES_DEFAULT)
        assert found.flip_to is not None
        answer = _Answer(found.state.epoch, found.base, found.entries, found.cursor, found.flip_to)
        return answer, txn.reads

    def _stage(self, txn: Txn, answer: _Answer) -> int:
        assert stage.stage(txn, answer.epoch, answer.base, answer.entries, None)
        return txn.reads + txn.writes

    def _install(self, txn: Txn, wire: list[object]) -> int:
        result = flip.install(txn, self._device.replica, flip.Flip.read(wire), NOW_MS)
        assert result is flip.Installed.DONE
        return txn.reads + txn.writes


class _Answer(NamedTuple):
    epoch: int
    base: int
    entries: list[bytes]
    cursor: bytes
    seq: int
