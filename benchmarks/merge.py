"""Two laptops, each with 5,000 edits of the same 500 rows, until both and the hub are equal."""

from __future__ import annotations

from contextlib import ExitStack
from threading import Event
from time import perf_counter
from typing import Any

import satchel
from benchmarks import bars
from benchmarks.apps import start_apps
from benchmarks.bench import Bench
from benchmarks.harness import Result
from benchmarks.site import PATIENCE_S, Site
from satchel.client.blocking import Client
from tests.e2e.processes import HubProcess

_FULL, _QUICK = 5_000, 1_000
_ROWS = 500
_APPS = 20
_LOOK_S = 0.01


def measure(bench: Bench) -> list[Result]:
    """``merge_5000x2_seconds``."""
    count = bench.pick(_FULL, _QUICK)
    with ExitStack() as stack:
        site = Site(stack, _ROWS, people=2)
        laptops = [stack.enter_context(site.laptop(person)) for person in range(2)]
        clients = [stack.enter_context(satchel.connect(str(one.home))) for one in laptops]
        for laptop in laptops:
            with start_apps(laptop.home, _APPS, _ROWS) as apps:
                apps.write(_APPS, count)
        hub = stack.enter_context(site.hub())
        began = perf_counter()
        for client in clients:
            client.sync("resume")
        for client in clients:
            client.sync("wait", timeout=PATIENCE_S)
        pause = Event()
        while not _equal(hub, clients):
            pause.wait(_LOOK_S)
            assert perf_counter() - began < PATIENCE_S, "they do not become equal"
        seconds = perf_counter() - began
    return [bars.result("merge_5000x2_seconds", seconds, void=bench.void)]


def _equal(hub: HubProcess, clients: list[Client]) -> bool:
    there = hub.order("hub.digest")
    return all(_stands(client.digest()) == (there["seq"], there["digest"]) for client in clients)


def _stands(here: dict[str, Any] | Any) -> tuple[int, str]:
    return here["cursor"], here["digest"]
