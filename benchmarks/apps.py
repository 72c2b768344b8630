"""Writing apps in a process of their own: ``python -m benchmarks.apps HOME APPS ROWS``.

Each app is a thread with its own connection that waits for one answer before it asks for
the next.  They are connected and warm when ``ready`` is printed; for each line ``APPS
WRITES`` on stdin so many of them make so many writes together, and the seconds that took
are printed.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from time import perf_counter
from typing import Final

import satchel
from benchmarks import records
from satchel.client.blocking import Client

ROOT: Final = Path(__file__).resolve().parent.parent
_WARM_UP = 5


class Apps:
    """The other end: some apps in their process, as :func:`start_apps` made them."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert self._answer() == "ready"

    def write(self, apps: int, writes: int) -> float:
        """Have so many apps make so many writes together; the seconds that took."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{apps} {writes}\n")
        self._process.stdin.flush()
        return float(self._answer())

    def _answer(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the apps have ended"
        return line.rstrip("\n")


@contextmanager
def start_apps(home: Path, apps: int, rows: int) -> Iterator[Apps]:
    """Apps of the daemon in ``home`` that edit its accounts at random."""
    command = [sys.executable, "-m", "benchmarks.apps", str(home), str(apps), str(rows)]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Apps(process)


class _App:
    """One app: a connection, and rows to edit."""

    def __init__(self, client: Client, number: int, rows: int) -> None:
        self._client = client
        self._rows = rows
        self._chance = Random(number)

    def write(self, count: int) -> None:
        for _ in range(count):
            name = records.row_name(self._chance.randrange(self._rows))
            self._client.update(records.TABLE, name, records.edit(self._chance))


def _serve(home: str, count: int, rows: int) -> None:
    with ExitStack() as stack:
        apps = [
            _App(stack.enter_context(satchel.connect(home)), number, rows)
            for number in range(count)
        ]
        threads = stack.enter_context(ThreadPoolExecutor(count))
        for app in apps:
            app.write(_WARM_UP)
        print("ready", flush=True)
        for line in sys.stdin:
            wanted, writes = map(int, line.split())
            began = perf_counter()
            tasks = [threads.submit(app.write, writes // wanted) for app in apps[:wanted]]
            wait(tasks)
            print(perf_counter() - began, flush=True)
            for task in tasks:
                task.result()


if __name__ == "__main__":
    _serve(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
