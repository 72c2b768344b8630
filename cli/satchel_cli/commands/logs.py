"""``satchel logs``: what the daemon, or a hub, has written about what it does."""

from __future__ import annotations

import os
import sys
from collections import deque
from typing import Annotated

import typer

from satchel.model.errors import Missing
from satchel_cli.context import DAEMON_LOG, HUB_LOG
from satchel_cli.satcheld import log_path

EXAMPLE = "satchel logs --follow"

_BYTES_MAX = 8 << 20


def logs(
    lines: Annotated[
        int, typer.Option("--lines", "-n", min=0, metavar="N", help="The last so many.")
    ] = 50,
    follow: Annotated[
        bool,
        typer.Option(
            "--follow", "-f", metavar="", help="Go on with what is written; Ctrl-C ends it."
        ),
    ] = False,
    of_hub: Annotated[bool, typer.Option("--hub", metavar="", help="The log of the hub.")] = False,
) -> None:
    """Show the end of the daemon's log."""
    path = log_path(HUB_LOG if of_hub else DAEMON_LOG)
    if not os.path.exists(path):
        raise Missing(
            "NO_SUCH_ENTRY",
            f"There is no log yet at {path}.",
            "It is written by a daemon that was started with: satchel start",
        )
    if follow:
        # The system's own tool knows files that grow, shrink and are replaced.
        os.execvp("tail", ["tail", "-n", str(lines), "-F", path])  # noqa: S606 - no shell is meant
    sys.stdout.writelines(_last_lines(path, lines))


def _last_lines(path: str, count: int) -> deque[str]:
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - _BYTES_MAX))
        return deque((line.decode(errors="replace") for line in file), maxlen=count)
