"""The thread that has the stores: order, errors, and work that is never abandoned."""

from __future__ import annotations

import threading

import pytest
import trio

from satchel.shell.store_thread import StoreThread
from tests.shell.loopback import run


def test_all_work_runs_on_one_other_thread() -> None:
    """LMDB transactions belong to the thread that opened the store."""

    async def test() -> None:
        async with StoreThread() as thread:
            idents = {await thread.run(threading.get_ident) for _ in range(3)}
        assert len(idents) == 1
        assert idents != {threading.get_ident()}

    run(test)


def test_work_runs_in_the_order_it_was_asked_for() -> None:
    """One after the other, whoever asks."""

    async def test() -> None:
        done: list[int] = []
        async with StoreThread() as thread, trio.open_nursery() as nursery:
            gate = threading.Event()
            nursery.start_soon(thread.run, gate.wait)
            await trio.testing.wait_all_tasks_blocked()
            for number in range(10):
                nursery.start_soon(thread.run, lambda number=number: done.append(number))
                await trio.testing.wait_all_tasks_blocked()
            gate.set()
        assert done == list(range(10))

    run(test)


def test_what_work_raises_is_raised_where_it_was_asked_for() -> None:
    """And the thread goes on."""

    async def test() -> None:
        async with StoreThread() as thread:
            with pytest.raises(ZeroDivisionError):
                await thread.run(lambda: 1 / 0)
            assert await thread.run(lambda: 7) == 7

    run(test)


def test_who_is_cancelled_waits_for_his_work() -> None:
    """Cancelled must not mean "written or not, who knows"."""

    async def test() -> None:
        async with StoreThread() as thread:
            gate, written = threading.Event(), threading.Event()

            def work() -> None:
                gate.wait()
                written.set()

            async with trio.open_nursery() as nursery:
                nursery.start_soon(thread.run, work)
                await trio.testing.wait_all_tasks_blocked()
                nursery.cancel_scope.cancel()
                gate.set()
            assert written.is_set()

    run(test)


def test_the_loop_goes_on_while_work_runs() -> None:
    """A long transaction stops no other task."""

    async def test() -> None:
        async with StoreThread() as thread, trio.open_nursery() as nursery:
            gate = threading.Event()
            nursery.start_soon(thread.run, gate.wait)
            for _ in range(10):
                await trio.lowlevel.checkpoint()
            gate.set()

    run(test)
