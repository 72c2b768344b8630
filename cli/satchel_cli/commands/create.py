"""``satchel create``: a new row."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.context import daemon
from satchel_cli.options import Columns, Json, JsonColumns, Org, Table
from satchel_cli.receipts import Wait, tell
from satchel_cli.values import read_columns

EXAMPLE = 'satchel create account name="Adventure Works" creditlimit=5000'


def create(
    table: Table,
    columns: Columns = None,
    json_columns: JsonColumns = None,
    row_id: Annotated[
        str | None,
        typer.Option("--id", metavar="ID", help="The new row's id; made up if not given."),
    ] = None,
    wait: Wait = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Create a row."""
    values = read_columns(columns or [], json_columns)
    with daemon(org) as client:
        receipt = client.create(table, values, row_id)
        tell(client, receipt, f"Created {table} {receipt.id}", wait_s=wait, as_json=as_json)
