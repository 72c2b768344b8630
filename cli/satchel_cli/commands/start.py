"""``satchel start``: the daemon, by itself in the background."""

from __future__ import annotations

from contextlib import suppress

from satchel.model.errors import SatchelError
from satchel_cli import satcheld
from satchel_cli.context import daemon
from satchel_cli.options import Json
from satchel_cli.output import print_json

EXAMPLE = "satchel start"


def start(as_json: Json = False) -> None:
    """Start the daemon in the background, if it is not running."""
    pid = None
    with suppress(SatchelError), daemon() as client:
        pid = client.status()["daemon"]["pid"]
    started = pid is None
    if pid is None:
        pid = satcheld.start()
    if as_json:
        print_json({"pid": pid, "started": started})
    elif started:
        print(f"The daemon runs (process {pid}).")
    else:
        print(f"The daemon was running already (process {pid}).")
