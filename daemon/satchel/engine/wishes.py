"""Ops back into the words of the local API: for outbox, quarantine and a second try."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model import changeset as cs
from satchel.model.changeset import Entry, Op
from satchel.model.ids import id_text
from satchel.schema.catalog import Catalog
from satchel.schema.validate import from_stored


def wish_of(catalog: Catalog, op: Op) -> dict[str, Any]:
    """One op as ``change`` would take it.  A table or column retired since keeps its number."""
    code = op[0]
    wish: dict[str, Any] = {"do": cs.OP_NAMES[code]}
    if code in cs.LINK_OPS:
        link = catalog.link_number(op[1])
        wish["relationship"] = link.name if link is not None else str(op[1])
        wish["left"], wish["right"] = id_text(op[2]), id_text(op[3])
        return wish
    table = catalog.table_number(op[1])
    wish["table"] = table.name if table is not None else str(op[1])
    wish["id"] = id_text(op[2])
    if code in (cs.CREATE, cs.SET):
        wish["columns"] = _columns(catalog, op[1], op[3])
    elif code == cs.GROUP:
        wish["columns"] = _columns(catalog, op[1], op[4])
    elif code == cs.UPSERT:
        merged = dict(op[3])
        for group in op[4].values():
            merged.update(group)
        wish["columns"] = _columns(catalog, op[1], merged)
    return wish


def wishes_of(catalog: Catalog, entry: Entry) -> list[dict[str, Any]]:
    """All ops of a changeset, in order."""
    return [wish_of(catalog, op) for op in entry.ops]


def _columns(catalog: Catalog, number: int, values: Mapping[int, Any]) -> dict[str, Any]:
    table = catalog.table_number(number)
    if table is None:
        return {}
    columns = {}
    for column_number, stored in values.items():
        column = table.by_number.get(column_number)
        if column is not None:
            columns[column.name] = from_stored(catalog, table, column, stored)
    return columns
