"""``satchel quarantine``: work that the hub refused, and what can be done about it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from satchel.client.rows import Receipt
from satchel.model.errors import Mistake
from satchel_cli.changesets import deeds, print_ops
from satchel_cli.context import daemon
from satchel_cli.groups import member, new_group
from satchel_cli.options import Columns, Counter, Json, JsonColumns, Org, Replica
from satchel_cli.output import (
    counted,
    moment,
    print_fields,
    print_json,
    print_json_list,
    print_table,
)
from satchel_cli.values import read_columns

EXAMPLE = "satchel quarantine edit 12 creditlimit=5000"

group = new_group(
    "Changesets that the hub refused, and what depended on them.", EXAMPLE, lists=True
)


@group.callback()
def quarantine(context: typer.Context, org: Org = None, as_json: Json = False) -> None:
    """List what the hub refused: it is kept until you retry, change or discard it."""
    if context.invoked_subcommand is not None:
        return
    with daemon(org) as client:
        entries = client.quarantine()
        if as_json:
            print_json_list("entries", entries, {})
            return
        print_table(
            ("number", "refused", "code", "what", "why"),
            (
                (
                    entry["ctr"],
                    moment(entry["time"]),
                    entry["code"],
                    deeds(entry["ops"]),
                    entry["message"],
                )
                for entry in entries
            ),
            "Nothing was refused.",
        )


@member(group, "show", "satchel quarantine show 12")
def show(number: Counter, replica: Replica = None, org: Org = None, as_json: Json = False) -> None:
    """Show one of them: what it would do, and why it was refused."""
    with daemon(org) as client:
        entry = client.quarantine_show(number, replica)
    if as_json:
        print_json(entry)
        return
    cause = entry["cause"]
    print_fields(
        {
            "changeset": entry["ctr"],
            "replica": entry["replica"],
            "refused": moment(entry["time"]),
            "because": f"{entry['code']}: {entry['message']}",
            "it needs": f"changeset {cause['ctr']}" if cause else None,
            "depend on it": entry["dependants"] or None,
        }
    )
    print_ops(entry["ops"])


@member(group, "retry", "satchel quarantine retry 12")
def retry(
    number: Counter,
    alone: Annotated[
        bool, typer.Option("--alone", metavar="", help="Leave what depends on it where it is.")
    ] = False,
    replica: Replica = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Submit it again as it is, and after it what depends on it."""
    with daemon(org) as client:
        _tell(number, client.quarantine_retry(number, not alone, replica), as_json=as_json)


@member(group, "edit", EXAMPLE)
def edit(
    number: Counter,
    columns: Columns = None,
    json_columns: JsonColumns = None,
    op: Annotated[
        int, typer.Option("--op", min=0, metavar="N", help="Which of its ops, from 0.")
    ] = 0,
    replica: Replica = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Change columns of it and submit it again."""
    values = read_columns(columns or [], json_columns)
    with daemon(org) as client:
        _tell(number, client.quarantine_edit(number, values, op, replica), as_json=as_json)


@member(group, "discard", "satchel quarantine discard 12 --yes")
def discard(
    number: Counter,
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Do not ask.")] = False,
    replica: Replica = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Give it up, for good."""
    if not yes:
        _ask(number)
    with daemon(org) as client:
        result = client.quarantine_discard(number, replica)
    if as_json:
        print_json(result)
    else:
        print(f"Discarded changeset {number}.")


@member(group, "export", "satchel quarantine export > refused.json")
def export(
    number: Annotated[
        int | None, typer.Argument(metavar="NUMBER", help="Only this one; else all.")
    ] = None,
    replica: Replica = None,
    org: Org = None,
    as_json: Annotated[bool, typer.Option("--json", hidden=True, help="It always is.")] = False,
) -> None:
    """Print them in full as JSON, to keep or to send to somebody."""
    with daemon(org) as client:
        print_json(client.quarantine_export(number, replica))


def _ask(number: int) -> None:
    """A person is asked; a program must say that it means it."""
    if not sys.stdin.isatty():
        raise Mistake(
            "BAD_REQUEST",
            f"Changeset {number} would be gone for good.",
            "Say --yes, or keep a copy first: satchel quarantine export",
        )
    typer.confirm(f"Changeset {number} will be gone for good. Discard it?", abort=True)


def _tell(number: int, receipts: Sequence[Receipt], *, as_json: bool) -> None:
    if as_json:
        plain: list[dict[str, Any]] = [
            {
                "replica": receipt.replica,
                "ctr": receipt.ctr,
                "ids": receipt.ids,
                "version": receipt.version,
            }
            for receipt in receipts
        ]
        print_json({"receipts": plain})
        return
    numbers = ", ".join(str(receipt.ctr) for receipt in receipts)
    print(f"Submitted {number} again as {counted(len(receipts), 'changeset')}: {numbers}.")
