"""Ways through the catalogue that several tests share, and sample values."""

from __future__ import annotations

from typing import Any, Final

from satchel.model.kinds import Kind
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.table import Table

ROW_ID: Final = "018f0000-0000-7000-8000-000000000001"

USER: Final = (46, bytes(16))
"""A systemuser as an owner: numbers of tables stay what they are."""

_SAMPLES: Final[dict[Kind, Any]] = {
    Kind.STRING: "Ada",
    Kind.MEMO: "A note",
    Kind.INTEGER: 1,
    Kind.DECIMAL: "1.5",
    Kind.DATETIME: "2024-03-31T03:30:00Z",
    Kind.GUID: ROW_ID,
}


def tables(catalog: Catalog) -> list[Table]:
    """All tables."""
    return [catalog.table(name) for name in catalog.names()]


def columns(catalog: Catalog) -> list[tuple[Table, Column]]:
    """All columns, each with its table."""
    return [(table, column) for table in tables(catalog) for column in table.columns.values()]


def sample(column: Column) -> Any:
    """An API value that the column takes."""
    if column.kind is Kind.LOOKUP:
        return {"table": column.targets[0], "id": ROW_ID}
    if column.kind is Kind.CHOICE:
        return next(iter(column.options))
    return _SAMPLES[column.kind]
