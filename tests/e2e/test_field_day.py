"""``satchel demo``, as a newcomer runs it: a day that loses nothing, and says so."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

SATCHEL: Final = Path(sys.executable).parent / "satchel"
BOUND_S: Final = 30.0
"""What a day may take on two cores."""

PATIENCE_S: Final = 4 * BOUND_S
COUNTS: Final = ("written", "accepted", "refused", "quarantined", "conflicts")


def demo(*words: str) -> subprocess.CompletedProcess[str]:
    """Play one day to its end."""
    return subprocess.run(
        [SATCHEL, "demo", *words],
        capture_output=True,
        check=False,
        text=True,
        timeout=PATIENCE_S,
        env=dict(os.environ, NO_COLOR="1"),
    )


def verdict_of(seed: int) -> dict[str, Any]:
    """What ``--json`` says of the day with that seed."""
    done = demo("--seed", str(seed), "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    verdict: dict[str, Any] = json.loads(done.stdout)
    return verdict


@pytest.fixture(scope="module")
def days() -> dict[int, dict[str, Any]]:
    """Two seeds and their days."""
    return {seed: verdict_of(seed) for seed in (1, 2)}


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_loses_nothing(days: dict[int, dict[str, Any]], seed: int) -> None:
    """Every replica equal; nothing lost, done twice or out of order; and it was a hard day."""
    verdict = copy.deepcopy(days[seed])
    kills = verdict.pop("kills")
    counts = {name: verdict.pop(name) for name in COUNTS}
    assert verdict.pop("seconds") < BOUND_S
    assert verdict == {
        "schema": 1,
        "devices": 3,
        "converged": True,
        "lost": 0,
        "duplicated": 0,
        "order_violations": 0,
    }
    assert counts["written"] == counts["accepted"] + counts["refused"]
    assert counts["refused"] == counts["quarantined"] > 0
    assert counts["conflicts"] > 0
    assert [kill.pop("signal") for kill in kills] == [9, 9]
    assert all(kill.pop("pid") > 1 and kill.pop("unanswered") > 0 for kill in kills)
    (daemon, hub) = (kill.pop("process") for kill in kills)
    assert (daemon != "hub", hub) == (True, "hub")
    assert kills == [{}, {}], "nothing else is told of a kill"


def test_a_seed_is_a_day(days: dict[int, dict[str, Any]]) -> None:
    """The same seed again gives the same counts, another seed others."""
    first, second = ({name: day[name] for name in COUNTS} for day in days.values())
    again = verdict_of(1)
    assert {name: again[name] for name in COUNTS} == first
    assert first != second


def test_a_newcomer_is_told_the_story() -> None:
    """Without ``--json``: who wrote what, the order, what was refused and where, the checks."""
    done = demo("--seed", "1")
    assert done.returncode == 0, done.stdout + done.stderr
    for heading in (
        "Who wrote what",
        "In what order the hub took it",
        "What was refused, and where it waits",
        "Checked from outside",
    ):
        assert f"\n{heading}\n" in done.stdout
    assert done.stdout.count("  ok  ") == 4
    assert "!!" not in done.stdout


def running_under(folder: Path) -> list[str]:
    """The command lines of the processes that name this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            words = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in words:
                found.append(words)
    return found


@pytest.mark.parametrize("processes", [1, 2, 4, 5])
def test_ctrl_c_ends_the_day_and_leaves_nothing(processes: int) -> None:
    """Interrupted when so many of its processes run, the demo exits 130 without a word of
    Python, and none of them is left, nor a store."""
    with tempfile.TemporaryDirectory(prefix="s", dir="/tmp") as place:
        process = subprocess.Popen(
            [SATCHEL, "demo"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=dict(os.environ, NO_COLOR="1", TMPDIR=place),
            start_new_session=True,
        )
        give_up = time.monotonic() + PATIENCE_S
        while len(running_under(Path(place))) < processes:
            assert time.monotonic() < give_up, "the processes never ran"
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert (process.returncode, said) == (130, "")
        assert list(Path(place).iterdir()) == []
        assert running_under(Path(place)) == []
