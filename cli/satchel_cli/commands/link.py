"""``satchel link``: two rows belong together."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Json, Left, Org, Relationship, Right
from satchel_cli.receipts import Wait, tell

EXAMPLE = (
    "satchel link contactleads_association 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77 "
    "0198c5d2-7002-7a30-8000-55d0a1b6c3f4"
)


def link(
    relationship: Relationship,
    left: Left,
    right: Right,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Link two rows of a many-to-many relationship."""
    with daemon(org) as client:
        receipt = client.link(relationship, left, right)
        tell(client, receipt, f"Linked {left} and {right}", wait_s=wait, as_json=as_json)
