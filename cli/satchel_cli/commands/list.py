"""``satchel list``: the rows of a table, or the rows linked to one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from satchel.client.blocking import Client
from satchel.model.limits import LIST_ROWS_DEFAULT, LIST_ROWS_MAX
from satchel_cli.context import daemon
from satchel_cli.options import Json, Org
from satchel_cli.output import note, print_json_list, print_table
from satchel_cli.values import read_names

EXAMPLE = "satchel list account --columns name,address1_city --limit 20"

Plain = dict[str, Any]


def list_rows(
    table: Annotated[
        str, typer.Argument(metavar="TABLE", help="A table; with --of, a relationship.")
    ],
    columns: Annotated[
        str | None,
        typer.Option("--columns", metavar="A,B", help="Which columns; else the row's name."),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", min=0, metavar="N", help="At most so many; 0: all.")
    ] = LIST_ROWS_DEFAULT,
    after: Annotated[
        str | None, typer.Option("--after", metavar="ID", help="Go on behind this id.")
    ] = None,
    of: Annotated[
        str | None, typer.Option("--of", metavar="ID", help="The rows linked to this one.")
    ] = None,
    side: Annotated[
        str, typer.Option("--side", metavar="left|right", help="On which side that one stands.")
    ] = "left",
    org: Org = None,
    as_json: Json = False,
) -> None:
    """List the rows of a table in the order of their ids."""
    with daemon(org) as client:
        if of is not None:
            pages = _Pages(client, "links", "ids", relationship=table, id=of, side=side)
            rows: Iterator[Any] = pages.items(after, limit)
            if as_json:
                print_json_list("ids", rows, pages.rest)
            else:
                print_table(("id",), ((row_id,) for row_id in rows), "No row is linked to it.")
        else:
            shown = read_names(columns)
            if shown is None and not as_json:
                shown = _usual_columns(client, table)
            pages = _Pages(client, "list", "rows", table=table, columns=shown)
            rows = pages.items(after, limit)
            if as_json:
                print_json_list("rows", rows, pages.rest)
            else:
                _print_rows(rows, shown or [])
    if pages.rest["next"] is not None and not as_json:
        note(f"There are more; go on with: --after {pages.rest['next']}")


class _Pages:
    """One listing, read page by page; ``rest`` says where it stopped."""

    def __init__(self, client: Client, command: str, name: str, **arguments: Any) -> None:
        self._client = client
        self._command = command
        self._name = name
        self._arguments = arguments
        self.rest: Plain = {"next": None}

    def items(self, after: str | None, limit: int) -> Iterator[Any]:
        """The items behind ``after``, at most ``limit`` (0: all)."""
        left = limit
        while True:
            size = min(left, LIST_ROWS_MAX) if limit else LIST_ROWS_MAX
            page = self._client.call(self._command, **self._arguments, after=after, limit=size)
            yield from page[self._name]
            left -= len(page[self._name])
            after = self.rest["next"] = page["next"]
            if after is None or (limit and left <= 0):
                return


def _usual_columns(client: Client, table: str) -> list[str]:
    """What a person knows a row by."""
    name = client.table(table)["primary"]
    return [*([name] if name else []), "modifiedon"]


def _print_rows(rows: Iterator[Plain], columns: list[str]) -> None:
    marked = (
        (
            row["id"],
            *(row["columns"].get(name) for name in columns),
            "undecided" if row["pending"] else "",
        )
        for row in rows
    )
    print_table(("id", *columns, ""), marked, "The table has no rows here.")
