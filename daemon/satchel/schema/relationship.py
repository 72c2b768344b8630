"""What connects tables: lookups with their behaviour (1:N) and links (N:N).

Owns the vocabulary of behaviours (Dataverse: CascadeConfiguration).  Must not know how a
behaviour is carried out: device and hub derive that from ``delete`` (sync.md 1.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

DELETE_BEHAVIOURS: Final = frozenset({"cascade", "restrict", "remove_link", "none"})
CASCADE_BEHAVIOURS: Final = frozenset({"cascade", "active", "user_owned", "none"})


class Relationship:
    """One lookup column and one of its targets: ``table.column`` refers to ``target``.

    ``delete`` says what becomes of the referring row when its target dies; ``assign``,
    ``share``, ``unshare`` and ``reparent`` whether that action reaches the referring row.
    """

    __slots__ = (
        "assign",
        "column",
        "column_number",
        "delete",
        "name",
        "number",
        "reparent",
        "share",
        "table",
        "table_number",
        "target",
        "target_number",
        "unshare",
    )

    def __init__(self, entry: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.name: str = entry["name"]
        self.number: int = entry["number"]
        self.table: str = entry["table"]
        self.column: str = entry["column"]
        self.target: str = entry["target"]
        self.delete: str = entry["delete"]
        self.assign: str = entry.get("assign", "none")
        self.share: str = entry.get("share", "none")
        self.unshare: str = entry.get("unshare", "none")
        self.reparent: str = entry.get("reparent", "none")
        self.table_number: int = tables[self.table]["number"]
        self.column_number: int = tables[self.table]["columns"][self.column]["number"]
        self.target_number: int = tables[self.target]["number"]

    def __repr__(self) -> str:
        return f"<Relationship {self.name}: {self.table}.{self.column} to {self.target}>"


class LinkType:
    """An N:N relationship: rows of ``left`` and of ``right``, in this order, form its links."""

    __slots__ = ("intersect", "left", "left_number", "name", "number", "right", "right_number")

    def __init__(self, entry: Mapping[str, Any], tables: Mapping[str, Mapping[str, Any]]) -> None:
        self.name: str = entry["name"]
        self.number: int = entry["number"]
        self.intersect: str = entry["intersect"]
        self.left: str = entry["left"]
        self.right: str = entry["right"]
        self.left_number: int = tables[self.left]["number"]
        self.right_number: int = tables[self.right]["number"]

    def __repr__(self) -> str:
        return f"<LinkType {self.name}: {self.left} to {self.right}>"
