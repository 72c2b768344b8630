"""``satchel join``: this device becomes one of an organisation's."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.context import absolute, daemon
from satchel_cli.download import first_download
from satchel_cli.options import Json
from satchel_cli.output import counted, print_json

EXAMPLE = "satchel join https://hub.example.com:7443 K7QF-2M5X-9TRD-4WHA --device field-laptop"


def join(
    hub: Annotated[str, typer.Argument(metavar="HUB", help="The hub's address, a URL.")],
    invite: Annotated[
        str, typer.Argument(metavar="INVITE", help="The code that the office gave you.")
    ],
    device: Annotated[
        str | None,
        typer.Option("--device", metavar="NAME", help="What to call this device at the office."),
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", metavar="", help="Plain HTTP, beyond this machine too.")
    ] = False,
    authority: Annotated[
        str | None,
        typer.Option("--ca", metavar="FILE", help="PEM file of who signed the hub's certificate."),
    ] = None,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", metavar="", help="Do not wait for the first download.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Join an organisation with an invite and download its records."""
    with daemon() as client:
        joined = client.join(hub, invite, device, insecure, authority and absolute(authority))
        if not as_json:
            print(f"Joined {joined['org']} as device {joined['device']}.", flush=True)
        if not no_wait:
            status = first_download(client, joined["org"], quiet=as_json)
            if not as_json:
                print(f"{counted(status['rows'], 'row')} here; everything works offline now.")
    if as_json:
        print_json(joined)
