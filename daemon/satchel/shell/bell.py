"""A level that tasks wait on: it rings when something may have changed, they look again."""

from __future__ import annotations

import trio


class Bell:
    """Wakes every task that waits now.  Carries no data, so a ring cannot be lost or stale:
    look first, then wait, then look again."""

    __slots__ = ("_event",)

    def __init__(self) -> None:
        self._event = trio.Event()

    def ring(self) -> None:
        """Wake all who wait."""
        event, self._event = self._event, trio.Event()
        event.set()

    async def wait(self) -> None:
        """Return at the next ring."""
        await self._event.wait()
