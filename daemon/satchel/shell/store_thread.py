"""One thread that has the stores, for a process whose transactions may take long.

Owns the thread and the way to it and back.  A hub judges changesets of a thousand ops and
reads megabytes for a download; meanwhile the loop goes on accepting, refusing and sending.
Work runs in the order in which it was asked for.  It is never abandoned: a task that is
cancelled waits for its work, because cancelled must not mean "written or not, who knows".
"""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import trio

T = TypeVar("T")


class _Job(Generic[T]):
    """A piece of work and what came of it."""

    def __init__(self, work: Callable[[], T]) -> None:
        self.work = work
        self.done = trio.Event()
        self.error: BaseException | None = None
        self.result: T

    def run(self) -> None:
        try:
            self.result = self.work()
        except BaseException as error:  # noqa: BLE001 - raised again where it was asked for
            self.error = error


class StoreThread:
    """Use as ``async with StoreThread() as thread: await thread.run(work)``."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job[Any] | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="stores", daemon=True)
        self._loop: trio.lowlevel.TrioToken | None = None

    async def __aenter__(self) -> Self:
        self._loop = trio.lowlevel.current_trio_token()
        self._thread.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let the work that waits be done, then end the thread."""
        self._jobs.put(None)
        with trio.CancelScope(shield=True):
            await trio.to_thread.run_sync(self._thread.join)

    async def run(self, work: Callable[[], T]) -> T:
        """Run ``work`` on the thread; what it returns or raises."""
        job = _Job(work)
        self._jobs.put(job)
        with trio.CancelScope(shield=True):
            await job.done.wait()
        if job.error is not None:
            raise job.error
        return job.result

    def _work(self) -> None:
        assert self._loop is not None
        while (job := self._jobs.get()) is not None:
            job.run()
            try:
                self._loop.run_sync_soon(job.done.set)
            except trio.RunFinishedError:
                return  # nobody is left to be told
