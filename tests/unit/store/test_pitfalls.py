"""py-lmdb's traps (limits.md, Pitfalls) cannot be met through a store."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import lmdb
import pytest

from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn


def put(key: bytes, value: bytes = b"v") -> Callable[[Txn], None]:
    return lambda txn: txn.put("one", key, value)


def get(key: bytes) -> Callable[[ReadTxn], bytes | None]:
    return lambda txn: txn.get("one", key)


def run_in_thread(work: Callable[[], object]) -> AssertionError | None:
    """The assertion that failed when ``work`` was run by another thread, or None."""
    raised: list[AssertionError] = []

    def target() -> None:
        try:
            work()
        except AssertionError as error:
            raised.append(error)

    thread = Thread(target=target)
    thread.start()
    thread.join()
    return raised[0] if raised else None


def test_another_thread_is_refused_before_lmdb_is_touched(store: Store) -> None:
    """No method of a store works on a thread that did not open it, and the writer lives on."""
    ran: list[str] = []

    def work(_: ReadTxn) -> None:
        ran.append("ran")

    calls: list[Callable[[], object]] = [
        lambda: store.write(work),
        lambda: store.read(work),
        store.info,
        lambda: store.copy(store.path / "copy"),
        store.close,
    ]
    for call in calls:
        raised = run_in_thread(call)
        assert raised is not None
        assert "thread" in str(raised)
    assert ran == []
    store.write(put(b"k"))
    assert store.read(get(b"k")) == b"v"


def test_a_transaction_cannot_be_begun_inside_another(store: Store) -> None:
    """A write inside a write or a read is refused; the outer write can still commit."""

    def work(txn: Txn) -> None:
        with pytest.raises(AssertionError, match="inside"):
            store.write(put(b"inner"))
        with pytest.raises(AssertionError, match="inside"):
            store.copy(store.path / "copy")
        with pytest.raises(AssertionError, match="inside"):
            store.close()
        txn.put("one", b"outer", b"v")

    store.write(work)
    with pytest.raises(AssertionError, match="inside"):
        store.read(lambda _: store.write(put(b"inner")))
    assert store.read(lambda txn: [key for key, _ in txn.scan("one")]) == [b"outer"]


def test_a_read_inside_a_write_sees_it(store: Store) -> None:
    """It runs in the same transaction, so helpers that read need not know where they are."""

    def work(txn: Txn) -> bytes | None:
        txn.put("one", b"k", b"mine")
        return store.read(get(b"k"))

    assert store.write(work) == b"mine"


async def coroutine(txn: ReadTxn) -> None:
    """Work that could await."""


def generator(txn: ReadTxn) -> Iterator[bytes]:
    """Work that would go on after the transaction."""
    yield b""


async def async_generator(txn: ReadTxn) -> Any:
    yield b""


LAZY: list[Callable[[ReadTxn], Any]] = [
    coroutine,
    generator,
    async_generator,
    lambda txn: txn.scan("one"),
    lambda txn: map(len, (b"",)),
]


@pytest.mark.parametrize("work", LAZY)
def test_work_that_would_outlive_its_transaction_is_refused(
    store: Store, work: Callable[[ReadTxn], Any]
) -> None:
    """Coroutines, generators and iterators never leave a transaction; nothing is written."""

    def written(txn: Txn) -> Any:
        txn.put("one", b"k", b"v")
        return work(txn)

    with pytest.raises(AssertionError, match="finish"):
        store.write(written)
    with pytest.raises(AssertionError, match="finish"):
        store.read(work)
    assert store.read(get(b"k")) is None


def test_a_transaction_kept_beyond_its_end_is_dead(store: Store) -> None:
    """Whoever keeps it gets an error, not stale pages."""
    kept: list[ReadTxn] = []
    store.read(kept.append)
    store.write(kept.append)
    for txn in kept:
        with pytest.raises(lmdb.Error):
            txn.get("one", b"k")


def test_a_failed_put_that_was_swallowed_does_not_commit(store: Store) -> None:
    """LMDB has given the transaction up, so the store does too, loudly."""

    def work(txn: Txn) -> None:
        txn.put("one", b"k", b"v")
        with pytest.raises(lmdb.Error):
            txn.put("one", b"", b"v")

    with pytest.raises(AssertionError, match="misuse"):
        store.write(work)
    assert store.read(get(b"k")) is None


def test_a_child_of_fork_cannot_use_the_store(store: Store) -> None:
    """The child is refused; the parent's store works on."""
    pid = os.fork()
    if pid == 0:
        refused = 0
        try:
            calls: list[Callable[[], object]] = [
                lambda: store.write(put(b"child")),
                lambda: store.read(get(b"child")),
                store.close,
            ]
            for call in calls:
                try:
                    call()
                except AssertionError as error:
                    refused += "fork" in str(error)
        finally:
            os._exit(refused)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    store.write(put(b"parent"))
    assert store.read(get(b"child")) is None


def test_a_closed_store_is_refused_and_closing_twice_is_not(folder: Path) -> None:
    """Use after close is a bug; a second close is none; the folder is free again."""
    store = Store.open(folder / "store", ("one",))
    store.close()
    store.close()
    with pytest.raises(AssertionError, match="closed"):
        store.read(get(b"k"))
    Store.open(folder / "store", ("one",)).close()
