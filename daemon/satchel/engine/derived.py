"""A row as an app reads it: names and API values, with what is read off the stamps.

Nobody writes createdon, createdby, modifiedon, modifiedby and versionnumber: they follow
from the create's stamp, the newest stamp and the row's seq (sync.md 1.1).  Owner parts and
full names follow from other columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from satchel.model import hlc
from satchel.model.ids import id_text
from satchel.model.row import BASE, HLC, ORIGIN, SEQ, Row, newest_stamp, visible_values
from satchel.schema.catalog import Catalog
from satchel.schema.dates import moment_text
from satchel.schema.table import Table
from satchel.schema.validate import from_stored

UserOf = Callable[[int], bytes]
"""From an origin number to the id of the user behind it."""


def api_columns(
    catalog: Catalog, table: Table, row: Row, user_of: UserOf, wanted: Collection[str] | None = None
) -> dict[str, Any]:
    """Column name to API value, null columns left out; ``wanted`` narrows it."""
    columns: dict[str, Any] = {}
    for number, stored in visible_values(row).items():
        column = table.by_number.get(number)
        if column is not None and (wanted is None or column.name in wanted):
            columns[column.name] = from_stored(catalog, table, column, stored)
    derived = _platform_columns(table, row, user_of) | _full_names(table, row)
    columns |= {
        name: value
        for name, value in derived.items()
        if name in table.columns and (wanted is None or name in wanted)
    }
    return columns


def _platform_columns(table: Table, row: Row, user_of: UserOf) -> dict[str, Any]:
    created, modified = row[BASE], newest_stamp(row)
    values: dict[str, Any] = {
        "createdon": moment_text(hlc.to_ms(created[HLC])),
        "createdby": _user(user_of(created[ORIGIN])),
        "modifiedon": moment_text(hlc.to_ms(modified[HLC])),
        "modifiedby": _user(user_of(modified[ORIGIN])),
        "versionnumber": row[SEQ],
    }
    return values


def _user(user: bytes) -> dict[str, str]:
    return {"table": "systemuser", "id": id_text(user)}


def _full_names(table: Table, row: Row) -> dict[str, str]:
    column = table.columns.get("fullname")
    if column is None or column.derived != "fullname":
        return {}
    parts = [_part(table, row, name) for name in ("firstname", "middlename", "lastname")]
    full = " ".join(part for part in parts if part)
    return {"fullname": full} if full else {}


def _part(table: Table, row: Row, name: str) -> str | None:
    column = table.columns.get(name)
    if column is None:
        return None
    value: str | None = visible_values(row).get(column.number)
    return value
