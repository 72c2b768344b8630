"""``satchel upsert``: a row with this id and these values, whether it is there or not."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Columns, Json, JsonColumns, Org, RowId, Table
from satchel_cli.receipts import Wait, tell
from satchel_cli.values import read_columns

EXAMPLE = 'satchel upsert account 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77 name="Adventure Works"'


def upsert(
    table: Table,
    row_id: RowId,
    columns: Columns = None,
    json_columns: JsonColumns = None,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Create a row, or set its columns if it exists."""
    values = read_columns(columns or [], json_columns)
    with daemon(org) as client:
        receipt = client.upsert(table, row_id, values)
        tell(client, receipt, f"Upserted {table} {row_id}", wait_s=wait, as_json=as_json)
