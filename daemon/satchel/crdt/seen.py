"""``seen(stamp)``: whether the author of a changeset knew what carries the stamp.

The whole of concurrency detection (sync.md 1.2): O(1) for each value, for authors who
were away a year, after any truncation of logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from satchel.model.row import CTR, ORIGIN, STAMP_SEQ, Stamp

Seen = Callable[[Stamp, int | None], bool]


class Author(NamedTuple):
    """What ``seen`` needs to know of a changeset: who wrote it, and on top of what.

    ``origin`` is the hub's number of the writing replica; ``foreign`` maps origin numbers
    to the highest counter of theirs that was folded into the author's view.
    """

    origin: int
    ctr: int
    base_seq: int
    foreign: Mapping[int, int]

    def seen(self, stamp: Stamp, restored_seq: int | None = None) -> bool:
        """Whether the author knew the value that carries ``stamp``.

        ``restored_seq``: of the row it lies in.  A tombstone shows no values, so what a
        restore brought back counts as not older than the restore.  Own work is exempt:
        its author typed it.
        """
        origin = stamp[ORIGIN]
        if origin == self.origin:
            return bool(stamp[CTR] <= self.ctr)
        seq = stamp[STAMP_SEQ]
        if seq is not None:
            if restored_seq is not None and restored_seq > seq:
                seq = restored_seq
            if seq <= self.base_seq:
                return True
        return bool(stamp[CTR] <= self.foreign.get(origin, 0))
