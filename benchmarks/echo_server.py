"""An echo on the daemon's own server: ``python -m benchmarks.echo_server HOME``.

The shipped server and protocol with one command behind them that gives back what it was
given: what is left of a ``get`` when nothing is read.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import trio

import satchel
from benchmarks.apps import ROOT
from satchel.api.arguments import COLUMNS, Argument
from satchel.api.messages import READING, Command
from satchel.config import locate
from satchel.model.errors import SatchelError
from satchel.shell import clock
from satchel.shell.handlers import Actor, Greeting, Request, Watch
from satchel.shell.listeners import listen_unix
from satchel.shell.server import Server

ECHO: Final = "echo"
_COMMAND: Final = Command(ECHO, READING, "Give the row back.", "row", Argument("row", COLUMNS))


@contextmanager
def run_echo(home: Path) -> Iterator[None]:
    """Have the echo listen as the daemon of ``home``, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.echo_server", str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n", "the echo has ended"
            yield
        finally:
            process.kill()


class _Echo:
    """The handlers of a daemon that knows nothing."""

    def __init__(self) -> None:
        self._secret = clock.fresh_bytes(32)

    def greet(self, org: str | None) -> Greeting:
        return Greeting(self._secret, satchel.__version__, org, None, 0)

    def read(self, actor: Actor, request: Request) -> Any:
        return request.arguments["row"]

    async def write(
        self, actor: Actor, requests: Sequence[Request]
    ) -> Sequence[Any | SatchelError]:
        raise AssertionError("nothing is written")

    async def wait(self, actor: Actor, request: Request) -> Any:
        raise AssertionError("nothing is waited for")

    def watch(self, actor: Actor, request: Request) -> Watch:
        raise AssertionError("nothing is watched")


async def _serve(home: str) -> None:
    listener = await listen_unix(locate({}, home, home).socket)
    server = Server(
        _Echo(), now_ms=clock.now_ms, chance=clock.fresh_bytes, commands={ECHO: _COMMAND}
    )
    print("ready", flush=True)  # it listens: who connects now is served in a moment
    await server.serve([listener])


if __name__ == "__main__":
    logging.disable()
    trio.run(_serve, str(Path(sys.argv[1]).absolute()))
