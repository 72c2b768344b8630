"""What is known of the hub beyond any request: when it was heard, and how its clock runs.

Owns the words and numbers of :class:`~satchel.sync.effects.Status`.  Must not know lanes'
states; it never causes an effect.
"""

from __future__ import annotations

from satchel.model.limits import CLOCK_SKEW_WARN_MS
from satchel.sync.effects import Problem, Status
from satchel.sync.states import STATUS_WORDS, SessionState


class Contact:
    """The latest impressions of the hub; kept when links come and go."""

    __slots__ = ("_last_ms", "_reachable", "_skew_ms")

    def __init__(self) -> None:
        self._last_ms: int | None = None
        self._reachable = True
        self._skew_ms = 0

    def heard(self, now_ms: int) -> None:
        """Something came from the hub."""
        self._last_ms = now_ms
        self._reachable = True

    def lost(self) -> None:
        """The network did not carry a request."""
        self._reachable = False

    def compare_clocks(self, now_ms: int, hub_now_ms: int) -> None:
        """Measure how far the hub is ahead; the way back counts as well, which is below concern."""
        skew_ms = hub_now_ms - now_ms
        self._skew_ms = skew_ms if abs(skew_ms) >= CLOCK_SKEW_WARN_MS else 0

    def status(self, state: SessionState, loading: bool, problem: Problem | None) -> Status:
        """The status for people, of a session in ``state`` whose store may have no BASE yet."""
        word = STATUS_WORDS[state]
        if state is SessionState.LINKED and not self._reachable:
            word = "offline"
        elif state is SessionState.LINKED and loading:
            word = "loading"
        return Status(word, self._last_ms, problem, self._skew_ms)
