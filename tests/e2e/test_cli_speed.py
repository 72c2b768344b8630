"""What a person waits for: ``satchel status`` against an empty Python."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

from tests.shell.cli_line import short_home
from tests.shell.cli_replies import REPLIES
from tests.shell.fake_daemon import fake_daemon

RATIO_MAX = 2.5
RUNS = 20
ATTEMPTS = 3
"""The cores are shared: a neighbour's burst spoils a median, the code does not get faster."""

SCRIPT = Path(sys.executable).parent / "satchel"
# What the test run itself sets would be measured too.
ENVIRON = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("PYTHON", "COVERAGE", "COV_"))
}


def seconds(*command: str) -> float:
    """How long a process takes from its start to its end."""
    began = perf_counter()
    done = subprocess.run(command, env=ENVIRON, capture_output=True, check=False, text=True)
    taken = perf_counter() - began
    assert done.returncode == 0, done.stderr
    assert done.stdout in ("", "Adventure Works  online\n")
    return taken


def ratio(*status: str) -> float:
    """The medians of interleaved runs, one through the other."""
    nothing, asked = [], []
    for _ in range(RUNS):
        nothing.append(seconds(sys.executable, "-c", "pass"))
        asked.append(seconds(*status))
    return median(asked) / median(nothing)


def test_status_is_nearly_as_fast_as_python_itself() -> None:
    """The installed script prints the daemon's answer in at most 2.5 times ``python -c pass``."""
    with short_home() as home, fake_daemon(home, REPLIES):
        status = (str(SCRIPT), "status", "--home", str(home))
        seconds(*status)  # compiled from now on, as pip leaves it
        ratios: list[float] = []
        while len(ratios) < ATTEMPTS and min(ratios, default=RATIO_MAX + 1) > RATIO_MAX:
            ratios.append(ratio(*status))
    assert min(ratios) <= RATIO_MAX
