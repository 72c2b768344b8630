"""What a lone durable write writes to the store's file: the system's own count of bytes."""

from __future__ import annotations

from random import Random
from statistics import median

import satchel
from benchmarks import bars, gauges, records
from benchmarks.bench import Bench
from benchmarks.harness import Result

_IN_A_ROUND = 20


def measure(bench: Bench) -> list[Result]:
    """``kib_written_per_commit``."""
    chance = Random(4)
    with bench.site.laptop() as laptop, satchel.connect(str(laptop.home)) as client:
        counted = []
        for _ in range(bench.pick(25, 5)):
            before = gauges.written_bytes(laptop.process.pid)
            for _ in range(_IN_A_ROUND):
                name = records.row_name(chance.randrange(bench.rows))
                client.update(records.TABLE, name, records.edit(chance))
            counted.append((gauges.written_bytes(laptop.process.pid) - before) / _IN_A_ROUND)
    return [bars.result("kib_written_per_commit", median(counted) / 1024, void=bench.void)]
