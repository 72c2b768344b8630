"""``satchel status``, the long way: where ``glance`` did not understand what it heard."""

from __future__ import annotations

import typer

from satchel_cli.context import daemon
from satchel_cli.glance import WIDTH_MAX, WIDTH_MIN
from satchel_cli.options import Json
from satchel_cli.output import terminal_width

EXAMPLE = "satchel status"


def status(as_json: Json = False) -> None:
    """Show how this device stands to the office: online or not, what waits, what was refused."""
    width = max(WIDTH_MIN, min(terminal_width(), WIDTH_MAX))
    with daemon() as client:
        answer = client.call("status.text", width=width, json=as_json)
    print(answer["text"].rstrip("\n"))
    if answer["exit"]:
        raise typer.Exit(answer["exit"])
