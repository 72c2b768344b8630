"""A wall clock that lies: ahead or behind by up to a year, too fast or too slow, set back.

Owns the way from virtual time to what one machine believes.
"""

from __future__ import annotations

from tests.sim.timeline import Timeline

EPOCH_MS = 1_700_000_000_000
"""The true time when a world begins."""

YEAR_MS = 365 * 24 * 3600 * 1000
DRIFT_PPM_MAX = 200


class SimClock:
    """``offset_ms``: how far it is ahead; ``drift_ppm``: how much further it gets.

    ``grain_ms``: it moves in such steps, so that two machines often read the very same.
    """

    def __init__(self, timeline: Timeline, offset_ms: int = 0, drift_ppm: int = 0) -> None:
        self._timeline = timeline
        self.offset_ms = offset_ms
        self.drift_ppm = drift_ppm
        self.grain_ms = 1

    def now_ms(self) -> int:
        """What this machine takes for the time."""
        passed = self._timeline.now_ms
        now = EPOCH_MS + passed + passed * self.drift_ppm // 1_000_000 + self.offset_ms
        return now // self.grain_ms * self.grain_ms
