"""Causal-length lifetime: odd is alive, even is dead, and a change counts up (sync.md 1.3).

Delete wins over concurrent edits; what it buries unseen is the hub's to report.  A delete
or restore writes one life and nothing else: what is dead *under* another row is derived.
"""

from __future__ import annotations

from enum import Enum

from satchel.model.row import LENGTH, LIFE, LIFE_STAMP, RESTORED, Row, Stamp


class Step(Enum):
    """What a delete or restore meets."""

    DONE = "done"
    ALREADY = "already"
    OVERTAKEN = "overtaken"


def change(row: Row, life: int, stamp: Stamp) -> Step:
    """Lead the row's life to ``life`` (even: delete, odd: restore) in place.

    DONE: it was one step below.  ALREADY: it stands there, by somebody else's equal wish.
    OVERTAKEN: it has moved past, or was never where the author saw it; nothing is changed.
    """
    present = row[LIFE][LENGTH]
    if present == life:
        return Step.ALREADY
    if present != life - 1:
        return Step.OVERTAKEN
    row[LIFE][LENGTH] = life
    row[LIFE][LIFE_STAMP] = stamp
    return Step.DONE


def mark_restored(row: Row, seq: int | None) -> None:
    """Record that the row came back at ``seq``: nothing in it counts as seen from before."""
    row[LIFE][RESTORED] = seq
