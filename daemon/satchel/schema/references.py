"""Which rows a row refers to, as far as a delete of one matters to the other.

Owns the walk from stored lookup values to relationships, once for device and hub.  A
relationship whose delete behaviour is ``none`` (an owner, a creator) is left out: nothing
follows from it, so nothing is indexed for it.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.model.row import Values
from satchel.schema.catalog import Catalog
from satchel.schema.relationship import Relationship

CASCADE = "cascade"
RESTRICT = "restrict"
REMOVE_LINK = "remove_link"


class Reference(NamedTuple):
    """One lookup value: the relationship it belongs to, and the id of the row it names."""

    relation: Relationship
    target: bytes


class References:
    """The lookups of each table that matter to deletes, indexed when first asked for."""

    __slots__ = ("_by_table", "_catalog", "_columns")

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._by_table: dict[int, dict[int, dict[int, Relationship]]] = {}
        self._columns: dict[int, frozenset[int]] = {}

    def of(self, table: int, values: Values) -> list[Reference]:
        """The references among the stored values of a row, in the order of the values."""
        columns = self._by_table.get(table)
        if columns is None:
            columns = self._index(table)
        if columns.keys().isdisjoint(values.keys()):  # most rows name few others, many none
            return []
        found = []
        for column, value in values.items():
            targets = columns.get(column)
            if targets is not None and value is not None:
                relation = targets.get(value[0])
                if relation is not None:
                    found.append(Reference(relation, value[1]))
        return found

    def cascade_parents(self, table: int, values: Values) -> list[tuple[int, bytes]]:
        """(table, id) of the rows whose death is also this row's."""
        return [
            (relation.target_number, target)
            for relation, target in self.of(table, values)
            if relation.delete == CASCADE
        ]

    def remove_link_targets(
        self, table: int, values: Values
    ) -> list[tuple[int, tuple[int, bytes]]]:
        """(column, (table, id)) of each lookup that reads as null while its target is dead."""
        return [
            (relation.column_number, (relation.target_number, target))
            for relation, target in self.of(table, values)
            if relation.delete == REMOVE_LINK
        ]

    def relation(self, number: int) -> Relationship | None:
        """The 1:N relationship of that number, or None."""
        return self._catalog.relation_number(number)

    def columns(self, table: int) -> frozenset[int]:
        """The numbers of the lookup columns that matter to deletes."""
        columns = self._columns.get(table)
        if columns is None:
            columns = self._columns[table] = frozenset(self._index(table))
        return columns

    def _index(self, table: int) -> dict[int, dict[int, Relationship]]:
        columns: dict[int, dict[int, Relationship]] = {}
        for relation in self._catalog.lookups_of(table):
            if relation.delete != "none":
                columns.setdefault(relation.column_number, {})[relation.target_number] = relation
        self._by_table[table] = columns
        return columns
