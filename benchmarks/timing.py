"""Seconds on the clock: the only place where deeds are timed that take no argument."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import perf_counter

from benchmarks.harness import Side

Deed = Callable[[], object]


def seconds_of(deed: Deed) -> float:
    """How long it takes, once."""
    began = perf_counter()
    deed()
    return perf_counter() - began


def p50(deed: Deed, times: int) -> Side:
    """A round that is the median of the deed done so many times in a row."""
    return lambda: median(seconds_of(deed) for _ in range(times))
