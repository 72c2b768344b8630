"""Time and chance as the rest of Satchel is handed them: the only place that reads either."""

from __future__ import annotations

import os
import random
import time

from satchel.engine.commit import Randomness
from satchel.model.ids import IdMaker

_ids = IdMaker()


def now_ms() -> int:
    """The wall clock in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def fresh_bytes(count: int) -> bytes:
    """Random bytes fit for keys and names."""
    return os.urandom(count)


def jitter() -> float:
    """A number in [0, 1) for spreading retries: nothing secret."""
    return random.random()


def make_id() -> bytes:
    """A new row id."""
    return _ids.make(now_ms(), os.urandom(8))


def world(ahead_ms: int = 0) -> Randomness:
    """What one commit takes from the world; ``ahead_ms``: how far ahead the hub's clock is."""
    return Randomness(now_ms(), fresh_bytes, make_id, ahead_ms)
