"""From starting the daemon to its first answer, against a Python that imports trio."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from threading import Event
from time import perf_counter

import satchel
from benchmarks import bars
from benchmarks.bench import Bench
from benchmarks.harness import Result, take_turns
from satchel.model.errors import Unavailable
from tests.e2e.processes import PATIENCE_S, Process

_LOOK_S = 0.001


def measure(bench: Bench) -> list[Result]:
    """``ready_vs_import_trio``: with a joined organisation and its rows."""
    with bench.site.device_home() as home:
        taken = take_turns({"ready": lambda: _ready(home), "trio": _import_trio}, bench.pick(15, 5))
    return [
        bars.result(
            "ready_vs_import_trio",
            taken.median("ready") * 1e3,
            taken.median("trio") * 1e3,
            taken.ratio("ready", "trio"),
        )
    ]


def _ready(home: Path) -> float:
    pause = Event()
    began = perf_counter()
    with Process(home, "run") as process:
        while (seconds := _answered(home, began)) is None:
            pause.wait(_LOOK_S)
            assert process.running, process.errors()
            assert perf_counter() - began < PATIENCE_S
        assert process.terminate() == 0
    return seconds


def _answered(home: Path, began: float) -> float | None:
    """When the daemon's first answer was here, in seconds; None while there is none."""
    try:
        with satchel.connect(str(home)) as client:
            client.ping()
            return perf_counter() - began
    except Unavailable:
        return None


def _import_trio() -> float:
    began = perf_counter()
    subprocess.run([sys.executable, "-c", "import trio"], check=True)
    return perf_counter() - began
