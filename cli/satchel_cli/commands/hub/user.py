"""``satchel hub user`` and ``invite``: who may join devices."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.groups import member, new_group
from satchel_cli.hub_line import ask
from satchel_cli.options import Json, Org
from satchel_cli.output import moment, print_json, print_table

EXAMPLE = 'satchel hub user add "Fay Field"'
INVITE_EXAMPLE = 'satchel hub invite "Fay Field"'

User = Annotated[str, typer.Argument(metavar="USER", help="A user's name or id.")]


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group."""
    users = new_group("Users of an organisation: who may join devices.", EXAMPLE, lists=False)
    member(users, "add", EXAMPLE)(add)
    member(users, "list", "satchel hub user list")(list_users)
    member(users, "disable", 'satchel hub user disable "Fay Field"')(disable)
    member(users, "enable", 'satchel hub user enable "Fay Field"')(enable)
    group.add_typer(users, name="user")
    member(group, "invite", INVITE_EXAMPLE)(invite)


def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The user's name.")],
    row_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="A systemuser row that is there already."),
    ] = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Add a user; then make an invite for each device."""
    user = ask("hub.user.add", org=org, name=name, id=row_id)
    if as_json:
        print_json(user)
    else:
        print(f"Added {user['name']} ({user['id']}).")


def list_users(org: Org = None, as_json: Json = False) -> None:
    """List the users."""
    answer = ask("hub.user.list", org=org)
    if as_json:
        print_json(answer)
        return
    print_table(
        ("id", "name", ""),
        (
            (user["id"], user["name"], "disabled" if user["disabled"] else "")
            for user in answer["users"]
        ),
        f"No users yet.  Add one with: {EXAMPLE}",
    )


def disable(user: User, org: Org = None, as_json: Json = False) -> None:
    """Shut a user out, and all devices of that user."""
    changed = ask("hub.user.disable", org=org, user=user)
    if as_json:
        print_json(changed)
    else:
        print(f"Disabled {changed['name']}: none of their devices is let in.")


def enable(user: User, org: Org = None, as_json: Json = False) -> None:
    """Let a disabled user in again."""
    changed = ask("hub.user.enable", org=org, user=user)
    if as_json:
        print_json(changed)
    else:
        print(f"Enabled {changed['name']}.")


def invite(user: User, org: Org = None, as_json: Json = False) -> None:
    """Make a code with which one device of a user joins, once."""
    made = ask("hub.invite", org=org, user=user)
    if as_json:
        print_json(made)
        return
    print(f"For one device of {user}, until {moment(made['expires'])}.  On that device:")
    print(f"\n  satchel join {_address()} {made['invite']}")


def _address() -> str:
    """Where devices reach the hub, as far as it knows."""
    listening: list[str] = ask("hub.status")["hub"].get("listen") or []
    return next(iter(listening), "HUB")
