"""``satchel version``: of this command and of the running daemon."""

from __future__ import annotations

from satchel.client.blocking import connect
from satchel.model.errors import Unavailable
from satchel_cli import __version__
from satchel_cli.context import other_version
from satchel_cli.options import Json
from satchel_cli.output import note, print_fields, print_json

EXAMPLE = "satchel version --json"


def version(as_json: Json = False) -> None:
    """Show the version of this command and of the running daemon."""
    try:
        with connect() as client:
            running: str | None = client.daemon_version
    except Unavailable:
        running = None
    if as_json:
        print_json({"satchel": __version__, "daemon": running})
        return
    print_fields({"satchel": __version__, "daemon": running or "not running"})
    if running is not None and running != __version__:
        note(other_version(running))
