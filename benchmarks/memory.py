"""Private memory of an idle daemon that is in touch with its hub, against ``import trio``."""

from __future__ import annotations

import subprocess
import sys

import satchel
from benchmarks import bars, gauges
from benchmarks.bench import Bench
from benchmarks.harness import Result, take_turns
from benchmarks.site import PATIENCE_S

_MIB = 1 << 20
_TRIO = "import sys, trio; print('ready', flush=True); sys.stdin.read()"


def measure(bench: Bench) -> list[Result]:
    """``memory_vs_import_trio``: a daemon started anew over its rows, and up to date."""
    with bench.site.hub():
        taken = take_turns(
            {"daemon": lambda: _daemon(bench), "trio": _trio}, bench.pick(5, 2), warm_up=0
        )
    return [
        bars.result(
            "memory_vs_import_trio",
            taken.median("daemon") / _MIB,
            taken.median("trio") / _MIB,
            taken.ratio("daemon", "trio"),
            void=bench.void,
        )
    ]


def _daemon(bench: Bench) -> float:
    with bench.site.laptop() as laptop, satchel.connect(str(laptop.home)) as client:
        client.sync("resume")
        client.sync("wait", timeout=PATIENCE_S)
        (org,) = client.orgs()
        assert org["state"] == "online", org
        assert org["rows"] >= bench.rows
        return gauges.private_bytes(laptop.process.pid)


def _trio() -> float:
    with subprocess.Popen(
        [sys.executable, "-c", _TRIO], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        return gauges.private_bytes(process.pid)
