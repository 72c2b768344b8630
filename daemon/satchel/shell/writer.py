"""The writer: the only way to change a store.

Owns the bounded queue and group commit (sync.md 5.4).  It takes what has queued and runs
each job in order in one transaction; it never waits for a batch to fill.  No answer, a
denial included, leaves before that transaction has returned: a denial may rest on an
earlier job of the batch.  A job that fails after a put is a bug or a compound command gone
wrong: the batch is run again without it.

It runs on the loop's own thread, so a transaction begins and ends there in one call and no
other task can come between (DECISIONS, "The writer runs on the loop").
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

import trio

from satchel.model import limits
from satchel.model.errors import Fault, SatchelError, Trouble, Unavailable
from satchel.store.env import Store
from satchel.store.txn import Txn

log = logging.getLogger(__name__)

Work = Callable[[Txn], Any]

_STOPPING = Unavailable(
    "STOPPING", "This store is being closed; nothing was written.", "Try again in a moment."
)
_CRASHED = Fault(
    "INTERNAL",
    "The daemon failed while it was writing.",
    "See whether it was written before you try again; please report the daemon's log.",
)


class Job:
    """One piece of work and, once its transaction has returned, its result or error."""

    __slots__ = ("done", "result", "work")

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = trio.Event()
        self.result: Any = None


class _Poison(Exception):
    """A job wrote something and then failed: its transaction must be aborted."""

    def __init__(self, job: Job, error: SatchelError) -> None:
        super().__init__(error.message)
        self.job = job
        self.error = error


class Writer:
    """Serialises all writes of one store.

    ``aborted`` is called before each attempt and after a failed one, ``committed`` after a
    transaction has returned; whoever keeps an index beside the store hangs it there.
    """

    def __init__(
        self,
        store: Store,
        *,
        committed: Callable[[], None],
        aborted: Callable[[], None],
        reloaded: Callable[[], None],
    ) -> None:
        self._store = store
        self._committed = committed
        self._aborted = aborted
        self._reloaded = reloaded
        self._send, self._receive = trio.open_memory_channel[Job](limits.WRITER_QUEUE_MAX)
        self._taken: list[Job] = []

    async def submit(self, works: Sequence[Work]) -> list[Any]:
        """Run the works in this order; each result is a value or a :class:`SatchelError`.

        Waits while the queue is full.  If this is cancelled the works may or may not run.
        After the writer has ended nothing runs: STOPPING.
        """
        jobs = [Job(work) for work in works]
        for job in jobs:
            await self._queue(job)
        for job in jobs:
            await job.done.wait()
        return [job.result for job in jobs]

    async def _queue(self, job: Job) -> None:
        try:
            try:
                # Without a turn of the scheduler, in which the writer would begin with less.
                self._send.send_nowait(job)
            except trio.WouldBlock:
                await self._send.send(job)
        except trio.BrokenResourceError:
            _answer(job, _STOPPING)

    async def call(self, work: Work) -> Any:
        """Run one work; returns its value or raises its error."""
        (result,) = await self.submit([work])
        if isinstance(result, SatchelError):
            raise result
        return result

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve jobs until cancelled.  What was taken is finished first, what was not is
        answered STOPPING: nobody waits for a writer that is gone."""
        task_status.started()
        grouped = False
        try:
            while True:
                self._taken.append(await self._receive.receive())
                if grouped:
                    # Lets whoever was answered last queue again (budget.md 4).
                    await trio.lowlevel.cancel_shielded_checkpoint()
                self._take_waiting(limits.GROUP_COMMIT_MAX)
                grouped = len(self._taken) > 1
                self._run_batch(self._taken)
                for job in self._taken:
                    job.done.set()
                self._taken.clear()
        finally:
            for job in self._taken:  # only after a bug: what was taken is finished otherwise
                _answer(job, _CRASHED)
            self._taken.clear()
            self._take_waiting()
            self._receive.close()
            for job in self._taken:
                _answer(job, _STOPPING)

    def _take_waiting(self, most: int | None = None) -> None:
        while len(self._taken) != most:
            try:
                self._taken.append(self._receive.receive_nowait())
            except trio.WouldBlock:
                return

    def _run_batch(self, batch: Sequence[Job]) -> None:
        waiting = list(batch)
        troubles = 0
        while waiting:
            try:
                self._attempt(waiting)
                return
            except _Poison as poison:
                poison.job.result = poison.error
                waiting.remove(poison.job)
            except Trouble as trouble:
                troubles += 1
                if troubles > 1 or not self._reload():
                    for job in waiting:
                        job.result = trouble
                    return

    def _reload(self) -> bool:
        """Read the store afresh after a failed commit; False if that fails too, for now."""
        try:
            self._reloaded()
        except Trouble:
            log.exception("the store cannot be read")
            return False
        return True

    def _attempt(self, jobs: list[Job]) -> None:
        def work(txn: Txn) -> None:
            self._aborted()
            for job in jobs:
                _run_job(job, txn)

        try:
            self._store.write(work)
        except BaseException:
            self._aborted()
            raise
        self._committed()


def _answer(job: Job, result: SatchelError) -> None:
    job.result = result
    job.done.set()


def _run_job(job: Job, txn: Txn) -> None:
    before = txn.writes
    try:
        job.result = job.work(txn)
    except Trouble:
        raise
    except SatchelError as error:
        if txn.writes != before:
            raise _Poison(job, error) from error
        job.result = error
    except AssertionError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as bug:
        log.exception("a write failed because of a bug")
        fault = Fault(
            "INTERNAL",
            f"The write failed because of a bug in Satchel ({type(bug).__name__}).",
            "The daemon's log (`satchel logs`) says more; please report it.",
        )
        raise _Poison(job, fault) from bug
