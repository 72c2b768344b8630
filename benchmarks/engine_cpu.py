"""The engine alone: changes committed in process, 64 to a transaction, nothing flushed."""

from __future__ import annotations

from random import Random
from statistics import median
from time import process_time

from benchmarks import bars, records
from benchmarks.bench import Bench
from benchmarks.harness import Result
from benchmarks.site import store_in
from satchel.engine.commit import Request, commit
from satchel.engine.replica import Replica
from satchel.model.limits import GROUP_COMMIT_MAX
from satchel.shell import clock
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import Txn

_SESSION = bytes(16)


def measure(bench: Bench) -> list[Result]:
    """``engine_cpu_us``."""
    with bench.site.device_home() as home:
        store = Store.open(store_in(home), layout.DEVICE_DBS, sync=False)
        try:
            figures = _groups(store, bench.rows, bench.pick(150, 40))
        finally:
            store.close()
    return [bars.result("engine_cpu_us", median(figures) * 1e6, void=bench.void)]


def _groups(store: Store, rows: int, count: int) -> list[float]:
    """Processor seconds a changeset, group by group; the first few warm up."""
    replica, chance = store.read(Replica.load), Random(5)
    figures = []
    for group in range(count):
        first = group * GROUP_COMMIT_MAX + 1
        wishes: list[dict[str, object]] = [
            {
                "do": "update",
                "table": records.TABLE,
                "id": records.row_name(chance.randrange(rows)),
                "columns": records.edit(chance),
            }
            for _ in range(GROUP_COMMIT_MAX)
        ]

        def work(txn: Txn, wishes: list[dict[str, object]] = wishes, first: int = first) -> None:
            for n, wish in enumerate(wishes, first):
                commit(txn, replica, [wish], Request(_SESSION, n, n - 1), clock.world())

        began = process_time()
        store.write(work)
        figures.append((process_time() - began) / GROUP_COMMIT_MAX)
    return figures[count // 10 :]
