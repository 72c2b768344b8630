"""What a writing command says: what is stored here, and on demand what the hub made of it."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from satchel.client.blocking import Client
from satchel.client.rows import Receipt
from satchel.model.errors import Clash
from satchel_cli.output import print_json

Wait = Annotated[
    float | None,
    typer.Option(
        "--wait",
        metavar="SECONDS",
        min=0,
        help="Wait so long for the hub's verdict; refused work is an error.",
    ),
]
_ACCEPTED: Final = (None, "OK", "OK_MODIFIED")


def tell(
    client: Client, receipt: Receipt, deed: str, *, wait_s: float | None, as_json: bool
) -> None:
    """Print the receipt; ``deed`` says what was done, as ``Created account ID``.

    Raises TIMEOUT where the hub has not decided in ``wait_s`` seconds, :class:`Clash`
    REFUSED where it refused.
    """
    verdict = None if wait_s is None else client.wait(receipt, "visible", wait_s)
    if as_json:
        print_json(
            {
                "replica": receipt.replica,
                "ctr": receipt.ctr,
                "ids": receipt.ids,
                "version": receipt.version,
                "verdict": verdict,
            }
        )
    else:
        decided = "" if verdict is None else ", taken by the hub"
        if verdict is None or verdict["code"] in _ACCEPTED:
            print(f"{deed} (changeset {receipt.ctr}{decided}).")
    if verdict is not None and verdict["code"] not in _ACCEPTED:
        raise _refused(receipt, verdict)


def _refused(receipt: Receipt, verdict: dict[str, Any]) -> Clash:
    return Clash(
        "REFUSED",
        f"The hub refused changeset {receipt.ctr}: {verdict['code']}.",
        f"It is kept; see why and what to do: satchel quarantine show {receipt.ctr}",
        {"ctr": receipt.ctr, "code": verdict["code"], "detail": verdict["detail"]},
    )
