"""All tables and relationships of one organisation at one schema version.

Owns the lookups by name and by number.  Opening costs an index of names; a table's columns
and a relationship are built when first asked for, because an app touches five tables of
eighty and the daemon must start fast (budget.md 6).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model.errors import Invalid
from satchel.schema.relationship import LinkType, Relationship
from satchel.schema.table import Table


class Catalog:
    """The schema document (:mod:`satchel.schema.document`), indexed.  Never changes."""

    __slots__ = (
        "_by_number",
        "_links",
        "_links_by_number",
        "_lookups",
        "_names",
        "_pointing",
        "_raw",
        "_relations",
        "_tables",
        "version",
    )

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.version: int = document["version"]
        self._raw: Mapping[str, Mapping[str, Any]] = document["tables"]
        self._tables: dict[str, Table] = {}
        self._names: dict[int, str] = {entry["number"]: name for name, entry in self._raw.items()}
        self._by_number: dict[int, Mapping[str, Any]] = {}
        self._pointing: dict[str, list[int]] = {}
        self._lookups: dict[str, list[int]] = {}
        for entry in document["relationships"]:
            number = entry["number"]
            self._by_number[number] = entry
            self._pointing.setdefault(entry["target"], []).append(number)
            self._lookups.setdefault(entry["table"], []).append(number)
        self._relations: dict[int, Relationship] = {}
        links = [LinkType(entry, self._raw) for entry in document["links"]]
        self._links = {link.name: link for link in links}
        self._links_by_number = {link.number: link for link in links}

    def table(self, name: str) -> Table:
        """The table of that logical name; Invalid UNKNOWN_TABLE if there is none."""
        table = self._tables.get(name)
        if table is None:
            entry = self._raw.get(name) if isinstance(name, str) else None
            if entry is None:
                raise _unknown("UNKNOWN_TABLE", "table", name)
            table = self._tables[name] = Table(entry)
        return table

    def table_number(self, number: int) -> Table | None:
        """The table of that number, or None."""
        name = self._names.get(number)
        return None if name is None else self.table(name)

    def number_of(self, name: str) -> int:
        """The number of a table that is known to be there, without building it."""
        number: int = self._raw[name]["number"]
        return number

    def names(self) -> list[str]:
        """The logical names of all tables, in the order of the document."""
        return list(self._raw)

    def relation(self, table: str, column: str, target: str) -> Relationship | None:
        """The relationship of one lookup column with one of its targets, or None."""
        for number in self._lookups.get(table, ()):
            entry = self._by_number[number]
            if entry["column"] == column and entry["target"] == target:
                return self.relation_number(number)
        return None

    def relation_number(self, number: int) -> Relationship | None:
        """The 1:N relationship of that number, or None."""
        relation = self._relations.get(number)
        if relation is None:
            entry = self._by_number.get(number)
            if entry is None:
                return None
            relation = self._relations[number] = Relationship(entry, self._raw)
        return relation

    def pointing_at(self, table_number: int) -> tuple[Relationship, ...]:
        """The relationships whose target is this table: where referring rows may be."""
        return self._all(self._pointing, table_number)

    def lookups_of(self, table_number: int) -> tuple[Relationship, ...]:
        """The relationships of this table's own lookup columns."""
        return self._all(self._lookups, table_number)

    def _all(self, index: Mapping[str, list[int]], table: int) -> tuple[Relationship, ...]:
        numbers = index.get(self._names.get(table, ""), ())
        found = (self.relation_number(number) for number in numbers)
        return tuple(relation for relation in found if relation is not None)

    def link(self, name: str) -> LinkType:
        """The N:N relationship of that name; Invalid UNKNOWN_RELATIONSHIP if there is none."""
        link = self._links.get(name) if isinstance(name, str) else None
        if link is None:
            raise _unknown("UNKNOWN_RELATIONSHIP", "relationship", name)
        return link

    def link_number(self, number: int) -> LinkType | None:
        """The N:N relationship of that number, or None."""
        return self._links_by_number.get(number)

    def links(self) -> list[LinkType]:
        """All N:N relationships, in the order of the document."""
        return list(self._links.values())


def _unknown(code: str, what: str, name: Any) -> Invalid:
    shown = repr(name)[:80]
    return Invalid(
        code,
        f"There is no {what} {shown} in this organisation.",
        f"Use the logical name of a {what}, in lower case.",
        {"table": name if what == "table" else None, "column": None, "rule": what, "value": shown},
    )
