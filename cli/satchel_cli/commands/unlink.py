"""``satchel unlink``: two rows belong together no more."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Json, Left, Org, Relationship, Right
from satchel_cli.receipts import Wait, tell

EXAMPLE = (
    "satchel unlink contactleads_association 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77 "
    "0198c5d2-7002-7a30-8000-55d0a1b6c3f4"
)


def unlink(
    relationship: Relationship,
    left: Left,
    right: Right,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Take the link between two rows away."""
    with daemon(org) as client:
        receipt = client.unlink(relationship, left, right)
        tell(client, receipt, f"Unlinked {left} and {right}", wait_s=wait, as_json=as_json)
