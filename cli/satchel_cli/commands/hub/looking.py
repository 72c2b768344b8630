"""``satchel hub status`` and ``log``: what the hub has, and in what order it took it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from satchel.model.limits import LIST_ROWS_DEFAULT, LIST_ROWS_MAX
from satchel_cli.groups import member
from satchel_cli.hub_line import ask
from satchel_cli.options import Json, Org
from satchel_cli.output import note, plain_text, print_fields, print_json, print_table, show

EXAMPLE = "satchel hub log --after 1200"


def add_to(group: typer.Typer) -> None:
    """Put the commands into the group."""
    member(group, "status", "satchel hub status")(status)
    member(group, "log", EXAMPLE)(log)


def status(as_json: Json = False) -> None:
    """Show the hub and its organisations."""
    answer = ask("hub.status")
    if as_json:
        print_json(answer)
        return
    hub = answer["hub"]
    listening = show(hub.get("listen") or [])
    print_fields(
        {
            "hub": f"running (process {hub['pid']})" if listening else "not running",
            "version": hub["version"],
            "listens": listening or None,
        }
    )
    print()
    columns = ("org", "head", "rows", "links", "users", "devices", "connected", "schema")
    print_table(
        ("organisation", *columns[1:]),
        ([org[name] for name in columns] for org in answer["orgs"]),
        'No organisation yet.  Found one with: satchel hub init --org "Adventure Works"',
    )
    for org in answer["orgs"]:
        for fault in org["faults"]:
            note(plain_text(f"!! {org['org']}: {fault}"))


def log(
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="SEQ", help="Begin behind this number.")
    ] = 0,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=LIST_ROWS_MAX, metavar="N", help="So many.")
    ] = LIST_ROWS_DEFAULT,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Show what the hub decided, in its order: number, whose changeset, outcome."""
    answer = ask("hub.log", org=org, after=after, limit=limit)
    if as_json:
        print_json(answer)
        return
    print_table(("seq", "replica", "changeset", "outcome", ""), answer["log"], "Nothing yet.")
    last: Any = answer["log"][-1][0] if answer["log"] else after
    if last < answer["head"]:
        note(f"There is more; go on with: --after {last}")
