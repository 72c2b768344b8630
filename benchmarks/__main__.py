"""``python -m benchmarks [--json] [--quick] [NAME...]``: measure, and print one table.

NAME is a row of the table; the others that its benchmark yields come with it.  The exit
code is 1 where a bar is missed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Final

from benchmarks import bars, report
from benchmarks.bench import Bench
from benchmarks.harness import Result

Measure = Callable[[Bench], list[Result]]

_BENCHMARKS: Final = {
    "durable_write": ("durable_write_vs_lmdb", "durable_write_vs_same_puts"),
    "kib_written": ("kib_written_per_commit",),
    "engine_cpu": ("engine_cpu_us",),
    "many_apps": ("server_cpu_us_32_apps", "apps32_vs_1"),
    "get_row": ("get_vs_row_echo",),
    "apply": ("apply_vs_decode_put", "apply_changed_vs_decode_put"),
    "hub_judge": ("hub_judge_vs_rewrite",),
    "replay": ("replay_5000_per_second",),
    "merge": ("merge_5000x2_seconds",),
    "ten_changes": ("ten_changes_work_1m_vs_1k", "ten_changes_1m_vs_100k"),
    "ready": ("ready_vs_import_trio",),
    "memory": ("memory_vs_import_trio",),
    "status": ("status_vs_bare_python",),
}
"""Module to the rows it measures."""


def main(arguments: Sequence[str]) -> int:
    """Run what the arguments name; returns the exit code."""
    options = [one for one in arguments if one.startswith("-")]
    names = [one for one in arguments if not one.startswith("-")]
    unknown = [one for one in options if one not in ("--json", "--quick")]
    unknown += [one for one in names if one not in {bar.name for bar in bars.TABLE}]
    if unknown:
        print(f"benchmarks: no such option or row: {', '.join(unknown)}", file=sys.stderr)
        return 2
    _forget_python_settings()
    quick = "--quick" in options
    results = _run(names, quick)
    print(report.as_json(results, quick) if "--json" in options else report.as_table(results))
    return 1 if any(one.holds is False for one in results) else 0


def rows_measured() -> list[str]:
    """The rows that the benchmarks yield, in the order in which they run."""
    return [name for rows in _BENCHMARKS.values() for name in rows]


def _run(names: Sequence[str], quick: bool) -> list[Result]:
    results = []
    with Bench(quick) as bench:
        for module, rows in _BENCHMARKS.items():
            if not names or not set(rows).isdisjoint(names):
                print(f"{', '.join(rows)} ...", file=sys.stderr, flush=True)
                measure: Measure = import_module(f"benchmarks.{module}").measure
                results += measure(bench)
    return results


def _forget_python_settings() -> None:
    """What is set for this process must not slow the processes it measures: without compiled
    files, for one, every start compiles anew."""
    for name in [name for name in os.environ if name.startswith("PYTHON")]:
        if name != "PYTHONPATH":
            del os.environ[name]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
