"""``satchel outbox``: work that the hub has not decided."""

from __future__ import annotations

import typer

from satchel_cli.changesets import deeds, print_ops
from satchel_cli.context import daemon
from satchel_cli.groups import member, new_group
from satchel_cli.options import Counter, Json, Org
from satchel_cli.output import moment, print_fields, print_json, print_json_list, print_table

EXAMPLE = "satchel outbox show 12"

group = new_group("Changesets that the hub has not decided.", EXAMPLE, lists=True)


@group.callback()
def outbox(context: typer.Context, org: Org = None, as_json: Json = False) -> None:
    """List the changesets that the hub has not decided."""
    if context.invoked_subcommand is not None:
        return
    with daemon(org) as client:
        entries = client.outbox()
        if as_json:
            print_json_list("entries", entries, {})
            return
        print_table(
            ("number", "written", "what"),
            ((entry["ctr"], moment(entry["time"]), deeds(entry["ops"])) for entry in entries),
            "The outbox is empty: the hub has decided everything.",
        )


@member(group, "show", EXAMPLE)
def show(number: Counter, org: Org = None, as_json: Json = False) -> None:
    """Show one of them in full."""
    with daemon(org) as client:
        entry = client.outbox_show(number)
    if as_json:
        print_json(entry)
        return
    print_fields(
        {"changeset": entry["ctr"], "written": moment(entry["time"]), "bytes": entry["bytes"]}
    )
    print_ops(entry["ops"])
