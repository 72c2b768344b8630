"""32 apps that write at once: what the server spends on each change, and what they gain."""

from __future__ import annotations

from statistics import median

from benchmarks import bars, gauges
from benchmarks.apps import start_apps
from benchmarks.bench import Bench
from benchmarks.harness import Result, take_turns
from benchmarks.recording import commit_seconds

_APPS = 32


def measure(bench: Bench) -> list[Result]:
    """``server_cpu_us_32_apps`` and ``apps32_vs_1``."""
    lone, together = bench.pick(800, 200), bench.pick(6_400, 1_600)
    spent: list[float] = []
    before = commit_seconds()
    with (
        bench.site.laptop() as laptop,
        start_apps(laptop.home, _APPS, bench.rows) as apps,
    ):
        pid = laptop.process.pid

        def crowd() -> float:
            before = gauges.cpu_seconds(pid)
            seconds = apps.write(_APPS, together)
            spent.append((gauges.cpu_seconds(pid) - before) / together)
            return together / seconds

        rates = take_turns(
            {"crowd": crowd, "one": lambda: lone / apps.write(1, lone)}, bench.pick(7, 3)
        )
    void = bench.void_on_disk(before)
    return [
        bars.result("server_cpu_us_32_apps", median(spent) * 1e6, void=void),
        bars.result(
            "apps32_vs_1",
            rates.median("crowd"),
            rates.median("one"),
            rates.ratio("crowd", "one"),
            void=void,
        ),
    ]
