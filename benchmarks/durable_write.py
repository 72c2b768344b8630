"""A lone durable write through the socket, against LMDB alone.

Two floors: a commit of one put of a row's size into an empty environment, and the very
puts that such a write comes to, recorded from production and made into a copy of the same
store without a daemon.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

import satchel
from benchmarks import bars, records
from benchmarks.bench import Bench
from benchmarks.harness import Result, Side, take_turns
from benchmarks.recording import Put, open_bare, record_edits
from benchmarks.site import store_in
from benchmarks.timing import p50
from satchel.store import layout
from tests.e2e.processes import temporary_home

_IN_A_ROUND = 25
_ROW_BYTES = 800
"""About what a row of 40 columns has in the store, and so what one put of it moves."""


def measure(bench: Bench) -> list[Result]:
    """``durable_write_vs_lmdb`` and ``durable_write_vs_same_puts``."""
    rounds = bench.pick(40, 8)
    site, rows = bench.site, bench.rows
    with (
        site.laptop() as laptop,
        satchel.connect(str(laptop.home)) as client,
        site.device_home() as recorded,
        site.device_home() as replayed,
        temporary_home() as fresh,
    ):
        edits = iter(record_edits(store_in(recorded), rows, _IN_A_ROUND * (rounds + 1)))
        chance, single = Random(2), _single_puts()

        def update() -> None:
            name = records.row_name(chance.randrange(rows))
            client.update(records.TABLE, name, records.edit(chance))

        with (
            open_bare(store_in(replayed), layout.DEVICE_DBS) as same,
            open_bare(Path(fresh) / "lmdb", ["main"]) as bare,
        ):
            sides: dict[str, Side] = {
                "daemon": p50(update, _IN_A_ROUND),
                "same": p50(lambda: same.commit(next(edits)), _IN_A_ROUND),
                "bare": p50(lambda: bare.commit([next(single)]), _IN_A_ROUND),
            }
            taken = take_turns(sides, rounds)
    daemon, void = taken.median("daemon") * 1e6, bench.void_on_disk(taken.median("bare"))
    return [
        bars.result(
            "durable_write_vs_lmdb",
            daemon,
            taken.median("bare") * 1e6,
            taken.ratio("daemon", "bare"),
            void=void,
        ),
        bars.result(
            "durable_write_vs_same_puts",
            daemon,
            taken.median("same") * 1e6,
            taken.ratio("daemon", "same"),
            void=void,
        ),
    ]


def _single_puts() -> Iterator[Put]:
    chance = Random(3)
    while True:
        yield Put("main", chance.randbytes(18), chance.randbytes(_ROW_BYTES))
