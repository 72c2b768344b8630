"""``satchel demo``: a field day on this machine, in half a minute."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.options import Json
from satchel_cli.satcheld import become

EXAMPLE = "satchel demo --seed 7"


def demo(
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", min=0, help="The same edits and cuts each time."),
    ] = None,
    as_json: Json = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave the stores of the day, to look around in.")
    ] = False,
) -> None:
    """Watch a hub and four devices go through a bad day and lose nothing."""
    become(
        "demo",
        *([] if seed is None else ["--seed", str(seed)]),
        *(["--json"] if as_json else []),
        *(["--keep"] if keep else []),
    )
