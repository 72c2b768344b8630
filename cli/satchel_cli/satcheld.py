"""The ``satcheld`` process: become it, start it, see it end.

Owns how the command finds the program it belongs to and what it waits for.  Knows nothing
of what the daemon does; that is asked over the socket (``context``).
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress
from time import monotonic
from typing import BinaryIO, NoReturn

from satchel.client.blocking import connect
from satchel.client.discover import find_layout
from satchel.model.errors import Denied, SatchelError, Unavailable
from satchel_cli.context import DAEMON_OUTPUT, home_arguments

START_S = 10.0
"""Reading a large store takes a second or two; what takes longer is stuck."""

STOP_S = 30.0
"""A drain ends what is under way; it does not wait for the hub."""

_LOOK_S = 0.05
_SAID_BYTES_MAX = 64 << 10


def command(*arguments: str) -> list[str]:
    """How ``satcheld`` is started: the script beside this interpreter, else its module."""
    script = os.path.join(os.path.dirname(sys.executable), "satcheld")
    # -P: a folder called `satchel` where the person happens to stand is not the package.
    program = [script] if os.access(script, os.X_OK) else [sys.executable, "-P", "-m", "satchel"]
    return [*program, *arguments]


def become(*arguments: str) -> NoReturn:
    """Hand over to ``satcheld``: this process is it from now on, signals and exit code too."""
    sys.stdout.flush()
    words = command(*arguments)
    os.execv(words[0], words)  # noqa: S606 - no shell is meant


def start() -> int:
    """Start the daemon by itself, wait until it answers and return its process id.

    Raises :class:`Unavailable` NOT_RUNNING with what it said where it ends at once,
    TIMEOUT where it does not answer in ``START_S``.
    """
    said = log_path(DAEMON_OUTPUT)
    with _open_output(said) as out:
        process = subprocess.Popen(
            command("run", *home_arguments()),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            cwd="/",
            start_new_session=True,
        )
    deadline = monotonic() + START_S
    while monotonic() < deadline:
        with suppress(subprocess.TimeoutExpired):
            raise _ended(process.wait(_LOOK_S), said)
        with suppress(SatchelError), connect(timeout=START_S) as client:
            client.ping()
            # It goes on without us: to wait for it is its new parent's business.
            process.returncode = 0
            return process.pid
    raise Unavailable(
        "TIMEOUT",
        f"The daemon (process {process.pid}) was started but does not answer yet.",
        "See what it is doing: satchel logs",
    )


def wait_until_gone(pid: int) -> None:
    """Wait until that process has ended.  Raises :class:`Unavailable` TIMEOUT."""
    deadline = monotonic() + STOP_S
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    except (AttributeError, OSError):  # not Linux, or an old kernel
        while monotonic() < deadline and _exists(pid):
            select.select([], [], [], _LOOK_S)
    else:
        try:
            if select.select([handle], [], [], STOP_S)[0]:
                return
        finally:
            os.close(handle)
    if _exists(pid):
        raise Unavailable(
            "TIMEOUT",
            f"The daemon (process {pid}) is still finishing what is under way.",
            "See what it is doing: satchel logs",
        )


def log_path(name: str) -> str:
    """A file among the logs of this layout."""
    return os.path.join(find_layout().logs, name)


def _open_output(path: str) -> BinaryIO:
    """What the daemon says on its terminal, where it has none: new with each start.

    Its log is a file of its own; here is only what never came as far as that.
    """
    try:
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        return open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600))
    except OSError as broken:
        raise Denied(
            "NOT_ALLOWED",
            f"{path} cannot be written: {broken.strerror}.",
            "See which folder is wrong: satchel doctor",
        ) from None


def _ended(code: int, path: str) -> Unavailable:
    with open(path, "rb") as file:
        said = file.read(_SAID_BYTES_MAX).decode(errors="replace").strip().splitlines()
    sentence = said[0].removeprefix("satcheld: ") if said else f"exit code {code}."
    return Unavailable(
        "NOT_RUNNING",
        f"The daemon ended at once: {sentence}",
        said[1].strip() if len(said) == 2 else f"See {path}, or run: satchel doctor",
        {"exit": code},
    )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
