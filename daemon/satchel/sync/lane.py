"""What every lane has: one thing it waits for, a backoff, a timer, and its latest problem.

Owns the numbering that makes late events harmless.  Must not know what a lane is for.
"""

from __future__ import annotations

from satchel.model.limits import HTTP_READ_MS
from satchel.sync.answers import HelloOk, Pulled, Pushed, SchemaOk
from satchel.sync.backoff import UNREACHABLE, Backoff
from satchel.sync.effects import Arm, Cancel, Disarm, Effect, Problem
from satchel.sync.states import LaneName

ANSWER_MS = HTTP_READ_MS
"""How long the hub may be silent before a request counts as lost: as long as it lets a
request itself take."""

_FROM_HUB = frozenset((HelloOk, SchemaOk, Pushed, Pulled))


class Numbers:
    """Numbers for the requests of one session, from 1; shared by its lanes, never used twice."""

    __slots__ = ("_last",)

    def __init__(self) -> None:
        self._last = 0

    def take(self) -> int:
        self._last += 1
        return self._last


class Lane:
    """A lane waits for one answer, for its timer, or for nothing.

    ``request`` is the number it waits for (0: none) and ``awaits`` the type of the answer.
    """

    __slots__ = ("_armed", "_numbers", "awaits", "backoff", "name", "problem", "request")

    def __init__(self, name: LaneName, numbers: Numbers) -> None:
        self.name: LaneName = name
        self.backoff = Backoff()
        self.problem: Problem | None = None
        self.request = 0
        self.awaits: type | None = None
        self._numbers = numbers
        self._armed = False

    @property
    def unreachable(self) -> bool:
        """Whether the lane's problem is the network itself."""
        return self.problem is not None and self.problem.code in UNREACHABLE

    def begin(self, awaits: type) -> int:
        """Wait for an ``awaits``; the new request's number.  Whatever was waited for is late now."""
        self.request = self._numbers.take()
        self.awaits = awaits
        return self.request

    def waits_for(self, request: int) -> bool:
        """Whether the lane still waits for this number; no: whatever comes of it is late."""
        return request == self.request != 0

    def expects(self, request: int, kind: type) -> bool:
        """Whether this number and this type are what the lane waits for."""
        return self.waits_for(request) and kind is self.awaits

    def drop(self) -> None:
        """Wait for nothing."""
        self.request = 0
        self.awaits = None

    def clear(self) -> list[Effect]:
        """Give up what is waited for, timer included; the effects that end it."""
        effects: list[Effect] = []
        if self.awaits in _FROM_HUB:
            effects.append(Cancel(self.name))
        if self._armed:
            effects.append(Disarm(self.name))
        self._armed = False
        self.drop()
        return effects

    def fail(
        self, problem: Problem | None, jitter: float, at_least_ms: int | None = None
    ) -> list[Effect]:
        """Give up and wait for the timer, longer with every failure in a row."""
        self.problem = problem
        return self.wait(self.backoff.next_ms(jitter, at_least_ms))

    def wait(self, delay_ms: int) -> list[Effect]:
        """Give up and wait ``delay_ms`` for the timer."""
        effects = self.clear()
        self._armed = True
        return [*effects, Arm(self.name, delay_ms)]

    def rang(self) -> None:
        """The timer has run out."""
        self._armed = False

    def succeed(self) -> None:
        """All is well again: no problem, and the next failure waits shortest."""
        self.problem = None
        self.backoff.reset()
