"""The day's processes: real ``satcheld`` processes, ended by their own ids only."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Final

import trio

from satchel.model.errors import Trouble

READY_S: Final = 20.0
_POLL_S: Final = 0.02


def free_port() -> int:
    """A loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Satcheld:
    """One ``satcheld`` process with a home of its own."""

    def __init__(self, name: str, home: Path, *arguments: str) -> None:
        self.name = name
        self.home = home
        self._arguments = arguments
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id; 0 while it is not running."""
        return self._process.pid if self._process is not None else 0

    async def start(self, listening: Path) -> None:
        """Start it and wait until its socket ``listening`` answers."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        environment = {k: v for k, v in os.environ.items() if k != "SATCHEL_HOME"}
        self._process = subprocess.Popen(  # noqa: ASYNC220 - returns at once
            [sys.executable, "-m", "satchel", *self._arguments, "--home", str(self.home)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(self.home / "stderr.txt").open("ab"),
            env=environment,
            start_new_session=True,
        )
        with trio.move_on_after(READY_S):
            while self._process.poll() is None:
                if _answers(listening):
                    return
                await trio.sleep(_POLL_S)
        raise Trouble("CHECK_FAILED", f"{self.name} did not start: {self._last_words()}")

    def freeze(self) -> None:
        """Stop it in its tracks (SIGSTOP): what arrives now is not even read."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    async def kill(self) -> int:
        """``kill -9``; returns the id of the process that is gone."""
        assert self._process is not None
        pid = self._process.pid
        self._process.send_signal(signal.SIGKILL)
        await trio.to_thread.run_sync(self._process.wait)
        self._process = None
        return pid

    async def stop(self) -> None:
        """Ask it to end, and wait; then make it end."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        with trio.move_on_after(READY_S / 2):
            while process.poll() is None:  # noqa: ASYNC110 - a process rings no event
                await trio.sleep(_POLL_S)
            return
        process.kill()
        process.wait()

    def _last_words(self) -> str:
        words = (self.home / "stderr.txt").read_text(errors="replace").strip()
        return words[-500:] or "it said nothing"


async def call_satcheld(home: Path, *arguments: str) -> None:
    """Run one short ``satcheld`` command to its end.  Raises Trouble with what it said."""
    done = await trio.run_process(
        [sys.executable, "-m", "satchel", *arguments, "--home", str(home)],
        capture_stdout=True,
        capture_stderr=True,
        check=False,
    )
    if done.returncode != 0:
        raise Trouble("CHECK_FAILED", done.stderr.decode(errors="replace").strip()[-500:])


def _answers(path: Path) -> bool:
    if not path.exists():
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True
