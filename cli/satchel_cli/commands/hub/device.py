"""``satchel hub device``: the devices that joined, and shutting one out."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.groups import member, new_group
from satchel_cli.hub_line import ask
from satchel_cli.options import Json, Org
from satchel_cli.output import moment, print_json, print_table

EXAMPLE = "satchel hub device revoke field-laptop"


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group."""
    devices = new_group("Devices that joined an organisation.", EXAMPLE, lists=False)
    member(devices, "list", "satchel hub device list")(list_devices)
    member(devices, "revoke", EXAMPLE)(revoke)
    group.add_typer(devices, name="device")


def list_devices(org: Org = None, as_json: Json = False) -> None:
    """List the devices: whose they are, and when each was last here."""
    answer = ask("hub.device.list", org=org)
    if as_json:
        print_json(answer)
        return
    names = {user["id"]: user["name"] for user in ask("hub.user.list", org=org)["users"]}
    print_table(
        ("id", "name", "user", "state", "last seen", "valid until", "changes"),
        (
            (
                device["id"],
                device["name"],
                names.get(device["user"], device["user"]),
                device["state"],
                moment(device["last_seen"]),
                moment(device["not_after"]),
                device["processed"],
            )
            for device in answer["devices"]
        ),
        'No device yet.  Invite one with: satchel hub invite "Fay Field"',
    )


def revoke(
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="A device's name or id.")],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Shut a device out for good: one that was lost or stolen."""
    revoked = ask("hub.device.revoke", org=org, device=device)
    if as_json:
        print_json(revoked)
    else:
        print(f"Revoked {revoked['name']}: nothing more comes from it, nothing goes to it.")
