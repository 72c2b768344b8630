"""What reading and writing give an app: :class:`Row` and :class:`Receipt`.  Plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


class Row(Mapping[str, Any]):
    """One row as it was when it was read.  ``row["name"]``; a column that is null is absent.

    Handed to ``update`` or ``delete`` it passes its ``version`` along, so that a change
    made meanwhile by somebody else is not overwritten unseen (CONFLICT).
    """

    __slots__ = ("columns", "id", "pending", "table", "version")

    def __init__(
        self, table: str, row_id: str, version: str, pending: bool, columns: dict[str, Any]
    ) -> None:
        self.table = table
        self.id = row_id
        self.version = version
        """What was known at that moment; opaque."""
        self.pending = pending
        """Whether it shows work that the hub has not decided."""
        self.columns = columns

    def __getitem__(self, column: str) -> Any:
        return self.columns[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        return f"Row({self.table!r}, {self.id!r}, {self.columns!r})"


class Receipt:
    """Proof that a change is stored on this device; ``wait`` tells what became of it."""

    __slots__ = ("ctr", "ids", "replica", "version")

    def __init__(self, replica: str, ctr: int, ids: list[str | None], version: str) -> None:
        self.replica = replica
        """16 hexadecimal digits; with ``ctr`` the name of the changeset."""
        self.ctr = ctr
        self.ids = ids
        """The row of each op, in order; None for links."""
        self.version = version
        """The version of a row written by this, as if it had been read right after."""

    @property
    def id(self) -> str:
        """The row of the only (or first) op.  Raises ``ValueError`` where that is a link."""
        if not self.ids or self.ids[0] is None:
            raise ValueError("this change made or changed no row")
        return self.ids[0]

    def __repr__(self) -> str:
        return f"Receipt({self.replica!r}, {self.ctr!r}, {self.ids!r})"


def row_from_wire(plain: dict[str, Any]) -> Row:
    """A row as the daemon answers it."""
    return Row(plain["table"], plain["id"], plain["version"], plain["pending"], plain["columns"])


def receipt_from_wire(plain: dict[str, Any]) -> Receipt:
    """A receipt as the daemon answers it."""
    return Receipt(plain["replica"], plain["ctr"], plain["ids"], plain["version"])
