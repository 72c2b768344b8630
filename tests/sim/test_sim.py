"""A few seeds of the simulator, that it is deterministic, and that its checkers are awake.

``python -m tests.check sim`` runs as many seeds as one likes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

import pytest

from satchel.crdt import register
from satchel.engine import quarantine
from satchel.engine.fold import Folder
from satchel.hub import burial
from satchel.hub.refusal import Refusal
from satchel.model import hlc
from satchel.model.outcome import Code
from tests.check import ROOT
from tests.sim import run
from tests.sim.tally import Tally

SEEDS = (*range(1, 13), 20)
"""10 and 20 live on LMDB, every third has small bounds."""


@pytest.mark.parametrize("seed", SEEDS)
def test_a_seed_finds_nothing(seed: int) -> None:
    """Whatever the seed lets go wrong, everything holds, and heals."""
    ran = run.run_seed(seed)
    assert not ran.finding, ran.finding
    assert ran.decided >= 60


def test_the_same_seed_gives_the_same_bytes() -> None:
    """Two processes with different hash seeds leave equal stores, memory and LMDB alike."""

    def digests(hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-m", "tests.sim.run", "--digests", "8", "10"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout

    one, other = digests("1"), digests("2")
    assert len(set(one.split())) == 6
    assert "None" not in one
    assert one == other


Plant = Callable[[pytest.MonkeyPatch], None]


def let_stamps_fall(patch: pytest.MonkeyPatch) -> None:
    """A clamped write over a value that it has seen takes a stamp below that one's."""
    patch.setattr(register, "_raised", lambda stamp, _: stamp)


def show_orphans(patch: pytest.MonkeyPatch) -> None:
    """What stands on a refusal stays in view until the hub says DEP."""
    patch.setattr(Folder, "is_orphan", lambda _, __: False)


def drop_refused(patch: pytest.MonkeyPatch) -> None:
    """A refused changeset leaves the log for nowhere."""
    patch.setattr(quarantine, "admit", lambda *_: None)


def trust_the_clock(patch: pytest.MonkeyPatch) -> None:
    """A changeset takes the wall clock for its own, whatever it stands on."""
    patch.setattr(hlc, "tick", lambda now_ms, _: hlc.from_ms(now_ms))


def bury_in_silence(patch: pytest.MonkeyPatch) -> None:
    """A delete takes values that its author had not seen, and nobody is told."""
    patch.setattr(burial, "_bury_values", lambda *_: None)


def blame_the_row(patch: pytest.MonkeyPatch) -> None:
    """What stands on a refusal is refused as if its row had never been."""

    def gone(_: object) -> Refusal:
        return Refusal(Code.GONE, "gone")

    patch.setattr(Refusal, "dependent", gone)


@pytest.mark.parametrize(
    ("plant", "checker"),
    [
        (let_stamps_fall, "reference"),
        (show_orphans, "refused"),
        (drop_refused, "accounted"),
        (trust_the_clock, "causal"),
        (bury_in_silence, "losses"),
        (blame_the_row, "causal"),
    ],
)
def test_a_planted_fault_is_found(
    plant: Plant, checker: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An ordinary seed fails in the checker whose business it is."""
    plant(monkeypatch)
    findings = (run.run_seed(seed).finding for seed in range(1, 61))
    finding = next(filter(None, findings), "")
    assert f"checkers/{checker}.py" in finding


def test_a_failure_says_how_to_see_it_again() -> None:
    """The report names the seed, its story and the finding, and fails."""
    said: list[str] = []
    ran = run.Ran(7, None, "AssertionError: lost", [(1500, "hub crashes")], Tally(), 61)
    assert run.report(iter([ran]), said.append) == 1
    text = "\n".join(said)
    assert "python -m tests.check sim --seed 7" in text
    assert "1.500 s  hub crashes" in text
    assert "AssertionError: lost" in text
    assert "FAILED: 7" in text
