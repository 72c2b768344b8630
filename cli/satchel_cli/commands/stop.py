"""``satchel stop``: the daemon ends."""

from __future__ import annotations

from satchel.model.errors import Unavailable
from satchel_cli.context import daemon
from satchel_cli.options import Json
from satchel_cli.output import print_json
from satchel_cli.satcheld import wait_until_gone

EXAMPLE = "satchel stop"


def stop(as_json: Json = False) -> None:
    """Stop the daemon; what is under way is finished first."""
    try:
        with daemon() as client:
            pid = client.status()["daemon"]["pid"]
            client.stop()
    except Unavailable as error:
        if error.code != "NOT_RUNNING":
            raise
        pid = None
    if pid is not None:
        wait_until_gone(pid)
    if as_json:
        print_json({"pid": pid, "stopped": pid is not None})
    else:
        print("The daemon was not running." if pid is None else "The daemon has stopped.")
