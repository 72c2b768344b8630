"""``satchel run``: the daemon, here in the foreground."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.context import home_arguments
from satchel_cli.satcheld import become

EXAMPLE = "satchel run --home /tmp/field-1"


def run(
    tcp: Annotated[
        bool,
        typer.Option(
            "--tcp", metavar="", help="Serve apps on a loopback port instead of a Unix socket."
        ),
    ] = False,
) -> None:
    """Run the daemon in the foreground; Ctrl-C ends it.  For service managers."""
    become("run", *home_arguments(), *(["--tcp"] if tcp else []))
