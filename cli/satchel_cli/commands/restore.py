"""``satchel restore``: a deleted row comes back."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Json, Org, RowId, Table
from satchel_cli.receipts import Wait, tell

EXAMPLE = "satchel restore account 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77"


def restore(
    table: Table, row_id: RowId, wait: Wait = None, org: Org = None, as_json: Json = False
) -> None:
    """Bring a deleted row back."""
    with daemon(org) as client:
        receipt = client.restore(table, row_id)
        tell(client, receipt, f"Restored {table} {row_id}", wait_s=wait, as_json=as_json)
