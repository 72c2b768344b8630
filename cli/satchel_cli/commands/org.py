"""``satchel org``: the organisations of this device, their tables, and leaving one."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from satchel_cli.context import daemon
from satchel_cli.groups import member, new_group
from satchel_cli.options import Json, Org, Table
from satchel_cli.output import print_fields, print_json, print_table, show

EXAMPLE = "satchel org table account"

group = new_group(
    "The organisations this device has joined, and their tables.", EXAMPLE, lists=True
)


@group.callback()
def org(context: typer.Context, as_json: Json = False) -> None:
    """List the organisations that this device has joined."""
    if context.invoked_subcommand is not None:
        return
    with daemon() as client:
        joined = client.orgs()
    if as_json:
        print_json({"orgs": joined})
        return
    print_table(
        ("organisation", "state", "user", "device", "rows", "outbox", "refused", "hub"),
        (
            (
                each["org"],
                each["state"],
                each["user_name"],
                each["device"],
                each["rows"],
                each["outbox"],
                each["quarantine"],
                each["hub"],
            )
            for each in joined
        ),
        "No organisation yet.  Join one with: satchel join HUB INVITE",
    )


@member(group, "tables", "satchel org tables")
def tables(organisation: Org = None, as_json: Json = False) -> None:
    """List the tables of an organisation."""
    with daemon(organisation) as client:
        found = client.tables()
    if as_json:
        print_json(found)
        return
    print_table(
        ("table", "label", "named by", "owned by"),
        (
            (table["name"], table["label"], table["primary"], table["ownership"])
            for table in found["tables"]
        ),
        "There are no tables.",
    )


@member(group, "table", EXAMPLE)
def table(name: Table, organisation: Org = None, as_json: Json = False) -> None:
    """Show a table and its columns: what each takes."""
    with daemon(organisation) as client:
        found = client.table(name)
    if as_json:
        print_json(found)
        return
    print_fields(
        {
            "table": found["name"],
            "label": found["label"],
            "named by": found["primary"],
            "owned by": found["ownership"],
        }
    )
    print()
    print_table(
        ("column", "label", "takes"),
        ((column["name"], column.get("label"), _takes(column)) for column in found["columns"]),
        "It has no columns.",
    )


@member(group, "digest", "satchel org digest --json")
def digest(organisation: Org = None, as_json: Json = False) -> None:
    """Show the base digest: two devices are equal where it is, at the same cursor."""
    with daemon(organisation) as client:
        found = client.digest()
    if as_json:
        print_json(found)
    else:
        print_fields(found)


@member(group, "leave", 'satchel org leave "Adventure Works"')
def leave(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As satchel org shows it.")],
    discard: Annotated[
        bool,
        typer.Option(
            "--discard", metavar="", help="Even if work is lost that the hub has not decided."
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Leave an organisation: its records leave this device."""
    with daemon() as client:
        result = client.org_leave(name, discard)
    if as_json:
        print_json(result)
    else:
        print(f"Left {name}.")


def _takes(column: dict[str, Any]) -> str:
    """The kind of a column and what bounds it."""
    words = [
        str(column.get("kind", "")),
        "required" if column.get("required") else "",
        "read only" if column.get("readonly") else "",
        f"at most {column['max_length']} characters" if column.get("max_length") else "",
        f"rows of {show(column['targets'])}" if column.get("targets") else "",
    ]
    return ", ".join(word for word in words if word)
