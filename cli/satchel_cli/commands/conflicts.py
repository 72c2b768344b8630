"""``satchel conflicts``: values that lost to somebody who had not seen them."""

from __future__ import annotations

import shlex
from typing import Annotated, Any

import typer

from satchel_cli.context import daemon
from satchel_cli.groups import member, new_group
from satchel_cli.names import Names
from satchel_cli.options import Json, Org
from satchel_cli.output import note, print_fields, print_json, print_json_list, print_table, show

EXAMPLE = "satchel conflicts show 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77"

Plain = dict[str, Any]

group = new_group("Values that lost to somebody who had not seen them.", EXAMPLE, lists=True)


@group.callback()
def conflicts(
    context: typer.Context,
    closed_too: Annotated[bool, typer.Option("--all", metavar="", help="Closed ones too.")] = False,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """List values that were overwritten unseen; to take one back, set the column again."""
    if context.invoked_subcommand is not None:
        return
    with daemon(org) as client:
        found = client.conflicts(closed_too)
        if as_json:
            print_json_list("conflicts", found, {})
            return
        names = Names(client)
        print_table(
            ("id", "where", "lost", "won", "by"),
            (
                (
                    conflict["id"],
                    _place(conflict),
                    _value(conflict, "lost"),
                    _value(conflict, "won"),
                    names.of(conflict["won"]["by"]),
                )
                for conflict in found
            ),
            "No value was lost.",
        )


@member(group, "show", EXAMPLE)
def show_one(
    conflict_id: Annotated[str, typer.Argument(metavar="ID", help="As the list shows it.")],
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Show one of them: both values, whose they are and when they were written."""
    with daemon(org) as client:
        conflict = client.conflicts_show(conflict_id)
        if as_json:
            print_json(conflict)
            return
        names = Names(client)
        print_fields(
            {
                "conflict": conflict["id"],
                "kind": conflict["kind"],
                "where": _place(conflict),
                "row": conflict["row"],
                "state": "open" if conflict["open"] else "closed",
                **_side(conflict, "lost", names),
                **_side(conflict, "won", names),
            }
        )
    lost = conflict["lost"]["value"]
    if conflict["open"] and isinstance(lost, dict):
        columns = " ".join(shlex.quote(f"{name}={show(value)}") for name, value in lost.items())
        note(f"To take it back: satchel update {conflict['table']} {conflict['row']} {columns}")


def _place(conflict: Plain) -> str:
    """``account.name``, or the relationship whose link it is."""
    if "relationship" in conflict:
        return f"{conflict['relationship']} {conflict['left']} {conflict['right']}"
    return ".".join(name for name in (conflict["table"], conflict.get("column")) if name)


def _value(conflict: Plain, side: str) -> str:
    """The value on one side: columns that only change together are named."""
    value = conflict[side]["value"]
    if not isinstance(value, dict):
        return show(value)
    if len(value) == 1:
        return show(next(iter(value.values())))
    return ", ".join(f"{name}={show(part)}" for name, part in value.items())


def _side(conflict: Plain, side: str, names: Names) -> Plain:
    return {
        side: _value(conflict, side) or "(empty)",
        f"{side} by": names.of(conflict[side]["by"]),
        f"{side} at": conflict[side]["at"],
    }
