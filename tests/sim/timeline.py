"""Virtual time: one heap of what will happen, and a memory of what has.

Owns the order of events.  Two at the same moment happen in the order in which they were
planned, so a world depends on its seed alone.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush


class Timer:
    """Something that will happen, unless it is called off."""

    __slots__ = ("deed", "off", "what")

    def __init__(self, what: str, deed: Callable[[], None]) -> None:
        self.what = what
        self.deed = deed
        self.off = False

    def cancel(self) -> None:
        """Call it off; harmless afterwards."""
        self.off = True


class Timeline:
    """``now_ms``: virtual milliseconds since the world began.  ``story``: (time, event)."""

    def __init__(self) -> None:
        self.now_ms = 0
        self.story: list[tuple[int, str]] = []
        self._heap: list[tuple[int, int, Timer]] = []
        self._planned = 0

    def after(self, delay_ms: int, what: str, deed: Callable[[], None]) -> Timer:
        """Plan a deed."""
        timer = Timer(what, deed)
        self._planned += 1
        heappush(self._heap, (self.now_ms + max(delay_ms, 0), self._planned, timer))
        return timer

    def tell(self, what: str) -> None:
        """Add to the story of a failure."""
        self.story.append((self.now_ms, what))

    def next(self, until_ms: int) -> Timer | None:
        """Move on to what happens next, if that is before ``until_ms``; else to that moment."""
        while self._heap and self._heap[0][0] <= until_ms:
            self.now_ms, _, timer = heappop(self._heap)
            if not timer.off:
                return timer
        self.now_ms = until_ms
        return None
