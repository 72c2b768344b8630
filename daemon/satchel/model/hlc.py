"""The hybrid logical clock: 48 bits of milliseconds, 16 bits of logic, one integer.

Pure: ``now`` is always handed in.  The rule that makes it causality-consistent
(sync.md 1.1) is :func:`tick`; the hub's bound on stamps of the future is :func:`clamp`.
"""

from __future__ import annotations

LOGICAL_BITS = 16


def from_ms(ms: int) -> int:
    """The clock value of a wall-clock moment, logic zero."""
    return ms << LOGICAL_BITS


def to_ms(hlc: int) -> int:
    """The milliseconds in a clock value."""
    return hlc >> LOGICAL_BITS


def tick(now_ms: int, floor: int) -> int:
    """The clock of a new changeset: now, but above everything it stands on.

    ``floor`` is the highest hlc among the changesets of the OVERLAY and the BASE stamps
    of the rows touched (life, links and lookup targets included).
    """
    return max(from_ms(now_ms), floor + 1)


def clamp(hlc: int, hub_now_ms: int, ahead_ms: int) -> int:
    """What the hub makes of a stamp from the future: never higher than now plus ``ahead_ms``."""
    return min(hlc, from_ms(hub_now_ms + ahead_ms))
