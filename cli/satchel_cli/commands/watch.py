"""``satchel watch``: every change as it happens."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from satchel.client.blocking import Client
from satchel_cli.context import daemon
from satchel_cli.options import Json, Org
from satchel_cli.output import plain_text, print_json_line

EXAMPLE = "satchel watch --since 0 --once"

Plain = dict[str, Any]


def watch(
    since: Annotated[
        int | None,
        typer.Option(
            "--since", min=0, metavar="N", help="Begin behind this position; else from now on."
        ),
    ] = None,
    once: Annotated[
        bool, typer.Option("--once", metavar="", help="Show what there is, and end; needs --since.")
    ] = False,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Show each change of the records as it happens; Ctrl-C ends it.

    With --json each event is an object on a line of its own.
    """
    if once and since is None:
        raise typer.BadParameter("needs --since N", param_hint="--once")
    with daemon(org) as client:
        events = _until_now(client, since or 0) if once else client.watch(since)
        for event in events:
            if as_json:
                print_json_line(event)
            else:
                _print_event(event)


def _until_now(client: Client, since: int) -> Iterator[Plain]:
    """Everything after a position, as the events of a watch."""
    while True:
        answer = client.changes(since)
        if answer["reload"]:
            yield {"position": answer["position"], "reload": True}
        yield from answer["changes"]
        if answer["position"] <= since or not answer["changes"]:
            return
        since = answer["position"]


def _print_event(event: Plain) -> None:
    position = event["position"]
    if event.get("reload"):
        print(f"{position}  read afresh: more has changed than is told one by one", flush=True)
    for line in event.get("rows", ()):
        print(f"{position}  {plain_text(_words(line))}", flush=True)


def _words(line: Plain) -> str:
    match line:
        case {"kind": ("link" | "unlink") as kind, "relationship": relationship}:
            return f"{kind} {relationship} {line['left']} {line['right']}"
        case {"kind": "outcome", "ctr": ctr, "code": code}:
            return f"outcome changeset {ctr} {code}"
        case {"kind": kind, "table": table, "id": row_id}:
            return f"{kind} {table} {row_id}"
    return str(line.get("kind"))
