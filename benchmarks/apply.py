"""Installing pulled rows, against decoding the same bytes and putting them.

Both sides in process and durable, page by page, with the garbage collector off.  The floor
decodes each entry and its row and puts the row; the subject stages the pages and builds
the new generation, until apps see it.
"""

from __future__ import annotations

import gc
import shutil
from pathlib import Path
from random import Random

from benchmarks import bars, records
from benchmarks.bench import Bench
from benchmarks.download import Pull, apply, copied, filled_world, pull_all, stands_at
from benchmarks.harness import Result, take_turns
from benchmarks.recording import Bare, Put, commit_seconds, open_bare
from benchmarks.timing import Deed, seconds_of
from satchel.model import changeset as cs
from satchel.model.feed import Item
from satchel.model.limits import CHANGESET_OPS_MAX
from satchel.schema.validate import update_values
from satchel.store import layout
from satchel.wire.codec import unpack
from tests.replicas import Device, World

_FULL, _QUICK = 50_000, 5_000


def measure(bench: Bench) -> list[Result]:
    """``apply_vs_decode_put`` and ``apply_changed_vs_decode_put``: rates in rows a second."""
    rows, rounds = bench.pick(_FULL, _QUICK), bench.pick(3, 2)
    before = commit_seconds()
    with filled_world(rows) as (world, device):
        floor = world.folder / "floor"
        with open_bare(floor, [layout.ROW]):
            pass  # an empty one, to be copied
        new = _compare("apply_vs_decode_put", world, device, floor, rows, rounds)
        device.pull()
        _change_all(world, rows)
        changed = _compare("apply_changed_vs_decode_put", world, device, floor, rows, rounds)
        void = bench.void_on_disk(before)
        return [new._replace(void=void), changed._replace(void=void)]


def _compare(
    name: str, world: World, device: Device, floor: Path, rows: int, rounds: int
) -> Result:
    pulled = pull_all(world, device)
    taken = take_turns(
        {
            "apply": lambda: _apply(device.path, pulled),
            "floor": lambda: _decode_and_put(floor, pulled),
        },
        rounds,
        warm_up=0,
    )
    _fill_floor(floor, pulled)
    return bars.result(
        name,
        rows / taken.median("apply"),
        rows / taken.median("floor"),
        taken.ratio("floor", "apply"),
    )


def _apply(path: Path, pulled: Pull) -> float:
    with copied(path) as store:
        seconds = _timed(lambda: apply(store, pulled))
        assert stands_at(store) == pulled.flip[3]
    return seconds


def _decode_and_put(floor: Path, pulled: Pull) -> float:
    copy = floor.with_name("floor.copy")
    shutil.copytree(floor, copy)
    try:
        with open_bare(copy, [layout.ROW]) as bare:
            return _timed(lambda: _put_pages(bare, pulled))
    finally:
        shutil.rmtree(copy)


def _fill_floor(floor: Path, pulled: Pull) -> None:
    """What was new to the device is there when it changes: on the other side too."""
    with open_bare(floor, [layout.ROW]) as bare:
        _put_pages(bare, pulled)


def _put_pages(bare: Bare, pulled: Pull) -> None:
    for page in pulled.pages:
        with bare.begin() as txn:
            for entry in page:
                item = unpack(entry)
                if item[0] == Item.PUT:
                    unpack(item[4])
                    txn.put(Put(layout.ROW, layout.row_key(1, item[2], item[3]), item[4]))


def _timed(deed: Deed) -> float:
    gc.collect()
    gc.disable()
    try:
        return seconds_of(deed)
    finally:
        gc.enable()


def _change_all(world: World, rows: int) -> None:
    """Two columns of every account change at the hub."""
    catalog, chance = world.hub.catalog, Random(7)
    table = catalog.table(records.TABLE)
    for first in range(0, rows, CHANGESET_OPS_MAX):
        ops: list[cs.Op] = []
        for number in range(first, min(first + CHANGESET_OPS_MAX, rows)):
            registers = update_values(catalog, table, records.edit(chance), lambda _: None)
            values = {column: registers[column][column] for column in sorted(registers)}
            ops.append([cs.SET, table.number, records.row_id(number), values])
        world.hub.write(*ops)
