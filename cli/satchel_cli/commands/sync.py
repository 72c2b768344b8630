"""``satchel sync``: now, pause, resume, wait."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from satchel_cli.context import daemon
from satchel_cli.download import all_decided
from satchel_cli.options import Json, Org
from satchel_cli.output import counted, print_json

EXAMPLE = "satchel sync wait --timeout 60"


class Action(StrEnum):
    """What to do about synchronising."""

    NOW = "now"
    PAUSE = "pause"
    RESUME = "resume"
    WAIT = "wait"


def sync(
    action: Annotated[
        Action,
        typer.Argument(
            help="now: without waiting for the next turn.  pause, resume: until said otherwise.  "
            "wait: until the hub has decided everything and it shows here."
        ),
    ] = Action.NOW,
    timeout: Annotated[
        float | None,
        typer.Option("--timeout", metavar="SECONDS", min=0, help="Wait no longer than this."),
    ] = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Synchronise with the office now, pause, resume, or wait until all is decided."""
    with daemon(org) as client:
        if action is Action.WAIT:
            result = all_decided(client, timeout, quiet=as_json)
        else:
            result = client.sync(action.value, timeout)
    if as_json:
        print_json(result)
    else:
        print(summary(result))


def summary(org: dict[str, Any]) -> str:
    """An organisation's state in one line."""
    parts = [
        counted(org["outbox"], "change waits", "changes wait") if org["outbox"] else "",
        f"{org['quarantine']:,} refused" if org["quarantine"] else "",
        counted(org["conflicts"], "conflict") if org["conflicts"] else "",
    ]
    said = ", ".join(part for part in parts if part) or "nothing waits"
    return f"{org['org']}: {org['state']}; {said}."
