"""One table: its columns by name and number, its registers and its special columns.

Owns the indexes that writes need.  Must not know other tables: what connects tables is
a :class:`satchel.schema.relationship.Relationship`, and the catalogue holds both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model.kinds import Kind, Policy
from satchel.schema.column import Column


class Table:
    """A table of the catalogue.

    ``ownership``: user, organization, businessunit or none (Dataverse: OwnershipTypes).
    ``groups``: register number to the column numbers that only change together.
    ``policies``: every register number, lone columns included, to its merge policy.
    ``intersect``: the relationship whose links this table shows; such a table is read only.
    ``required``: columns that a new row must bring; ``defaults``: those it gets unless given.
    """

    __slots__ = (
        "activity",
        "by_number",
        "columns",
        "defaults",
        "entity_set",
        "groups",
        "id_column",
        "intersect",
        "label",
        "name",
        "number",
        "owner_column",
        "ownership",
        "plural",
        "policies",
        "primary_column",
        "required",
        "state_column",
        "status_column",
    )

    def __init__(self, entry: Mapping[str, Any]) -> None:
        self.name: str = entry["name"]
        self.number: int = entry["number"]
        self.label: str = entry["label"]
        self.plural: str = entry["plural"]
        self.entity_set: str = entry["set"]
        self.id_column: str = entry["id"]
        self.primary_column: str | None = entry.get("primary")
        self.ownership: str = entry["ownership"]
        self.activity: bool = entry.get("activity", False)
        self.intersect: str | None = entry.get("intersect")
        groups = entry.get("groups", {})
        self.columns = {
            name: Column(name, column, groups) for name, column in entry["columns"].items()
        }
        self._index(frozenset(groups.values()))

    def _index(self, group_numbers: frozenset[int]) -> None:
        columns = self.columns.values()
        self.by_number = {column.number: column for column in columns}
        members: dict[int, list[int]] = {number: [] for number in sorted(group_numbers)}
        self.policies: dict[int, Policy] = {}
        for column in columns:
            if column.register in members:
                members[column.register].append(column.number)
            self.policies[column.register] = max(
                column.policy, self.policies.get(column.register, Policy.LWW)
            )
        self.groups = {number: tuple(sorted(parts)) for number, parts in members.items()}
        self.state_column = _first(columns, Kind.STATE)
        self.status_column = _first(columns, Kind.STATUS)
        self.owner_column = self.columns.get("ownerid") if self.ownership == "user" else None
        self.required = tuple(column for column in columns if column.required)
        self.defaults = tuple(
            column
            for column in columns
            if column.default is not None and column.kind not in (Kind.STATE, Kind.STATUS)
        )

    def __repr__(self) -> str:
        return f"<Table {self.name} {self.number}>"


def _first(columns: Any, kind: Kind) -> Column | None:
    return next((column for column in columns if column.kind is kind), None)
