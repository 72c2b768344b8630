"""One command for every check: ``python -m tests.check``.

    python -m tests.check                 all steps
    python -m tests.check fast            all steps, no real processes, no coverage
    python -m tests.check STEP [ARG...]   one step; the arguments go to its tool
    python -m tests.check sim --seeds N   the simulator (tests/README.md), which is no step

The steps are format, lint, types, floors, tests, processes (the end-to-end tests) and
coverage.  All of them run, whatever fails; the exit code is 0 only if none did.  Tests and
processes run side by side, one core each.  The last line names what failed and what was
skipped, so that a run without ``../shared`` never looks like a full one.

It owns the order and the report.  What each tool checks is in ``pyproject.toml``.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PYTHON = sys.executable
PYTEST = ("-m", "pytest", "tests", "--ignore=tests/e2e")
PROCESSES = ("-m", "pytest", "tests/e2e")
SKIP_LINE = re.compile(r"SKIPPED \[\d+\] (?P<place>[^:]+):(?:\d+:)? (?P<reason>.+)")

# Each step is the commands it runs, one after the other until one fails.
STEPS: dict[str, tuple[tuple[str, ...], ...]] = {
    "format": (("-m", "ruff", "format", "--check", "."),),
    "lint": (("-m", "ruff", "check", "."),),
    "types": (("-m", "mypy"),),
    "floors": (("-c", "from importlinter.cli import lint_imports_command as run; run()"),),
    "tests": (("-m", "coverage", "erase"), ("-m", "coverage", "run", *PYTEST)),
    "processes": (PROCESSES,),
    "coverage": (("-m", "coverage", "combine", "--quiet"), ("-m", "coverage", "report")),
}
FAST = {name: STEPS[name] for name in ("format", "lint", "types", "floors")} | {
    "tests": (PYTEST,),
}
ALONE: dict[str, tuple[tuple[str, ...], ...]] = {"sim": (("-m", "tests.sim.run"),)}
"""What is only run by its name: the tests run a few seeds of it themselves."""
LIVE = ("tests", "processes", "sim")


class Result(NamedTuple):
    """What came of one step: ``seconds`` it took, and pytest's reasons for skipping."""

    name: str
    passed: bool
    seconds: float
    skipped: tuple[str, ...]


def perform(name: str, commands: Sequence[Sequence[str]], say: Callable[[str], None]) -> Result:
    """Run one step's commands in turn until one fails.

    The tests' output is said as it comes; another tool's only if the tool fails.
    """
    began = time.monotonic()
    live = name in LIVE
    skipped: list[str] = []
    passed = True
    for command in commands:
        code, lines = _run((PYTHON, *command), say if live else None)
        skipped += [f"{m['place']} ({m['reason']})" for m in map(SKIP_LINE.match, lines) if m]
        if code != 0:
            passed = False
            if not live:
                say("\n".join(lines))
            break
    return Result(name, passed, time.monotonic() - began, tuple(skipped))


def perform_all(
    steps: dict[str, tuple[tuple[str, ...], ...]], say: Callable[[str], None]
) -> Iterator[Result]:
    """Run the steps in their order, the processes beside the tests; yields what came of each."""
    with ThreadPoolExecutor(1) as beside:
        heard: list[str] = []
        running = None
        for name, commands in steps.items():
            if name == "tests" and "processes" in steps:
                running = beside.submit(perform, "processes", steps["processes"], heard.append)
            if name == "processes" and running is not None:
                result = running.result()
                say("\n".join(heard))
                yield result
            else:
                yield perform(name, commands, say)


def _run(command: Sequence[str], say: Callable[[str], None] | None) -> tuple[int, list[str]]:
    """Run a command in the repository's root; its exit code and its lines of output."""
    lines: list[str] = []
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if say is not None:
                say(lines[-1])
    return process.returncode, lines


def closing_line(
    results: Sequence[Result], left_out: Sequence[str] = (), seconds: float = 0.0
) -> str:
    """The run in one line: what failed, the seconds, and what was not checked and why."""
    failed = [result.name for result in results if not result.passed]
    skipped = [*left_out, *(reason for result in results for reason in result.skipped)]
    verdict = f"FAILED: {', '.join(failed)}" if failed else "all passed"
    return f"check: {verdict} in {seconds:.0f} s; skipped: {'; '.join(skipped) or 'nothing'}"


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name and return the exit code: 0, 1 (failed) or 2 (unknown step)."""
    steps, left_out = STEPS, []
    if arguments and arguments[0] == "fast":
        steps, left_out = FAST, ["tests/e2e and coverage (fast)"]
    elif arguments:
        name, *extra = arguments
        known = STEPS | ALONE
        if name not in known:
            _say(f"check: no step {name!r}; there are fast, {', '.join(known)}")
            return 2
        *before, last = known[name]
        steps, left_out = {name: (*before, (*last, *extra))}, [f"every step but {name}"]
    began = time.monotonic()
    results = []
    for result in perform_all(steps, _say):
        results.append(result)
        _say(f"{result.name:<10}{'ok' if result.passed else 'FAILED':<8}{result.seconds:6.1f} s")
    _say(closing_line(results, left_out, time.monotonic() - began))
    return 0 if all(result.passed for result in results) else 1


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
