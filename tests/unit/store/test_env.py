"""The store: durability flags, permissions, growth, and py-lmdb's traps shut."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import lmdb
import pytest

from satchel.model import limits
from satchel.model.errors import Clash, SatchelError, Trouble
from satchel.store.damage import is_misuse, trouble_of
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn

DBS = ("one", "two")
SMALL_MAP = 1 << 16


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    made = Store.open(folder / "store", DBS, map_bytes=SMALL_MAP)
    yield made
    made.close()


def put(key: bytes, value: bytes = b"v") -> Callable[[Txn], None]:
    return lambda txn: txn.put("one", key, value)


def get(key: bytes) -> Callable[[ReadTxn], bytes | None]:
    return lambda txn: txn.get("one", key)


# -- opening -----------------------------------------------------------------------------


def test_a_store_opened_as_the_daemon_does_is_fully_durable(store: Store) -> None:
    """Data and meta page are flushed at each commit, through write calls, under a lock."""
    flags = store.info()["flags"]
    durability = {"sync": True, "metasync": True, "writemap": False, "map_async": False}
    assert durability.items() <= flags.items()
    assert flags["lock"] is True
    assert flags["readonly"] is False


def test_an_unsynced_store_says_so(folder: Path) -> None:
    """The flags are LMDB's own, so a store opened without flushing cannot pass for another."""
    store = Store.open(folder / "store", DBS, sync=False)
    assert store.info()["flags"]["sync"] is False
    store.close()


def test_folder_and_files_are_private(folder: Path) -> None:
    """0700 and 0600, whatever they were before."""
    path = folder / "store"
    Store.open(path, DBS).close()
    path.chmod(0o755)
    (path / "data.mdb").chmod(0o644)
    store = Store.open(path, DBS)
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.iterdir()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert modes == {"data.mdb": 0o600, "lock.mdb": 0o600, "LOCK": 0o600}
    store.close()


def test_what_was_written_is_there_after_reopening(folder: Path) -> None:
    """A store is its files."""
    path = folder / "store"
    store = Store.open(path, DBS)
    store.write(put(b"k"))
    store.close()
    store = Store.open(path, DBS)
    assert store.read(get(b"k")) == b"v"
    store.close()


def test_a_store_larger_than_the_map_asked_for_opens(folder: Path) -> None:
    """The map starts at what is used, and grows on from there."""
    path = folder / "store"
    store = Store.open(path, DBS)
    store.write(put(b"k", b"x" * 500_000))
    store.close()
    store = Store.open(path, DBS, map_bytes=SMALL_MAP)
    store.write(put(b"l", b"y" * 500_000))
    assert store.read(get(b"k")) == b"x" * 500_000
    store.close()


def test_a_file_that_is_no_store_is_named_damaged(folder: Path) -> None:
    """STORE_DAMAGED names the folder, and the lock is given back."""
    path = folder / "store"
    path.mkdir()
    (path / "data.mdb").write_bytes(b"not a store" * 1000)
    for _ in range(2):
        with pytest.raises(Trouble) as caught:
            Store.open(path, DBS)
        assert caught.value.code == "STORE_DAMAGED"
        assert str(path) in caught.value.message


def test_a_folder_that_cannot_be_made_is_trouble(folder: Path) -> None:
    """A file where the folder should be is told, not raised as it is."""
    (folder / "store").write_bytes(b"")
    with pytest.raises(Trouble) as caught:
        Store.open(folder / "store", DBS)
    assert caught.value.code == "STORE_DAMAGED"


def test_a_second_store_on_the_same_folder_is_refused(store: Store) -> None:
    """ALREADY_RUNNING names the pid of the holder, here this process."""
    with pytest.raises(Clash) as caught:
        Store.open(store.path, DBS)
    assert caught.value.code == "ALREADY_RUNNING"
    assert caught.value.details["pid"] == os.getpid()


# -- the traps ---------------------------------------------------------------------------------


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
    store = Store.open(folder / "store", DBS)
    store.close()
    store.close()
    with pytest.raises(AssertionError, match="closed"):
        store.read(get(b"k"))
    Store.open(folder / "store", DBS).close()


# -- growth ---------------------------------------------------------------------------------


def test_the_map_grows_under_a_transaction_that_does_not_fit(store: Store) -> None:
    """Work is run again in a larger map until it fits, and each result counts once."""
    runs: list[int] = []

    def work(txn: Txn) -> int:
        runs.append(txn.writes)
        for number in range(1000):
            txn.append("one", b"%04d" % number, b"x" * 1000)
        return txn.writes

    assert store.write(work) == 1000
    assert len(runs) > 1
    assert set(runs) == {0}
    info = store.info()
    assert info["entries"] == {"one": 1000, "two": 0}
    assert info["map_bytes"] == SMALL_MAP << len(runs) - 1
    assert 1_000_000 < info["used_bytes"] <= info["map_bytes"]


def test_the_map_grows_even_if_the_work_swallowed_the_error(store: Store) -> None:
    """A batch that isolates its commands' errors cannot mistake a full map for one of them."""

    def work(txn: Txn) -> None:
        for number in range(1000):
            try:
                txn.append("one", b"%04d" % number, b"x" * 1000)
            except lmdb.Error:
                break

    store.write(work)
    assert store.read(lambda txn: txn.count("one")) == 1000


def test_growth_keeps_the_handles_and_what_was_there(store: Store) -> None:
    """Reads and writes go on in every database after the map was replaced."""
    store.write(put(b"before"))
    store.write(put(b"large", b"x" * 1_000_000))
    store.write(lambda txn: txn.put("two", b"after", b"v"))
    assert store.read(get(b"before")) == b"v"
    assert store.info()["entries"] == {"one": 2, "two": 1}


def test_a_transaction_that_never_fits_ends_as_disk_full(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Growth has a bound; beyond it the caller is told, and smaller work still passes."""
    monkeypatch.setattr(limits, "MAP_BYTES_MAX", 4 * SMALL_MAP)
    with pytest.raises(Trouble) as caught:
        store.write(put(b"k", b"x" * 1_000_000))
    assert caught.value.code == "DISK_FULL"
    monkeypatch.setattr(limits, "MAP_GROWTHS_PER_TRANSACTION", 0)
    with pytest.raises(Trouble):
        store.write(put(b"k", b"x" * 1_000_000))
    store.write(put(b"small"))
    assert store.read(get(b"small")) == b"v"


# -- a disk that fails ------------------------------------------------------------------------


def write_on_a_full_disk(store: Store, work: Callable[[Txn], None]) -> SatchelError:
    """Run ``work`` while the kernel refuses to let files grow; return what was raised."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = store.info()["file_bytes"]
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        with pytest.raises(Trouble) as caught:
            store.write(work)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    return caught.value


def test_after_a_failed_commit_the_store_is_opened_afresh(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is refused as Trouble, nothing of it stays, and the same work passes later."""
    store.write(put(b"before"))
    opened: list[str] = []
    really_open = lmdb.open

    def counting(path: str, **settings: Any) -> lmdb.Environment:
        opened.append(path)
        return really_open(path, **settings)

    monkeypatch.setattr(lmdb, "open", counting)
    work = put(b"after", b"x" * 20_000)
    assert write_on_a_full_disk(store, work).code in {"DISK_FULL", "STORE_DAMAGED"}
    assert opened == [str(store.path)]
    assert store.read(lambda txn: [key for key, _ in txn.scan("one")]) == [b"before"]
    store.write(work)
    assert store.read(get(b"after")) == b"x" * 20_000


def test_a_store_that_cannot_be_opened_afresh_tries_again_at_the_next_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """STORE_DAMAGED each time while the disk is away; then it goes on with what it had."""
    store.write(put(b"before"))

    def failing(path: str, **_: Any) -> lmdb.Environment:
        raise OSError(errno.EIO, "Input/output error", path)

    with monkeypatch.context() as patched:
        patched.setattr(lmdb, "open", failing)
        assert write_on_a_full_disk(store, put(b"k", b"x" * 20_000)).code == "STORE_DAMAGED"
        with pytest.raises(Trouble) as caught:
            store.read(get(b"before"))
        assert caught.value.code == "STORE_DAMAGED"
    assert store.read(get(b"before")) == b"v"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "DISK_FULL"),
        (errno.EDQUOT, "DISK_FULL"),
        (errno.EFBIG, "DISK_FULL"),
        (errno.EIO, "STORE_DAMAGED"),
        (errno.EACCES, "STORE_DAMAGED"),
    ],
)
def test_errors_of_the_system_have_one_meaning_each(folder: Path, number: int, code: str) -> None:
    """No room is DISK_FULL; the rest is STORE_DAMAGED with its cause."""
    trouble = trouble_of(OSError(number, os.strerror(number)), folder)
    assert trouble.code == code
    assert trouble.remedy


def test_an_input_output_error_on_a_full_disk_is_a_full_disk(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """LMDB names a write cut short EIO; the free space tells what it was."""
    facts = list(os.statvfs(folder))
    facts[4] = 0  # f_bavail
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result(facts))
    assert trouble_of(OSError(errno.EIO, "Input/output error"), folder).code == "DISK_FULL"


def test_damage_is_told_from_misuse() -> None:
    """Corrupt pages are the disk's fault, an ended transaction is ours."""
    assert not is_misuse(lmdb.CorruptedError("mdb_get"))
    assert not is_misuse(lmdb.DiskError("mdb_txn_commit"))
    assert is_misuse(lmdb.BadTxnError("mdb_put"))
    assert is_misuse(lmdb.Error("Attempt to operate on closed/deleted/dropped object."))


# -- copies ------------------------------------------------------------------------------------


def test_a_copy_opens_with_the_same_content_and_is_private(store: Store, folder: Path) -> None:
    """It holds what was committed, without the pages that had become free."""
    store.write(put(b"large", b"x" * 1_000_000))
    store.write(lambda txn: txn.delete("one", b"large"))
    store.write(put(b"k"))
    target = folder / "copies" / "copy"
    store.copy(target)
    store.write(put(b"later"))
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "data.mdb").stat().st_mode) == 0o600
    copied = Store.open(target, DBS)
    assert copied.read(lambda txn: [key for key, _ in txn.scan("one")]) == [b"k"]
    assert copied.info()["used_bytes"] < store.info()["used_bytes"] / 10
    copied.close()


def test_a_copy_never_overwrites(store: Store, folder: Path) -> None:
    """A folder that is there is refused."""
    with pytest.raises(FileExistsError):
        store.copy(folder)
