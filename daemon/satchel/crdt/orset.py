"""Add-wins sets of links.

The state of one link is the list of its live add stamps, normally one, ascending by
(hlc, origin, ctr).  A remove names the dots its author had in view and takes away exactly
those; an add replaces the adds it has seen.  So an add concurrent with a remove survives.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from satchel.crdt.seen import Author
from satchel.model.row import CTR, HLC, ORIGIN, Stamp

ReplicaOf = Callable[[int], bytes]


def add(
    stamps: Sequence[Stamp], stamp: Stamp, author: Author, restored_seq: int | None = None
) -> list[Stamp]:
    """The live adds after an add by ``author``.

    ``restored_seq``: the latest restore of an end of the link, or None.  A dead end hides its
    links, so an add from before that restore counts as not older (sync.md 1.2).
    """
    kept, seen_clock = [], 0
    for present in stamps:
        if author.seen(present, restored_seq):
            seen_clock = max(seen_clock, present[HLC])
        else:
            kept.append(present)
    if seen_clock >= stamp[HLC]:
        stamp = [seen_clock + 1, *stamp[1:]]
    return sorted([*kept, stamp], key=_order)


def remove(
    stamps: Sequence[Stamp], dots: Sequence[Sequence[object]], replica_of: ReplicaOf
) -> list[Stamp]:
    """The live adds after a remove that names ``dots``, pairs of replica id and counter."""
    named = {(dot[0], dot[1]) for dot in dots}
    return [stamp for stamp in stamps if (replica_of(stamp[ORIGIN]), stamp[CTR]) not in named]


def _order(stamp: Stamp) -> tuple[int, int, int]:
    return stamp[HLC], stamp[ORIGIN], stamp[CTR]
