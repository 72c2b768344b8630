"""Running seeds: ``python -m tests.check sim --seeds N | --seed S | --digests A B``.

Owns which seeds run on LMDB and under which bounds, the report, and what a failure prints.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
import traceback
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from satchel.model import limits
from tests.sim.tally import Tally
from tests.sim.world import World

LMDB_EVERY: Final = 10
"""Every seed that this divides lives on LMDB."""

SMALL_EVERY: Final = 3
"""Every seed with this remainder 1 has small bounds: FLIPs are built aside, bundles sliced."""

COMPLETE_FROM: Final = 100
"""From so many seeds on, a fault, op or outcome code that never occurred fails the run."""

_SMALL: Final = {"FLIP_ROWS_MAX": 5, "BUILD_ROWS_MAX": 20, "HUB_BATCH_MAX": 2}
_WORKERS: Final = 2
_STORY_LINES: Final = 400


class Ran(NamedTuple):
    """What came of one seed: ``digest`` of all stores, or what was found."""

    seed: int
    digest: str | None
    finding: str
    story: list[tuple[int, str]]
    tally: Tally
    decided: int


def run_seed(seed: int) -> Ran:
    """Live through one seed."""
    with _folder(seed) as folder, _bounds(seed):
        world = World(seed, folder)
        digest, finding = None, ""
        try:
            world.run()
            digest = world.digest()
        except Exception:  # noqa: BLE001 - a bug of any kind is a finding
            finding = traceback.format_exc(limit=-6)
        finally:
            world.close()
    story = [] if digest is not None else world.timeline.story
    decided = sum(1 for one in world.ledger.by_seq if one.number != 0)
    return Ran(seed, digest, finding, story, world.tally, decided)


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name; the exit code is 0 if nothing was found, else 1."""
    parser = ArgumentParser(prog="python -m tests.check sim")
    chosen = parser.add_mutually_exclusive_group(required=True)
    chosen.add_argument("--seeds", type=int, metavar="N", help="seeds 1 to N, on two cores")
    chosen.add_argument(
        "--seed", type=int, metavar="S", help="one seed, with its story if it fails"
    )
    chosen.add_argument(
        "--digests", type=int, nargs=2, metavar=("A", "B"), help="the digests of seeds A to B"
    )
    given = parser.parse_args(arguments)
    if given.digests is not None:
        first, last = given.digests
        for seed in range(first, last + 1):
            print(seed, run_seed(seed).digest, flush=True)
        return 0
    if given.seed is not None:
        return report(map(run_seed, [given.seed]), print)
    with ProcessPoolExecutor(_WORKERS) as pool:
        return report(pool.map(run_seed, range(1, given.seeds + 1), chunksize=4), print)


def report(runs: Iterator[Ran], say: Callable[[str], None]) -> int:
    """Say what came of each seed that failed, and how often everything occurred."""
    tally, seeds, decided, failed = Tally(), 0, 0, []
    digest = ""
    began = time.monotonic()
    for ran in runs:
        seeds += 1
        decided += ran.decided
        tally.add(ran.tally)
        digest = ran.digest or ""
        if ran.digest is None:
            failed.append(ran.seed)
            say(
                f"seed {ran.seed} failed; replay it with: python -m tests.check sim --seed {ran.seed}"
            )
            for when, what in ran.story[-_STORY_LINES:]:
                say(f"  {when / 1000:10.3f} s  {what}")
            say(ran.finding)
    for line in tally.lines():
        say(line)
    missing = tally.missing() if seeds >= COMPLETE_FROM else []
    if missing:
        say(f"never occurred: {', '.join(missing)}")
    seconds = max(time.monotonic() - began, 0.001)
    if seeds == 1:
        say(f"digest {digest}")
    say(
        f"sim: {seeds} seeds, {decided} changesets decided in {seconds:.1f} s "
        f"({decided / seconds:.0f} a second); "
        + (f"FAILED: {', '.join(map(str, failed))}" if failed else "nothing found")
    )
    return 1 if failed or missing else 0


@contextmanager
def _folder(seed: int) -> Iterator[Path | None]:
    """A folder for a seed that lives on LMDB."""
    if seed % LMDB_EVERY:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def _bounds(seed: int) -> Iterator[None]:
    """Small bounds, for a seed that is to have them."""
    changed = _SMALL if seed % SMALL_EVERY == 1 else {}
    before = {name: getattr(limits, name) for name in changed}
    put = partial(setattr, limits)
    try:
        for name, bound in changed.items():
            put(name, bound)
        yield
    finally:
        for name, bound in before.items():
            put(name, bound)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
