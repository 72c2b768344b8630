"""Group commit: one transaction for what has queued, no answer before it has returned."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest
import trio

from satchel.model import limits
from satchel.model.errors import Clash, Fault, SatchelError, Trouble, Unavailable
from satchel.shell.writer import Work, Writer
from satchel.store.env import Store
from satchel.store.txn import Txn
from tests.shell.loopback import run

DB = "one"


class Desk:
    """A writer over a store, and the order in which things happened."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.log: list[str] = []
        self.attempts = 0
        self.reloads = 0
        self.writer = self.over(store)

    def over(self, store: object) -> Writer:
        """A writer over something that can run a transaction."""
        return Writer(
            cast(Store, store),
            committed=lambda: self.log.append("commit"),
            aborted=self._attempted,
            reloaded=self._reloaded,
        )

    def put(self, key: str) -> Work:
        """A work that writes one key and answers it."""

        def work(txn: Txn) -> str:
            txn.put(DB, key.encode(), b"")
            return key

        return work

    def written(self) -> list[str]:
        """What has been written."""
        return self.store.read(lambda txn: [key.decode() for key, _ in txn.scan(DB)])

    async def submit(self, *works: Work) -> list[Any]:
        """Submit, and note when the answers came."""
        results = await self.writer.submit(works)
        self.log.append("answer")
        return results

    def _attempted(self) -> None:
        self.attempts += 1

    def _reloaded(self) -> None:
        self.reloads += 1


@contextmanager
def new_desk() -> Iterator[Desk]:
    """A desk whose store is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    store = Store.open(folder / "store", (DB,), sync=False)
    try:
        yield Desk(store)
    finally:
        store.close()
        shutil.rmtree(folder)


def deny(txn: Txn) -> None:
    """A work that is refused."""
    raise Clash("CONFLICT", "No.")


def spoil(txn: Txn) -> None:
    """A work that writes and is refused then."""
    txn.put(DB, b"spoilt", b"")
    raise Clash("RESTRICT", "Too late.")


def stumble(txn: Txn) -> None:
    """A work with a bug in it."""
    txn.put(DB, b"half", b"")
    raise KeyError("bug")


def code(result: Any) -> str:
    """The code of an error that is an answer."""
    assert isinstance(result, SatchelError)
    return result.code


def with_writer(test: Callable[[Desk, trio.Nursery], Any]) -> None:
    """Run a test beside a running writer."""

    async def main() -> None:
        with new_desk() as desk:
            async with trio.open_nursery() as nursery:
                await nursery.start(desk.writer.run)
                await test(desk, nursery)
                nursery.cancel_scope.cancel()

    run(main)


def test_what_has_queued_shares_a_transaction() -> None:
    """Works that wait together are committed together, each seeing those before it."""

    async def test(desk: Desk, nursery: trio.Nursery) -> None:
        def second(txn: Txn) -> bool:
            return txn.get(DB, b"a") is not None

        assert await desk.submit(desk.put("a"), second, desk.put("c")) == ["a", True, "c"]
        assert desk.log == ["commit", "answer"]

    with_writer(test)


def test_a_group_is_bounded() -> None:
    """More than a group's worth takes another transaction, in the same order."""

    async def test(desk: Desk, nursery: trio.Nursery) -> None:
        works = [desk.put(f"{number:03}") for number in range(limits.GROUP_COMMIT_MAX + 5)]
        results = await desk.submit(*works)
        assert results == desk.written()
        assert desk.log == ["commit", "commit", "answer"]

    with_writer(test)


def test_more_than_the_queue_holds() -> None:
    """A full queue is waited for: nothing is dropped, nothing overtakes."""

    async def test(desk: Desk, nursery: trio.Nursery) -> None:
        count = limits.WRITER_QUEUE_MAX + 2 * limits.GROUP_COMMIT_MAX
        results = await desk.submit(*(desk.put(f"{number:03}") for number in range(count)))
        assert results == desk.written()

    with_writer(test)


def test_a_denied_work_writes_nothing() -> None:
    """A refusal is the answer of its own work alone, and comes after the commit too."""

    async def test(desk: Desk, nursery: trio.Nursery) -> None:
        first, denied, last = await desk.submit(desk.put("a"), deny, desk.put("b"))
        assert (first, code(denied), last) == ("a", "CONFLICT", "b")
        assert desk.attempts == 1
        assert desk.log == ["commit", "answer"]
        with pytest.raises(Clash):
            await desk.writer.call(deny)

    with_writer(test)


@pytest.mark.parametrize(("poison", "told"), [(spoil, "RESTRICT"), (stumble, "INTERNAL")])
def test_a_poisoned_work_aborts_only_itself(poison: Work, told: str) -> None:
    """What fails after a put takes its transaction with it; the others run again without it."""

    async def test(desk: Desk, nursery: trio.Nursery) -> None:
        first, poisoned, last = await desk.submit(desk.put("a"), poison, desk.put("b"))
        assert (first, code(poisoned), last) == ("a", told, "b")
        assert desk.written() == ["a", "b"]
        assert desk.log == ["commit", "answer"]

    with_writer(test)


class Shaky:
    """A store whose disk fails so many times."""

    def __init__(self, store: Store, failures: int) -> None:
        self._store = store
        self.failures = failures

    def write(self, work: Callable[[Txn], Any]) -> Any:
        if self.failures:
            self.failures -= 1
            raise Trouble("DISK_FULL", "The disk is full.")
        return self._store.write(work)


def test_a_commit_that_failed_is_tried_again() -> None:
    """After a failed commit the store is read afresh and the same works run again."""

    async def main() -> None:
        with new_desk() as desk:
            desk.writer = desk.over(Shaky(desk.store, 1))
            async with trio.open_nursery() as nursery:
                await nursery.start(desk.writer.run)
                assert await desk.submit(desk.put("a")) == ["a"]
                assert desk.reloads == 1
                nursery.cancel_scope.cancel()

    run(main)


def test_a_disk_that_stays_full() -> None:
    """When it fails again every work is told, nothing is written, and the writer goes on."""

    async def main() -> None:
        with new_desk() as desk:
            shaky = Shaky(desk.store, 2)
            desk.writer = desk.over(shaky)
            async with trio.open_nursery() as nursery:
                await nursery.start(desk.writer.run)
                results = await desk.submit(desk.put("a"), desk.put("b"))
                assert [code(result) for result in results] == ["DISK_FULL", "DISK_FULL"]
                assert desk.written() == []
                assert await desk.submit(desk.put("a")) == ["a"]
                nursery.cancel_scope.cancel()

    run(main)


def test_a_store_that_cannot_be_read_again() -> None:
    """If even reading afresh fails, the works are told so and the writer still goes on."""

    async def main() -> None:
        with new_desk() as desk:
            gone = [True]

            def reloaded() -> None:
                if gone.pop():
                    raise Trouble("STORE_DAMAGED", "Unreadable.")

            desk.writer = Writer(
                cast(Store, Shaky(desk.store, 1)),
                committed=lambda: None,
                aborted=lambda: None,
                reloaded=reloaded,
            )
            async with trio.open_nursery() as nursery:
                await nursery.start(desk.writer.run)
                (result,) = await desk.submit(desk.put("a"))
                assert code(result) == "DISK_FULL"
                assert await desk.submit(desk.put("a")) == ["a"]
                nursery.cancel_scope.cancel()

    run(main)


def test_nobody_waits_for_a_writer_that_has_ended() -> None:
    """What was queued or comes later is answered STOPPING, unwritten."""

    async def main() -> None:
        with new_desk() as desk:
            answers: list[Any] = []

            async def late() -> None:
                answers.extend(await desk.submit(*(desk.put("late") for _ in range(400))))

            async with trio.open_nursery() as nursery:
                nursery.start_soon(late)
                await trio.testing.wait_all_tasks_blocked()
                with trio.CancelScope() as ended:
                    ended.cancel()
                    await desk.writer.run()
            answers += await desk.submit(desk.put("later"))
            assert len(answers) == 401
            assert {code(answer) for answer in answers} == {"STOPPING"}
            assert all(isinstance(answer, Unavailable) for answer in answers)
            assert desk.written() == []

    run(main)


@pytest.mark.parametrize("turns", range(4))
def test_what_was_taken_is_finished(turns: int) -> None:
    """Cancelled at any turn, the writer answers each work by what became of it."""

    async def main() -> None:
        with new_desk() as desk:
            answers: list[Any] = []

            async def one_more() -> None:
                with trio.CancelScope(shield=True):
                    answers.extend(await desk.submit(desk.put("c")))

            async with trio.open_nursery() as nursery:
                await nursery.start(desk.writer.run)
                await desk.submit(desk.put("a"), desk.put("b"))
                nursery.start_soon(one_more)
                for _ in range(turns):
                    await trio.lowlevel.checkpoint()
                nursery.cancel_scope.cancel()
            assert (answers == ["c"]) == ("c" in desk.written())
            assert answers == ["c"] or code(answers[0]) == "STOPPING"

    run(main)


def test_a_failed_assertion_is_no_answer() -> None:
    """It ends the writer; whoever waits is told that nobody knows, and does not wait on."""

    def wrong(txn: Txn) -> None:
        raise AssertionError("not so")

    async def main() -> None:
        with new_desk() as desk:
            answers: list[Any] = []

            async def app() -> None:
                answers.extend(await desk.writer.submit([wrong]))

            with pytest.RaisesGroup(AssertionError, flatten_subgroups=True):
                async with trio.open_nursery() as nursery:
                    with trio.CancelScope(shield=True):
                        await nursery.start(desk.writer.run)
                    nursery.start_soon(app)
            assert [type(answer) for answer in answers] in ([Fault], [])

    run(main)
