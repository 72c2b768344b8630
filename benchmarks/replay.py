"""An outbox of 5,000 changes meets its hub: written offline, then decided and visible."""

from __future__ import annotations

from time import perf_counter

import satchel
from benchmarks import bars
from benchmarks.apps import start_apps
from benchmarks.bench import Bench
from benchmarks.harness import Result
from benchmarks.site import PATIENCE_S

_FULL, _QUICK = 5_000, 1_000
_APPS = 20


def measure(bench: Bench) -> list[Result]:
    """``replay_5000_per_second``: changes a second, over real processes."""
    count = bench.pick(_FULL, _QUICK)
    with (
        bench.site.laptop() as laptop,
        satchel.connect(str(laptop.home)) as client,
        start_apps(laptop.home, _APPS, bench.rows) as apps,
    ):
        apps.write(_APPS, count)
        (before,) = client.orgs()
        with bench.site.hub():
            began = perf_counter()
            client.sync("resume")
            client.sync("wait", timeout=PATIENCE_S)
            seconds = perf_counter() - began
        (after,) = client.orgs()
        assert (after["outbox"], after["quarantine"]) == (0, 0), after
    return [bars.result("replay_5000_per_second", before["outbox"] / seconds, void=bench.void)]
