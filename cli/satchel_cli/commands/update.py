"""``satchel update``: other values in a row that is there."""

from __future__ import annotations

from satchel_cli.context import daemon
from satchel_cli.options import Columns, Json, JsonColumns, Org, RowId, Table, Version
from satchel_cli.receipts import Wait, tell
from satchel_cli.values import read_columns

EXAMPLE = (
    "satchel update account 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77 telephone1='+31 20 555 0100' fax="
)


def update(
    table: Table,
    row_id: RowId,
    columns: Columns = None,
    json_columns: JsonColumns = None,
    version: Version = None,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Set columns of a row; an empty value clears one."""
    values = read_columns(columns or [], json_columns)
    with daemon(org) as client:
        receipt = client.update(table, row_id, values, version)
        tell(client, receipt, f"Updated {table} {row_id}", wait_s=wait, as_json=as_json)
