"""``satchel status`` as it is installed, against a Python that does nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks import bars
from benchmarks.bench import Bench
from benchmarks.harness import Result, take_turns

_SCRIPT = Path(sys.executable).parent / "satchel"


def measure(bench: Bench) -> list[Result]:
    """``status_vs_bare_python``: the script's whole life, with a daemon to answer it."""
    with bench.site.laptop() as laptop:
        status = (str(_SCRIPT), "status", "--home", str(laptop.home))
        nothing = (sys.executable, "-c", "pass")
        taken = take_turns(
            {"status": lambda: _seconds(*status), "nothing": lambda: _seconds(*nothing)},
            bench.pick(40, 15),
        )
    return [
        bars.result(
            "status_vs_bare_python",
            taken.median("status") * 1e3,
            taken.median("nothing") * 1e3,
            taken.ratio("status", "nothing"),
        )
    ]


def _seconds(*command: str) -> float:
    began = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - began
