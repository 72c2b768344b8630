"""What a person had seen when they read a row: the ``version`` of the local API.

``base_seq`` says what the replica had, not what the person looked at (sync.md 1.2).  So a
read returns the context of its moment, opaque to apps, and a write that carries it is
refused if a column it sets has changed since.
"""

from __future__ import annotations

from typing import NamedTuple

from satchel.crdt.seen import Author
from satchel.model.errors import Mistake


class Version(NamedTuple):
    """The context of a read: hub epoch, cursor S, last own counter."""

    epoch: int
    seq: int
    ctr: int

    def to_text(self) -> str:
        """The opaque text that apps hand back."""
        return f"{self.epoch}.{self.seq}.{self.ctr}"

    @classmethod
    def parse(cls, text: object) -> Version:
        """Raises Mistake BAD_REQUEST for what no read ever returned."""
        parts = text.split(".") if isinstance(text, str) else []
        if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
            raise Mistake(
                "BAD_REQUEST",
                f"{text!r:.60} is not a version.",
                "Pass the version that came with the row, as it is.",
            )
        return cls(*(int(part[:19]) for part in parts))

    def author(self, origin: int) -> Author:
        """The reader as the author of a changeset: what it counts as having seen."""
        return Author(origin, self.ctr, self.seq, {})
