"""``satchel get``: one row with its columns."""

from __future__ import annotations

from typing import Annotated

import typer

from satchel_cli.context import daemon
from satchel_cli.options import Json, Org, RowId, Table
from satchel_cli.output import note, print_fields, print_json
from satchel_cli.values import read_names

EXAMPLE = "satchel get account 0198c5d2-6f1e-7a30-8000-3b1f0c9a2e77 --columns name,telephone1"


def get(
    table: Table,
    row_id: RowId,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Only these columns.")
    ] = None,
    org: Org = None,
    as_json: Json = False,
) -> None:
    """Show a row.  Columns that are empty are left out."""
    with daemon(org) as client:
        row = client.get(table, row_id, read_names(columns))
    if as_json:
        print_json(
            {
                "table": row.table,
                "id": row.id,
                "version": row.version,
                "pending": row.pending,
                "columns": row.columns,
            }
        )
        return
    print_fields({"table": row.table, "id": row.id, "version": row.version, **row.columns})
    if row.pending:
        note("It shows work that the hub has not decided: satchel outbox")
