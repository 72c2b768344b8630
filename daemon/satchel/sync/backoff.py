"""What to do after a failure: whether waiting helps, and how long to wait.

Owns the reading of error codes by the link to the hub and the arithmetic of backing off.
Must not know lanes, timers or states; chance is handed in.
"""

from __future__ import annotations

from enum import Enum
from typing import Final

from satchel.model.errors import CODES, Denied
from satchel.model.limits import BACKOFF_MS_MAX, BACKOFF_MS_MIN

REFUSED_MS: Final = 5 * BACKOFF_MS_MAX
"""A refused device asks again this rarely: a new certificate or a mended clock is the cure,
not haste.  Also the longest delay that a hub may ask for."""

_DOUBLINGS_MAX: Final = (BACKOFF_MS_MAX // BACKOFF_MS_MIN).bit_length()

UNREACHABLE: Final = frozenset(("HUB_UNREACHABLE", "TIMEOUT"))
"""Codes of an absent network: the only ones that news from another lane disproves."""


class Verdict(Enum):
    """What a failure asks of the session."""

    WAIT = "wait"  # transient, or unknown: the same again later, nothing is skipped
    GREET = "greet"  # the hub has forgotten this link: HELLO makes a new one
    REFUSED = "refused"  # not this device, not now: everything is kept
    FORK = "fork"  # the hub knows another history of this store
    EPOCH = "epoch"  # the hub is not the one whose state lies here


def judge(code: str) -> Verdict:
    """The verdict on an error code.  A code nobody knows is transient: work is never dropped."""
    match code:
        case "UNKNOWN_LINK" | "REPLAYED":
            return Verdict.GREET
        case "FORK":
            return Verdict.FORK
        case "EPOCH":
            return Verdict.EPOCH
    return Verdict.REFUSED if CODES.get(code) is Denied else Verdict.WAIT


class Backoff:
    """Exponential delays with full jitter, from ``BACKOFF_MS_MIN`` doubling to ``BACKOFF_MS_MAX``."""

    __slots__ = ("_failures",)

    def __init__(self) -> None:
        self._failures = 0

    @property
    def fresh(self) -> bool:
        """Whether nothing has failed since the last success."""
        return self._failures == 0

    def next_ms(self, jitter: float, at_least_ms: int | None = None) -> int:
        """Count a failure; the milliseconds to wait after it.

        ``jitter`` lies in [0, 1).  ``at_least_ms`` is the hub's own delay, believed up to
        ``REFUSED_MS``; the jittered part comes on top of it, so that a crowd which was sent
        away together does not come back together.
        """
        ceiling_ms = min(BACKOFF_MS_MIN << self._failures, BACKOFF_MS_MAX)
        self._failures = min(self._failures + 1, _DOUBLINGS_MAX)
        return min(at_least_ms or 0, REFUSED_MS) + round(jitter * ceiling_ms)

    def reset(self) -> None:
        """A success: the next failure waits shortest again."""
        self._failures = 0
