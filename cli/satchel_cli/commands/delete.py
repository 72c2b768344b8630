"""``satchel delete``: a row goes, and can be restored."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Json, Org, RowId, Table, Version
from satchel_cli.receipts import Wait, tell

EXAMPLE = "satchel delete account 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77"


def delete(
    table: Table,
    row_id: RowId,
    version: Version = None,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Delete a row; `satchel restore` brings it back."""
    with daemon(org) as client:
        receipt = client.delete(table, row_id, version)
        tell(client, receipt, f"Deleted {table} {row_id}", wait_s=wait, as_json=as_json)
