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
from satchel.model.errors import Fault, SatchelError, Trouble
from satchel.store.env import Store
from satchel.store.txn import Txn

log = logging.getLogger(__name__)

Work = Callable[[Txn], Any]


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

    async def submit(self, works: Sequence[Work]) -> list[Any]:
        """Run the works in this order; each result is a value or a :class:`SatchelError`.

        Waits while the queue is full.  If this is cancelled the works may or may not run.
        """
        jobs = [Job(work) for work in works]
        for job in jobs:
            await self._send.send(job)
        for job in jobs:
            await job.done.wait()
        return [job.result for job in jobs]

    async def call(self, work: Work) -> Any:
        """Run one work; returns its value or raises its error."""
        (result,) = await self.submit([work])
        if isinstance(result, SatchelError):
            raise result
        return result

    async def run(self, *, task_status: trio.TaskStatus[None] = trio.TASK_STATUS_IGNORED) -> None:
        """Serve jobs until cancelled.  What was taken is finished first."""
        task_status.started()
        grouped = False
        async for job in self._receive:
            if grouped:
                await trio.lowlevel.checkpoint()  # lets whoever was answered last queue again
            batch = [job]
            while len(batch) < limits.GROUP_COMMIT_MAX:
                try:
                    batch.append(self._receive.receive_nowait())
                except trio.WouldBlock:
                    break
            grouped = len(batch) > 1
            self._run_batch(batch)
            for done in batch:
                done.done.set()

    def _run_batch(self, batch: list[Job]) -> None:
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
                self._reloaded()
                if troubles > 1:
                    for job in waiting:
                        job.result = trouble
                    return

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
